/// Faults that spoil a finished answer.
extension SimulatorState {
    func damage(_ response: inout SimulatedResponse, _ fault: SimulatedFault) {
        switch fault {
        case .truncated: response.delivery = .truncated(after: response.body.count / 2)
        case .slow: response.delivery = .slow(options.slowDelay)
        case .timeout: response.delivery = .slow(options.timeoutDelay)
        case .reset: response.delivery = .reset
        case .contentType: response.setHeader("Content-Type", "text/html; charset=utf-8")
        case .malformedJSON:
            if !response.body.isEmpty { response.body[response.body.count - 1] = UInt8(ascii: ",") }
        case .invalidUTF8: OddRecords.insertInvalidUTF8(into: &response.body)
        case .hugeBody:
            Self.add("padding", to: &response.body) { body in
                body.append(UInt8(ascii: "\""))
                body += repeatElement(UInt8(ascii: "x"), count: options.hugeBodyBytes)
                body.append(UInt8(ascii: "\""))
            }
        case .deepJSON:
            Self.add("nested", to: &response.body) { body in
                body += repeatElement(UInt8(ascii: "["), count: Self.depth)
                body += repeatElement(UInt8(ascii: "]"), count: Self.depth)
            }
        case .gzipBomb:
            response.body = GzipBomb.bytes(unpacking: options.gzipBombBytes)
            response.setHeader("Content-Encoding", "gzip")
        case .unauthorized, .forbidden, .serverError, .unavailable, .htmlAnswer, .tooMany, .redirect, .emptyPage,
            .nextElsewhere, .emptyThenFull, .emptyWithNext, .duplicateRows, .sameNext, .outsideWindow, .tokenRefused,
            .pageTooLarge, .dateJump:
            break
        }
    }

    private static let depth = 100_000

    /// Adds a member to the object that the body is.
    private static func add(_ name: String, to body: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
        guard body.last == UInt8(ascii: "}") else { return }
        body.removeLast()
        body += ", \"\(name)\": ".utf8
        write(&body)
        body.append(UInt8(ascii: "}"))
    }
}
