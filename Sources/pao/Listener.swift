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
        var application = Application(routes: sandbox.routes, log: log)
        application.takesEncodedSlash = true
        server = try Server(application, host: host, port: port)
    }
}

/// SIGTERM and SIGINT end a server in order. Other threads exist before any command runs, and the kernel hands a signal to whichever
/// it likes: so a handler does nothing but write a byte into a pipe, which a thread of its own waits for.
enum Signals {
    private static let numbers = [SIGTERM, SIGINT]

    private static let pipe: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        if Glibc.pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        return (ends[0], ends[1])
    }()

    /// From here on they end the process no longer; one that comes before `waitForStop` is kept. Throws `unavailable`.
    static func take() throws(PAOError) {
        guard pipe.write >= 0 else { throw PAOError(.unavailable, "No more files can be opened: \(String(cString: strerror(errno))).") }
        for number in numbers {
            signal(number) { _ in
                let kept = errno
                var byte: UInt8 = 1
                _ = write(Signals.pipe.write, &byte, 1)
                errno = kept
            }
        }
    }

    /// After it a further signal ends the process at once: whoever presses Ctrl-C twice means it.
    static func waitForStop() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let wait: @Sendable () -> Void = {
                var byte: UInt8 = 0
                while read(Signals.pipe.read, &byte, 1) < 0, errno == EINTR {}
                for number in Signals.numbers { signal(number, SIG_DFL) }
                continuation.resume()
            }
            if !Thread.detached("pao-signals", wait) { wait() }
        }
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
