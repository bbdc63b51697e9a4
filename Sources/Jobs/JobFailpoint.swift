import Base

/// Where tests make the queue and the log of events die or fail.
package enum JobFailpoint: String, Failpoint {
    case enqueued = "job.enqueued"
    case claimed = "job.claimed"
    /// The leases are durable, no handler has begun.
    case leased = "job.leased"
    case completing = "job.completing"
    case rescheduling = "job.rescheduling"
    case givingBack = "job.giving-back"
    /// At start-up, in the transaction that takes the jobs of a dead process back.
    case freeing = "job.freeing"
    case eventsAppended = "event.appended"
}
