package import Base
import Jobs
import Store

extension Requests {
    /// Another system says that a ticket or a run has changed: what follows it looks at once, instead of when it would have asked next.
    /// Nothing of what was said is believed.
    package func notice(_ reference: String) async throws(PAOError) {
        let (jobs, now) = (jobs, time.now())
        try await store.write { tx throws(PAOError) in
            let following = try tx.rows(
                """
                UPDATE request_steps SET due_at = ?1 WHERE external_reference = ?2 AND status IN ('running', 'verifying') AND due_at > ?1
                RETURNING request_id
                """, now, reference)
            for row in following {
                try jobs.enqueue(NewJob(kind: Engine.jobKind, subject: row.text(0), priority: .continuation), in: tx)
            }
            let escalations = try tx.rows(
                "SELECT id FROM manual_tickets WHERE ticket_id = ? AND ticket_type = 'escalation' AND status IN ('open', 'in_progress')",
                reference)
            for row in escalations {
                try jobs.enqueue(NewJob(kind: JiraDesk.jobKind, subject: row.text(0), priority: .continuation), in: tx)
            }
        }
    }
}
