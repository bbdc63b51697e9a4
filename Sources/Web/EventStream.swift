internal import Synchronization

/// The writing end of one stream of server-sent events. Safe to use from any thread. A reader that falls behind by more than
/// `limit` bytes is cut off; it comes back with `Last-Event-ID` and loses nothing.
package final class EventStream: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var isClosed = false
        var isFinished = false
        var isParked = false
        var wake: (@Sendable () -> Void)?
        var onClose: (@Sendable () -> Void)?
    }

    /// What the reading end finds.
    enum Reading: Equatable {
        case bytes(Int)
        /// Nothing is there: the reader was parked and will be woken once.
        case parked
        case ended
    }

    private let limit: Int
    private let state = Mutex(State())

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
        let (wake, isAttached) = state.withLock { state in
            state.isClosed = true
            return (Self.unpark(&state), state.wake != nil)
        }
        wake?()
        if !isAttached { finish() }
    }

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Called once when the client has gone or the stream has ended; at once when that has happened already.
    package func onClose(_ body: @escaping @Sendable () -> Void) {
        let isFinished = state.withLock { state in
            if !state.isFinished { state.onClose = body }
            return state.isFinished
        }
        if isFinished { body() }
    }

    /// Everything that waits to be read.
    package func takePending() -> [UInt8] {
        state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
    }

    private func append(_ bytes: [UInt8]) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isClosed else { return nil }
            if state.pending.count + bytes.count > limit {
                state.isClosed = true
            } else {
                state.pending += bytes
            }
            return Self.unpark(&state)
        }
        wake?()
    }

    private static func unpark(_ state: inout State) -> (@Sendable () -> Void)? {
        guard state.isParked else { return nil }
        state.isParked = false
        return state.wake
    }
}

/// The reading end, for a transport.
extension EventStream {
    /// `wake` resumes a parked reader.
    func attach(wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

    /// The reader waits for bytes, not the bytes for a reader.
    var isParked: Bool { state.withLock { $0.isParked } }

    /// Moves bytes to the buffer. Where there are none `park` stops the reader, under the lock, so that no wake is lost.
    func read(into buffer: UnsafeMutableRawBufferPointer, park: () -> Void) -> Reading {
        state.withLock { state in
            guard state.pending.isEmpty else {
                let count = min(buffer.count, state.pending.count)
                buffer.copyBytes(from: state.pending[..<count])
                state.pending.removeFirst(count)
                return .bytes(count)
            }
            guard !state.isClosed else { return .ended }
            park()
            state.isParked = true
            return .parked
        }
    }

    /// The transport is done with the stream, whoever ended it.
    func finish() {
        let onClose = state.withLock { state -> (@Sendable () -> Void)? in
            state.isClosed = true
            state.isFinished = true
            state.wake = nil
            defer { state.onClose = nil }
            return state.onClose
        }
        onClose?()
    }
}
