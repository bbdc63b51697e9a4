import Base

/// How something that runs by itself goes on: it waits, runs, and ends well after its time, unless it was ended by hand before.
struct Course: Sendable {
    enum Phase: Sendable { case waiting, running, succeeded, failed, cancelled }

    let start: Timestamp
    let length: Duration
    private(set) var end: (phase: Phase, at: Timestamp)?

    init(start: Timestamp, length: Duration) {
        self.start = start
        self.length = length
    }

    func phase(at now: Timestamp) -> Phase {
        if let end { return end.phase }
        let passed = now - start
        if passed >= length { return .succeeded }
        return passed * 4 >= length ? .running : .waiting
    }

    /// nil while it has not ended.
    func ended(at now: Timestamp) -> Timestamp? {
        if let end { return end.at }
        return now - start >= length ? start + length : nil
    }

    /// Does nothing once it has ended.
    mutating func finish(_ phase: Phase, at time: Timestamp) -> Bool {
        guard ended(at: time) == nil else { return false }
        end = (phase, time)
        return true
    }
}

extension Timestamp {
    /// Whole seconds, as GitHub and Terraform Cloud write them: `2026-11-21T10:00:00Z`.
    var secondsText: String { description.prefix(19) + "Z" }
}
