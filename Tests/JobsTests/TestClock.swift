import Base
import Synchronization

/// A clock that stands still until it is told to move.
final class TestClock: Sendable {
    private struct Sleeper {
        let id: Int
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var elapsed = Duration.zero
        var offset = Duration.zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    static let start = Timestamp(milliseconds: 1_790_000_000_000)

    var elapsed: Duration { state.withLock(\.elapsed) }
    var now: Timestamp { Self.start + state.withLock { $0.elapsed + $0.offset } }

    /// The wall clock jumps, the monotonic one does not.
    func set(by duration: Duration) { state.withLock { $0.offset += duration } }

    var source: TimeSource {
        TimeSource(now: { self.now }, monotonic: { self.elapsed }, sleep: { try await self.sleep($0) })
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.elapsed += duration
            let due = state.sleepers.filter { $0.deadline <= state.elapsed }
            state.sleepers.removeAll { $0.deadline <= state.elapsed }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add(id, duration, $0) }
        } onCancel: {
            cancel(id)
        }
    }

    private func add(_ id: Int, _ duration: Duration, _ continuation: CheckedContinuation<Void, any Error>) {
        let isCancelled = state.withLock { state in
            if state.cancelled.contains(id) { return true }
            state.sleepers.append(Sleeper(id: id, deadline: state.elapsed + duration, continuation: continuation))
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    private func cancel(_ id: Int) {
        let sleeper = state.withLock { state -> Sleeper? in
            state.cancelled.insert(id)
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
            return state.sleepers.remove(at: index)
        }
        sleeper?.continuation.resume(throwing: CancellationError())
    }
}
