import Crypto
import Foundation

extension HTTPSinkOptions.Signature {
    /// The header's value for a body, as it is sent: compressed, if it is.
    func value(timestamp: String, body: [UInt8]) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: Array(secret.reveal().utf8)))
        code.update(data: Array("\(timestamp).".utf8))
        code.update(data: body)
        let digits = Array("0123456789abcdef".utf8)
        let hexadecimal = code.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "sha256=" + String(decoding: hexadecimal, as: UTF8.self)
    }
}
