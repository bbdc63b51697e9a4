// DESIGN: issues of JIRA that no step makes
//
// The incident of an escalation, and the issue above those of a bundle's components. Each begins as a ticket of the inbox; a job of kind
// `jira.issue`, one per ticket, enqueued in the transaction that opens it, makes the issue and puts its key in place of the inbox's id.
// The intent stands in the effect ledger before the call; after a crash the issue is searched by its label first, for as long as the search
// may lag. Where JIRA says no, or cannot be reached for a day, the ticket stays in the inbox.
//   - An incident is then followed until it is done in JIRA, however long that takes.
//   - A bundle's issue is there before those of its components are made (`RequestRun.ownIssueDue`), and is ended with the bundle
//     (`JiraClosing`).

import Base
import Catalog
import Identity
import Integrations
import Jobs
import Store

/// Where escalations become incidents (S2's template).
package struct JiraEscalation: Sendable {
    /// nil: the default instance.
    package var instance: String?
    package var project = "ORCHESTRATION"
    package var issueType = "Incident"

    package init() {}
}

/// Where an issue is opened that no step makes, and as what.
struct IssuePlace: Sendable {
    var instance: String?
    var project: String
    var issueType: String
    var label: String
    /// What people call it.
    var noun: String

    init(_ escalation: JiraEscalation) {
        (instance, project, issueType) = (escalation.instance, escalation.project, escalation.issueType)
        (label, noun) = ("escalation", "escalation")
    }

    /// Above those of a bundle's components.
    init(above project: String, instance: String?) {
        (self.instance, self.project, issueType, label, noun) = (instance, project, "Task", "bundle", "bundle's issue")
    }
}

struct JiraDesk: Sendable {
    static let jobKind = "jira.issue"
    private static let lookUpPause = Duration.seconds(4)

    private let store: Store
    private let intake: Intake
    private let settings: RunSettings
    private let reach: JiraReach
    private let time: TimeSource
    private let log: Log

    private let jobs: JobQueue

    init(_ engine: Engine) {
        jobs = engine.jobs
        store = engine.store
        intake = engine.intake
        settings = engine.settings
        reach = JiraReach(engine)
        time = engine.time
        log = engine.log
    }

    func register() {
        jobs.register(Self.jobKind) { [self] job in try await attend(job) }
    }

    // MARK: Enqueuing

    /// What a run's changes make necessary.
    static func follow(_ run: RequestRun, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        guard run.settings.environment.hasJira else { return }
        for ticket in run.changes.newTickets where ticket.purpose == .escalation || ticket.isOfBundle {
            try jobs.enqueue(NewJob(kind: jobKind, subject: ticket.rowID, team: ticket.team, priority: .continuation), in: tx)
        }
    }

    // MARK: Opening and following

    /// What JIRA said.
    private enum Answer: Sendable {
        /// The issue that is there now.
        case opened(key: String, url: String)
        case stands(Ticket.Status, resolution: String?)
        /// Asked again after that time: nothing is known that was not known before.
        case later(Duration)
        /// JIRA could not be asked.
        case unreachable(JiraFailure)
        /// Nothing was made; tried again.
        case failed(JiraFailure)
        /// Nobody knows whether an issue was made; looked up after a moment.
        case doubt(JiraFailure)
        /// Nothing was made, nor will be.
        case refused(String)
        /// Nobody can find out whether an issue was made: a person has to look.
        case unknown(String)
    }

    /// A ticket with all that is known of it.
    private struct Case: Sendable {
        var ticket: Ticket
        var request: ServiceRequest
        /// The step that it is about; of a bundle's the first.
        var stepID: String
        var place: IssuePlace
        var effect: Effect?

        var key: String { Effect.key(requestID: request.id, stepID: stepID, generation: 0, part: ticket.rowID) }
    }

