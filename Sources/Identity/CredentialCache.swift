import Base
import Synchronization

/// Principals by the SHA-256 of their credential, so that a call costs no SQL. Cleared after the commit of every change of who may do
/// what; expiry is checked at each use.
final class CredentialCache: Sendable {
    private struct State {
        var principals: [[UInt8]: Principal] = [:]
        var generation = 0
    }

    private static let limit = 10_000
    private let state = Mutex(State())

    /// What is known, or what `load` finds. What it found before a change is not kept over that change.
    func principal(digest: [UInt8], load: () throws(PAOError) -> Principal?) throws(PAOError) -> Principal? {
        let (known, generation) = state.withLock { ($0.principals[digest], $0.generation) }
        if let known { return known }
        guard let loaded = try load() else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.principals.count >= Self.limit { state.principals.removeAll(keepingCapacity: true) }
            state.principals[digest] = loaded
        }
        return loaded
    }

    func clear() {
        state.withLock { state in
            state.principals.removeAll()
            state.generation += 1
        }
    }
}

/// When credentials were last used. Kept in memory and written now and then, never per call; a crash loses the last minute of it.
final class LastUse: Sendable {
    private struct Use {
        var at: Timestamp
        var isWritten: Bool
    }

    private let uses = Mutex<[String: Use]>([:])

    func note(_ id: String, at: Timestamp) {
        uses.withLock { $0[id] = Use(at: at, isWritten: false) }
    }

    func last(_ id: String) -> Timestamp? { uses.withLock { $0[id]?.at } }

    /// What is not written yet; counts as written from now on. What is written and not used since `limit` is forgotten.
    func takeUnwritten(forgettingBefore limit: Timestamp) -> [(id: String, at: Timestamp)] {
        uses.withLock { uses in
            let unwritten = uses.filter { !$0.value.isWritten }.map { (id: $0.key, at: $0.value.at) }
            uses = uses.filter { !$0.value.isWritten || $0.value.at >= limit }.mapValues { Use(at: $0.at, isWritten: true) }
            return unwritten
        }
    }

    /// After a write that failed: to be written next time, unless used again since.
    func putBack(_ unwritten: [(id: String, at: Timestamp)]) {
        uses.withLock { uses in
            for (id, at) in unwritten where uses[id].map({ $0.at <= at }) ?? true { uses[id] = Use(at: at, isWritten: false) }
        }
    }
}
