// DESIGN: the issues of a bundle, linked
//
// A job of kind `jira.links`, one per bundle, is enqueued in the transaction that makes one of its issues known. JIRA keeps one link of a
// kind between two issues, so that a repetition after a crash is harmless; what was linked is stored all the same.

import Base
import Catalog
import Integrations
import Jobs
import Store

struct JiraLinks: Sendable {
    static let jobKind = "jira.links"

    private let store: Store
    private let loader: RunLoader
    private let recorder: Recorder
    private let reach: JiraReach
    private let time: TimeSource
    private let log: Log

    init(_ engine: Engine) {
        store = engine.store
        loader = engine.intake.loader
        recorder = engine.intake.recorder
        reach = JiraReach(engine)
        time = engine.time
        log = engine.log
    }

    func register(with jobs: JobQueue) {
        jobs.register(Self.jobKind) { [self] job in try await link(job) }
    }

    /// A run of a component, or of its bundle, has made an issue.
    static func follow(_ run: RequestRun, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        guard run.settings.environment.hasJira,
            run.request.steps.contains(where: { $0.isIssue && run.changes.dirtySteps.contains($0.id) }),
            let bundle = run.request.parentRowID ?? (run.request.kind == .bundle ? run.request.rowID : nil)
        else { return }
        try enqueue(bundle, team: run.request.requester.team, jobs, in: tx)
    }

    static func enqueue(_ bundleRowID: String, team: String, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        try jobs.enqueue(NewJob(kind: jobKind, subject: bundleRowID, team: team, priority: .background), in: tx)
    }

    /// What is still to be linked.
    private struct Work: Sendable {
        var bundle: ServiceRequest
        var instance: String?
        var links: [IssueLink]
    }

    private func work(_ bundleRowID: String) throws(PAOError) -> Work? {
        let loader = loader
        return try store.read { connection throws(PAOError) -> Work? in
            guard let bundle = try RequestStore(connection).request(rowID: bundleRowID) else { return nil }
            let document = try loader.catalog.pinned(kind: bundle.kind, id: bundle.catalogID, digest: bundle.catalogDigest)
            let children = try RequestStore(connection).children(of: bundle.rowID)
            let own = try TicketStore(connection).tickets(ofRequest: bundle.rowID).last { $0.isOfBundle && $0.system == "jira" }
            let links = IssueLink.of(bundle, own, children, document)
            let done = try TicketStore(connection).links(of: links.map(\.from))
            return Work(bundle: bundle, instance: own?.systemInstance, links: links.filter { !done.contains($0) })
        }
    }

    private func link(_ job: ClaimedJob) async throws(PAOError) {
        var patience = JiraPatience(job)
        if let work = try work(job.subject), let client = reach.client(work.instance) {
            for link in work.links {
                if let failure = await make(link, client) {
                    guard !failure.isRetryable || patience.isOver(at: time.now()) else {
                        let due = patience.retry(at: time.now(), after: failure)
                        return try await store.write { [patience] tx throws(PAOError) in
                            try job.lease.reschedule(in: tx, at: due, payload: patience.payload)
                        }
                    }
                    try await giveUp(link, failure, work.bundle)
                }
                try await store.write { tx throws(PAOError) in try TicketStore(tx).keep(link) }
            }
        }
        try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
    }

    private func make(_ link: IssueLink, _ client: JiraClient) async -> JiraFailure? {
        do throws(JiraFailure) {
            try await client.link(type: link.type, from: link.from, to: link.to)
            return nil
        } catch {
            log(.warning, "JIRA and a link", ["from": .string(link.from), "to": .string(link.to), "error": .string(error.description)])
            return error
        }
    }

    private func giveUp(_ link: IssueLink, _ failure: JiraFailure, _ bundle: ServiceRequest) async throws(PAOError) {
        let recorder = recorder
        try await store.write { tx throws(PAOError) in
            try recorder.note("\(link.from) and \(link.to) are not linked in JIRA: \(failure.description)", bundle, in: tx)
        }
    }
}

/// `from` must be done before `to`: a link of two issues in JIRA.
struct IssueLink: Sendable, Hashable {
    var type: String
    var from: String
    var to: String

    /// Between the issues of components that depend on each other, and from each to the one above them. Only the issues that are there.
    static func of(_ bundle: ServiceRequest, _ own: Ticket?, _ children: [ServiceRequest], _ document: CatalogDocument) -> [IssueLink] {
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
        guard let own else { return links }
        let below = document.components.flatMap { issues[$0.id] ?? [] } + bundle.issues
        return links + below.map { IssueLink(type: type, from: $0, to: own.id) }
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
