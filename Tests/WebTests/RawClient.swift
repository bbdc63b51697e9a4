import Foundation
import Testing

/// A socket that a test writes whatever it likes to. Blocking; to be used inside `offPool`.
final class RawClient: Sendable {
    private let descriptor: Int32

    /// Reads give up after `patience` seconds, so that a test fails instead of hanging.
    init(port: Int, patience: Int = 10) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, size) }
        }
        if result != 0 { Issue.record("cannot connect to port \(port): errno \(errno)") }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// False once the server has ended the connection.
    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// What comes next; nil at the end, after a reset or when patience is at its end.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    func readAll() -> String {
        var bytes: [UInt8] = []
        while let more = read() { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    func read(until mark: String) -> String {
        var text = ""
        while !text.contains(mark), let more = read() { text += String(decoding: more, as: UTF8.self) }
        return text
    }

    /// One answer with its body, by its Content-Length; no body where `hasBody` is false.
    func readAnswer(hasBody: Bool = true) -> Answer? {
        var bytes: [UInt8] = []
        let mark = Array("\r\n\r\n".utf8)
        while bytes.firstRange(of: mark) == nil {
            guard let more = read() else { return nil }
            bytes += more
        }
        guard let end = bytes.firstRange(of: mark)?.upperBound else { return nil }
        var answer = Answer(head: String(decoding: bytes[..<end], as: UTF8.self), body: Array(bytes[end...]))
        let length = hasBody ? Int(answer.header("Content-Length") ?? "0") ?? 0 : 0
        while answer.body.count < length {
            guard let more = read() else { return nil }
            answer.body += more
        }
        return answer
    }
}

struct Answer: Sendable {
    let head: String
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }
    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name.lowercased() { return parts[1].trimmingCharacters(in: .whitespaces) }
        }
        return nil
    }
}

/// Runs blocking work on a thread of its own: the pool's few threads must stay free for the handlers under test.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}
