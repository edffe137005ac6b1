/// Where something stands in a configuration file. Lines and columns start at 1; columns count code points.
package struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file.shownAsPath):\(line):\(column)" }
}

/// One mistake in the configuration: a sentence that says what is wrong and what to do. Never holds a secret.
package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
    package let file: String
    /// nil when the whole file is meant: it cannot be read.
    package let location: SourceLocation?
    package let message: String

    init(at location: SourceLocation, _ message: String) {
        self.file = location.file
        self.location = location
        self.message = message
    }

    init(file: String, _ message: String) {
        self.file = file
        self.location = nil
        self.message = message
    }

    /// `file:line:column: error: sentence`, as editors and compilers have it.
    package var description: String {
        "\(location.map(\.description) ?? file.shownAsPath): error: \(message)"
    }
}

/// Everything that is wrong with a configuration, in the order of the files and lines.
package struct SettingsFaults: Error, Sendable, CustomStringConvertible {
    package let faults: [Fault]

    package var description: String { faults.map(\.description).joined(separator: "\n") }
}

/// Collects the faults of a load. A class, since every reader of every table adds to the same list.
final class FaultList {
    /// A file of garbage should not print a line per byte.
    static let maximum = 500

    private var faults: [Fault] = []
    private var surplus = 0
    private var order: [String: Int] = [:]

    var isEmpty: Bool { faults.isEmpty }
    var count: Int { faults.count + surplus }

    /// Files are reported in the order in which they were opened.
    func opened(_ file: String) {
        if order[file] == nil { order[file] = order.count }
    }

    func add(_ fault: @autoclosure () -> Fault) {
        if faults.count < Self.maximum { faults.append(fault()) } else { surplus += 1 }
    }

    /// The message is made only if it is kept: looking for what was meant takes time.
    func add(_ location: SourceLocation, _ message: @autoclosure () -> String) {
        add(Fault(at: location, message()))
    }

    func sorted() -> SettingsFaults {
        let sorted = faults.enumerated().sorted { left, right in key(left) < key(right) }
        var unique: [Fault] = []
        for fault in sorted.map(\.element) where fault != unique.last { unique.append(fault) }
        if surplus > 0, let last = unique.last {
            unique.append(Fault(file: last.file, "\(surplus) more faults are not shown"))
        }
        return SettingsFaults(faults: unique)
    }

    private func key(_ item: (offset: Int, element: Fault)) -> (Int, Int, Int, Int) {
        let location = item.element.location
        let file = order[item.element.file] ?? Int.max
        return (file, location?.line ?? 0, location?.column ?? 0, item.offset)
    }
}
