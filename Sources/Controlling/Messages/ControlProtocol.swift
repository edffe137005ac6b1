/// The control protocol: how commands ask a running service to do their work.
///
/// - One connection carries one request: a line of JSON, `{"version":1,"command":"…","arguments":{…}}`.
/// - The answer is lines of JSON, `{"line":"…"}`, ended by one `{"end":{"exit":0,"error":null}}`.
/// - The end's shape never changes, so that programs of any two versions can tell each other that they differ.
/// - The client closing its end, or sending anything more, cancels the command.
package enum ControlProtocol {
    package static let version = 1
    /// Arguments are names, times and SIDs.
    package static let maximumRequestBytes = 64 << 10
    /// With its JSON around it. Twilio's records are a few KiB.
    package static let maximumLineBytes = 1 << 20
}
