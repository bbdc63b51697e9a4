import Base
import Catalog
import Store

/// All SQL of `service_requests`, `request_steps` and `step_attempts`. Rows in, values out; rules live elsewhere.
struct RequestStore {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    static let columns = """
        r.id, r.request_id, r.request_type, r.catalog_item_id, r.catalog_bundle_id, r.update_item_id, r.upgrade_item_id,
        r.target_instance_id, r.parent_request_id, r.catalog_version, r.catalog_digest, r.status, r.parameters, r.fulfillment_mode,
        r.requester_user_id, r.requester_login, r.requester_team, r.requester_email, r.user_teams, r.current_action, r.stopping,
        r.stop_reason, r.error_context, r.correlation_id, r.concurrency_key, r.escalation_ticket_id, r.start_after, r.deadline_at,
        r.created_at, r.updated_at, r.started_at, r.completed_at, r.instance_id, r.instance_name, r.category, r.escalation_timestamp,
        r.stop_cleanup, r.component_id, r.stop_completion
        """

    private static func request(_ row: Row) -> ServiceRequest {
        let references: [(CatalogKind, Int)] = [(.item, 3), (.bundle, 4), (.update, 5), (.upgrade, 6)]
        let reference = references.first { row.optionalText($0.1) != nil }
        return ServiceRequest(
            rowID: row.text(0), id: row.text(1), type: RequestType(rawValue: row.text(2)) ?? .create, kind: reference?.0 ?? .item,
            catalogID: reference.map { row.text($0.1) } ?? "", catalogVersion: row.text(9), catalogDigest: row.text(10),
            targetInstanceRowID: row.optionalText(7), parentRowID: row.optionalText(8), componentID: row.optionalText(37),
            status: RequestStatus(rawValue: row.text(11)) ?? .failed, mode: .init(rawValue: row.text(13)) ?? .manual,
            parameters: row.json(12),
            requester: .init(
                userID: row.text(14), login: row.text(15), team: row.text(16), email: row.optionalText(17),
                teams: row.json(18).array?.compactMap(\.string) ?? []),
            currentAction: row.optionalText(19), isStopping: row.bool(20), stopReason: row.optionalText(21),
            wantsCleanupTicket: row.bool(36), wantsCompletionTicket: row.bool(38),
            errorContext: row.optionalJSON(22), correlationID: row.text(23), concurrencyKey: row.optionalText(24),
            escalationTicketID: row.optionalText(25), startAfter: row.optionalTimestamp(26), deadline: row.optionalTimestamp(27),
            createdAt: row.timestamp(28), updatedAt: row.timestamp(29), startedAt: row.optionalTimestamp(30),
            completedAt: row.optionalTimestamp(31), instanceID: row.optionalText(32), instanceName: row.optionalText(33),
            category: row.text(34), steps: [], escalatedAt: row.optionalTimestamp(35))
    }

    // MARK: Reading

    /// With its steps and their attempts; nil where there is none.
    func request(id: String) throws(PAOError) -> ServiceRequest? {
        try whole(connection.first("SELECT \(Self.columns) FROM service_requests r WHERE r.request_id = ?", id))
    }

    func request(rowID: String) throws(PAOError) -> ServiceRequest? {
        try whole(connection.first("SELECT \(Self.columns) FROM service_requests r WHERE r.id = ?", rowID))
    }

    private func whole(_ row: Row?) throws(PAOError) -> ServiceRequest? {
        guard let row else { return nil }
        var request = Self.request(row)
        request.steps = try steps(of: request.rowID)
        return request
    }

    /// The requests of a bundle's components, the oldest first.
    func children(of parentRowID: String) throws(PAOError) -> [ServiceRequest] {
        let rows = try connection.rows(
            "SELECT \(Self.columns) FROM service_requests r WHERE r.parent_request_id = ? ORDER BY r.id", parentRowID)
        var children = rows.map(Self.request)
        for index in children.indices { children[index].steps = try steps(of: children[index].rowID) }
        return children
    }

    /// The status alone, for `/status` and for checks inside a transaction.
    func header(id: String) throws(PAOError) -> ServiceRequest? {
        try connection.first("SELECT \(Self.columns) FROM service_requests r WHERE r.request_id = ?", id).map(Self.request)
    }

