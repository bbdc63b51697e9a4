package import Base
package import Identity
package import Jobs
package import Store

/// The queue as an operator looks after it: what waits, what was given up, and putting it back.
package final class QueueOffice: Sendable {
    private let jobs: JobQueue
    private let store: Store

    package init(jobs: JobQueue, store: Store) {
        self.jobs = jobs
        self.store = store
    }

    /// `{queue, dead}`. Throws `forbidden`.
    package func overview(by actor: Actor) throws(PAOError) -> JSON {
        try actor.require(.adminJobs)
        let statistics = try jobs.statistics()
        let dead: [JSON] = try jobs.deadJobs().map {
            [
                "id": .string($0.id), "kind": .string($0.kind), "subject": .string($0.subject), "team": .string($0.team),
                "receives": .int($0.receives), "lastError": .string($0.lastError), "diedAt": .string($0.diedAt.description),
            ]
        }
        let queue: JSON = [
            "delayed": .int(statistics.delayed), "queued": .int(statistics.queued), "leased": .int(statistics.leased),
            "dead": .int(statistics.dead), "oldestDue": .optional(statistics.oldestDue?.description),
        ]
        return ["queue": queue, "dead": .array(dead)]
    }

    /// A dead job gets its receives back and is queued. Throws `forbidden`, `notFound` and `conflict`.
    package func redrive(_ id: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminJobs)
        let jobs = jobs
        try await store.write { tx throws(PAOError) in try jobs.redrive(id, in: tx) }
    }
}
