// DESIGN: issues of JIRA that were ended here
//
// Whoever resolves or closes a ticket in the appliance ends the issue behind it: a job of kind `jira.closing`, enqueued in the transaction
// that ends the ticket. What the issue's workflow offers decides how; an issue that is done already is left alone, which makes a
// repetition after a crash harmless. Where the workflow offers no way to an end, and where JIRA cannot be reached for a day, the request's
// log says so.

import Base
import Integrations
import Jobs
import Store

struct JiraClosing: Sendable {
    static let jobKind = "jira.closing"

    private let store: Store
    private let recorder: Recorder
    private let reach: JiraReach
    private let time: TimeSource
    private let log: Log

    init(_ engine: Engine) {
        store = engine.store
        recorder = engine.intake.recorder
        reach = JiraReach(engine)
        time = engine.time
        log = engine.log
    }

    func register(with jobs: JobQueue) {
        jobs.register(Self.jobKind) { [self] job in try await close(job) }
    }

    static func follow(_ ticket: Ticket, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        guard ticket.system == "jira", ticket.status.isFinal else { return }
        try jobs.enqueue(NewJob(kind: jobKind, subject: ticket.rowID, team: ticket.team, priority: .background), in: tx)
    }

    private func close(_ job: ClaimedJob) async throws(PAOError) {
        let found = try store.read { connection throws(PAOError) -> (Ticket, ServiceRequest)? in
            guard let ticket = try TicketStore(connection).ticket(rowID: job.subject), ticket.status.isFinal,
                let request = try RequestStore(connection).request(id: ticket.requestID)
            else { return nil }
            return (ticket, request)
        }
        var (note, again): (String?, Timestamp?) = (nil, nil)
        var patience = JiraPatience(job)
        if let (ticket, _) = found, let client = reach.client(ticket.systemInstance) {
            do throws(JiraFailure) {
                note = try await end(ticket, client)
            } catch {
                log(.warning, "JIRA and a ticket that ended here", ["ticket": .string(ticket.id), "error": .string(error.description)])
                note = "\(ticket.id) stays open in JIRA: \(error.description)"
                if error.isRetryable {
                    let (now, isOver) = (time.now(), patience.isOver(at: time.now()))
                    again = isOver ? nil : patience.retry(at: now, after: error)
                }
            }
        }
        try await store.write { [note, again, patience] tx throws(PAOError) in
            if let again { return try job.lease.reschedule(in: tx, at: again, payload: patience.payload) }
            if let note, let (_, request) = found { try recorder.note(note, request, in: tx) }
            try job.lease.complete(in: tx)
        }
    }

    /// What the log says of it; nil for an issue that had ended before.
    private func end(_ ticket: Ticket, _ client: JiraClient) async throws(JiraFailure) -> String? {
        if try await client.issue(ticket.id).category == .done { return nil }
        let ways = try await client.transitions(of: ticket.id).filter { $0.toCategory == .done }
        guard let way = Self.choose(ways, for: ticket.status) else {
            return "\(ticket.id) stays open in JIRA: its workflow offers no way to an end from where it is"
        }
        try await client.transition(ticket.id, to: way.id)
        return "\(ticket.id) is \(way.toStatus ?? way.name) in JIRA"
    }

    /// JIRA keeps work that will not be done in the same category as work that is done: only the words tell them apart.
    static func choose(_ ways: [JiraTransition], for status: Ticket.Status) -> JiraTransition? {
        let refusing = ["won't", "wont", "reject", "declin", "cancel", "abandon", "duplicate"]
        func refuses(_ way: JiraTransition) -> Bool {
            let words = "\(way.name) \(way.toStatus ?? "")".lowercased()
            return refusing.contains { words.contains($0) }
        }
        return ways.first { refuses($0) == (status == .closed) } ?? (status == .closed ? ways.first : nil)
    }
}