    /// With their steps, but without attempts, outputs and frozen values: what a list shows. Two statements for the whole page.
    func list(sql: String, values: [SQLValue]) throws(PAOError) -> [ServiceRequest] {
        var requests = try connection.rows(sql, values: values).map(Self.request)
        let positions = Dictionary(requests.enumerated().map { ($1.rowID, $0) }, uniquingKeysWith: { first, _ in first })
        try connection.forEach(
            """
            SELECT s.request_id, s.step_id, s.step_name, s.step_type, s.position, s.status
            FROM json_each(?) page CROSS JOIN request_steps s ON s.request_id = page.value ORDER BY page.key, s.position
            """, JSON.array(requests.map { .string($0.rowID) })
        ) { row throws(PAOError) in
            guard let index = positions[row.text(0)] else { return }
            requests[index].steps.append(
                Step(
                    id: row.text(1), name: row.text(2), type: row.text(3), position: row.int(4), dependsOn: [],
                    status: StepStatus(rawValue: row.text(5)) ?? .failed, generation: 0, retryCount: 0, skipsVerification: false))
        }
        return requests
    }

    func steps(of requestRowID: String, withAttempts: Bool = true) throws(PAOError) -> [Step] {
        var steps = try connection.rows(
            """
            SELECT step_id, step_name, step_type, position, depends_on, status, generation, retry_count, skip_verification,
              external_reference, external_url, frozen, due_at, reason, completed_by, started_at, completed_at, outputs,
              attempt_base, is_fallback
            FROM request_steps WHERE request_id = ? ORDER BY position
            """, requestRowID
        ).map(Self.step)
        guard withAttempts else { return steps }
        let attempts = try connection.rows(
            """
            SELECT step_id, attempt_number, status, started_at, completed_at, error_type, error_message, error_details,
              external_job_id, external_job_url, verification_result, next_attempt_at
            FROM step_attempts WHERE request_id = ? ORDER BY step_id, attempt_number
            """, requestRowID)
        for row in attempts {
            guard let index = steps.firstIndex(where: { $0.id == row.text(0) }) else { continue }
            steps[index].attempts.append(Self.attempt(row))
        }
        return steps
    }

    private static func step(_ row: Row) -> Step {
        Step(
            id: row.text(0), name: row.text(1), type: row.text(2), position: row.int(3),
            dependsOn: row.json(4).array?.compactMap(\.string) ?? [], status: StepStatus(rawValue: row.text(5)) ?? .failed,
            generation: row.int(6), retryCount: row.int(7), skipsVerification: row.bool(8), externalReference: row.optionalText(9),
            externalURL: row.optionalText(10), frozen: row.optionalJSON(11), dueAt: row.optionalTimestamp(12),
            reason: row.optionalText(13), completedBy: row.optionalText(14), startedAt: row.optionalTimestamp(15),
            completedAt: row.optionalTimestamp(16), outputs: row.optionalJSON(17), attemptBase: row.int(18), isFallback: row.bool(19))
    }

    private static func attempt(_ row: Row) -> Attempt {
        let failure = row.optionalText(5).map { StepFailure($0, row.text(6), details: row.optionalJSON(7)) }
        return Attempt(
            number: row.int(1), status: .init(rawValue: row.text(2)) ?? .failed, startedAt: row.timestamp(3),
            completedAt: row.optionalTimestamp(4), failure: failure, externalID: row.optionalText(8), externalURL: row.optionalText(9),
            verification: row.optionalJSON(10), nextAttemptAt: row.optionalTimestamp(11))
    }

    // MARK: Writing

    /// What stands in the rows of a new request: made before the transaction, which others wait for.
    struct Rows: Sendable {
        fileprivate let request: [SQLValue]
        /// For as many steps each as one statement takes.
        fileprivate let steps: [[SQLValue]]

        init(_ request: ServiceRequest) {
            let id = SQLValue.text(request.catalogID)
            self.request = [
                .text(request.rowID), .text(request.id), .text(request.type.rawValue),
                request.kind == .item && request.type == .create ? id : .null,
                request.kind == .bundle && request.type == .create ? id : .null, request.kind == .update ? id : .null,
                request.kind == .upgrade ? id : .null, request.targetInstanceRowID.sqlValue, request.parentRowID.sqlValue,
                .text(request.catalogVersion), .text(request.catalogDigest), .text(request.status.rawValue),
                request.parameters.sqlValue, .text(request.mode.rawValue), .text(request.requester.userID),
                .text(request.requester.login), .text(request.requester.team), request.requester.email.sqlValue,
                JSON.array(request.requester.teams.map(JSON.string)).sqlValue, .text(request.correlationID),
                request.concurrencyKey.sqlValue, request.startAfter.sqlValue, request.createdAt.sqlValue, request.updatedAt.sqlValue,
                request.instanceName.sqlValue, .text(request.category), request.componentID.sqlValue,
            ]
            steps = stride(from: 0, to: request.steps.count, by: stepsPerStatement).map { start in
                request.steps[start..<min(start + stepsPerStatement, request.steps.count)].flatMap { step -> [SQLValue] in
                    [
                        .text(request.rowID), .text(step.id), .text(step.name), .text(step.type), .text(step.status.rawValue),
                        .integer(step.position), JSON.array(step.dependsOn.map(JSON.string)).sqlValue,
                    ]
                }
            }
        }
    }

