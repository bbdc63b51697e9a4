import Base
import Glibc
import Sandbox
import Web

/// The sandbox on a loopback port of its own.
struct SandboxListener {
    let server: Server
    var port: Int { server.port }

    init(stateFile: String?, host: String, port: Int, log: Log) throws(PAOError) {
        let sandbox = try Sandbox(stateFile: stateFile, time: .system, random: .system, log: log)
        server = try Server(Application(routes: sandbox.routes, log: log), host: host, port: port)
    }
}

/// Waits for SIGTERM or SIGINT on a thread of its own, so that no handler runs in the middle of anything.
enum Signals {
    /// Must run before any other thread starts: they inherit the mask.
    static func block() {
        var set = stopping
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static func waitForStop() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Waiter(continuation))
            pthread_create(
                &thread, nil,
                { pointer in
                    let waiter = Unmanaged<Waiter>.fromOpaque(pointer!).takeRetainedValue()
                    var set = Signals.stopping
                    var signal: Int32 = 0
                    sigwait(&set, &signal)
                    waiter.continuation.resume()
                    return nil
                }, box.toOpaque())
            pthread_detach(thread)
        }
    }

    private static var stopping: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }

    private final class Waiter {
        let continuation: CheckedContinuation<Void, Never>
        init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }
    }
}

/// Tells systemd how the service is (sd_notify, by datagram); nothing without `NOTIFY_SOCKET`.
struct ServiceNotifier {
    let path: String?

    func send(_ state: String) {
        guard let path, path.utf8.count < 108 else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, state, state.utf8.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
