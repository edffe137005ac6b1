import Crypto
import PipelineCore

/// The SID a record gives itself; usually Twilio's two letters and 32 digits, but any short string will do.
struct RecordSID {
    /// Longer ones are no names: such a record is known by its bytes.
    private static let longest = 128

    /// As it stands in the JSON, without quotes; not empty.
    let contents: ArraySlice<UInt8>

    /// Nil unless the token is a string that can serve as a name.
    init?(token: ArraySlice<UInt8>) {
        guard let contents = JSONString.contents(token), (1...Self.longest).contains(contents.count) else { return nil }
        self.contents = contents
    }

    /// - Parameter prefix: the two letters of the dataset's SIDs. Another kind of SID is told apart by its digest.
    func identity(prefix: String) -> RecordIdentity {
        if contents.starts(with: prefix.utf8), let identity = RecordIdentity(sid: contents) { return identity }
        return .of(contents)
    }
}

extension RecordIdentity {
    /// The identity of what has no proper SID.
    static func of(_ bytes: ArraySlice<UInt8>) -> RecordIdentity {
        RecordIdentity(digest: bytes.sha256)
    }
}

extension ArraySlice<UInt8> {
    /// The 32 bytes of the SHA-256 digest.
    package var sha256: [UInt8] {
        var hash = SHA256()
        withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
