import Base
import Synchronization

/// Calls without a valid credential are counted per address: above the limit of a minute they get 429. Health, version and static
/// files are not counted, and a good token or session never is.
final class AnonymousLimit: Sendable {
    static let perMinute = 1200
    /// Addresses kept; beyond it the oldest window is forgotten, so that a flood of addresses costs no memory.
    private static let capacity = 10_000

    private struct Window {
        var start: Duration
        var count: Int
    }

    private let time: TimeSource
    private let windows = Mutex<[String: Window]>([:])

    init(time: TimeSource) { self.time = time }

    /// Throws `rateLimited`.
    func count(_ address: String) throws(PAOError) {
        let now = time.monotonic()
        let wait = windows.withLock { windows -> Int? in
            var window = windows[address] ?? Window(start: now, count: 0)
            if now - window.start >= .seconds(60) { window = Window(start: now, count: 0) }
            window.count += 1
            if windows.count >= Self.capacity, windows[address] == nil { windows = windows.filter { now - $0.value.start < .seconds(60) } }
            if windows.count < Self.capacity || windows[address] != nil { windows[address] = window }
            return window.count > Self.perMinute ? max(1, 60 - Int((now - window.start).seconds)) : nil
        }
        if let wait {
            throw PAOError(.rateLimited, "Too many calls without a valid credential from this address.", retryAfter: wait)
        }
    }
}
