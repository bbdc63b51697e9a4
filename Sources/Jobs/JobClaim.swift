import Base
import Store

/// One look at the queue, in one transaction: what is due gets its rank, what may run gets its lease.
struct JobClaim: Sendable {
    /// Due jobs that one look moves to the queue at most, to keep the transaction short.
    private static let promotionLimit = 500

    /// Room for more handlers.
    let free: Int
    /// Jobs whose handlers still run here: their leases do not expire, whatever the clock does.
    let held: [String]
    let options: JobOptions

    struct Outcome: Sendable {
        var jobs: [ClaimedJob] = []
        /// When there will be something to do by the clock.
        var next: Timestamp?
        /// More is due than one look could move.
        var isPartial = false
    }

    func run(in tx: Connection) throws(PAOError) -> Outcome {
        try expire(in: tx)
        var outcome = Outcome()
        outcome.isPartial = try promote(in: tx) == Self.promotionLimit
        for candidate in try pick(in: tx) { outcome.jobs.append(try lease(candidate, in: tx)) }
        outcome.next = try nextTime(in: tx)
        if !outcome.jobs.isEmpty { try JobFailpoint.claimed.reach() }
        return outcome
    }

    /// Leases that nobody renews any more: their handler ended and the job could not be put back.
    private func expire(in tx: Connection) throws(PAOError) {
        let expired = try tx.rows(
            """
            SELECT id, lease_epoch, receives FROM jobs
            WHERE state = 'leased' AND lease_until <= ? AND id NOT IN (SELECT value FROM json_each(?))
            """, tx.timestamp, JSON.array(held.map(JSON.string)))
        for row in expired {
            let lease = Lease(jobID: row.text(0), epoch: row.int(1))
            try Self.giveBack(lease, receives: row.int(2) + 1, error: "the lease expired", options: options, in: tx)
        }
    }

    /// The job waits for its next handler, or is dead after the last one. Returns whether it is dead.
    @discardableResult
    static func giveBack(
        _ lease: Lease, receives: Int, error: String, options: JobOptions, in tx: Connection
    ) throws(PAOError) -> Bool {
        try JobFailpoint.givingBack.reach()
        if receives >= options.receives { return try JobTable.bury(lease, error: error, in: tx) }
        _ = try JobTable.putBack(lease, until: tx.timestamp + options.backoff(receives), error: error, in: tx)
        return false
    }

    private func promote(in tx: Connection) throws(PAOError) -> Int {
        let due = try tx.rows(
            "SELECT id, team, priority FROM jobs WHERE state = 'delayed' AND run_at <= ? ORDER BY run_at LIMIT ?",
            tx.timestamp, Self.promotionLimit)
        for row in due {
            try tx.run(Self.promotion, row.text(0), row.text(1), row.int(2))
        }
        return due.count
    }

    private static let promotion =
        "UPDATE jobs SET state = 'queued', fair_rank = \(JobTable.rank(team: "?2", priority: "?3")) WHERE id = ?1"

    private struct Candidate {
        let id: String
        let priority: Int
        let rank: Int
    }

    private func pick(in tx: Connection) throws(PAOError) -> [Candidate] {
        try tx.rows(
            "SELECT id, priority, fair_rank FROM jobs WHERE state = 'queued' ORDER BY priority, fair_rank, id LIMIT ?", free
        ).map { Candidate(id: $0.text(0), priority: $0.int(1), rank: $0.int(2)) }
    }

    private func lease(_ candidate: Candidate, in tx: Connection) throws(PAOError) -> ClaimedJob {
        try tx.run(
            "UPDATE job_fairness SET virtual_time = ? WHERE priority = ? AND virtual_time < ?", candidate.rank, candidate.priority,
            candidate.rank)
        let rows = try tx.rows(
            """
            UPDATE jobs SET state = 'leased', parked = 0, lease_until = ?, lease_epoch = lease_epoch + 1, changed_at = ? WHERE id = ?
            RETURNING kind, subject, team, payload, receives, lease_epoch
            """, tx.timestamp + options.lease, tx.timestamp, candidate.id)
        guard let row = rows.first else {
            throw PAOError(
                .internal, "Something went wrong inside the server.", detail: "job \(candidate.id) vanished while it was claimed")
        }
        return ClaimedJob(
            id: candidate.id, kind: row.text(0), subject: row.text(1), team: row.text(2), payload: row.json(3), receives: row.int(4),
            lease: Lease(jobID: candidate.id, epoch: row.int(5)))
    }

    private func nextTime(in tx: Connection) throws(PAOError) -> Timestamp? {
        let due = try tx.first("SELECT min(run_at) FROM jobs WHERE state = 'delayed'")?.optionalTimestamp(0)
        let expiry = try tx.first(
            "SELECT min(lease_until) FROM jobs WHERE state = 'leased' AND id NOT IN (SELECT value FROM json_each(?))",
            JSON.array(held.map(JSON.string)))?.optionalTimestamp(0)
        return [due, expiry].compactMap { $0 }.min()
    }

    /// When the clock was set back: what was to wait for seconds would wait for as long as it was set back by. Its handler looks at once,
    /// and puts off what was meant for that time of day.
    static func recall(in tx: Connection) throws(PAOError) {
        try tx.run(
            "UPDATE jobs SET run_at = ?1, changed_at = ?1 WHERE state = 'delayed' AND changed_at > ?2", tx.timestamp,
            tx.timestamp + Self.tolerance)
    }

    /// A clock is set back by less when it is corrected as it should be.
    static let tolerance = Duration.seconds(1)

    /// At start-up, when no handler can be running: every lease is of a process that has ended, which is not the job's fault. What a
    /// parked job waited for ended with that process.
    static func freeAll(in tx: Connection) throws(PAOError) -> Int {
        try recall(in: tx)
        try tx.run("UPDATE jobs SET run_at = min(run_at, ?1), changed_at = ?1 WHERE state = 'delayed' AND parked = 1", tx.timestamp)
        return try tx.run(
            """
            UPDATE jobs SET state = 'delayed', run_at = ?1, lease_until = NULL, again_at = NULL, lease_epoch = lease_epoch + 1, changed_at = ?1
            WHERE state = 'leased'
            """, tx.timestamp)
    }
}
