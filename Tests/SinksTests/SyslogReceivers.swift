import Foundation
import Synchronization
import Testing

@testable import Sinks

/// A receiver from Debian's packages, started with a configuration in a temporary folder.
final class SyslogReceiver: Sendable {
    enum Program: String, Sendable {
        case rsyslog = "rsyslogd"
        case syslogNG = "syslog-ng"

        /// Nil if it is not installed. As packages syslog-ng and rsyslog exclude each other; `packaging/unpack-syslog-ng`
        /// puts the former into the build folder.
        var path: String? {
            var places = ["/usr/sbin/\(rawValue)"]
            if self == .syslogNG { places.insert(Self.root + "/usr/sbin/syslog-ng", at: 0) }
            return places.first { access($0, X_OK) == 0 }
        }

        static var root: String {
            let here = URL(filePath: #filePath)
            let project = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            return project.appending(path: ".build/syslog-ng").path(percentEncoded: false)
        }

        /// The folder of its modules is named after it.
        static var syslogNGVersion: String {
            let folder = root + "/usr/lib/syslog-ng"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.first { $0.wholeMatch(of: #/\d+\.\d+/#) != nil } ?? ""
        }

        var isThere: Bool { path != nil }
    }

    let folder: TemporaryFolder
    private let program: Program
    private let process = Mutex<Process?>(nil)

    /// - Parameter configuration: `FOLDER` in it becomes the temporary folder.
    init(_ program: Program, _ configuration: String) throws {
        self.program = program
        folder = try TemporaryFolder()
        let text = configuration.replacing("FOLDER", with: folder.path)
        try Files.write(text, to: folder.path + "/receiver.conf")
    }

    deinit {
        kill()
    }

    /// Starts it, and returns when `isReady`.
    func start(isReady: () -> Bool) async throws {
        let path = try #require(program.path)
        let process = Process()
        process.executableURL = URL(filePath: path)
        let folder = folder.path
        switch program {
        case .rsyslog:
            process.arguments = ["-n", "-f", folder + "/receiver.conf", "-i", folder + "/pid"]
        case .syslogNG:
            process.arguments = [
                "--foreground", "--cfgfile=\(folder)/receiver.conf", "--persist-file=\(folder)/persist",
                "--pidfile=\(folder)/pid", "--control=\(folder)/control", "--no-caps",
            ]
            let root = Program.root
            if path.hasPrefix(root) {
                process.arguments?.append("--module-path=\(root)/usr/lib/syslog-ng/\(Program.syslogNGVersion)")
                process.environment = [
                    "LD_LIBRARY_PATH": ["/usr/lib/syslog-ng", "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu"]
                        .map { root + $0 }.joined(separator: ":")
                ]
            }
        }
        try Files.write("", to: folder + "/output")
        let output = FileHandle(forWritingAtPath: folder + "/output") ?? FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try Self.run(process)
        self.process.withLock { $0 = process }
        try await eventually("\(program.rawValue) did not start: \(self.complaints)") { isReady() }
    }

    /// The pool's threads block signals, and a child inherits that: rsyslog and nginx then never end.
    static func run(_ process: Process) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    var complaints: String { (try? folder.text("output")) ?? "" }

    func stop() {
        guard let process = process.withLock({ $0 }) else { return }
        // rsyslog may miss a signal between looking for one and falling asleep, and then ends a minute later.
        for _ in 0..<50 where process.isRunning {
            Glibc.kill(process.processIdentifier, SIGTERM)
            usleep(100_000)
        }
        kill()
    }

    func kill() {
        guard let process = process.withLock({ $0 }) else { return }
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        self.process.withLock { $0 = nil }
    }

    /// How many bytes a file has that it writes.
    func size(of name: String) -> Int {
        var status = stat()
        return stat(folder.path + "/" + name, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Whole lines of a file it writes.
    func lines(_ name: String) -> [String] {
        guard let text = try? folder.text(name) else { return [] }
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// Waits for that many lines of a file.
    func lines(_ name: String, count: Int) async throws -> [String] {
        try await eventually("\(count) lines in \(name), got \(self.lines(name).count). \(self.complaints)") {
            lines(name).count >= count
        }
        return lines(name)
    }
}

/// rsyslog's side of each transport; what comes goes to the ruleset `all`.
enum RsyslogInput {
    static func tcp(_ port: Int) -> String {
        #"module(load="imtcp") input(type="imtcp" address="127.0.0.1" port="\#(port)" ruleset="all")"#
    }

    /// RFC 5425 with GnuTLS; it wants a client certificate of its own authority.
    static func tls(_ port: Int, _ certificates: SyslogCertificates) -> String {
        #"""
        global(defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="\#(certificates.path("ca.pem"))"
            defaultNetstreamDriverCertFile="\#(certificates.path("server.pem"))"
            defaultNetstreamDriverKeyFile="\#(certificates.path("server.key"))")
        module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
        input(type="imtcp" address="127.0.0.1" port="\#(port)" ruleset="all")
        """#
    }

    /// - Parameter certificates: nil: in the clear; else it wants a client certificate of that authority.
    static func relp(_ port: Int, _ certificates: SyslogCertificates? = nil, _ options: String = "") -> String {
        let tls = certificates.map {
            #"""
            tls="on" tls.caCert="\#($0.path("ca.pem"))" tls.myCert="\#($0.path("server.pem"))"
            tls.myPrivKey="\#($0.path("server.key"))" tls.authMode="certvalid"
            """#
        }
        return #"""
            module(load="imrelp")
            input(type="imrelp" address="127.0.0.1" port="\#(port)" maxDataSize="64k" ruleset="all"
                \#(tls ?? "") \#(options))
            """#
    }

    static func udp(_ port: Int) -> String {
        #"module(load="imudp") input(type="imudp" address="127.0.0.1" port="\#(port)" ruleset="all")"#
    }

    /// At `FOLDER/log`.
    static let unix = #"""
        module(load="imuxsock" SysSock.Use="off")
        input(type="imuxsock" Socket="FOLDER/log" UseSpecialParser="off" ParseHostname="on"
            UseSysTimeStamp="off" RateLimit.Interval="0" ruleset="all")
        """#
}

/// Ports nobody uses at the moment.
enum FreePort {
    static func tcp() throws -> Int { try find(SOCK_STREAM) }
    static func udp() throws -> Int { try find(SOCK_DGRAM) }

    private static func find(_ type: __socket_type) throws -> Int {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
            }
        }
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EADDRNOTAVAIL) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Whether somebody has the port, as the kernel lists it.
    static func isTaken(_ port: Int, _ table: String) -> Bool {
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return ["/proc/net/\(table)", "/proc/net/\(table)6"].contains { path in
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return false }
            return text.split(separator: "\n").dropFirst().contains { line in
                let fields = line.split(separator: " ")
                return fields.count > 3 && fields[1].hasSuffix(suffix) && (table == "udp" || fields[3] == "0A")
            }
        }
    }
}
