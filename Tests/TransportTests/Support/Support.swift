import CDeflate
import Foundation
import Testing
import Transport

/// Runs `body` with a transport that may speak plain http and ignores the environment's proxies, and shuts it down afterwards.
func withTransport<Result>(
    _ change: (inout TransportOptions) -> Void = { _ in }, watch: TurnWatch? = nil,
    _ body: (CurlTransport) async throws -> Result
) async throws -> Result {
    var options = TransportOptions(userAgent: "twilship/test")
    options.allowsPlainHTTP = true
    options.proxy = ""
    change(&options)
    let transport = try CurlTransport(options, watch: watch)
    do {
        let result = try await body(transport)
        await transport.shutdown()
        return result
    } catch {
        await transport.shutdown()
        throw error
    }
}

func makeRequest(_ port: UInt16, _ path: String = "/", _ change: (inout HTTPLimits) -> Void = { _ in }) throws
    -> HTTPRequest
{
    var limits = HTTPLimits()
    change(&limits)
    return HTTPRequest(.get, try HTTPURL("http://127.0.0.1:\(port)\(path)"), limits: limits)
}

/// The error of sending `request` through a transport of its own; nil if there was a response.
func failure(
    of request: HTTPRequest, _ change: (inout TransportOptions) -> Void = { _ in }
) async throws -> TransportError? {
    try await withTransport(change) { transport in
        do throws(TransportError) {
            _ = try await transport.send(request)
            return nil
        } catch {
            return error
        }
    }
}

func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let compressor = try #require(libdeflate_alloc_compressor(6))
    defer { libdeflate_free_compressor(compressor) }
    let bound = libdeflate_gzip_compress_bound(compressor, bytes.count)
    return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
        count = libdeflate_gzip_compress(compressor, bytes, bytes.count, buffer.baseAddress, bound)
    }
}

func makeResponse(_ body: [UInt8], headers: String = "") -> [UInt8] {
    Array("HTTP/1.1 200 OK\r\n\(headers)Content-Length: \(body.count)\r\n\r\n".utf8) + body
}
