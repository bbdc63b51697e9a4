import Base
import Jobs
import Store

/// Requests with the same `concurrency.key` run one after another, in the order they were made. Whoever finds the key taken ends its job
/// and is woken by the end of another one, in the same transaction; so none is forgotten. A failed request lets others go ahead and
/// waits for its turn when a person resumes it.
enum ConcurrencyKeys {
    /// To be asked in the transaction that starts the request.
    static func isHeld(_ key: String, against request: ServiceRequest, in tx: Connection) throws(PAOError) -> Bool {
        try tx.first(
            """
            SELECT 1 FROM service_requests WHERE concurrency_key = ? AND id <> ? AND (status = 'in_progress'
              OR (status IN ('queued', 'resuming') AND id < ? AND (start_after IS NULL OR start_after <= ?))) LIMIT 1
            """, key, request.rowID, request.rowID, tx.timestamp) != nil
    }

    /// Wakes those that wait for the key; all but the first find it taken again.
    static func wakeNext(_ key: String, jobs: JobQueue, in tx: Connection) throws(PAOError) {
        let row = try tx.first(
            """
            SELECT id, requester_team FROM service_requests WHERE concurrency_key = ? AND status IN ('queued', 'resuming')
              AND (start_after IS NULL OR start_after <= ?) ORDER BY id LIMIT 1
            """, key, tx.timestamp)
        guard let row else { return }
        try jobs.enqueue(NewJob(kind: Engine.jobKind, subject: row.text(0), team: row.text(1), priority: .start), in: tx)
    }

    /// Others that run or wait with the key.
    static func others(with key: String, statuses: [RequestStatus], in tx: Connection) throws(PAOError) -> [String] {
        let marks = statuses.map { _ in "?" }.joined(separator: ", ")
        return try tx.rows(
            "SELECT id FROM service_requests WHERE concurrency_key = ? AND status IN (\(marks)) ORDER BY id",
            values: [.text(key)] + statuses.map { .text($0.rawValue) }
        ).map { $0.text(0) }
    }
}
