import FlyingSocks

/// A body that ends in an error, upon which the connection is closed.
struct BrokenBody: AsyncBufferedSequence {
    typealias Element = UInt8

    struct Broken: Error {}

    struct Iterator: AsyncBufferedIteratorProtocol {
        var bytes: [UInt8]

        mutating func next() async throws -> UInt8? {
            guard let first = bytes.first else { throw Broken() }
            bytes.removeFirst()
            return first
        }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            guard !bytes.isEmpty else { throw Broken() }
            defer { bytes = [] }
            return bytes
        }
    }

    let bytes: [UInt8]

    func makeAsyncIterator() -> Iterator {
        Iterator(bytes: bytes)
    }
}

/// The lines of `/truth`, made as they are sent.
struct TruthBody: AsyncBufferedSequence {
    typealias Element = UInt8

    struct Iterator: AsyncBufferedIteratorProtocol {
        var lists: [TruthList]
        var list = 0
        /// Nil before the list's first.
        var line: Int?

        /// Not called: bodies are read in buffers.
        mutating func next() async throws -> UInt8? { nil }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            while list < lists.count {
                let begin = line ?? lists[list].startIndex
                let end = Swift.min(begin + Self.linesAtOnce, lists[list].endIndex)
                guard begin < end else {
                    list += 1
                    line = nil
                    continue
                }
                line = end
                return lists[list].lines(begin..<end)
            }
            return nil
        }

        private static let linesAtOnce = 1_000
    }

    let lists: [TruthList]

    func makeAsyncIterator() -> Iterator {
        Iterator(lists: lists)
    }
}