    private func place(of ticket: Ticket, _ request: ServiceRequest) throws(PAOError) -> IssuePlace? {
        guard ticket.isOfBundle else { return IssuePlace(settings.environment.escalation) }
        return intake.loader.ownIssue(
            of: try intake.loader.catalog.pinned(kind: request.kind, id: request.catalogID, digest: request.catalogDigest))
    }

    /// nil where there is nothing to follow any more.
    private func open(_ ticketRowID: String) throws(PAOError) -> Case? {
        try store.read { connection throws(PAOError) -> Case? in
            guard let ticket = try TicketStore(connection).ticket(rowID: ticketRowID),
                let request = try RequestStore(connection).request(id: ticket.requestID),
                let step = request.steps.first(where: { $0.status == .failed && ticket.purpose == .escalation }) ?? request.steps.first,
                let place = try place(of: ticket, request)
            else { return nil }
            var found = Case(ticket: ticket, request: request, stepID: step.id, place: place)
            let effects = try EffectLedger(connection).effects(ofRequest: request.rowID)
            // The step may have gone on since: the effect keeps the one it was made for.
            found.effect = effects.first { $0.part == ticket.rowID }
            if let effect = found.effect { found.stepID = effect.stepID }
            return ticket.status.isFinal && found.effect?.state != .intent ? nil : found
        }
    }

    private func attend(_ job: ClaimedJob) async throws(PAOError) {
        guard let found = try open(job.subject), let client = reach.client(found.ticket.systemInstance ?? found.place.instance) else {
            return try await end(job)
        }
        var patience = JiraPatience(job)
        let answer = Self.given(try await answer(client, found, job), found, patience, at: time.now())
        let due = due(answer, &patience)
        try await store.write { [self, patience] tx throws(PAOError) in
            try job.lease.check(in: tx)
            switch answer {
            case .opened(let key, let url): return try move(found, to: key, url, client.instance.name, job, in: tx)
            case .stands(let status, let resolution): return try take(status, resolution, found.ticket, found.request, job, in: tx)
            case .refused(let reason): return try leave(found, .failed, reason, job, in: tx)
            case .unknown(let reason): return try leave(found, .unknown, reason, job, in: tx)
            case .later, .unreachable: break
            case .failed: try settle(found, .failed, in: tx)
            case .doubt: try settle(found, .intent, note: RequestRun.doubtNote, in: tx)
            }
            try job.lease.reschedule(in: tx, at: due, payload: patience.payload)
        }
    }

    /// What is made of an answer once JIRA has failed for too long. An issue that is there is followed for ever.
    private static func given(_ answer: Answer, _ found: Case, _ patience: JiraPatience, at now: Timestamp) -> Answer {
        guard patience.isOver(at: now), found.ticket.system != "jira" else { return answer }
        switch answer {
        case .failed: return .refused("JIRA could not be reached for a day")
        case .unreachable, .doubt: return .unknown("JIRA could not be asked for the label pao-\(found.key) for a day")
        default: return answer
        }
    }

    private func due(_ answer: Answer, _ patience: inout JiraPatience) -> Timestamp {
        let now = time.now()
        switch answer {
        case .unreachable(let failure), .failed(let failure): return patience.retry(at: now, after: failure)
        case .doubt(let failure): return patience.retry(at: now, after: failure, least: Self.lookUpPause)
        case .later(let pause): return now + pause
        default: return now
        }
    }

    /// Follows the issue that was made; before one is made, what an earlier try left in doubt is found out.
    private func answer(_ client: JiraClient, _ found: Case, _ job: ClaimedJob) async throws(PAOError) -> Answer {
        if found.ticket.system == "jira" { return await follow(client, found) }
        if let effect = found.effect, effect.state == .intent {
            let since = try await beginDoubt(found, effect, job)
            if let answer = await lookUp(client, found, since) { return answer }
        }
        if found.ticket.status.isFinal { return .refused("its ticket was closed before") }
        let effect = effect(found, client)
        try await store.write { tx throws(PAOError) in
            try job.lease.check(in: tx)
            try EffectLedger(tx).intend(effect, leaseEpoch: job.lease.epoch)
        }
        return await create(client, found)
    }

