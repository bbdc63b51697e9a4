import Synchronization

/// The writing end of one stream of server-sent events. Safe to use from any thread. A reader that falls behind by more than
/// `limit` bytes is cut off; it comes back with `Last-Event-ID` and loses nothing.
package final class EventStream: Sendable {
    struct State {
        var pending: [UInt8] = []
        var isClosed = false
        var wake: (@Sendable () -> Void)?
        var onClose: (@Sendable () -> Void)?
    }

    private let limit: Int
    let state = Mutex(State())

    package init(limit: Int = 1 << 20) { self.limit = limit }

    /// One event; `data` must hold no line feed (JSON text has none).
    package func send(id: String?, event: String?, data: String) {
        var text = ""
        if let id { text += "id: \(id)\n" }
        if let event { text += "event: \(event)\n" }
        append(Array((text + "data: \(data)\n\n").utf8))
    }

    /// A comment line that keeps the connection alive.
    package func heartbeat() { append(Array(": keep-alive\n\n".utf8)) }

    /// Ends the stream once what is pending has been sent.
    package func close() {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            state.isClosed = true
            return state.wake
        }
        wake?()
    }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Called once when the client has gone or the stream has ended.
    package func onClose(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.onClose = body } }

    private func append(_ bytes: [UInt8]) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isClosed else { return nil }
            if state.pending.count + bytes.count > limit {
                state.isClosed = true
            } else {
                state.pending += bytes
            }
            return state.wake
        }
        wake?()
    }
}
