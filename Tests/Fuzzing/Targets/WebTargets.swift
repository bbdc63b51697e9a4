import Base
import Glibc

@testable import Web

extension FuzzTarget {
    static let webTargets = [
        FuzzTarget(
            "request-target",
            texts: [
                "/api/v1/requests/a%20b?x=1&y=%C3%A9+z", "http://h/a/b?c", "/%2e%2e/etc/passwd", "/a%2Fb", "/?a=b=c&&d", "https://h?x",
            ],
            words: ["/", "%", "%2F", "%2e", ".", "..", "?", "&", "=", "+", "#", "%00", "%C3%A9", "http://h", "\\", "%ff", ";", "//"], target
        ),
        FuzzTarget(
            "http",
            texts: [
                "POST /echo?a=b HTTP/1.1\r\nHost: a\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /echo HTTP/1.0\r\nHost: [::1]:80\r\nIf-None-Match: W/\"x\"\r\nCookie: a=b; c\r\n\r\n",
            ],
            words: [
                "\r\n", "\n", "\r", " ", "\t", ":", "Host: a\r\n", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "HTTP/1.1",
                "HTTP/1.0",
                "GET ", "POST ", "HEAD ", "OPTIONS * ", "CONNECT ", "\u{0}", "0\r\n\r\n", "ffffffff\r\n", ";a=b", "Connection: close\r\n",
                "Expect: ", "Upgrade: ",
                " \r\n", "%00", "//",
            ], http),
    ]

    private static func target(_ input: [UInt8]) throws {
        guard let target = try? RequestTarget(input.text, host: "h") else { return }
        for segment in target.path {
            let isClean =
                !segment.isEmpty && segment != "." && segment != ".." && !segment.utf8.contains { $0 < 0x20 || $0 == 0x2F || $0 == 0x7F }
            try demand(isClean, "the segment \(segment.debugDescription) gets through")
        }
        let path = "/" + target.path.map { PercentEncoding.encode($0) }.joined(separator: "/")
        let query = target.query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        try demand(try RequestTarget("\(path)?\(query)", host: "h") == target, "\(path)?\(query) is read as another target")
    }

    // MARK: Over a socket

    private static let server: Server? = {
        let echo = Handler.immediate { request in Response(body: request.body) }
        let routes = ["GET", "POST"].map { Route($0, "/echo", bodyLimit: 4096, echo) }
        return try? Server(Application(routes: routes), host: "127.0.0.1", port: 0)
    }()

    /// Bytes on a connection are answered with HTTP or not at all, and never by a fault of the server's own.
    private static func http(_ input: [UInt8]) throws {
        guard let server else { throw Unsound("the server does not start") }
        let answer = exchange(input, port: server.port)
        if answer.isEmpty { return }
        let line = answer.prefix { $0 != 0x0D }.map { $0 }.text
        let status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        try demand(line.hasPrefix("HTTP/1."), "answers \(line.debugDescription)")
        try demand((100..<500).contains(status) || [501, 505].contains(status), "answers \(line)")
    }

    /// Everything is sent at once; the beginning of the answer, or nothing where there is none.
    private static func exchange(_ input: [UInt8], port: Int) -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var patience = timeval(tv_sec: 0, tv_usec: 20_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, size) }
        }
        guard connected == 0, input.withUnsafeBytes({ send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) >= 0 else {
            return []
        }
        shutdown(descriptor, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return Array(buffer.prefix(max(0, count)))
    }
}
