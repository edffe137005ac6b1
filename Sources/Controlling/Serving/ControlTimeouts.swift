/// How long the service waits for a client.
package struct ControlTimeouts: Sendable {
    /// For the whole request, from the moment of the connection.
    package let request: Duration
    /// For each line of the answer to be taken.
    package let line: Duration

    package init(request: Duration = .seconds(10), line: Duration = .seconds(30)) {
        self.request = request
        self.line = line
    }
}
