import Base

/// Connections that only read; opened when first needed, at most `limit`, each used by one thread at a time.
final class ReaderPool: Sendable {
    private struct State {
        var idle: [Connection] = []
        var opened = 0
        var isClosed = false
    }

    private enum Turn {
        case use(Connection)
        case open
        case refused
    }

    private let path: String
    private let limit: Int
    private let state = Monitor(State())

    init(path: String, limit: Int) {
        self.path = path
        self.limit = max(1, limit)
    }

    /// Blocks while all are in use. Throws `unavailable` after `close`, and what opening throws.
    func withConnection<T>(_ body: (Connection) throws(PAOError) -> T) throws(PAOError) -> T {
        let connection = try take()
        defer { state.change { $0.idle.append(connection) } }
        return try body(connection)
    }

    private func take() throws(PAOError) -> Connection {
        let turn = state.wait { state -> Turn? in
            if state.isClosed { return .refused }
            if let connection = state.idle.popLast() { return .use(connection) }
            guard state.opened < limit else { return nil }
            state.opened += 1
            return .open
        }
        switch turn {
        case .refused: throw .storeIsClosed
        case .use(let connection): return connection
        case .open: return try open()
        }
    }

    private func open() throws(PAOError) -> Connection {
        do throws(PAOError) {
            return try Connection.open(path, as: .reader)
        } catch {
            state.change { $0.opened -= 1 }
            throw error
        }
    }

    /// Waits for those in use.
    func close() {
        state.change { $0.isClosed = true }
        let connections = state.wait { state -> [Connection]? in
            guard state.idle.count == state.opened else { return nil }
            defer { state = State(idle: [], opened: 0, isClosed: true) }
            return state.idle
        }
        for connection in connections { connection.close() }
    }
}
