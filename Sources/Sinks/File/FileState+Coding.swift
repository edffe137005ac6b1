import PipelineCore

// A version byte, then integers as LEB128 and strings with their length. Version 1.

private let version: UInt8 = 1

extension FileState {
    var bytes: [UInt8] {
        var writer = StateWriter()
        writer.put(series)
        writer.put(file != nil)
        if let file {
            writer.put(file.device)
            writer.put(file.inode)
            writer.put(UInt64(file.digest.covered))
            writer.put(UInt64(file.digest.checksum))
            writer.put(file.length)
            writer.put(file.since.milliseconds)
        }
        writer.put(UInt64(done.ranges.count))
        for range in done.ranges {
            writer.put(range.lowerBound)
            writer.put(range.upperBound)
        }
        return writer.bytes
    }

    init?(bytes: [UInt8]) {
        guard var reader = StateReader(bytes), let series = reader.string(), let hasFile = reader.number() else {
            return nil
        }
        self.init(series: series)
        if hasFile == 1 {
            guard let device = reader.number(), let inode = reader.number(), let covered = reader.number(),
                covered <= Self.longestHead, let checksum = reader.number(), checksum <= UInt32.max,
                let length = reader.integer(), let since = reader.integer()
            else { return nil }
            file = File(
                device: device, inode: inode,
                digest: Digest(covered: Int(covered), checksum: UInt32(checksum)), length: length,
                since: Timestamp(milliseconds: since))
        }
        guard let count = reader.number() else { return nil }
        for _ in 0..<count {
            guard let lower = reader.integer(), let upper = reader.integer(), lower <= upper else { return nil }
            done.insert(lower...upper)
        }
        guard reader.atEnd else { return nil }
    }
}

extension SeriesState {
    var bytes: [UInt8] {
        var writer = StateWriter()
        writer.put(nextSequence)
        writer.put(rotation != nil)
        if let rotation {
            writer.put(rotation.path)
            writer.put(rotation.sequence)
            writer.put(rotation.inode)
            writer.put(rotation.size)
        }
        writer.put(UInt64(rotated.count))
        // All but the dated ones have the path of the one before.
        var path = ""
        for file in rotated {
            writer.put(file.path == path ? "" : file.path)
            path = file.path
            writer.put(file.sequence)
            writer.put(file.size)
            writer.put(file.rotatedAt.milliseconds)
        }
        return writer.bytes
    }

    init?(bytes: [UInt8]) {
        guard var reader = StateReader(bytes), let next = reader.integer(), let hasRotation = reader.number() else {
            return nil
        }
        nextSequence = next
        if hasRotation == 1 {
            guard let path = reader.string(), let sequence = reader.integer(), let inode = reader.number(),
                let size = reader.integer()
            else { return nil }
            rotation = Rotation(path: path, sequence: sequence, inode: inode, size: size)
        }
        guard let count = reader.number() else { return nil }
        var last = ""
        for _ in 0..<count {
            guard let path = reader.string(), let sequence = reader.integer(), let size = reader.integer(),
                let rotatedAt = reader.integer()
            else { return nil }
            if !path.isEmpty { last = path }
            rotated.append(
                RotatedFile(
                    path: last, sequence: sequence, size: size, rotatedAt: Timestamp(milliseconds: rotatedAt)))
        }
        guard reader.atEnd else { return nil }
    }
}

private struct StateWriter {
    var bytes: [UInt8] = [version]

    mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ integer: Int64) {
        put(UInt64(bitPattern: integer))
    }

    mutating func put(_ flag: Bool) {
        put(UInt64(flag ? 1 : 0))
    }

    mutating func put(_ string: String) {
        put(UInt64(string.utf8.count))
        bytes.append(contentsOf: string.utf8)
    }
}

private struct StateReader {
    private var rest: ArraySlice<UInt8>

    /// Nil when the bytes are of another version.
    init?(_ bytes: [UInt8]) {
        guard bytes.first == version else { return nil }
        rest = bytes.dropFirst()
    }

    var atEnd: Bool { rest.isEmpty }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << UInt64(shift)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func integer() -> Int64? {
        number().map(Int64.init(bitPattern:))
    }

    mutating func string() -> String? {
        guard let count = number(), count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
    }
}
