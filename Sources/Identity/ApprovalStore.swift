import Base
import Store

/// The SQL of approvals.
enum ApprovalStore {
    private static let columns = """
        a.id, a.subject_type, a.subject_id, a.round, a.level, a.name, a.permission, a.required_role, a.team, a.required, a.requester_id, \
        a.status, a.timeout_ms, a.on_timeout, a.due_at, a.escalated_at, a.decision_at, a.created_at
        """

    private static func approval(_ row: Row) -> Approval {
        Approval(
            id: row.text(0), subjectType: row.text(1), subjectID: row.text(2), round: row.int(3), level: row.int(4), name: row.text(5),
            permission: Permission(rawValue: row.text(6)), requiredRole: row.text(7), team: row.optionalText(8), required: row.int(9),
            requesterID: row.text(10), status: Approval.Status(rawValue: row.text(11)) ?? .cancelled,
            timeout: row.optionalInt(12).map { .milliseconds($0) }, onTimeout: Gate.OnTimeout(rawValue: row.text(13)) ?? .reject,
            dueAt: row.optionalTimestamp(14), escalatedAt: row.optionalTimestamp(15), decisionAt: row.optionalTimestamp(16),
            createdAt: row.timestamp(17))
    }

    // MARK: Gates

    static func lastRound(_ subjectType: String, _ subjectID: String, in connection: Connection) throws(PAOError) -> Int {
        try connection.first("SELECT max(round) FROM approvals WHERE subject_type = ? AND subject_id = ?", subjectType, subjectID)?.int(0)
            ?? 0
    }

    static func insert(_ approval: Approval, in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO approvals (id, subject_type, subject_id, round, level, name, permission, required_role, team, required,
                requester_id, status, timeout_ms, on_timeout, due_at, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, approval.id, approval.subjectType, approval.subjectID, approval.round, approval.level, approval.name,
            approval.permission.rawValue, approval.requiredRole, approval.team, approval.required, approval.requesterID,
            approval.status.rawValue, approval.timeout?.milliseconds, approval.onTimeout.rawValue, approval.dueAt, approval.createdAt)
    }

    static func approval(_ id: String, in connection: Connection) throws(PAOError) -> Approval? {
        try connection.first("SELECT \(columns) FROM approvals a WHERE a.id = ?", id).map(approval)
    }

    /// By round and level.
    static func approvals(_ subjectType: String, _ subjectID: String, in connection: Connection) throws(PAOError) -> [Approval] {
        try connection.rows(
            "SELECT \(columns) FROM approvals a WHERE a.subject_type = ? AND a.subject_id = ? ORDER BY a.round, a.level", subjectType,
            subjectID
        ).map(approval)
    }

