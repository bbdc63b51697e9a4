import Glibc

/// Where time comes from: handed in, so that tests and the simulation can hold it.
package struct TimeSource: Sendable {
    /// Wall clock, UTC; may jump.
    package var now: @Sendable () -> Timestamp
    /// Never goes back; for timeouts, leases and durations.
    package var monotonic: @Sendable () -> Duration
    /// Throws `CancellationError` when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Timestamp, monotonic: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.monotonic = monotonic
        self.sleep = sleep
    }

    /// The machine's clocks; the only place that reads them.
    package static let system = TimeSource(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
        },
        monotonic: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        },
        sleep: { try await Task.sleep(for: $0) })
}

/// Where random bytes come from.
package struct RandomSource: Sendable {
    package var bytes: @Sendable (Int) -> [UInt8]

    package init(bytes: @escaping @Sendable (Int) -> [UInt8]) { self.bytes = bytes }

    /// A number in 0..<1, for jitter.
    package func fraction() -> Double {
        let value = bytes(7).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Double(value >> 3) / Double(UInt64(1) << 53)
    }
}
