import Base
import Glibc

extension CurlTransfer.Call {
    /// Throws `invalidURL` for a method or a header that would break the framing.
    init(_ request: HTTPRequest, to address: WebAddress, timeout: Duration) throws(TransportFailure) {
        guard Self.isToken(request.method) else { throw TransportFailure(.invalidURL, "\"\(request.method)\" is no HTTP method.") }
        method = request.method
        self.address = address
        headerLines = try Self.lines(request)
        body = request.body
        timeoutMilliseconds = max(1, timeout.milliseconds)
        connectMilliseconds = max(1, min(request.connectTimeout, timeout).milliseconds)
        responseLimit = max(0, request.responseLimit)
        clientCertificate = request.clientCertificate
    }

    /// libcurl's spelling: `Name;` sends a field without value, `Name:` keeps libcurl from adding its own.
    private static func lines(_ request: HTTPRequest) throws(TransportFailure) -> [String] {
        var lines = ["Expect:"]
        var named: Set<String> = []
        for (name, value) in request.headers {
            guard isToken(name) else { throw TransportFailure(.invalidURL, "\"\(name)\" is no header name.") }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw TransportFailure(.invalidURL, "The header \(name) holds a line break or a control character.")
            }
            let trimmed = value.utf8.drop { $0 == 0x20 || $0 == 0x09 }
            lines.append(trimmed.isEmpty ? "\(name);" : "\(name): \(value)")
            named.insert(name.asciiLowercased)
        }
        guard named.isDisjoint(with: ["content-length", "transfer-encoding"]) else {
            throw TransportFailure(.invalidURL, "The length of the body is not for a header to say.")
        }
        if !named.contains("content-type") { lines.append("Content-Type:") }
        if !named.contains("user-agent") { lines.append("User-Agent: pao") }
        if !named.contains("accept") { lines.append("Accept: */*") }
        return lines
    }

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
            }
    }
}
