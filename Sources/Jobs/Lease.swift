package import Base
package import Store
import Synchronization

/// The right to finish one job, once. A handler ends its job in the transaction that stores what the work has brought, so that both
/// happen or neither. It then returns: its place in the queue is taken until it does.
///
/// Every function throws `fenced` when the lease is lost; the transaction is then to be left by that error.
package final class Lease: Sendable {
    package let jobID: String
    package let epoch: Int
    private let finished = Atomic(false)

    init(jobID: String, epoch: Int) {
        self.jobID = jobID
        self.epoch = epoch
    }

    /// True after the commit of a transaction that finished the job.
    package var isFinished: Bool { finished.load(ordering: .acquiring) }

    /// For a transaction in the middle of the work: goes on only while the job is still ours.
    package func check(in tx: Connection) throws(PAOError) {
        guard try JobTable.isHeld(self, in: tx) else { throw fenced }
    }

    /// The job is done and gone; when it was enqueued again meanwhile, it runs once more.
    package func complete(in tx: Connection) throws(PAOError) {
        guard try JobTable.complete(self, in: tx) else { throw fenced }
        try JobFailpoint.completing.reach()
        finish(after: tx)
    }

    /// The job runs again at that time (or earlier, when it was enqueued again meanwhile), with a new payload unless nil. Its receives
    /// count from zero.
    package func reschedule(in tx: Connection, at time: Timestamp, payload: JSON? = nil) throws(PAOError) {
        guard try JobTable.reschedule(self, at: time, payload: payload, in: tx) else { throw fenced }
        try JobFailpoint.rescheduling.reach()
        finish(after: tx)
    }

    /// The job runs again at that time, or when something in the memory of this process enqueues it (`JobQueue.hasten`); the next process
    /// runs it at once. It has begun, and goes before what is new.
    package func park(in tx: Connection, until time: Timestamp) throws(PAOError) {
        guard try JobTable.reschedule(self, at: time, isParked: true, in: tx) else { throw fenced }
        try JobFailpoint.rescheduling.reach()
        finish(after: tx)
    }

    /// The job is dead at once, for a person to look at: trying again would not help.
    package func fail(in tx: Connection, _ error: PAOError) throws(PAOError) {
        guard try JobTable.bury(self, error: error.description, in: tx) else { throw fenced }
        finish(after: tx)
    }

    private func finish(after tx: Connection) {
        tx.afterCommit { [self] in finished.store(true, ordering: .releasing) }
    }

    private var fenced: PAOError {
        PAOError(.fenced, "The work was taken over by someone else.", detail: "job \(jobID), epoch \(epoch)")
    }
}
