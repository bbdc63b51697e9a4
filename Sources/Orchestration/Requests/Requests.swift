package import Base
package import Catalog
package import Identity
package import Jobs
package import Store

/// The service of requests: submit, read and operate. Every verb takes who asks, owns its transaction and writes audit row, events
/// and job in it. What the actor may not see is `notFound`.
package final class Requests: Sendable {
    let store: Store
    let catalog: Catalog
    let jobs: JobQueue
    let recorder: Recorder
    let approvals: Approvals
    let intake: Intake
    let settings: RunSettings
    let time: TimeSource
    let idempotency: IdempotencyKeys

    package init(
        store: Store, catalog: Catalog, jobs: JobQueue, recorder: Recorder, approvals: Approvals, settings: RunSettings,
        time: TimeSource, idempotency: IdempotencyKeys
    ) {
        self.store = store
        self.catalog = catalog
        self.jobs = jobs
        self.recorder = recorder
        self.approvals = approvals
        intake = Intake(
            recorder: recorder, jobs: jobs, approvals: approvals,
            loader: RunLoader(catalog: catalog, settings: settings, store: store, time: time))
        self.settings = settings
        self.time = time
        self.idempotency = idempotency
    }

    var loader: RunLoader { intake.loader }

    // MARK: Submitting

    package enum Submitted: Sendable {
        case accepted(ServiceRequest)
        /// The same key and body came before; the stored answer.
        case replayed(status: Int, location: String?, body: [UInt8])
    }

    /// Returns after the request is durable. Throws `forbidden`, and `invalid` with every finding; then nothing is stored.
    package func submit(_ submission: Submission, by actor: Actor) async throws(PAOError) -> Submitted {
        if let replay = try replay(submission, actor) { return replay }
        let checked: CheckedSubmission
        do throws(PAOError) {
            checked = try check(submission, by: actor)
        } catch {
            // The same call under way beside this one may have taken the name meanwhile: then its answer is the answer.
            if let replay = try replay(submission, actor) { return replay }
            throw error
        }
        let new = accept(checked, by: actor)
        let (intake, idempotency, row) = (intake, idempotency, new.request)
        let acceptance = recorder.acceptance(of: row, by: actor)
        let submitted = try await store.write { tx throws(PAOError) -> Submitted in
            if let (key, digest) = submission.idempotency,
                let answer = try idempotency.lookUp(key, principal: actor.userID, digest: digest, in: tx)
            {
                return .replayed(status: answer.status, location: answer.location, body: answer.body)
            }
            try intake.store(new, acceptance, by: actor, in: tx)
            try OrchestrationFailpoint.requestStored.reach()
            if let (key, digest) = submission.idempotency {
                try idempotency.store(
                    .init(status: 201, location: "/api/v1/requests/\(row.id)", body: row.json.bytes), key: key, principal: actor.userID,
                    digest: digest, in: tx)
            }
            return .accepted(row)
        }
        try OrchestrationFailpoint.requestAccepted.reach()
        return submitted
    }

    private func replay(_ submission: Submission, _ actor: Actor) throws(PAOError) -> Submitted? {
        guard let (key, digest) = submission.idempotency else { return nil }
        return try store.read { connection throws(PAOError) -> Submitted? in
            try idempotency.lookUp(key, principal: actor.userID, digest: digest, in: connection)
                .map { .replayed(status: $0.status, location: $0.location, body: $0.body) }
        }
    }

    /// Every check of a submission, storing nothing. Throws `invalid` with every finding.
    func check(_ submission: Submission, by actor: Actor) throws(PAOError) -> CheckedSubmission {
        guard actor.may(.requestsCreate) else { throw Self.denied(.requestsCreate) }
        return try submissionCheck.check(submission, by: actor)
    }

    var submissionCheck: SubmissionCheck {
        SubmissionCheck(catalog: catalog.snapshot, settings: settings, store: store, now: time.now())
    }

    /// Renders defaults that are templates as a submission of this actor would.
    package func formDefaults(of document: CatalogDocument, for actor: Actor) -> Form.DefaultRenderer {
        submissionCheck.formDefaults(of: document, for: actor)
    }

    func accept(_ checked: CheckedSubmission, by actor: Actor) -> NewRequest { submissionCheck.accept(checked, by: actor) }

    /// Empty when the submission would be accepted.
    package func findings(_ submission: Submission, by actor: Actor) throws(PAOError) -> [PAOError.Finding] {
        do throws(PAOError) {
            _ = try check(submission, by: actor)
            return []
        } catch  where error.code == .invalid {
            return error.findings
        }
    }

    static func denied(_ permission: Permission) -> PAOError {
        PAOError(.forbidden, "This needs the permission \(permission.rawValue), which your role does not have.")
    }

    // MARK: Reading

    /// With steps and attempts. Throws `notFound`.
    package func request(_ id: String, by actor: Actor) throws(PAOError) -> ServiceRequest {
        try store.read { connection throws(PAOError) in
            var request = try Self.visible(RequestStore(connection).request(id: id), id, actor)
            request.hold = try hold(of: request, in: connection)
            return request
        }
    }

    /// The shape of `/status`: cheap, since it is asked often.
    package func status(_ id: String, by actor: Actor) throws(PAOError) -> JSON {
        try store.read { connection throws(PAOError) in
            let requests = RequestStore(connection)
            var request = try Self.visible(requests.header(id: id), id, actor)
            request.steps = try requests.steps(of: request.rowID, withAttempts: false)
            return request.statusJSON
        }
    }

    package func effects(_ id: String, by actor: Actor) throws(PAOError) -> [Effect] {
        try store.read { connection throws(PAOError) in
            let request = try Self.visible(RequestStore(connection).header(id: id), id, actor)
            return try EffectLedger(connection).effects(ofRequest: request.rowID)
        }
    }

    static func visible(_ request: ServiceRequest?, _ id: String, _ actor: Actor) throws(PAOError) -> ServiceRequest {
        guard let request, actor.sees(team: request.requester.team) || request.requester.userID == actor.userID else {
            throw PAOError(.notFound, "There is no request \(id).")
        }
        return request
    }
}

