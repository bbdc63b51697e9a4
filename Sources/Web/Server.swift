package import Base
internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// An application on a listening socket. HTTP/1.0 and 1.1; with a certificate TLS 1.2 and 1.3.
///
/// Three answers come from libmicrohttpd itself, as HTML and with the connection's end: 431 where the head does not fit its memory,
/// 400 for a chunked body that is none, and 505.
package final class Server: Sendable {
    /// The port it listens on; 0 for a socket in the file system.
    package let port: Int
    private let listener: ListeningSocket
    private let core: ServerCore
    private let daemon: Daemon
    private let watchThread: Thread
    private let isStopped = Mutex(false)

    private struct Daemon: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Answers from here on. Takes over the socket, also where it throws (libmicrohttpd closes it when it fails). Throws `unavailable`
    /// when the system has not enough of something, and `configuration` for a certificate or key that cannot be used.
    package init(_ application: Application, on listener: ListeningSocket, _ options: ServerOptions = ServerOptions()) throws(PAOError) {
        let core: ServerCore
        do throws(PAOError) {
            core = try ServerCore(application, options)
            watchThread = try Thread("pao-watch") { core.watch.run() }
        } catch {
            close(listener.descriptor)
            throw error
        }
        guard let pointer = DaemonSettings(listener, options, core).start() else {
            core.watch.end()
            watchThread.join()
            core.close()
            throw options.tls == nil
                ? PAOError(.unavailable, "The HTTP server could not be started.", detail: String(cString: strerror(errno)))
                : PAOError(.configuration, "The HTTPS server could not be started with this certificate and key.")
        }
        self.core = core
        self.listener = listener
        port = listener.port
        daemon = Daemon(pointer: pointer)
    }

    /// `host` is an IP literal or `localhost`; port 0 picks a free one.
    package convenience init(
        _ application: Application, host: String, port: Int, _ options: ServerOptions = ServerOptions()
    ) throws(PAOError) {
        try self.init(application, on: ListeningSocket(host: host, port: port), options)
    }

    /// Takes no more connections, ends the streams of events, lets what is running come to its answer for at most `limit`, and cuts
    /// the rest. May be called more than once; the first call does it.
    package func stop(within limit: Duration = .seconds(10)) async {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        await withCheckedContinuation { continuation in
            let stop: @Sendable () -> Void = { [self] in
                stopBlocking(limit)
                continuation.resume()
            }
            if !Thread.detached("pao-stop", stop) { stop() }
        }
    }

    private func stopBlocking(_ limit: Duration) {
        core.stop()
        _ = MHD_quiesce_daemon(daemon.pointer)
        core.drain(limit)
        core.abort()
        MHD_stop_daemon(daemon.pointer)
        core.watch.end()
        watchThread.join()
        close(listener.descriptor)
        core.close()
    }
}

/// What a server's threads share.
final class ServerCore: Sendable {
    private enum Stage: Int {
        case running, stopping, ending
    }

    let application: Application
    let options: ServerOptions
    let watch: ConnectionWatch
    private let drained: Bell
    private let stage = Atomic(Stage.running.rawValue)
    private let requests = Atomic(0)
    private let bodyBytes = Atomic(0)

    init(_ application: Application, _ options: ServerOptions) throws(PAOError) {
        self.application = application
        self.options = options
        watch = try ConnectionWatch(options, application.time)
        drained = try Bell()
    }

    var now: Duration { application.time.monotonic() }
    /// Answers end their connections.
    var isStopping: Bool { stage.load(ordering: .sequentiallyConsistent) >= Stage.stopping.rawValue }
    /// Nothing may be suspended any more.
    var isEnding: Bool { stage.load(ordering: .sequentiallyConsistent) == Stage.ending.rawValue }

    func requestBegan() { requests.add(1, ordering: .sequentiallyConsistent) }

    func requestEnded() {
        let left = requests.subtract(1, ordering: .sequentiallyConsistent).newValue
        if left == 0, isStopping { drained.ring() }
    }

    /// False when all bodies together have reached the limit; to be released either way.
    func reserve(bodyBytes count: Int) -> Bool {
        bodyBytes.add(count, ordering: .relaxed).newValue <= options.bodyMemory
    }

    func release(bodyBytes count: Int) { bodyBytes.subtract(count, ordering: .relaxed) }

    func stop() {
        stage.store(Stage.stopping.rawValue, ordering: .sequentiallyConsistent)
        for connection in watch.connections { connection.closeStream() }
    }

    /// Until no request is under way.
    func drain(_ limit: Duration) {
        let deadline = now + limit
        while requests.load(ordering: .sequentiallyConsistent) > 0, now < deadline {
            drained.wait(milliseconds: min(100, (deadline - now).milliseconds + 1))
            for connection in watch.connections { connection.closeStream() }
        }
    }

    /// From here on nothing is suspended: libmicrohttpd must not be stopped with suspended connections.
    func abort() {
        stage.store(Stage.ending.rawValue, ordering: .sequentiallyConsistent)
        for connection in watch.connections { connection.abort() }
    }

    func close() { drained.close() }
}

extension Connection {
    func closeStream() {
        let stream = state.withLock { state -> EventStream? in
            if case .streaming(let stream) = state.phase { stream } else { nil }
        }
        stream?.close()
    }

    func abort() {
        closeStream()
        let wasParked = state.withLock { state in
            guard case .parked = state.phase else { return false }
            state.phase = .aborted
            return true
        }
        if wasParked { handle.resume() }
    }
}
