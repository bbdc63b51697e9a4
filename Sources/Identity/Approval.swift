package import Base
import Store

/// What a subject asks for: who must agree before it goes on. Gates of one round are levels, opened one after the other.
package struct Gate: Sendable {
    package enum OnTimeout: String, Sendable { case reject, escalate }

    package var name: String
    package var role: String
    /// Slug: who decides must see that team. nil: any holder of the role.
    package var team: String?
    /// How many must approve.
    package var required: Int
    /// Counted from when the gate opens.
    package var timeout: Duration?
    package var onTimeout: OnTimeout
    package var permission: Permission

    package init(
        name: String, role: String, team: String? = nil, required: Int = 1, timeout: Duration? = nil, onTimeout: OnTimeout = .reject,
        permission: Permission = .requestsApprove
    ) {
        self.name = name
        self.role = role
        self.team = team
        self.required = max(1, required)
        self.timeout = timeout
        self.onTimeout = onTimeout
        self.permission = permission
    }
}

/// A gate of a subject, with how it stands.
package struct Approval: Sendable, Equatable {
    package enum Status: String, Sendable { case waiting, pending, approved, rejected, cancelled, expired }

    package let id: String
    package let subjectType: String
    package let subjectID: String
    /// Counts the times that the subject asked.
    package let round: Int
    package let level: Int
    package let name: String
    package let permission: Permission
    package let requiredRole: String
    package let team: String?
    package let required: Int
    package let requesterID: String
    package var status: Status
    package let timeout: Duration?
    package let onTimeout: Gate.OnTimeout
    package let dueAt: Timestamp?
    package let escalatedAt: Timestamp?
    package let decisionAt: Timestamp?
    package let createdAt: Timestamp
}

package enum Decision: String, Sendable { case approve, reject }

package struct ApprovalDecision: Sendable, Equatable {
    package let userID: String
    /// nil when the account is gone.
    package let login: String?
    package let decision: Decision
    package let reason: String
    package let decidedAt: Timestamp
}

/// What a step means for the subject; the caller acts on it in the same transaction.
package enum ApprovalOutcome: Sendable, Equatable {
    /// Counted; so many are still needed.
    case counted(Approval, remaining: Int)
    /// A level is passed; this is the next, open now.
    case opened(Approval)
    /// The last level is passed: the subject goes on.
    case approved(Approval)
    case rejected(Approval, reason: String)
    /// Nobody decided in time: the subject is rejected.
    case expired(Approval)
    /// Nobody decided in time: somebody must be told; the gate stays open.
    case escalated(Approval)
}
