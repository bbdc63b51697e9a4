internal import Base
internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// The thread that ends slow connections, keeps streams alive and lets refused uploads run out. It sleeps while nobody is connected.
/// libmicrohttpd's own timeout counts only inactivity: one byte now and then would hold a connection for ever.
final class ConnectionWatch: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var lingering: [Lingering] = []
        var isEnded = false
    }

    /// A socket whose answer is sent while its client may still be sending: closing it now would make the kernel reset the
    /// connection, and the client might never see the answer.
    private struct Lingering {
        let descriptor: Int32
        let until: Duration
    }

    private static let lingerLimit = 64
    private static let lingerTime: Duration = .seconds(2)

    private let options: ServerOptions
    private let time: TimeSource
    private let bell: Bell
    private let state = Mutex(State())

    init(_ options: ServerOptions, _ time: TimeSource) throws(PAOError) {
        self.options = options
        self.time = time
        bell = try Bell()
    }

    var connections: [Connection] { state.withLock { Array($0.connections.values) } }

    func add(_ connection: Connection) {
        let isFirst = state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = connection
            return state.connections.count == 1
        }
        if isFirst { bell.ring() }
    }

    func remove(_ connection: Connection) { state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) } }

    /// Holds the socket open beyond libmicrohttpd's own closing.
    func linger(_ descriptor: Int32) {
        let until = time.monotonic() + Self.lingerTime
        state.withLock { state in
            guard state.lingering.count < Self.lingerLimit else { return }
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            if copy >= 0 { state.lingering.append(Lingering(descriptor: copy, until: until)) }
        }
        bell.ring()
    }

    /// The body of the thread; returns after `end`.
    func run() {
        while let pause = nextPause() {
            bell.wait(milliseconds: pause)
            let now = time.monotonic()
            for connection in connections { connection.enforce(options, now) }
            drain(now)
        }
        drain(.seconds(Int64.max / 2))
        bell.close()
    }

    func end() {
        state.withLock { $0.isEnded = true }
        bell.ring()
    }

    /// Milliseconds; nil once ended, -1 while there is nothing to watch.
    private func nextPause() -> Int? {
        state.withLock { state in
            if state.isEnded { return nil }
            if !state.lingering.isEmpty { return 50 }
            return state.connections.isEmpty ? -1 : tick
        }
    }

    private var tick: Int {
        let shortest = [options.headTimeout, options.bodyGrace, options.answerGrace, options.idleTimeout, options.heartbeat].min()
        return max(10, min(1000, (shortest ?? .seconds(4)).milliseconds / 4))
    }

    private func drain(_ now: Duration) {
        state.withLock { state in
            state.lingering.removeAll { socket in
                guard now >= socket.until || Self.isDrained(socket.descriptor) else { return false }
                close(socket.descriptor)
                return true
            }
        }
    }

    /// Throws away what has come; true at the end of the stream.
    private static func isDrained(_ descriptor: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
            for _ in 0..<64 {
                let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count < 0 { return errno != EAGAIN && errno != EINTR }
                if count == 0 { return true }
            }
            return false
        }
    }
}

/// What the watch does to one connection.
extension Connection {
    func enforce(_ options: ServerOptions, _ now: Duration) {
        let stream = state.withLock { state -> EventStream? in
            guard state.isOpen else { return nil }
            return enforce(options, now, &state)
        }
        stream?.heartbeat()
    }

    /// Returns the stream that is due a heartbeat.
    private func enforce(_ options: ServerOptions, _ now: Duration, _ state: inout State) -> EventStream? {
        let elapsed = now - state.since
        switch state.phase {
        case .opening: if elapsed > options.headTimeout { cut(&state) }
        case .idle: enforceIdle(options, now, elapsed, &state)
        case .head: if elapsed > options.headTimeout { timeOut(&state) }
        case .body: if Self.isTooSlow(elapsed, options.bodyGrace, state.received, options) { timeOut(&state) }
        case .sending(let bytes): if elapsed > options.answerGrace + Self.allowance(bytes, options) { cut(&state) }
        case .streaming(let stream):
            if !stream.isParked, elapsed > options.answerGrace { cut(&state) }
            guard now - state.heartbeatAt >= options.heartbeat else { return nil }
            state.heartbeatAt = now
            return stream
        case .working, .parked, .answered, .aborted: break
        }
        return nil
    }

    private static func isTooSlow(_ elapsed: Duration, _ grace: Duration, _ bytes: Int, _ options: ServerOptions) -> Bool {
        elapsed > grace + allowance(bytes, options)
    }

    private static func allowance(_ bytes: Int, _ options: ServerOptions) -> Duration {
        .milliseconds(bytes * 1000 / max(1, options.minimumRate))
    }

    /// Bytes that come without making a request line start the clock of the head; an answer that the kernel could not deliver in
    /// time ends the connection.
    private func enforceIdle(_ options: ServerOptions, _ now: Duration, _ elapsed: Duration, _ state: inout State) {
        if elapsed > options.idleTimeout { return cut(&state) }
        guard elapsed > options.headTimeout / 2, let traffic = Traffic(descriptor) else { return }
        if elapsed > options.answerGrace, traffic.isUndelivered { return cut(&state) }
        if let before = state.idleBytes, before != traffic.received {
            state.phase = .opening
            state.since = now
        }
        state.idleBytes = traffic.received
    }

    private func timeOut(_ state: inout State) {
        let error = PAOError(.requestTimeout, "The request took too long to arrive.")
        let head = Application.Head(method: "", rawTarget: state.target.text, headers: Headers(), remoteAddress: remoteAddress)
        let call = state.call ?? core.application.refuse(head, error)
        sendRaw(core.application.finish(error, for: call).rawBytes)
        cut(&state)
    }

    /// libmicrohttpd notices the end of the socket and cleans up.
    private func cut(_ state: inout State) {
        state.phase = .aborted
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// What the kernel knows of a connection, from Linux's TCP_INFO: its later members are missing in the C library's structure, so
/// they are read by their offsets (8 one-byte, 24 four-byte, then eight-byte and four-byte members).
private struct Traffic {
    let received: UInt64
    /// Sent bytes are still with us, or not acknowledged.
    let isUndelivered: Bool

    /// nil for sockets that are not TCP.
    init?(_ descriptor: Int32) {
        let values = withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { buffer -> (UInt64, Bool)? in
            var length = socklen_t(buffer.count)
            guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, buffer.baseAddress, &length) == 0, length >= 148 else { return nil }
            let unacknowledged = buffer.load(fromByteOffset: 24, as: UInt32.self)
            let unsent = buffer.load(fromByteOffset: 144, as: UInt32.self)
            return (buffer.load(fromByteOffset: 128, as: UInt64.self), unacknowledged > 0 || unsent > 0)
        }
        guard let values else { return nil }
        (received, isUndelivered) = values
    }
}
