// DESIGN: one object per TCP connection, held by libmicrohttpd as its socket context from accept to close.
//
// The thread of the pool that owns the connection walks it through its phases; two others look in: the task of a suspended handler
// (it turns `parked` into `answered` and resumes) and the watch (it ends what is too slow). All of them decide under one lock, so:
// - a connection is resumed exactly once for each time it was suspended (libmicrohttpd aborts the process on anything else);
// - the watch never touches a descriptor that has been closed, and writes its 408 only where no answer can have begun;
// - handlers run outside of the lock.
internal import Base
internal import CMicrohttpd
internal import Glibc
internal import Synchronization

final class Connection: Sendable {
    enum Phase {
        /// New, or with the beginning of a request line.
        case opening
        /// Between two requests.
        case idle
        case head
        case body
        case working
        /// Suspended, until the handler's task has the answer.
        case parked
        case answered(Response)
        /// That many bytes, or a stream.
        case sending(Int)
        case streaming(EventStream)
        /// To end without an answer.
        case aborted
    }

    struct State {
        var isOpen = true
        var phase = Phase.opening
        /// When the phase began; for a stream, when it last moved.
        var since: Duration
        var target = Target()
        var call: Application.Call?
        var body: [UInt8] = []
        var received = 0
        var isCounted = false
        /// The client may still be sending; closing at once would reset the connection under the answer.
        var hasUnreadBody = false
        var heartbeatAt: Duration = .zero
        /// What the kernel had received when the connection was last seen idle.
        var idleBytes: UInt64?
    }

    struct Target: @unchecked Sendable {
        var start: UnsafePointer<CChar>?
        var length = 0
        var text = ""
    }

    /// libmicrohttpd's own object; valid until its closing is notified.
    struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer

        func suspend() { MHD_suspend_connection(pointer) }
        func resume() { MHD_resume_connection(pointer) }
    }

    let handle: Handle
    let descriptor: Int32
    let remoteAddress: String
    unowned let core: ServerCore
    let state: Mutex<State>

    init(_ pointer: OpaquePointer, core: ServerCore) {
        handle = Handle(pointer: pointer)
        descriptor = pao_mhd_socket(pointer)
        remoteAddress = SocketAddress.host(pao_mhd_client_address(pointer))
        self.core = core
        state = Mutex(State(since: core.now))
    }
}

/// What libmicrohttpd calls, on the thread that owns the connection.
extension Connection {
    /// The request line has come; `start` stays where it is until the request is complete.
    func begin(_ start: UnsafePointer<CChar>) {
        let target = Target(start: start, length: strlen(start), text: String(cString: start))
        let now = core.now
        state.withLock { state in
            state.target = target
            state.call = nil
            state.received = 0
            state.hasUnreadBody = false
            state.since = now
            state.phase = .head
        }
    }

    /// Called when the head is there, for each piece of the body, at the request's end, and after a resume.
    func proceed(
        _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>, _ data: UnsafePointer<CChar>?, _ size: inout Int
    ) -> MHD_Result {
        switch state.withLock({ $0.phase }) {
        case .head: return takeHead(method, version)
        case .body where size > 0:
            defer { size = 0 }
            return takeBody(UnsafeRawBufferPointer(start: data, count: size))
        case .body: return takeEnd()
        case .answered(let response): return send(response)
        default: return .NO
        }
    }

    /// The request is over: answered, or cut by either side.
    func complete() {
        let now = core.now
        let (stream, received, isCounted) = state.withLock { state -> (EventStream?, Int, Bool) in
            defer { Self.rest(&state, now) }
            if state.hasUnreadBody { core.watch.linger(descriptor) }
            if case .streaming(let stream) = state.phase { return (stream, state.received, state.isCounted) }
            return (nil, state.received, state.isCounted)
        }
        stream?.finish()
        core.release(bodyBytes: received)
        if isCounted { core.requestEnded() }
    }

    private static func rest(_ state: inout State, _ now: Duration) {
        state.phase = .idle
        state.since = now
        state.call = nil
        state.body = []
        state.received = 0
        state.isCounted = false
        state.hasUnreadBody = false
        state.idleBytes = nil
    }

    func close() { state.withLock { $0.isOpen = false } }
}

/// Receiving.
extension Connection {
    /// A body of at most that many bytes is read to its end before a refusal is sent: the connection can then live on.
    private static let discardLimit = 65_536

    private func takeHead(_ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>) -> MHD_Result {
        core.requestBegan()
        let target = state.withLock { state in
            state.isCounted = true
            return state.target
        }
        var head = Application.Head(
            method: String(cString: method), rawTarget: target.text, headers: Headers(), remoteAddress: remoteAddress)
        do throws(PAOError) {
            guard target.length <= core.options.targetLimit else {
                throw PAOError(.targetTooLong, "The address may have \(core.options.targetLimit) bytes.")
            }
            let received = try requestHead(method, version, target)
            head.headers = received.headers
            return admit(core.application.admit(head), received)
        } catch {
            let call = core.application.refuse(head, error)
            return send(core.application.finish(error, for: call), closing: true)
        }
    }

    private func requestHead(
        _ method: UnsafePointer<CChar>, _ version: UnsafePointer<CChar>, _ target: Target
    ) throws(PAOError) -> RequestHead {
        guard let start = target.start else { throw PAOError(.malformed, "The request has no target.") }
        let line = RequestHead.Line(
            method: method, target: start, targetLength: target.length, targetHasSpace: target.text.utf8.contains(0x20),
            version: version)
        return try RequestHead(handle.pointer, line, core.options)
    }