extension Recorder {
    /// All rows of a new request's acceptance, ready to be written.
    struct Acceptance: Sendable {
        fileprivate let rows: RequestStore.Rows
        fileprivate let events: [Event]
        fileprivate let audit: AuditLog.Draft
    }

    /// A new request with its steps, the three events of its acceptance and its audit row.
    func acceptance(of request: ServiceRequest, by actor: Actor) -> Acceptance {
        Acceptance(
            rows: RequestStore.Rows(request),
            events: [
                event(of: request, from: nil, to: .submitted), event(of: request, from: .submitted, to: .validating),
                event(of: request, from: .validating, to: request.status),
            ],
            audit: audit.draft(
                AuditEntry(
                    actor, "create", "request", request.id, team: request.requester.team, requestID: request.id,
                    new: [
                        "status": .string(request.status.rawValue), "catalogId": .string(request.catalogID),
                        "catalogVersion": .string(request.catalogVersion), "requestData": Sealed.masked(request.parameters),
                    ])))
    }

    func record(_ acceptance: Acceptance, in tx: Connection) throws(PAOError) {
        try RequestStore(tx).insert(acceptance.rows)
        try events.append(acceptance.events, in: tx)
        try audit.append(acceptance.audit, in: tx)
    }
}

extension RequestStore {
    /// A live create request that has reserved the name.
    func holdsName(_ name: String, team: String, category: String, besides rowID: String) throws(PAOError) -> Bool {
        try connection.first(
            """
            SELECT 1 FROM service_requests WHERE requester_team = ? AND category = ? AND instance_name = ? AND request_type = 'create'
              AND status NOT IN ('completed','rejected','cancelled','aborted') AND id <> ? LIMIT 1
            """, team, category, name, rowID) != nil
    }

    /// Create requests whose instance does not exist yet.
    func countOpen(item: String, team: String, besides rowID: String) throws(PAOError) -> Int {
        try connection.first(
            """
            SELECT COUNT(*) FROM service_requests WHERE catalog_item_id = ? AND requester_team = ? AND instance_id IS NULL
              AND status IN ('queued','pending_approval') AND id <> ?
            """, item, team, rowID)?.int(0) ?? 0
    }
}
