package import Base
package import Store

/// Gates that people open. Knows nothing of what it gates: every verb runs in the caller's transaction and says what follows from it,
/// so that the subject moves in the same commit.
package struct Approvals: Sendable {
    private let identifiers: IdentifierSource
    private let audit: AuditLog

    init(identifiers: IdentifierSource, audit: AuditLog) {
        self.identifiers = identifiers
        self.audit = audit
    }

    // MARK: Asking

    /// A new round with one level per gate, the first open at once. Gates of an earlier round that are still open are cancelled.
    package func request(
        _ gates: [Gate], for subjectType: String, _ subjectID: String, by requester: Actor, in tx: Connection
    ) throws(PAOError) -> [Approval] {
        try cancel(subjectType, subjectID, in: tx)
        let round = try ApprovalStore.lastRound(subjectType, subjectID, in: tx) + 1
        var approvals: [Approval] = []
        for (index, gate) in gates.enumerated() {
            let isFirst = index == 0
            let approval = Approval(
                id: identifiers.uuid(), subjectType: subjectType, subjectID: subjectID, round: round, level: index + 1, name: gate.name,
                permission: gate.permission, requiredRole: gate.role, team: gate.team, required: gate.required,
                requesterID: requester.userID, status: isFirst ? .pending : .waiting, timeout: gate.timeout, onTimeout: gate.onTimeout,
                dueAt: isFirst ? gate.timeout.map { tx.timestamp + $0 } : nil, escalatedAt: nil, decisionAt: nil,
                createdAt: tx.timestamp)
            try ApprovalStore.insert(approval, in: tx)
            approvals.append(approval)
        }
        return approvals
    }

    /// When the subject is cancelled or its data changed: what was agreed to is not what it is now. How many gates were open.
    @discardableResult
    package func cancel(_ subjectType: String, _ subjectID: String, in tx: Connection) throws(PAOError) -> Int {
        try ApprovalStore.cancel(subjectType, subjectID, in: tx)
    }

    // MARK: Deciding

    /// One rejection ends a round; a gate is passed when enough have approved. Throws `notFound`; `forbidden` for the requester, without
    /// the role, or after delegating; `invalid` for a rejection without a reason; `conflict` when it is decided already.
    package func decide(
        _ decision: Decision, on id: String, reason: String = "", by actor: Actor, in tx: Connection
    ) throws(PAOError) -> ApprovalOutcome {
        let approval = try eligible(id, actor, in: tx)
        let isBlank = reason.utf8.allSatisfy { $0 <= 0x20 }
        if decision == .reject, isBlank { throw .invalid("reason", "required", "Say why it is rejected.") }
        if try ApprovalStore.hasDecided(actor.userID, on: id, in: tx) { throw PAOError(.conflict, "You have decided on this already.") }
        try ApprovalStore.insert(decision, on: id, by: actor.userID, reason: reason, in: tx)
        try audit.append(entry(decision.rawValue, approval, actor, ["reason": .string(reason)]), in: tx)
        try IdentityFailpoint.approvalDecided.reach()
        return decision == .reject ? try reject(approval, reason, in: tx) : try approve(approval, in: tx)
    }

    private func reject(_ approval: Approval, _ reason: String, in tx: Connection) throws(PAOError) -> ApprovalOutcome {
        .rejected(try close(approval, as: .rejected, in: tx), reason: reason)
    }

    private func approve(_ approval: Approval, in tx: Connection) throws(PAOError) -> ApprovalOutcome {
        let remaining = approval.required - (try ApprovalStore.approveCount(approval.id, in: tx))
        guard remaining <= 0 else { return .counted(approval, remaining: remaining) }
        guard try ApprovalStore.close(approval, as: .approved, in: tx) else { throw .decided(approval) }
        if let next = try ApprovalStore.openNext(after: approval, in: tx) { return .opened(next) }
        return .approved(try current(approval, in: tx))
    }

    /// With the levels above it.
    private func close(_ approval: Approval, as status: Approval.Status, in tx: Connection) throws(PAOError) -> Approval {
        guard try ApprovalStore.close(approval, as: status, in: tx) else { throw .decided(approval) }
        try cancel(approval.subjectType, approval.subjectID, in: tx)
        return try current(approval, in: tx)
    }

    private func current(_ approval: Approval, in tx: Connection) throws(PAOError) -> Approval {
        try ApprovalStore.approval(approval.id, in: tx) ?? approval
    }

    /// Hands the actor's voice on this gate to somebody else, who needs the permission but not the role. Throws as `decide` does.
    package func delegate(_ id: String, to userID: String, reason: String = "", by actor: Actor, in tx: Connection) throws(PAOError) {
        let approval = try eligible(id, actor, in: tx)
        guard let access = try AccessStore.access(userID: userID, in: tx) else { throw .notFound("The user \(userID)") }
        guard access.permissions.contains(approval.permission), userID != approval.requesterID, userID != actor.userID else {
            throw .invalid("userId", "eligible", "\(access.user.login) cannot decide on this.")
        }
        if try ApprovalStore.hasDecided(actor.userID, on: id, in: tx) { throw PAOError(.conflict, "You have decided on this already.") }
        if try ApprovalStore.hasDelegated(userID, id, in: tx) {
            throw PAOError(.conflict, "\(access.user.login) has handed this on already.")
        }
        try ApprovalStore.delegate(id, from: actor.userID, to: userID, reason: reason, in: tx)
        try audit.append(entry("delegate", approval, actor, ["to": .string(access.user.login), "reason": .string(reason)]), in: tx)
    }

    /// The gate, when it is open and the actor may decide on it.
    private func eligible(_ id: String, _ actor: Actor, in tx: Connection) throws(PAOError) -> Approval {
        guard let approval = try ApprovalStore.approval(id, in: tx) else { throw .notFound("The approval \(id)") }
        let isDelegate = try ApprovalStore.isDelegate(actor.userID, id, in: tx)
        let isRequester = actor.userID == approval.requesterID
        guard isDelegate || isRequester || approval.team.map(actor.sees) ?? true else { throw .notFound("The approval \(id)") }
        try actor.require(approval.permission)
        if isRequester { throw PAOError(.forbidden, "Nobody decides on their own request.") }
        if !isDelegate { try requireRole(approval.requiredRole, actor, in: tx) }
        if try ApprovalStore.hasDelegated(actor.userID, id, in: tx) {
            throw PAOError(.forbidden, "You have handed this decision to somebody else.")
        }
        guard approval.status == .pending else { throw .decided(approval) }
        return approval
    }

    private func requireRole(_ role: String, _ actor: Actor, in tx: Connection) throws(PAOError) {
        let roles = try AccessStore.roles(of: actor.userID, in: tx)
        guard roles.contains(role) || roles.contains(Role.administrator) else {
            throw PAOError(.forbidden, "Only who has the role \(role) decides on this.")
        }
    }

    private func entry(_ action: String, _ approval: Approval, _ actor: Actor, _ new: JSON) -> AuditEntry {
        AuditEntry(
            actor, action, "approval", approval.id, team: approval.team,
            requestID: approval.subjectType == "request" ? approval.subjectID : nil, new: new)
    }

    // MARK: Time

    /// Gates whose time is over: expired or escalated, at most `limit` of them; each is reported once.
    package func sweep(limit: Int = 100, in tx: Connection) throws(PAOError) -> [ApprovalOutcome] {
        var outcomes: [ApprovalOutcome] = []
        for approval in try ApprovalStore.due(limit: limit, in: tx) {
            outcomes.append(try expire(approval, in: tx))
        }
        return outcomes
    }

    private func expire(_ approval: Approval, in tx: Connection) throws(PAOError) -> ApprovalOutcome {
        let actor = Actor.system(correlationID: approval.id)
        switch approval.onTimeout {
        case .reject:
            try audit.append(entry("expire", approval, actor, .null), in: tx)
            return .expired(try close(approval, as: .expired, in: tx))
        case .escalate:
            try ApprovalStore.escalate(approval.id, in: tx)
            try audit.append(entry("escalate", approval, actor, .null), in: tx)
            return .escalated(try current(approval, in: tx))
        }
    }

    // MARK: Looking

    /// What the actor could decide now, oldest first, after an id ("" for the first page).
    package func inbox(for actor: Actor, after id: String = "", limit: Int, in connection: Connection) throws(PAOError) -> [Approval] {
        let roles = try AccessStore.roles(of: actor.userID, in: connection)
        return try ApprovalStore.inbox(for: actor, roles: roles, after: id, limit: limit, in: connection)
    }

    /// All rounds of a subject, by round and level; the caller has checked that the actor may see the subject.
    package func history(
        of subjectType: String, _ subjectID: String, in connection: Connection
    ) throws(PAOError) -> [(approval: Approval, decisions: [ApprovalDecision])] {
        var history: [(approval: Approval, decisions: [ApprovalDecision])] = []
        for approval in try ApprovalStore.approvals(subjectType, subjectID, in: connection) {
            history.append((approval, try ApprovalStore.decisions(on: approval.id, in: connection)))
        }
        return history
    }

    /// nil when there is none; which subject an id belongs to decides who handles it.
    package func approval(_ id: String, in connection: Connection) throws(PAOError) -> Approval? {
        try ApprovalStore.approval(id, in: connection)
    }
}

extension PAOError {
    fileprivate static func decided(_ approval: Approval) -> PAOError {
        PAOError(.conflict, "This approval is not open: it is \(approval.status.rawValue).")
    }
}
