import Foundation

/// A command for the running service.
package struct ControlRequest: Sendable, Hashable {
    package let command: String
    package let arguments: [String: ControlValue]

    package init(_ command: String, arguments: [String: ControlValue] = [:]) {
        self.command = command
        self.arguments = arguments
    }
}

extension ControlRequest {
    private struct Message: Codable {
        let version: Int
        let command: String
        let arguments: [String: ControlValue]?
    }

    private struct AnyVersion: Codable { let version: Int }

    /// One line with its newline; nil if it would be larger than ``ControlProtocol/maximumRequestBytes``, or a number
    /// has no JSON.
    func encoded() -> [UInt8]? {
        let message = Message(version: ControlProtocol.version, command: command, arguments: arguments)
        guard let data = try? JSONEncoder().encode(message), data.count < ControlProtocol.maximumRequestBytes else {
            return nil
        }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// Why a line is no request of this version, as the answer to it.
    struct Refusal: Error { let end: ControlEnd }

    init(decoding line: [UInt8]) throws(Refusal) {
        let data = Data(line)
        let decoder = JSONDecoder()
        guard let version = try? decoder.decode(AnyVersion.self, from: data).version else {
            throw Refusal(end: .usage("this is no request: a line of JSON with version, command and arguments"))
        }
        guard version == ControlProtocol.version else {
            throw Refusal(
                end: ControlEnd(
                    exit: ControlEnd.protocolExit,
                    error: "the command speaks version \(version) of the control protocol and the running service "
                        + "version \(ControlProtocol.version): they are different versions of twilship; "
                        + "restart the service (`systemctl restart twilship`) and try again"))
        }
        guard let message = try? decoder.decode(Message.self, from: data) else {
            throw Refusal(
                end: .usage("the request has no command, or arguments that are neither scalars nor lists of texts"))
        }
        self.init(message.command, arguments: message.arguments ?? [:])
    }
}
