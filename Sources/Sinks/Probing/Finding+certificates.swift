import Foundation
package import PipelineCore
package import Transport

extension Finding {
    /// Renewing takes people time.
    private static let enoughDays = 30

    /// The other end's certificate, which was verified.
    package init(_ certificate: PeerCertificate, now: Timestamp) {
        self.init(
            certificate.dates,
            "its certificate is good: \(certificate.subject), issued by \(certificate.issuer)", now)
    }

    /// Our own certificate, of a file in PEM.
    package init(clientCertificate path: String, now: Timestamp) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            self.init(.failure, "the client certificate \(path) cannot be read: does this user have access?")
            return
        }
        guard let dates = CertificateDates(pem: text) else {
            self.init(.failure, "\(path) holds no certificate in PEM")
            return
        }
        self.init(dates, "the client certificate is \(path)", now)
    }

    private init(_ dates: CertificateDates?, _ what: String, _ now: Timestamp) {
        guard let dates else {
            self.init(.warning, "\(what); its dates cannot be read")
            return
        }
        let second = Int(now.milliseconds / 1000)
        let end = Timestamp(milliseconds: Int64(dates.notAfter) * 1000).rfc3339Seconds
        let days = (dates.notAfter - second) / 86_400
        if second < dates.notBefore {
            let start = Timestamp(milliseconds: Int64(dates.notBefore) * 1000).rfc3339Seconds
            self.init(.failure, "\(what); it is not valid before \(start): is this host's clock right?")
        } else if second >= dates.notAfter {
            self.init(.failure, "\(what); it has expired on \(end): renew it")
        } else if days < Self.enoughDays {
            self.init(.warning, "\(what), until \(end); it expires in \(days) days: renew it")
        } else {
            self.init(.fine, "\(what), until \(end)")
        }
    }
}