    /// When doubt began. It begins when it is noticed, not when the call left: the call may have taken effect until a moment ago.
    private func beginDoubt(_ found: Case, _ effect: Effect, _ job: ClaimedJob) async throws(PAOError) -> Timestamp {
        let now = time.now()
        guard effect.note != RequestRun.doubtNote || effect.updatedAt > now else { return effect.updatedAt }
        try await store.write { [self] tx throws(PAOError) in
            try job.lease.check(in: tx)
            try settle(found, .intent, note: RequestRun.doubtNote, in: tx)
        }
        return now
    }

    private func effect(_ found: Case, _ client: JiraClient) -> Effect {
        let now = time.now()
        return Effect(
            key: found.key, requestRowID: found.request.rowID, stepID: found.stepID, generation: 0, part: found.ticket.rowID,
            kind: "jira-ticket", summary: "Create the \(found.place.noun) in JIRA \(client.instance.name): \(found.ticket.title)",
            resend: .lookup,
            rendered: fields(found, client), state: .intent, remoteReference: nil, note: nil, tries: 1, createdAt: now, updatedAt: now)
    }

    private func settle(_ found: Case, _ state: Effect.State, reference: String? = nil, note: String? = nil, in tx: Connection)
        throws(PAOError)
    {
        try EffectLedger(tx).settle(found.request.rowID, key: found.key, state, reference: reference, note: note, at: time.now())
    }

    private func follow(_ client: JiraClient, _ found: Case) async -> Answer {
        do throws(JiraFailure) {
            let issue = try await client.issue(found.ticket.id)
            return .stands(JiraTicketAction.ticketStatus(of: issue), resolution: issue.resolution)
        } catch {
            warn(found, error)
            if case .rejected(404) = error.kind { return .stands(.closed, resolution: "The issue is not in JIRA any more.") }
            return error.isRetryable ? .unreachable(error) : .later(settings.environment.pollMaximum)
        }
    }

    /// nil: there is none, and none will appear any more.
    private func lookUp(_ client: JiraClient, _ found: Case, _ doubtSince: Timestamp) async -> Answer? {
        do throws(JiraFailure) {
            if let issue = try await client.search(label: "pao-\(found.key)").last { return .opened(key: issue.key, url: issue.url) }
            return time.now() - doubtSince < JiraTicketAction.searchLag ? .later(Self.lookUpPause) : nil
        } catch {
            warn(found, error)
            return error.isRetryable
                ? .unreachable(error) : .unknown("JIRA cannot be searched for the label pao-\(found.key): \(error.description)")
        }
    }

    private func create(_ client: JiraClient, _ found: Case) async -> Answer {
        do throws(JiraFailure) {
            let issue = try await client.create(fields: fields(found, client))
            return .opened(key: issue.key, url: issue.url)
        } catch {
            warn(found, error)
            if error.mayHaveTakenEffect { return .doubt(error) }
            return error.isRetryable ? .failed(error) : .refused(error.description)
        }
    }

    private func warn(_ found: Case, _ failure: JiraFailure) {
        log(.warning, "JIRA and a ticket", ["ticket": .string(found.ticket.id), "error": .string(failure.description)])
    }

    private func fields(_ found: Case, _ client: JiraClient) -> JSON {
        let (ticket, place) = (found.ticket, found.place)
        var fields: JSON = [
            "project": ["key": .string(place.project)], "issuetype": ["name": .string(place.issueType)],
            "summary": .string(String(ticket.title.prefix(255))), "description": client.instance.text(ticket.description),
            "labels": [.string(place.label), .string("pao-\(found.key)")],
        ]
        if let priority = ticket.priority { fields["priority"] = ["name": .string(priority)] }
        return fields
    }

