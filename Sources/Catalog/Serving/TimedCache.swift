package import Base
import Synchronization

/// Values by key, for a limited time and in a limited number: the ones used longest ago go first. Counts how often it knew.
package final class TimedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Slot {
        var value: Value
        var used: Int
        var expires: Duration
    }

    private struct State {
        var slots: [Key: Slot] = [:]
        var clock = 0
        var hits = 0
        var misses = 0
    }

    private let capacity: Int
    private let lifetime: Duration
    private let time: TimeSource
    private let state = Mutex(State())

    package init(capacity: Int, lifetime: Duration, time: TimeSource) {
        self.capacity = max(1, capacity)
        self.lifetime = lifetime
        self.time = time
    }

    package func value(of key: Key) -> Value? {
        let now = time.monotonic()
        return state.withLock { state in
            state.clock += 1
            guard let slot = state.slots[key], now < slot.expires else {
                state.slots[key] = nil
                state.misses += 1
                return nil
            }
            state.hits += 1
            state.slots[key]?.used = state.clock
            return slot.value
        }
    }

    package func keep(_ value: Value, as key: Key) {
        let expires = time.monotonic() + lifetime
        state.withLock { state in
            state.clock += 1
            state.slots[key] = Slot(value: value, used: state.clock, expires: expires)
            guard state.slots.count > capacity else { return }
            let oldest = state.slots.sorted { $0.value.used < $1.value.used }.prefix(capacity / 4 + 1)
            for slot in oldest { state.slots[slot.key] = nil }
        }
    }

    package func removeAll() { state.withLock { $0.slots.removeAll() } }

    package var statistics: CacheStatistics {
        state.withLock { CacheStatistics(entries: $0.slots.count, hits: $0.hits, misses: $0.misses) }
    }
}

package struct CacheStatistics: Sendable, Equatable {
    package var entries: Int
    package var hits: Int
    package var misses: Int

    /// 0 before anything was asked for.
    package var hitRatio: Double { hits + misses == 0 ? 0 : Double(hits) / Double(hits + misses) }

    package var json: JSON {
        [
            "entries": .int(entries), "hits": .int(hits), "misses": .int(misses),
            "hitRatio": .number(JSONNumber((hitRatio * 1000).rounded() / 1000)),
        ]
    }
}
