// DESIGN: what is done in JIRA beside steps
//
// Two kinds of jobs, enqueued in the transaction that makes them necessary:
//   - `jira.escalation`, one per escalation ticket: makes the incident in JIRA, puts its key in place of the inbox's id, and then follows
//     the issue until it is done. The intent stands in the effect ledger before the call; after a crash the issue is searched by its label
//     first, for as long as the search may lag. Where JIRA says no, the ticket stays in the inbox.
//   - `jira.links`, one per bundle: links the issues of its components as they depend on each other. JIRA keeps one link of a kind between
//     two issues, so that a repetition after a crash is harmless; what was linked is stored all the same.

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

struct JiraDesk: Sendable {
    static let escalationKind = "jira.escalation"
    static let linksKind = "jira.links"
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
        jobs.register(Self.escalationKind) { [self] job in try await escalate(job) }
        jobs.register(Self.linksKind) { [self] job in try await link(job) }
    }

    // MARK: Enqueuing

    /// What a run's changes make necessary.
    static func follow(_ run: RequestRun, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        guard run.settings.environment.hasJira else { return }
        for ticket in run.changes.newTickets where ticket.purpose == .escalation {
            try jobs.enqueue(NewJob(kind: escalationKind, subject: ticket.rowID, team: ticket.team, priority: .continuation), in: tx)
        }
        let issues = run.request.steps.filter { $0.isIssue && run.changes.dirtySteps.contains($0.id) }
        guard !issues.isEmpty, let bundle = run.request.parentRowID ?? (run.request.kind == .bundle ? run.request.rowID : nil) else {
            return
        }
        try jobs.enqueue(NewJob(kind: linksKind, subject: bundle, team: run.request.requester.team, priority: .background), in: tx)
    }

    // MARK: Escalations

    /// What JIRA said.
    private enum Answer: Sendable {
        /// The issue that is there now.
        case opened(key: String, url: String)
        case stands(Ticket.Status, resolution: String?)
        /// Asked again at that moment: nothing is known that was not known before.
        case later(Timestamp)
        /// Nothing was made; tried again at that moment.
        case failed(Timestamp)
        /// Nobody knows whether an issue was made; looked up at that moment.
        case doubt(Timestamp)
        /// Nothing was made, nor will be.
        case refused(String)
        /// Nobody can find out whether an issue was made: a person has to look.
        case unknown(String)
    }

    /// An escalation ticket with all that is known of it.
    private struct Case: Sendable {
        var ticket: Ticket
        var request: ServiceRequest
        /// The step that it is about.
        var stepID: String
        var effect: Effect?

        var key: String { Effect.key(requestID: request.id, stepID: stepID, generation: 0, part: ticket.rowID) }
    }

    /// nil where there is nothing to follow any more.
    private func open(_ ticketRowID: String) throws(PAOError) -> Case? {
        try store.read { connection throws(PAOError) -> Case? in
            guard let ticket = try TicketStore(connection).ticket(rowID: ticketRowID),
                let request = try RequestStore(connection).request(id: ticket.requestID),
                let step = request.steps.first(where: { $0.status == .failed }) ?? request.steps.first
            else { return nil }
            var found = Case(ticket: ticket, request: request, stepID: step.id)
            let effects = try EffectLedger(connection).effects(ofRequest: request.rowID)
            // The step may have gone on since: the effect keeps the one it was made for.
            found.effect = effects.first { $0.part == ticket.rowID }
            if let effect = found.effect { found.stepID = effect.stepID }
            return ticket.status.isFinal && found.effect?.state != .intent ? nil : found
        }
    }

    private func escalate(_ job: ClaimedJob) async throws(PAOError) {
        guard let found = try open(job.subject),
            let client = reach.client(found.ticket.systemInstance ?? settings.environment.escalation.instance)
        else { return try await end(job) }
        let answer = try await answer(client, found, job)
        try await store.write { [self] tx throws(PAOError) in
            try job.lease.check(in: tx)
            switch answer {
            case .opened(let key, let url): return try move(found, to: key, url, client.instance.name, job, in: tx)
            case .stands(let status, let resolution): return try take(status, resolution, found.ticket, found.request, job, in: tx)
            case .later(let due): try job.lease.reschedule(in: tx, at: due)
            case .failed(let due):
                try settle(found, .failed, in: tx)
                try job.lease.reschedule(in: tx, at: due)
            case .doubt(let due):
                try settle(found, .intent, note: RequestRun.doubtNote, in: tx)
                try job.lease.reschedule(in: tx, at: due)
            case .refused(let reason): try leave(found, .failed, reason, job, in: tx)
            case .unknown(let reason): try leave(found, .unknown, reason, job, in: tx)
            }
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
            kind: "jira-ticket", summary: "Create an incident in JIRA \(client.instance.name): \(found.ticket.title)", resend: .lookup,
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
            return .later(error.isRetryable ? reach.retry(error) : time.now() + settings.environment.pollMaximum)
        }
    }

    /// nil: there is none, and none will appear any more.
    private func lookUp(_ client: JiraClient, _ found: Case, _ doubtSince: Timestamp) async -> Answer? {
        do throws(JiraFailure) {
            if let issue = try await client.search(label: "pao-\(found.key)").last { return .opened(key: issue.key, url: issue.url) }
            return time.now() - doubtSince < JiraTicketAction.searchLag ? .later(time.now() + Self.lookUpPause) : nil
        } catch {
            warn(found, error)
            return error.isRetryable
                ? .later(reach.retry(error)) : .unknown("JIRA cannot be searched for the label pao-\(found.key): \(error.description)")
        }
    }

    private func create(_ client: JiraClient, _ found: Case) async -> Answer {
        do throws(JiraFailure) {
            let issue = try await client.create(fields: fields(found, client))
            return .opened(key: issue.key, url: issue.url)
        } catch {
            warn(found, error)
            if error.mayHaveTakenEffect { return .doubt(time.now() + Self.lookUpPause) }
            return error.isRetryable ? .failed(reach.retry(error)) : .refused(error.description)
        }
    }

    private func warn(_ found: Case, _ failure: JiraFailure) {
        log(.warning, "JIRA and an escalation", ["ticket": .string(found.ticket.id), "error": .string(failure.description)])
    }

    private func fields(_ found: Case, _ client: JiraClient) -> JSON {
        let ticket = found.ticket
        let escalation = settings.environment.escalation
        var fields: JSON = [
            "project": ["key": .string(escalation.project)], "issuetype": ["name": .string(escalation.issueType)],
            "summary": .string(String(ticket.title.prefix(255))), "description": client.instance.text(ticket.description),
            "labels": ["escalation", .string("pao-\(found.key)")],
        ]
        if let priority = ticket.priority { fields["priority"] = ["name": .string(priority)] }
        return fields
    }

    /// The ticket stays in the inbox.
    private func leave(_ found: Case, _ state: Effect.State, _ reason: String, _ job: ClaimedJob, in tx: Connection) throws(PAOError) {
        try settle(found, state, note: reason, in: tx)
        try intake.recorder.note("the escalation stays in the inbox: \(reason)", found.request, in: tx)
        try job.lease.complete(in: tx)
    }

    /// The issue takes the place of the ticket in the inbox.
    private func move(
        _ found: Case, to key: String, _ url: String, _ instance: String, _ job: ClaimedJob, in tx: Connection
    ) throws(PAOError) {
        let (ticket, request) = (found.ticket, found.request)
        try settle(found, .done, reference: key, in: tx)
        var moved = ticket
        (moved.system, moved.systemInstance, moved.id, moved.url) = ("jira", instance, key, url)
        try TicketStore(tx).move(moved)
        try tx.run(
            "UPDATE service_requests SET escalation_ticket_id = ? WHERE id = ? AND escalation_ticket_id = ?", key, request.rowID, ticket.id)
        try intake.recorder.record(moved, before: ticket, verb: "move", by: .system(correlationID: request.correlationID), in: tx)
        try intake.recorder.note("the escalation is \(key) in JIRA \(instance)", request, in: tx)
        try job.lease.reschedule(in: tx, at: time.now() + settings.environment.pollInterval)
    }

    /// A person works on the issue in JIRA; the ticket here follows, and the request waits for a decision as before.
    private func take(
        _ status: Ticket.Status, _ resolution: String?, _ ticket: Ticket, _ request: ServiceRequest, _ job: ClaimedJob, in tx: Connection
    ) throws(PAOError) {
        let now = time.now()
        if status != ticket.status {
            var changed = ticket
            (changed.status, changed.updatedAt, changed.resolution) = (status, now, resolution)
            if status.isFinal { changed.resolvedAt = now }
            try TicketStore(tx).update(changed)
            try intake.recorder.record(changed, before: ticket, verb: "follow", by: .system(correlationID: request.correlationID), in: tx)
        }
        if status.isFinal { return try job.lease.complete(in: tx) }
        let environment = settings.environment
        let wait = max(environment.pollInterval, min((now - ticket.createdAt) / 10, environment.pollMaximum))
        try job.lease.reschedule(in: tx, at: now + wait)
    }

    private func again(_ job: ClaimedJob, at due: Timestamp) async throws(PAOError) {
        try await store.write { tx throws(PAOError) in try job.lease.reschedule(in: tx, at: due) }
    }

    private func end(_ job: ClaimedJob) async throws(PAOError) {
        try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
    }

    // MARK: Links

    private func link(_ job: ClaimedJob) async throws(PAOError) {
        let loader = intake.loader
        let wanted = try store.read { connection throws(PAOError) -> [IssueLink] in
            guard let bundle = try RequestStore(connection).request(rowID: job.subject) else { return [] }
            let document = try loader.catalog.pinned(kind: bundle.kind, id: bundle.catalogID, digest: bundle.catalogDigest)
            let children = try RequestStore(connection).children(of: bundle.rowID)
            let links = IssueLink.of(bundle, children, document)
            let done = try TicketStore(connection).links(of: links.map(\.from))
            return links.filter { !done.contains($0) }
        }
        guard !wanted.isEmpty, let client = reach.client(nil) else { return try await end(job) }
        for link in wanted {
            do throws(JiraFailure) {
                try await client.link(type: link.type, from: link.from, to: link.to)
            } catch {
                log(.warning, "JIRA and a link", ["from": .string(link.from), "to": .string(link.to), "error": .string(error.description)])
                if error.isRetryable { return try await again(job, at: reach.retry(error)) }
            }
            try await store.write { tx throws(PAOError) in try TicketStore(tx).keep(link) }
        }
        try await end(job)
    }
}

