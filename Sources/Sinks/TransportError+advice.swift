import Transport

extension TransportError {
    /// What is wrong, and what to do if it does not pass by itself.
    var advised: String {
        switch self {
        case .certificateRefused:
            "\(self). Give the CA that signed it as ca_file in [sink.tls], or the name that it has as server_name; if it "
                + "has expired, it must be renewed there. Verification cannot be turned off."
        case .clientCertificateRefused:
            "\(self). Check cert_file and key_file in [sink.tls], and that the other end knows their CA."
        case .proxyRefused(_, status: 407):
            "\(self). It wants user and password, or other ones: they go into the URL in the service's environment, "
                + "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, in place of `proxy` in [sink.network]."
        case .proxyRefused:
            "\(self). Have the proxy let this host through to that address and port, or name it in `no_proxy`."
        case .badLocalSetup: "\(self). Check [sink.tls] and [sink.network]."
        default: "\(self)"
        }
    }
}
