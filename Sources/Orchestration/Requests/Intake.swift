import Base
import Catalog
import Identity
import Jobs
import Store

/// A request that was checked but is not stored yet.
struct NewRequest: Sendable {
    var request: ServiceRequest
    var document: CatalogDocument
    /// Approvals that it needs before it is queued.
    var gates: [Gate]
}

/// Stores what people asked for and what was decided about it, with all that follows in other rows: approvals, jobs, the next holder of
/// a concurrency key, the bundle that waits for its component.
struct Intake: Sendable {
    /// Approvals know a request by this and its `req-` id.
    static let subject = "request"

    let recorder: Recorder
    let jobs: JobQueue
    let approvals: Approvals
    let loader: RunLoader

    /// Throws `invalid` when another request has taken the name or the quota meanwhile, `conflict` when its concurrency key is taken
    /// and the document says `reject`.
    func store(_ new: NewRequest, by actor: Actor, in tx: Connection) throws(PAOError) {
        try store(new, recorder.acceptance(of: new.request, by: actor), by: actor, in: tx)
    }

    /// With the rows made beforehand.
    func store(_ new: NewRequest, _ acceptance: Recorder.Acceptance, by actor: Actor, in tx: Connection) throws(PAOError) {
        let request = new.request
        let findings = try SubmissionCheck.businessFindings(new.document, name: request.instanceName, team: request.requester.team, tx)
        if !findings.isEmpty { throw SubmissionCheck.invalid(findings) }
        try applyConcurrencyPolicy(new, by: actor, in: tx)
        try recorder.record(acceptance, in: tx)
        if new.gates.isEmpty { return try Engine.enqueue(request, priority: .start, at: request.startAfter, jobs: jobs, in: tx) }
        for approval in try approvals.request(new.gates, for: Self.subject, request.id, by: actor, in: tx) where approval.status == .pending
        {
            try recorder.announce(approval, request, in: tx)
        }
    }

    private func applyConcurrencyPolicy(_ new: NewRequest, by actor: Actor, in tx: Connection) throws(PAOError) {
        guard let key = new.request.concurrencyKey else { return }
        switch new.document.fulfillment.automatic?.concurrencyPolicy ?? .queue {
        case .queue: break
        case .reject:
            let live = RequestStatus.allCases.filter(\.holdsOrAwaitsKey)
            guard try ConcurrencyKeys.others(with: key, statuses: live, in: tx).isEmpty else {
                throw PAOError(.conflict, "Another request for the same target runs or waits; this service takes one at a time.")
            }
        case .replacePending:
            for rowID in try ConcurrencyKeys.others(with: key, statuses: [.queued, .pendingApproval], in: tx) {
                guard let request = try RequestStore(tx).request(rowID: rowID) else { continue }
                var run = try loader.run(of: request, now: tx.timestamp, in: tx)
                try run.cancel(.cancel, reason: "replaced by \(new.request.id)")
                try write(run, leaseEpoch: 0, by: actor, in: tx)
                try withdraw(run.request, in: tx)
            }
        }
    }

    /// What waits for a request that ends before it began.
    func withdraw(_ request: ServiceRequest, in tx: Connection) throws(PAOError) {
        try approvals.cancel(Self.subject, request.id, in: tx)
        try jobs.removeWaiting(kind: Engine.jobKind, subject: request.rowID, in: tx)
    }

    /// All changes of a run, and what follows from them.
    func write(_ run: RequestRun, leaseEpoch: Int, by actor: Actor? = nil, in tx: Connection) throws(PAOError) {
        try recorder.write(run, leaseEpoch: leaseEpoch, by: actor, in: tx)
        for component in run.changes.newComponents {
            try store(component, by: run.request.requester.actor(run.request.correlationID), in: tx)
        }
        try JiraDesk.follow(run, jobs, in: tx)
        try JiraLinks.follow(run, jobs, in: tx)
        for rowID in run.changes.ticketsEndedHere {
            // What has become of it meanwhile is in its row: its issue may have been opened since the run was loaded.
            if let ticket = try TicketStore(tx).ticket(rowID: rowID) { try JiraClosing.follow(ticket, jobs, in: tx) }
        }
        try JiraComments.follow(run, mask: { run.confidential.redact(recorder.redactor.redact($0)) }, jobs, in: tx)
        if let key = run.changes.releasedKey { try ConcurrencyKeys.wakeNext(key, jobs: jobs, in: tx) }
        guard let parent = run.request.parentRowID, !run.changes.requestTransitions.isEmpty else { return }
        try jobs.enqueue(
            NewJob(kind: Engine.jobKind, subject: parent, team: run.request.requester.team, priority: .continuation), in: tx)
    }
}

extension ServiceRequest.Requester {
    /// The requester, for what the appliance asks for in their name.
    func actor(_ correlationID: String) -> Actor {
        Actor(
            kind: .user, userID: userID, login: login, email: email, teams: teams, visibleTeams: Set(teams + [team]),
            permissions: [.requestsCreate], correlationID: correlationID)
    }
}
