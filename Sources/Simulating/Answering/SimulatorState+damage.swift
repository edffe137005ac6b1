/// Faults that spoil a finished answer.
extension SimulatorState {
    func damage(_ response: inout SimulatedResponse, _ fault: SimulatedFault) {
        switch fault {
        case .truncated: response.delivery = .truncated(after: response.body.count / 2)
        case .slow: response.delivery = .slow(options.slowDelay)
        case .reset: response.delivery = .reset
        case .contentType: response.setHeader("Content-Type", "text/html; charset=utf-8")
        case .malformedJSON:
            if !response.body.isEmpty { response.body[response.body.count - 1] = UInt8(ascii: ",") }
        case .invalidUTF8: Self.insertInvalidUTF8(into: &response.body)
        case .unauthorized, .serverError, .unavailable, .tooMany, .redirect, .emptyPage, .nextElsewhere: break
        }
    }

    /// Puts an overlong and a cut sequence into the first record's text, so that the JSON stays well formed.
    private static func insertInvalidUTF8(into body: inout [UInt8]) {
        for name in ["\"resource_type\": \"", "\"message\": \""] {
            guard let found = body.firstRange(of: Array(name.utf8)) else { continue }
            body.insert(contentsOf: [0xC0, 0xAF, 0xE2, 0x82], at: found.upperBound)
            return
        }
    }
}