    /// False when the gate was not open any more.
    static func close(_ approval: Approval, as status: Approval.Status, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            "UPDATE approvals SET status = ?, decision_at = ? WHERE id = ? AND status = 'pending'", status.rawValue, tx.timestamp,
            approval.id) > 0
    }

    /// Opens the level above; nil when there is none.
    static func openNext(after approval: Approval, in tx: Connection) throws(PAOError) -> Approval? {
        let next = try tx.first(
            """
            SELECT \(columns) FROM approvals a
            WHERE a.subject_type = ? AND a.subject_id = ? AND a.round = ? AND a.level > ? AND a.status = 'waiting' ORDER BY a.level LIMIT 1
            """, approval.subjectType, approval.subjectID, approval.round, approval.level
        ).map(self.approval)
        guard let next else { return nil }
        let dueAt = next.timeout.map { tx.timestamp + $0 }
        try tx.run("UPDATE approvals SET status = 'pending', due_at = ? WHERE id = ?", dueAt, next.id)
        return try self.approval(next.id, in: tx)
    }

    /// How many were open or waiting.
    static func cancel(_ subjectType: String, _ subjectID: String, in tx: Connection) throws(PAOError) -> Int {
        try tx.run(
            """
            UPDATE approvals SET status = 'cancelled', decision_at = ?
            WHERE subject_type = ? AND subject_id = ? AND status IN ('waiting', 'pending')
            """, tx.timestamp, subjectType, subjectID)
    }

    static func due(limit: Int, in tx: Connection) throws(PAOError) -> [Approval] {
        try tx.rows(
            """
            SELECT \(columns) FROM approvals a
            WHERE a.status = 'pending' AND a.due_at IS NOT NULL AND a.escalated_at IS NULL AND a.due_at <= ? ORDER BY a.due_at LIMIT ?
            """, tx.timestamp, limit
        ).map(approval)
    }

    static func escalate(_ id: String, in tx: Connection) throws(PAOError) {
        try tx.run("UPDATE approvals SET escalated_at = ? WHERE id = ?", tx.timestamp, id)
    }

    // MARK: Decisions

    static func insert(
        _ decision: Decision, on id: String, by userID: String, reason: String, in tx: Connection
    ) throws(PAOError) {
        try tx.run(
            "INSERT INTO approval_decisions (approval_id, user_id, decision, reason, decided_at) VALUES (?, ?, ?, ?, ?)", id, userID,
            decision.rawValue, reason, tx.timestamp)
    }

    static func hasDecided(_ userID: String, on id: String, in connection: Connection) throws(PAOError) -> Bool {
        try connection.first("SELECT 1 FROM approval_decisions WHERE approval_id = ? AND user_id = ?", id, userID) != nil
    }

    static func approveCount(_ id: String, in connection: Connection) throws(PAOError) -> Int {
        try connection.first("SELECT count(*) FROM approval_decisions WHERE approval_id = ? AND decision = 'approve'", id)?.int(0) ?? 0
    }

    /// In the order they were made.
    static func decisions(on id: String, in connection: Connection) throws(PAOError) -> [ApprovalDecision] {
        try connection.rows(
            """
            SELECT d.user_id, u.login, d.decision, d.reason, d.decided_at FROM approval_decisions d LEFT JOIN users u ON u.id = d.user_id
            WHERE d.approval_id = ? ORDER BY d.rowid
            """, id
        ).map {
            ApprovalDecision(
                userID: $0.text(0), login: $0.optionalText(1), decision: Decision(rawValue: $0.text(2)) ?? .reject, reason: $0.text(3),
                decidedAt: $0.timestamp(4))
        }
    }

    // MARK: Delegations

    static func delegate(_ id: String, from: String, to: String, reason: String, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO approval_delegations (approval_id, from_user_id, to_user_id, reason, created_at) VALUES (?, ?, ?, ?, ?)", id,
            from, to, reason, tx.timestamp)
    }

    static func hasDelegated(_ userID: String, _ id: String, in connection: Connection) throws(PAOError) -> Bool {
        try connection.first("SELECT 1 FROM approval_delegations WHERE approval_id = ? AND from_user_id = ?", id, userID) != nil
    }

    static func isDelegate(_ userID: String, _ id: String, in connection: Connection) throws(PAOError) -> Bool {
        try connection.first("SELECT 1 FROM approval_delegations WHERE approval_id = ? AND to_user_id = ?", id, userID) != nil
    }

    // MARK: Inbox

    /// What the actor could decide now, oldest first, after an id.
    static func inbox(
        for actor: Actor, roles: [String], after id: String, limit: Int, in connection: Connection
    ) throws(PAOError) -> [Approval] {
        let scope = actor.teamScope(column: "a.team")
        let roleNames = JSON.array(roles.map(JSON.string))
        let before: [SQLValue] = [
            .text(id), .text(actor.userID), actor.permissions.json.sqlValue, .text(actor.userID), .text(actor.userID),
            .text(actor.userID), roles.contains(Role.administrator).sqlValue, roleNames.sqlValue,
        ]
        return try connection.rows(
            """
            SELECT \(columns) FROM approvals a
            WHERE a.status = 'pending' AND a.id > ? AND a.requester_id <> ? AND a.permission IN (SELECT value FROM json_each(?))
            AND NOT EXISTS (SELECT 1 FROM approval_decisions d WHERE d.approval_id = a.id AND d.user_id = ?)
            AND NOT EXISTS (SELECT 1 FROM approval_delegations g WHERE g.approval_id = a.id AND g.from_user_id = ?)
            AND (EXISTS (SELECT 1 FROM approval_delegations g WHERE g.approval_id = a.id AND g.to_user_id = ?)
                OR ((? OR a.required_role IN (SELECT value FROM json_each(?))) AND (a.team IS NULL OR \(scope.sql))))
            ORDER BY a.id LIMIT ?
            """, values: before + scope.values + [.integer(limit)]
        ).map(approval)
    }
}