/// `from` must be done before `to`: a link of two issues in JIRA.
struct IssueLink: Sendable, Hashable {
    var type: String
    var from: String
    var to: String

    /// Between the issues of components that depend on each other; with `parentTicket` also from each to the bundle's own. Only the
    /// issues that are there.
    static func of(_ bundle: ServiceRequest, _ children: [ServiceRequest], _ document: CatalogDocument) -> [IssueLink] {
        let linking = document.orchestration?["jiraLinking"]
        let written = linking?["linkType"]?.string ?? "blocks"
        let type = written.prefix(1).uppercased() + written.dropFirst()
        // The request that a component's step made last counts.
        let issues = Dictionary(
            children.compactMap { child in child.componentID.map { ($0, child.issues) } }, uniquingKeysWith: { _, last in last })
        var links: [IssueLink] = []
        for component in document.components {
            for blocker in component.dependsOn.flatMap({ issues[$0] ?? [] }) {
                links += (issues[component.id] ?? []).map { IssueLink(type: type, from: blocker, to: $0) }
            }
        }
        guard linking?["parentTicket"]?.bool == true else { return links }
        let all = document.components.flatMap { issues[$0.id] ?? [] }
        return links + bundle.issues.flatMap { own in all.map { IssueLink(type: type, from: $0, to: own) } }
    }
}

extension Step {
    /// It has made an issue in JIRA.
    var isIssue: Bool {
        type == "jira-ticket" && externalReference.map { !$0.hasPrefix("tkt-") } ?? false
    }
}

extension ServiceRequest {
    /// Keys of the issues that its steps made.
    fileprivate var issues: [String] { steps.filter(\.isIssue).compactMap(\.externalReference) }
}

extension Recorder {
    /// A line of the request's log that belongs to no step.
    func note(_ message: String, _ request: ServiceRequest, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO step_logs(request_id, at, level, message) VALUES (?, ?, 'info', ?)", request.rowID, tx.timestamp, message)
    }
}
