package import Base
package import Identity
import Jobs
import Store

// Requests that people have to agree to. The gates are Identity's; what follows from a decision happens to the request in the same
// transaction.

extension Requests {
    /// An approval with what whoever decides needs to see of the request.
    package struct ApprovalItem: Sendable {
        package var approval: Approval
        package var request: ServiceRequest?

        package var json: JSON {
            var json = approval.json
            json["request"] = request.map { request in
                [
                    "id": .string(request.id), "catalogItemId": .string(request.catalogID),
                    "catalogVersion": .string(request.catalogVersion),
                    "status": .string(request.status.rawValue), "userId": .string(request.requester.login),
                    "team": .string(request.requester.team), "requestData": Sealed.masked(request.parameters),
                    "createdAt": .string(request.createdAt.description),
                ]
            }
            return json
        }
    }

    /// What the actor could decide now, oldest first.
    package func approvalInbox(_ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<ApprovalItem> {
        let approvals = approvals
        return try store.read { connection throws(PAOError) in
            let open = try approvals.inbox(for: actor, after: page.after?.first ?? "", limit: page.limit + 1, in: connection)
            let items = try open.map { (approval) throws(PAOError) in
                ApprovalItem(approval: approval, request: try Self.subject(of: approval, connection))
            }
            return Page(items, limit: page.limit) { [$0.approval.id] }
        }
    }

    /// All gates of a request with who decided what. Throws `notFound`.
    package func approvalHistory(_ id: String, by actor: Actor) throws(PAOError) -> [JSON] {
        let approvals = approvals
        return try store.read { connection throws(PAOError) in
            _ = try Self.visible(RequestStore(connection).header(id: id), id, actor)
            return try approvals.history(of: Intake.subject, id, in: connection).map { approval, decisions in
                var json = approval.json
                json["decisions"] = .array(
                    decisions.map {
                        [
                            "userId": .optional($0.login), "decision": .string($0.decision.rawValue), "reason": .string($0.reason),
                            "decidedAt": .string($0.decidedAt.description),
                        ]
                    })
                return json
            }
        }
    }

    private static func subject(of approval: Approval, _ connection: Connection) throws(PAOError) -> ServiceRequest? {
        approval.subjectType == Intake.subject ? try RequestStore(connection).header(id: approval.subjectID) : nil
    }

    /// Approves or rejects. Throws as `Approvals.decide`: `notFound`, `forbidden` (the requester; without the role), `invalid` (a rejection
    /// without a reason), `conflict`.
    package func decide(_ decision: Decision, on id: String, reason: String, by actor: Actor) async throws(PAOError) -> ApprovalItem {
        let (intake, time) = (intake, time)
        return try await store.write { tx throws(PAOError) -> ApprovalItem in
            let outcome = try intake.approvals.decide(decision, on: id, reason: reason, by: actor, in: tx)
            try Self.follow(outcome, by: actor, intake, time.now(), in: tx)
            guard let approval = try intake.approvals.approval(id, in: tx) else { throw PAOError(.notFound, "There is no approval \(id).") }
            return ApprovalItem(approval: approval, request: try Self.subject(of: approval, tx))
        }
    }

    /// Hands the actor's voice to somebody else.
    package func delegate(_ id: String, to login: String, reason: String, by actor: Actor) async throws(PAOError) {
        let approvals = approvals
        try await store.write { tx throws(PAOError) in
            guard let row = try tx.first("SELECT id FROM users WHERE login = ?", login) else {
                throw PAOError(
                    .invalid, "There is no user \(login).",
                    findings: [.init(field: "userId", rule: "unknown", message: "There is no user \(login).")])
            }
            try approvals.delegate(id, to: row.text(0), reason: reason, by: actor, in: tx)
        }
    }

    /// Gates whose time is over; to be called every minute or so. How many there were.
    @discardableResult
    package func sweepApprovals() async throws(PAOError) -> Int {
        let (intake, time) = (intake, time)
        return try await store.write { tx throws(PAOError) -> Int in
            let outcomes = try intake.approvals.sweep(in: tx)
            for outcome in outcomes { try Self.follow(outcome, by: nil, intake, time.now(), in: tx) }
            return outcomes.count
        }
    }

    // MARK: What follows

    private static func follow(
        _ outcome: ApprovalOutcome, by actor: Actor?, _ intake: Intake, _ now: Timestamp, in tx: Connection
    ) throws(PAOError) {
        let approval = outcome.approval
        guard approval.subjectType == Intake.subject, let request = try RequestStore(tx).request(id: approval.subjectID) else { return }
        try intake.recorder.announce(approval, request, in: tx)
        guard request.status == .pendingApproval else { return }
        var run = try intake.loader.run(of: request, now: now, in: tx)
        switch outcome {
        case .counted, .opened, .escalated: return
        case .approved: try run.move(.approve)
        case .rejected(_, let reason): try run.cancel(.reject, reason: "rejected by \(actor?.login ?? "the appliance"): \(reason)")
        case .expired(let approval): try run.cancel(.reject, reason: "nobody decided on \(approval.name) in time")
        }
        try intake.write(run, leaseEpoch: 0, by: actor, in: tx)
        guard run.request.status == .queued else { return }
        try Engine.enqueue(run.request, priority: .start, at: request.startAfter, jobs: intake.jobs, in: tx)
    }
}

extension ApprovalOutcome {
    fileprivate var approval: Approval {
        switch self {
        case .counted(let approval, _), .opened(let approval), .approved(let approval), .rejected(let approval, _), .expired(let approval),
            .escalated(let approval):
            approval
        }
    }
}

extension Approval {
    package var json: JSON {
        [
            "id": .string(id), "subject": ["type": .string(subjectType), "id": .string(subjectID)], "round": .int(round),
            "level": .int(level),
            "name": .string(name), "role": .string(requiredRole), "team": .optional(team), "required": .int(required),
            "status": .string(status.rawValue), "dueAt": .optional(dueAt?.description), "escalatedAt": .optional(escalatedAt?.description),
            "decisionAt": .optional(decisionAt?.description), "createdAt": .string(createdAt.description),
        ]
    }
}
