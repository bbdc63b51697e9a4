import Base
import Store

/// All SQL that changes single jobs. Claims are in `JobClaim.swift`.
enum JobTable {
    // MARK: Enqueuing

    /// False when a live job of that kind and subject is there already: a waiting one keeps its payload and takes the earlier time, a
    /// leased one runs again.
    static func insert(_ job: NewJob, id: String, in tx: Connection) throws(PAOError) -> Bool {
        let runAt = job.runAt ?? tx.timestamp
        let isDue = runAt <= tx.timestamp
        let added = try tx.run(
            insertion, id, job.kind, job.subject, job.team, job.priority.rawValue, isDue ? "queued" : "delayed", runAt, job.payload,
            tx.timestamp)
        try JobFailpoint.enqueued.reach()
        if added == 0 { try expedite(kind: job.kind, subject: job.subject, to: runAt, in: tx) }
        return added == 1
    }

    private static let insertion = """
        INSERT INTO jobs (id, kind, subject, team, priority, fair_rank, state, run_at, payload, created_at, changed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, iif(?6 = 'queued', \(rank(team: "?4", priority: "?5")), 0), ?6, ?7, ?8, ?9, ?9)
        ON CONFLICT (kind, subject) WHERE state <> 'dead' DO NOTHING
        """

    /// Of kind and subject, in the words of the unique index; `+` keeps the planner from the indexes by state.
    private static let live = "kind = ? AND subject = ? AND state <> 'dead'"

    private static func expedite(kind: String, subject: String, to time: Timestamp, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE jobs SET run_at = min(run_at, ?) WHERE \(live) AND +state = 'delayed'", time, kind, subject)
        try tx.run(
            "UPDATE jobs SET again_at = min(coalesce(again_at, ?1), ?1) WHERE \(live) AND +state = 'leased'", time, kind, subject)
    }

    /// Start-time fair queuing with equal shares: behind the team's own last job, but never behind what is being served now. The
    /// arguments are parameters of the statement.
    static func rank(team: String, priority: String) -> String {
        """
        1 + max(coalesce((SELECT max(fair_rank) FROM jobs WHERE state = 'queued' AND priority = \(priority) AND team = \(team)), 0),
          coalesce((SELECT virtual_time FROM job_fairness WHERE priority = \(priority)), 0))
        """
    }

    /// True when a waiting job was removed; one that is leased is not touched.
    static func removeWaiting(kind: String, subject: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run("DELETE FROM jobs WHERE \(live) AND +state <> 'leased'", kind, subject) > 0
    }

    // MARK: By the holder of a lease; false when it is lost

    static func isHeld(_ lease: Lease, in tx: Connection) throws(PAOError) -> Bool {
        try tx.first("SELECT 1 FROM jobs WHERE id = ? AND lease_epoch = ? AND state = 'leased'", lease.jobID, lease.epoch) != nil
    }

    static func complete(_ lease: Lease, in tx: Connection) throws(PAOError) -> Bool {
        let isGone =
            try tx.run(
                "DELETE FROM jobs WHERE id = ? AND lease_epoch = ? AND state = 'leased' AND again_at IS NULL", lease.jobID, lease.epoch)
            == 1
        return isGone ? true : try reschedule(lease, at: nil, in: tx)
    }

    /// nil for the time at which it was enqueued again.
    static func reschedule(
        _ lease: Lease, at time: Timestamp?, payload: JSON? = nil, isParked: Bool = false, in tx: Connection
    ) throws(PAOError) -> Bool {
        try tx.run(
            """
            UPDATE jobs SET state = 'delayed', parked = ?6, priority = iif(?6, min(priority, ?7), priority), run_at = min(coalesce(again_at, ?1), coalesce(?1, again_at)), again_at = NULL,
                payload = coalesce(?2, payload), lease_until = NULL, receives = 0, last_error = NULL, changed_at = ?3
            WHERE id = ?4 AND lease_epoch = ?5 AND state = 'leased'
            """,
            time, payload, tx.timestamp, lease.jobID, lease.epoch, isParked ? 1 : 0,
            JobPriority.continuation.rawValue) == 1
    }

    static func bury(_ lease: Lease, error: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            """
            UPDATE jobs SET state = 'dead', lease_until = NULL, again_at = NULL, receives = receives + 1, last_error = ?, changed_at = ?
            WHERE id = ? AND lease_epoch = ? AND state = 'leased'
            """,
            error, tx.timestamp, lease.jobID, lease.epoch) == 1
    }

    /// After a handler that did not finish: the job waits, and counts it.
    static func putBack(_ lease: Lease, until time: Timestamp, error: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            """
            UPDATE jobs SET state = 'delayed', run_at = ?, lease_until = NULL, again_at = NULL, receives = receives + 1, last_error = ?,
                changed_at = ?
            WHERE id = ? AND lease_epoch = ? AND state = 'leased'
            """,
            time, error, tx.timestamp, lease.jobID, lease.epoch) == 1
    }

    static func renew(_ lease: Lease, until time: Timestamp, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            "UPDATE jobs SET lease_until = ? WHERE id = ? AND lease_epoch = ? AND state = 'leased'", time, lease.jobID, lease.epoch) == 1
    }

    // MARK: Dead letters

    static func dead(limit: Int, in tx: Connection) throws(PAOError) -> [DeadJob] {
        try tx.rows(
            """
            SELECT id, kind, subject, team, payload, receives, last_error, changed_at FROM jobs
            WHERE state = 'dead' ORDER BY changed_at DESC LIMIT ?
            """, limit
        ).map {
            DeadJob(
                id: $0.text(0), kind: $0.text(1), subject: $0.text(2), team: $0.text(3), payload: $0.json(4), receives: $0.int(5),
                lastError: $0.text(6), diedAt: $0.timestamp(7))
        }
    }

    static func redrive(_ id: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            "UPDATE jobs SET state = 'delayed', run_at = ?1, receives = 0, changed_at = ?1 WHERE id = ?2 AND state = 'dead'",
            tx.timestamp, id) == 1
    }

    static func removeDead(before time: Timestamp, in tx: Connection) throws(PAOError) -> Int {
        try tx.run("DELETE FROM jobs WHERE state = 'dead' AND changed_at < ?", time)
    }

    static func statistics(in tx: Connection) throws(PAOError) -> JobStatistics {
        func count(_ state: String) throws(PAOError) -> Int {
            try tx.first("SELECT count(*) FROM jobs WHERE state = '\(state)'")?.int(0) ?? 0
        }
        var statistics = JobStatistics()
        statistics.delayed = try count("delayed")
        statistics.queued = try count("queued")
        statistics.leased = try count("leased")
        statistics.dead = try count("dead")
        statistics.oldestDue = try tx.first("SELECT min(run_at) FROM jobs WHERE state = 'queued'")?.optionalTimestamp(0)
        return statistics
    }
}
