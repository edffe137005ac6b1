import Foundation
import Logging
import Testing

@testable import SystemdSupport

@Suite struct StderrLogHandlerTests {
    @Test func `events of many threads are whole lines`() async throws {
        let file = try TemporaryFile()
        let handler = StderrLogHandler(.prefixed, level: SharedLogLevel(.info), fileDescriptor: file.descriptor)
        let logger = Logger(label: "test") { _ in handler }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    logger.notice(
                        "line", metadata: ["number": "\(number)", "pad": .string(String(repeating: "x", count: 3000))])
                }
            }
        }
        let lines = try file.lines
        #expect(lines.count == 100)
        #expect(Set(lines).count == 100)
        #expect(lines.allSatisfy { $0.hasPrefix("<5>line: number=") && $0.hasSuffix("x") })
    }

    @Test func `the level of all loggers changes at once, and one can have its own`() throws {
        let file = try TemporaryFile()
        let level = SharedLogLevel(.info)
        let logger = Logger(label: "test") { _ in
            StderrLogHandler(.prefixed, level: level, fileDescriptor: file.descriptor)
        }
        var own = logger
        own.logLevel = .error
        logger.debug("one")
        level.level = .debug
        logger.debug("two")
        own.warning("three")
        own.error("four")
        #expect(try file.lines == ["<7>two", "<3>four"])
    }

    @Test func `an event's facts win over its logger's, and an error is a fact`() throws {
        struct Failure: Error, CustomStringConvertible { let description = "disk full" }
        let file = try TemporaryFile()
        var logger = Logger(label: "test") { _ in
            StderrLogHandler(.prefixed, level: SharedLogLevel(.info), fileDescriptor: file.descriptor)
        }
        logger[metadataKey: "sink.name"] = "siem"
        logger[metadataKey: "a"] = "old"
        logger.error("failed", error: Failure(), metadata: ["a": "new"])
        #expect(try file.lines == ["<3>failed: a=new error=\"disk full\" sink.name=siem"])
    }
}
