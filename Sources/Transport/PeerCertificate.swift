import CCurl
import Foundation
import Glibc

/// What the other end of a TLS connection showed, after it was verified: for people.
package struct PeerCertificate: Sendable, Hashable {
    /// As OpenSSL writes names: `CN = siem.example.com`. At most 256 characters, printable.
    package let subject: String
    package let issuer: String
    /// Nil if they cannot be read.
    package let dates: CertificateDates?
}

/// From when until when a certificate is valid (RFC 5280, section 4.1.2.5).
package struct CertificateDates: Sendable, Hashable {
    /// Seconds since 1970.
    package let notBefore: Int
    package let notAfter: Int

    /// A chain of certificates has some kilobytes.
    private static let longestText = 1 << 20

    /// Of the first certificate in a PEM text (RFC 7468). Nil if there is none that can be read.
    package init?(pem text: String) {
        guard text.utf8.count <= Self.longestText,
            let start = text.firstRange(of: "-----BEGIN CERTIFICATE-----")?.upperBound,
            let end = text[start...].firstRange(of: "-----END CERTIFICATE-----")?.lowerBound,
            let bytes = Data(base64Encoded: String(text[start..<end]), options: .ignoreUnknownCharacters)
        else { return nil }
        self.init(der: Array(bytes))
    }

    /// Certificate, TBSCertificate: version, which may be left out, serial number, signature, issuer, validity.
    private init?(der bytes: [UInt8]) {
        var outside = Elements(bytes[...])
        guard var certificate = outside.sequence(), var body = certificate.sequence() else { return nil }
        if body.nextTag == 0xA0 { _ = body.next() }
        guard body.next() != nil, body.sequence() != nil, body.sequence() != nil, var validity = body.sequence(),
            let notBefore = validity.time(), let notAfter = validity.time()
        else { return nil }
        (self.notBefore, self.notAfter) = (notBefore, notAfter)
    }
}

/// Elements of DER (X.690), one after the other.
private struct Elements {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    var nextTag: UInt8? { bytes.first }

    /// Nil if there is none that is whole.
    mutating func next() -> (tag: UInt8, contents: ArraySlice<UInt8>)? {
        guard let tag = bytes.popFirst(), let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let digits = bytes.prefix(Int(first & 0x7F))
            guard (1...3).contains(digits.count) else { return nil }
            length = digits.reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(digits.count)
        }
        guard bytes.count >= length else { return nil }
        defer { bytes = bytes.dropFirst(length) }
        return (tag, bytes.prefix(length))
    }

    mutating func sequence() -> Elements? {
        guard let element = next(), element.tag == 0x30 else { return nil }
        return Elements(element.contents)
    }

    /// UTCTime, `YYMMDDHHMMSSZ`, of which years below 50 are this century's, or GeneralizedTime with all of the year.
    mutating func time() -> Int? {
        guard let element = next(), let text = String(validating: element.contents, as: UTF8.self), text.hasSuffix("Z"),
            text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        var digits = text.dropLast()
        let isShort = element.tag == 0x17
        guard isShort || element.tag == 0x18, digits.count == (isShort ? 12 : 14) else { return nil }
        func number(_ count: Int) -> Int32 {
            defer { digits = digits.dropFirst(count) }
            return Int32(digits.prefix(count)) ?? 0
        }
        var time = tm()
        let year = number(isShort ? 2 : 4)
        time.tm_year = !isShort ? year - 1900 : year < 50 ? year + 100 : year
        time.tm_mon = number(2) - 1
        time.tm_mday = number(2)
        time.tm_hour = number(2)
        time.tm_min = number(2)
        time.tm_sec = number(2)
        return timegm(&time)
    }
}

extension CurlHandle {
    /// Of a connection that was made with `CURLOPT_CERTINFO`; nil without TLS.
    var peerCertificate: PeerCertificate? {
        var chain: UnsafeMutablePointer<curl_certinfo>?
        guard ccurl_easy_getinfo_certinfo(raw, CURLINFO_CERTINFO, &chain) == CURLE_OK, let chain,
            chain.pointee.num_of_certs > 0, let lists = chain.pointee.certinfo
        else { return nil }
        var facts: [Substring: String] = [:]
        // The first is the other end's own.
        var entry = lists[0]
        while let current = entry {
            entry = current.pointee.next
            guard let data = current.pointee.data else { continue }
            let text = String(cString: data)
            guard let colon = text.firstIndex(of: ":") else { continue }
            facts[text[..<colon]] = String(text[text.index(after: colon)...])
        }
        return PeerCertificate(
            subject: printable(facts["Subject"]), issuer: printable(facts["Issuer"]),
            dates: facts["Cert"].flatMap { CertificateDates(pem: $0) })
    }
}

private func printable(_ name: String?) -> String {
    let text = (name ?? "").unicodeScalars.prefix(256)
    return String(String.UnicodeScalarView(text.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
}
