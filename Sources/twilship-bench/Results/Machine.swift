import Foundation

/// Where figures were measured.
enum Machine {
    static var description: String {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let model = information.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        let load = (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ").first ?? "?"
        let name = model.map { $0.drop { $0 == " " } } ?? "an unknown processor"
        return "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores of \(name), load \(load) at the start"
    }
}
