extension SinkSettings {
    /// Changes whenever a setting does, and is the same in every process (FNV-1a, 64 bits, in base 36).
    package var digest: String {
        var writer = TOMLWriter()
        write(to: &writer)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in writer.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 36)
    }
}