    private static let stepsPerStatement = 8
    private static let stepColumns = 7
    /// The text for each number of steps, so that each is prepared once.
    private static let stepInserts: [String] = (0...stepsPerStatement).map { count in
        let rows = Array(repeating: "(?, ?, ?, ?, ?, ?, ?)", count: count).joined(separator: ", ")
        return """
            INSERT INTO request_steps(request_id, step_id, step_name, step_type, status, position, depends_on) VALUES \(rows)
            """
    }

    func insert(_ rows: Rows) throws(PAOError) {
        try connection.run(
            """
            INSERT INTO service_requests(id, request_id, request_type, catalog_item_id, catalog_bundle_id, update_item_id,
              upgrade_item_id, target_instance_id, parent_request_id, catalog_version, catalog_digest, status, parameters,
              fulfillment_mode, requester_user_id, requester_login, requester_team, requester_email, user_teams, correlation_id,
              concurrency_key, start_after, created_at, updated_at, instance_name, category, component_id)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, values: rows.request)
        for values in rows.steps { try connection.run(Self.stepInserts[values.count / Self.stepColumns], values: values) }
    }

    /// Writes all that may change in the life of a request. Throws `conflict` where the database refuses the transition.
    func update(_ request: ServiceRequest) throws(PAOError) {
        try connection.run(
            """
            UPDATE service_requests SET status = ?, parameters = ?, current_action = ?, stopping = ?, stop_reason = ?, stop_cleanup = ?, stop_completion = ?,
              error_context = ?, escalation_ticket_id = ?, escalation_timestamp = ?, deadline_at = ?, updated_at = ?, started_at = ?,
              completed_at = ?, aborted_at = ?, instance_id = ?
            WHERE id = ?
            """,
            request.status.rawValue, request.parameters, request.unfinishedAction, request.isStopping, request.stopReason,
            request.wantsCleanupTicket, request.wantsCompletionTicket,
            request.errorContext, request.escalationTicketID, request.escalatedAt, request.deadline, request.updatedAt,
            request.startedAt, request.completedAt, request.status == .aborted ? request.completedAt : nil, request.instanceID,
            request.rowID)
    }

    /// What changes with every step; the rest of the row stays as it is.
    func updateProgress(_ request: ServiceRequest) throws(PAOError) {
        try connection.run(
            "UPDATE service_requests SET current_action = ?, updated_at = ? WHERE id = ?", request.unfinishedAction, request.updatedAt,
            request.rowID)
    }

    /// A status that the request leaves again in the same transaction.
    func pass(_ rowID: String, through status: RequestStatus) throws(PAOError) {
        try connection.run("UPDATE service_requests SET status = ? WHERE id = ?", status.rawValue, rowID)
    }

    func update(_ step: Step, of requestRowID: String) throws(PAOError) {
        try connection.run(
            """
            UPDATE request_steps SET status = ?, generation = ?, retry_count = ?, skip_verification = ?, external_reference = ?,
              external_url = ?, frozen = ?, due_at = ?, reason = ?, completed_by = ?, started_at = ?, completed_at = ?, outputs = ?,
              attempt_base = ?, is_fallback = ?
            WHERE request_id = ? AND step_id = ?
            """,
            step.status.rawValue, step.generation, step.retryCount, step.skipsVerification, step.externalReference, step.externalURL,
            step.frozen, step.dueAt, step.reason, step.completedBy, step.startedAt, step.completedAt, step.outputs, step.attemptBase,
            step.isFallback, requestRowID, step.id)
    }

    func insert(_ attempt: Attempt, of stepID: String, _ requestRowID: String) throws(PAOError) {
        try connection.run(
            "INSERT INTO step_attempts(request_id, step_id, attempt_number, status, started_at) VALUES (?, ?, ?, ?, ?)",
            requestRowID, stepID, attempt.number, attempt.status.rawValue, attempt.startedAt)
    }

    func update(_ attempt: Attempt, of stepID: String, _ requestRowID: String) throws(PAOError) {
        try connection.run(
            """
            UPDATE step_attempts SET status = ?, completed_at = ?, error_type = ?, error_message = ?, error_details = ?,
              external_job_id = ?, external_job_url = ?, verification_result = ?, next_attempt_at = ?
            WHERE request_id = ? AND step_id = ? AND attempt_number = ?
            """,
            attempt.status.rawValue, attempt.completedAt, attempt.failure?.type, attempt.failure?.message, attempt.failure?.details,
            attempt.externalID, attempt.externalURL, attempt.verification, attempt.nextAttemptAt, requestRowID, stepID, attempt.number)
    }
}
