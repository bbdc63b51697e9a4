import Foundation
import Synchronization

/// A web server with bad manners, one thread per connection. The first segment of the path names the behavior; see `behaviors`.
final class FaultyServer: Sendable {
    struct Seen: Sendable {
        var connections = 0
        /// Heads of the requests that arrived whole, with their bodies.
        var requests: [String] = []
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(Seen())

    init(address: String = "127.0.0.1") throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, address, &place.sin_addr)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: place) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) } }
        guard bound == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        var size = length
        withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &size) }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: place.sin_port))
        Thread.detachNewThread { [self] in acceptLoop() }
    }

    /// Ends the listener, after which the port refuses.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    var seen: Seen { state.withLock { $0 } }
    var base: String { "http://127.0.0.1:\(port)" }

    private func acceptLoop() {
        while true {
            let client = accept(listener, nil, nil)
            if client < 0 { break }
            state.withLock { $0.connections += 1 }
            Thread.detachNewThread { [self] in
                var connection = FaultyConnection(client)
                while let request = connection.readRequest() {
                    state.withLock { $0.requests.append(request) }
                    let behavior = String(request.split(separator: " ")[1].split(whereSeparator: { "/?".contains($0) }).first ?? "ok")
                    guard Self.behaviors[behavior, default: Self.ok](&connection, request) else { break }
                }
                close(client)
            }
        }
        close(listener)
    }

    /// Returns whether the connection stays open.
    typealias Behavior = @Sendable (inout FaultyConnection, String) -> Bool

    private static let ok: Behavior = { connection, _ in
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Answer: yes\r\n\r\nok")
    }

    private static let behaviors: [String: Behavior] = [
        "ok": ok,
        "echo": { connection, request in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(request.utf8.count)\r\n\r\n\(request)")
        },
        "silent": { connection, _ in connection.waitForClose() },
        "drip": { connection, _ in
            guard connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") else { return false }
            while connection.write("x") { usleep(50_000) }
            return false
        },
        "header-flood": { connection, _ in
            _ = connection.write("HTTP/1.1 200 OK\r\n")
            while connection.write("X-Flood: 0123456789012345678901234567890123456789\r\n") {}
            return false
        },
        "continue-flood": { connection, _ in
            while connection.write("HTTP/1.1 100 Continue\r\n\r\n") {}
            return false
        },
        "huge": { connection, _ in
            let piece = [UInt8](repeating: 0x78, count: 1 << 16)
            _ = connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
            while connection.write(piece) {}
            return false
        },
        "chunked-huge": { connection, _ in
            _ = connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let piece = Array("10000\r\n".utf8) + [UInt8](repeating: 0x78, count: 1 << 16) + Array("\r\n".utf8)
            while connection.write(piece) {}
            return false
        },
        "gzip-bomb": { connection, _ in
            let bomb = GzipBomb.sixteenMegabytes
            _ = connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n")
            _ = connection.write(bomb)
            return false
        },
        "broken-gzip": { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")
        },
        "short": { connection, _ in
            _ = connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
            return false
        },
        "garbage": { connection, _ in
            _ = connection.write([0x00, 0xFF, 0x13, 0x37, 0x0D, 0x0A, 0x80, 0x81])
            return false
        },
        "redirect-loop": { connection, _ in
            connection.write("HTTP/1.1 302 Found\r\nLocation: /redirect-loop\r\nContent-Length: 0\r\n\r\n")
        },
        "redirect": { connection, _ in
            connection.write("HTTP/1.1 302 Found\r\nLocation: /echo?redirected\r\nContent-Length: 0\r\n\r\n")
        },
        "redirect-307": { connection, _ in
            connection.write("HTTP/1.1 307 Temporary Redirect\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n")
        },
        "redirect-away": { connection, request in
            let target = request.split(separator: " ")[1].split(separator: "?").last ?? ""
            return connection.write("HTTP/1.1 302 Found\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")
        },
        "reset": { connection, _ in
            connection.reset()
            return false
        },
        "close": { _, _ in false },
        "answer-then-reset": { connection, _ in
            _ = connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
            usleep(20_000)
            connection.reset()
            return false
        },
        "busy": { connection, _ in
            connection.write("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
        },
        "trailer": { connection, _ in
            connection.write(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n2\r\nok\r\n0\r\nX-Late: yes\r\n\r\n")
        },
        "early-hints": { connection, _ in
            connection.write(
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nX-Real: yes\r\nContent-Length: 0\r\n\r\n")
        },
    ]
}

/// One accepted socket.
struct FaultyConnection {
    private let socket: Int32
    private var buffer: [UInt8] = []

    init(_ socket: Int32) { self.socket = socket }

    /// Head and body as text; nil when the other side has gone.
    mutating func readRequest() -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            let text = String(decoding: buffer, as: UTF8.self)
            if let headEnd = buffer.firstRange(of: end)?.upperBound {
                let length = text.lowercased().firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
                if buffer.count >= headEnd + length {
                    defer { buffer.removeFirst(headEnd + length) }
                    return String(decoding: buffer[..<(headEnd + length)], as: UTF8.self)
                }
            }
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(socket, &piece, piece.count, 0)
            if count <= 0 { return nil }
            buffer += piece[..<count]
        }
    }

    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    func waitForClose() -> Bool {
        var byte: UInt8 = 0
        while recv(socket, &byte, 1, 0) > 0 {}
        return false
    }

    /// The close that follows sends RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}

/// A valid beginning of a gzip stream of zeros: 13 bits per 258 bytes, by the fixed Huffman code of RFC 1951.
enum GzipBomb {
    static let sixteenMegabytes = bytes(megabytes: 16)

    private static func bytes(megabytes: Int) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var bits = 0
        var count = 0
        func put(_ value: Int) {
            bits |= value << count
            count += 1
            if count == 8 {
                bytes.append(UInt8(bits))
                (bits, count) = (0, 0)
            }
        }
        let head = [1, 1, 0] + [0, 0, 1, 1, 0, 0, 0, 0]  // last block, fixed code, literal 0
        let match = [1, 1, 0, 0, 0, 1, 0, 1] + [0, 0, 0, 0, 0]  // length 258, distance 1
        for bit in head { put(bit) }
        for _ in 0..<(megabytes << 20) / 258 { for bit in match { put(bit) } }
        return bytes
    }
}