    /// The ticket stays in the inbox; one that only stands for an issue ends, and its bundle goes on without.
    private func leave(_ found: Case, _ state: Effect.State, _ reason: String, _ job: ClaimedJob, in tx: Connection) throws(PAOError) {
        let request = found.request
        try settle(found, state, note: reason, in: tx)
        if found.ticket.isOfBundle {
            try intake.recorder.note("there is no issue of the bundle: \(reason)", request, in: tx)
            try change(found.ticket, to: .closed, reason, request, in: tx)
            try Engine.enqueue(request, priority: .continuation, jobs: jobs, in: tx)
        } else {
            try intake.recorder.note("the escalation stays in the inbox: \(reason)", request, in: tx)
        }
        try job.lease.complete(in: tx)
    }

    /// The issue takes the place of the ticket in the inbox, which may have ended meanwhile.
    private func move(
        _ found: Case, to key: String, _ url: String, _ instance: String, _ job: ClaimedJob, in tx: Connection
    ) throws(PAOError) {
        let request = found.request
        let ticket = try TicketStore(tx).ticket(rowID: found.ticket.rowID) ?? found.ticket
        try settle(found, .done, reference: key, in: tx)
        var moved = ticket
        (moved.system, moved.systemInstance, moved.id, moved.url) = ("jira", instance, key, url)
        try TicketStore(tx).move(moved)
        try tx.run(
            "UPDATE service_requests SET escalation_ticket_id = ? WHERE id = ? AND escalation_ticket_id = ?", key, request.rowID, ticket.id)
        try intake.recorder.record(moved, before: ticket, verb: "move", by: .system(correlationID: request.correlationID), in: tx)
        try intake.recorder.note("the \(found.place.noun) is \(key) in JIRA \(instance)", request, in: tx)
        try JiraClosing.follow(moved, jobs, in: tx)
        guard ticket.isOfBundle else {
            return try job.lease.reschedule(in: tx, at: time.now() + settings.environment.pollInterval, payload: [:])
        }
        try JiraLinks.enqueue(request.rowID, team: request.requester.team, jobs, in: tx)
        try Engine.enqueue(request, priority: .continuation, jobs: jobs, in: tx)
        try job.lease.complete(in: tx)
    }

    /// A person works on the issue in JIRA; the ticket here follows, and the request waits for a decision as before.
    private func take(
        _ status: Ticket.Status, _ resolution: String?, _ ticket: Ticket, _ request: ServiceRequest, _ job: ClaimedJob, in tx: Connection
    ) throws(PAOError) {
        let now = time.now()
        try change(ticket, to: status, resolution, request, in: tx)
        if status.isFinal { return try job.lease.complete(in: tx) }
        let environment = settings.environment
        let wait = max(environment.pollInterval, min((now - ticket.createdAt) / 10, environment.pollMaximum))
        try job.lease.reschedule(in: tx, at: now + wait, payload: [:])
    }

    private func change(
        _ ticket: Ticket, to status: Ticket.Status, _ resolution: String?, _ request: ServiceRequest, in tx: Connection
    ) throws(PAOError) {
        guard status != ticket.status, !ticket.status.isFinal else { return }
        var changed = ticket
        (changed.status, changed.updatedAt, changed.resolution) = (status, time.now(), resolution)
        if status.isFinal { changed.resolvedAt = changed.updatedAt }
        try TicketStore(tx).update(changed)
        try intake.recorder.record(changed, before: ticket, verb: "follow", by: .system(correlationID: request.correlationID), in: tx)
    }

    private func end(_ job: ClaimedJob) async throws(PAOError) {
        try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
    }
}

extension Recorder {
    /// A line of the request's log that belongs to no step.
    func note(_ message: String, _ request: ServiceRequest, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO step_logs(request_id, at, level, message) VALUES (?, ?, 'info', ?)", request.rowID, tx.timestamp, message)
    }
}
