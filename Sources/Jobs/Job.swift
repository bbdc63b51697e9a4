package import Base

/// What goes first; the lower number wins whatever the team.
package enum JobPriority: Int, Sendable, CaseIterable {
    /// A person waits for it.
    case urgent = 0
    /// The next step of something that has begun.
    case continuation = 1
    /// Something new.
    case start = 2
    case background = 3
}

/// Work to be done after the transaction that asks for it.
package struct NewJob: Sendable {
    /// Selects the handler.
    package var kind: String
    /// What the work is about, such as the id of a step. A kind has at most one live job per subject.
    package var subject: String
    /// Whose share of the queue it takes; empty for the server's own work.
    package var team: String
    package var priority: JobPriority
    package var payload: JSON
    /// nil: at once.
    package var runAt: Timestamp?

    package init(
        kind: String, subject: String, team: String = "", priority: JobPriority = .start, payload: JSON = [:], runAt: Timestamp? = nil
    ) {
        self.kind = kind
        self.subject = subject
        self.team = team
        self.priority = priority
        self.payload = payload
        self.runAt = runAt
    }
}

/// A job in the hands of its handler.
package struct ClaimedJob: Sendable {
    package let id: String
    package let kind: String
    package let subject: String
    package let team: String
    package let payload: JSON
    /// How often a handler has had it before and did not finish it.
    package let receives: Int
    package let lease: Lease
}

/// A job that was given up.
package struct DeadJob: Sendable, Equatable {
    package let id: String
    package let kind: String
    package let subject: String
    package let team: String
    package let payload: JSON
    package let receives: Int
    package let lastError: String
    package let diedAt: Timestamp
}

package struct JobStatistics: Sendable, Equatable {
    package var delayed = 0
    package var queued = 0
    package var leased = 0
    package var dead = 0
    /// When the oldest of the queued jobs became due.
    package var oldestDue: Timestamp?

    /// Of an empty queue.
    package init() {}
}

package struct JobOptions: Sendable {
    /// Handlers that run at once.
    package var running = 50
    package var lease = Duration.seconds(300)
    /// Handlers that may fail to finish a job before it is dead.
    package var receives = 3
    /// Where handlers run; nil is wherever tasks run.
    package var executor: BackgroundExecutor?
    /// The wait before a handler gets the job again, by the number of handlers that have failed: 1 s, 4 s, 16 s, ...
    package var backoff: @Sendable (_ receives: Int) -> Duration = { .seconds(1 << (2 * min(max($0 - 1, 0), 5))) }

    package init() {}
}

extension PAOError.Code {
    /// The lease was lost: someone else has the job, or it is gone. What the transaction wrote is undone.
    package static let fenced = Self(rawValue: "fenced")
}
