import Settings

// Loads whatever libFuzzer thinks of. What is accepted must render to text that loads to equal settings; nothing may
// crash, hang or overflow. Built and run by `packaging/fuzz-settings`.

/// The package manager renames an executable's main function to this, so libFuzzer's own main is not used.
@_cdecl("settings_fuzz_main")
package func settingsFuzzMain(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
    var count = count
    var arguments = arguments
    return runFuzzer(&count, &arguments, loadOne)
}

/// libFuzzer's entry for programs with a main function of their own (LLVM, "Using libFuzzer as a library").
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The name that libFuzzer's own main calls; it is linked, though not run.
@_cdecl("LLVMFuzzerTestOneInput")
package func loadOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = Array(UnsafeBufferPointer(start: bytes, count: count))
    let capabilities: Capabilities = count.isMultiple(of: 2) ? .everything : .thisVersion
    do {
        let settings = try SettingsFile.load(text: text, named: "fuzz.toml", capabilities: capabilities)
        let rendered = settings.rendered()
        let again = try SettingsFile.load(
            text: Array(rendered.utf8), named: "rendered.toml", capabilities: capabilities)
        precondition(again == settings, "the rendered settings differ:\n\(rendered)")
    } catch {
        precondition(!error.faults.isEmpty, "refused without a fault")
        for line in error.faults.map(\.description) {
            precondition(!line.hasPrefix("rendered.toml"), "the rendered settings are refused: \(line)")
            precondition(line.utf8.count <= 4_096 && !line.contains("\n"), "a fault is no line: \(line)")
        }
    }
    return 0
}