    /// Refuses at once what is known to be too large or has nowhere to go; libmicrohttpd then asks for no body (100 Continue).
    private func admit(_ call: Application.Call, _ head: RequestHead) -> MHD_Result {
        let limit = call.route?.bodyLimit ?? Self.discardLimit
        let length = head.contentLength ?? 0
        if head.hasBody, length > limit {
            return refuse(call, call.route == nil ? nil : core.application.bodyTooLarge(limit))
        }
        if head.hasBody, call.route == nil, head.contentLength == nil || head.expectsContinue { return refuse(call, nil) }
        let now = core.now
        state.withLock { state in
            state.call = call
            state.since = now
            state.phase = .body
            if call.route != nil { state.body.reserveCapacity(min(length, Self.discardLimit)) }
        }
        return .YES
    }

    /// With what the application answers anyway where `error` is nil. The body stays unread.
    private func refuse(_ call: Application.Call, _ error: PAOError?) -> MHD_Result {
        state.withLock { $0.hasUnreadBody = true }
        let answer = error.map { core.application.finish($0, for: call) } ?? core.application.answerNow(call)
        return answer.map { send($0, closing: true) } ?? .NO
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> MHD_Result {
        let isTaken = core.reserve(bodyBytes: bytes.count)
        let refusal = state.withLock { state -> (Application.Call, PAOError)? in
            state.received += bytes.count
            guard let call = state.call, let route = call.route else { return nil }
            if state.received > route.bodyLimit { return (call, core.application.bodyTooLarge(route.bodyLimit)) }
            if !isTaken { return (call, PAOError(.unavailable, "The server has no memory for more bodies.", retryAfter: 1)) }
            state.body.append(contentsOf: bytes)
            return nil
        }
        guard let (call, error) = refusal else { return .YES }
        return refuseInBody(core.application.finish(error, for: call))
    }

    /// libmicrohttpd takes no answer in the middle of a body: it is written past it, and the connection ends.
    private func refuseInBody(_ response: Response) -> MHD_Result {
        state.withLock { state in
            state.hasUnreadBody = true
            state.body = []
            state.phase = .aborted
        }
        sendRaw(response.rawBytes)
        return .NO
    }

    private func takeEnd() -> MHD_Result {
        let call = state.withLock { state -> Application.Call? in
            state.phase = .working
            state.call?.request.body = state.body
            state.body = []
            defer { state.call = nil }
            return state.call
        }
        guard let call else { return .NO }
        if let response = core.application.answerNow(call) { return send(response) }
        return park(call)
    }

    private func park(_ call: Application.Call) -> MHD_Result {
        let isParked = state.withLock { state in
            guard !core.isEnding else { return false }
            handle.suspend()
            state.phase = .parked
            return true
        }
        guard isParked else {
            return send(core.application.finish(PAOError(.unavailable, "The server is stopping.", retryAfter: 5), for: call))
        }
        // Begins on this thread: most handlers have little to do before they wait for the database.
        Task.immediate { deliver(await core.application.answer(call)) }
        return .YES
    }

    private func deliver(_ response: Response) {
        let isWanted = state.withLock { state in
            guard case .parked = state.phase else { return false }
            state.phase = .answered(response)
            return true
        }
        if isWanted {
            handle.resume()
        } else if case .events(let stream) = response.body {
            stream.finish()
        }
    }
}

/// Sending.
extension Connection {
    private func send(_ response: Response, closing: Bool = false) -> MHD_Result {
        if response.headers[Response.Fault.cut] != nil { return .NO }
        if response.headers[Response.Fault.garbage] != nil {
            sendRaw(response.bytes)
            return .NO
        }
        let now = core.now
        state.withLock { state in
            state.since = now
            state.heartbeatAt = now
            if case .events(let stream) = response.body { state.phase = .streaming(stream) } else { state.phase = .sending(response.size) }
        }
        guard let wire = wire(response, closing: closing || core.isStopping) else { return .NO }
        defer { MHD_destroy_response(wire) }
        return MHD_queue_response(handle.pointer, UInt32(clamping: response.status), wire)
    }

    private func wire(_ response: Response, closing: Bool) -> OpaquePointer? {
        guard case .events(let stream) = response.body else { return response.wire(closing: closing) }
        let source = EventSource(connection: self, stream: stream)
        stream.attach { [handle] in handle.resume() }
        return source.wire(response.headers)
    }

    /// Only where the connection is in plain text, and without waiting: what does not fit the socket's buffer is lost.
    func sendRaw(_ bytes: [UInt8]) {
        guard core.options.tls == nil else { return }
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }

    func streamMoved() {
        let now = core.now
        state.withLock { $0.since = now }
    }
}

/// The reading end of a stream of events, as libmicrohttpd pulls it.
final class EventSource: Sendable {
    private let connection: Connection
    private let stream: EventStream

    init(connection: Connection, stream: EventStream) {
        self.connection = connection
        self.stream = stream
    }

    func wire(_ headers: Headers) -> OpaquePointer? {
        let context = Unmanaged.passRetained(self)
        let wire = MHD_create_response_from_callback(
            UInt64.max, 2048,
            { context, _, buffer, size in
                guard let context, let buffer else { return -1 }
                let source = Unmanaged<EventSource>.fromOpaque(context).takeUnretainedValue()
                return source.read(UnsafeMutableRawBufferPointer(start: buffer, count: size))
            }, context.toOpaque(), { context in context.map { Unmanaged<EventSource>.fromOpaque($0).release() } })
        guard let wire else {
            context.release()
            return nil
        }
        Response.add(headers, to: wire, closing: false)
        return wire
    }

    /// -1 ends the stream; 0 after a suspension means "call again once resumed".
    private func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        connection.streamMoved()
        switch stream.read(into: buffer, park: { connection.handle.suspend() }) {
        case .bytes(let count): return count
        case .parked: return 0
        case .ended: return -1
        }
    }
}
