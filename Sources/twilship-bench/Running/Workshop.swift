import Foundation

/// Where the programs are, and the folder in which everything is made.
final class Workshop {
    let directory: String
    private let programs: String
    private var count = 0

    /// - Parameter directory: on a real disk, for syncs to cost what they cost; nil: beside the programs.
    init(in directory: String?) throws {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        programs = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        self.directory = "\(directory ?? programs)/twilship-bench.\(getpid())"
        try FileManager.default.createDirectory(
            atPath: self.directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func program(_ name: String) throws -> String {
        let path = "\(programs)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw BenchError("\(path) is missing; build it with: swift build -c release --product \(name)")
        }
        return path
    }

    /// A folder of its own for one measurement; remove it afterwards.
    func newFolder() throws -> String {
        count += 1
        let path = "\(directory)/\(count)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    func remove(_ folder: String) {
        try? FileManager.default.removeItem(atPath: folder)
    }
}
