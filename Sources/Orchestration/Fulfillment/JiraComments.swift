// DESIGN: progress told in JIRA
//
// Once a step has made an issue, what happens to its request is told there: each other step that completes or fails, and how the
// request goes on and ends. One turn of a request makes one comment on each of its issues.
//
//   - The intent stands in the effect ledger in the transaction that made the progress, so that nothing is told which did not happen, and
//     all that happened is told; a job of kind `jira.comments`, one per request, sends what stands there, in order.
//   - `intent` has not been sent; `sent` has left, and nobody knows its fate. Each comment ends with its key. One whose fate is not known
//     is looked for among the issue's comments before it is sent again, and not before `settleTime`: JIRA's list does not lag, but a call
//     whose connection is gone may still be on its way.
//   - A request never waits for its comments. What JIRA refuses, or cannot be reached for within a day (`JiraPatience`), is given up and
//     the ledger says so.

import Base
import Catalog
import Integrations
import Jobs
import Store

struct JiraComments: Sendable {
    static let jobKind = "jira.comments"
    private static let effectKind = "jira-comment"
    private static let settleTime = Duration.seconds(10)

    private let store: Store
    private let reach: JiraReach
    private let time: TimeSource
    private let log: Log

    init(_ engine: Engine) {
        store = engine.store
        reach = JiraReach(engine)
        time = engine.time
        log = engine.log
    }

    func register(with jobs: JobQueue) {
        jobs.register(Self.jobKind) { [self] job in try await tell(job) }
    }

    // MARK: Intending

    /// What a run's changes give to tell. `mask` hides what is confidential in it.
    static func follow(_ run: RequestRun, mask: (String) -> String, _ jobs: JobQueue, in tx: Connection) throws(PAOError) {
        guard run.settings.environment.hasJira else { return }
        let comments = run.comments
        guard !comments.isEmpty else { return }
        let told = "SELECT COUNT(*) FROM effects WHERE request_id = ? AND kind = ?"
        var number = try tx.first(told, run.request.rowID, effectKind)?.int(0) ?? 0
        for comment in comments {
            number += 1
            try EffectLedger(tx).intend(effect(comment, number, run, mask), leaseEpoch: 0)
        }
        try jobs.enqueue(
            NewJob(kind: jobKind, subject: run.request.rowID, team: run.request.requester.team, priority: .background), in: tx)
    }

    /// `generation` is the comment's number in its request.
    private static func effect(_ comment: RequestRun.Comment, _ number: Int, _ run: RequestRun, _ mask: (String) -> String) -> Effect {
        let key = Effect.key(requestID: run.request.id, stepID: comment.stepID, generation: number, part: effectKind)
        let text = mask(comment.lines.joined(separator: "\n")) + "\n\n`pao-\(key)`"
        return Effect(
            key: key, requestRowID: run.request.rowID, stepID: comment.stepID, generation: number, part: effectKind, kind: effectKind,
            summary: "Comment on \(comment.issue) in JIRA", resend: .lookup,
            rendered: ["instance": .optional(comment.instance), "issue": .string(comment.issue), "text": .string(text)],
            state: .intent, remoteReference: nil, note: nil, tries: 1, createdAt: run.now, updatedAt: run.now)
    }

    // MARK: Sending

    private enum Answer: Sendable {
        case commented(id: String?)
        /// `mayBeThere`: nobody knows whether JIRA has it.
        case later(JiraFailure, mayBeThere: Bool)
        case refused(String, mayBeThere: Bool)
    }

    /// One comment after another; what has to wait keeps those behind it waiting.
    private func tell(_ job: ClaimedJob) async throws(PAOError) {
        var patience = JiraPatience(job)
        while let effect = try next(of: job.subject) {
            let wait = settleTime(of: effect)
            if wait > .zero { return try await again(job, at: time.now() + wait, patience) }
            try await settle(effect, .sent, job)
            OrchestrationFailpoint.commentSending.pass()
            let answer = await ask(effect)
            OrchestrationFailpoint.commentSent.pass()
            switch answer {
            case .commented(let id):
                patience.forget()
                try await settle(effect, .done, reference: id, job)
            case .refused(let reason, let mayBeThere): try await settle(effect, mayBeThere ? .unknown : .failed, note: reason, job)
            case .later(_, let mayBeThere) where patience.isOver(at: time.now()):
                try await settle(effect, mayBeThere ? .unknown : .failed, note: "JIRA could not be reached for a day", job)
            case .later(let failure, let mayBeThere):
                try await settle(effect, mayBeThere ? .sent : .intent, job)
                let least = failure.mayHaveTakenEffect ? Self.settleTime : JiraPatience.shortestPause
                let due = patience.retry(at: time.now(), after: failure, least: least)
                return try await again(job, at: due, patience)
            }
        }
        try await store.write { tx throws(PAOError) in try job.lease.complete(in: tx) }
    }

    private func next(of requestRowID: String) throws(PAOError) -> Effect? {
        try store.read { connection throws(PAOError) in
            try EffectLedger(connection).effects(ofRequest: requestRowID).filter {
                $0.kind == Self.effectKind && ($0.state == .intent || $0.state == .sent)
            }.min { $0.generation < $1.generation }
        }
    }

    private func settleTime(of effect: Effect) -> Duration {
        effect.state == .sent ? min(Self.settleTime, effect.updatedAt + Self.settleTime - time.now()) : .zero
    }

    private func settle(
        _ effect: Effect, _ state: Effect.State, reference: String? = nil, note: String? = nil, _ job: ClaimedJob
    ) async throws(PAOError) {
        let now = time.now()
        try await store.write { tx throws(PAOError) in
            try job.lease.check(in: tx)
            try EffectLedger(tx).settle(effect.requestRowID, key: effect.key, state, reference: reference, note: note, at: now)
        }
    }

    private func again(_ job: ClaimedJob, at due: Timestamp, _ patience: JiraPatience) async throws(PAOError) {
        try await store.write { tx throws(PAOError) in try job.lease.reschedule(in: tx, at: due, payload: patience.payload) }
    }

    private func ask(_ effect: Effect) async -> Answer {
        let name = effect.rendered["instance"]?.string
        guard let client = reach.client(name), let issue = effect.rendered["issue"]?.string else {
            return .refused("No JIRA named \(name ?? "") is configured any more.", mayBeThere: effect.state == .sent)
        }
        var mayBeThere = effect.state == .sent
        do throws(JiraFailure) {
            if mayBeThere, try await client.hasComment(on: issue, holding: "pao-\(effect.key)") { return .commented(id: nil) }
            mayBeThere = false
            return .commented(id: try await client.comment(on: issue, markdown: effect.rendered["text"]?.string ?? ""))
        } catch {
            log(.warning, "JIRA and a comment", ["issue": .string(issue), "error": .string(error.description)])
            if error.isRetryable || error.mayHaveTakenEffect {
                return .later(error, mayBeThere: mayBeThere || error.mayHaveTakenEffect)
            }
            return .refused(error.description, mayBeThere: mayBeThere)
        }
    }
}

extension RequestRun {
    /// What one issue is told.
    struct Comment {
        /// That made the issue, or of a bundle's own the first one.
        var stepID: String
        var instance: String?
        var issue: String
        /// Markdown; values in it appear literally.
        var lines: [String]
    }

    var comments: [Comment] {
        let news = request.steps.compactMap { step in line(of: step).map { (step.id, $0) } }
        let turn = line
        guard !news.isEmpty || turn != nil else { return [] }
        return request.steps.compactMap { step in
            guard let issue = issue(of: step) else { return nil }
            let lines = news.filter { $0.0 != step.id }.map(\.1) + [turn].compactMap { $0 }
            return lines.isEmpty ? nil : Comment(stepID: step.id, instance: issue.instance, issue: issue.key, lines: lines)
        } + commentOnOwnIssue(news.map(\.1) + [turn].compactMap { $0 })
    }

    /// A bundle's own issue is told everything. No step made it: its comments stand with the first one.
    private func commentOnOwnIssue(_ lines: [String]) -> [Comment] {
        guard let ticket = ownTicket, ticket.system == "jira", let first = request.steps.first else { return [] }
        return [Comment(stepID: first.id, instance: ticket.systemInstance, issue: ticket.id, lines: lines)]
    }

    /// Of a step that made an issue, unless its document wants no comments there.
    private func issue(of step: Step) -> (key: String, instance: String?)? {
        let payload = effects[effectKey(of: step)]?.rendered
        if payload?["comments"]?.bool == false { return nil }
        if let ticket = tickets[step.id], ticket.system == "jira" { return (ticket.id, ticket.systemInstance) }
        guard step.isIssue, let key = step.externalReference else { return nil }
        return (key, payload?["instance"]?.string)
    }

    private func line(of step: Step) -> String? {
        guard let transition = changes.stepTransitions.last(where: { $0.subjectID == step.id }), transition.new == step.status.rawValue
        else {
            return nil
        }
        switch step.status {
        case .completed:
            return "- **\(Self.literal(step.name))** is completed" + (step.completedBy.map { ", by hand by \(Self.literal($0))" } ?? "")
        case .failed: return "- **\(Self.literal(step.name))** failed" + (step.reason.map { ": \(Self.literal($0))" } ?? "")
        default: return nil
        }
    }

    private var line: String? {
        guard let (from, to) = changes.requestTransitions.last else { return nil }
        let link = settings.publicURL.isEmpty ? request.id : "[\(request.id)](\(settings.page("/requests/\(request.id)")))"
        switch to {
        case .completed, .aborted, .cancelled, .rejected, .escalated: return "- The request \(link) is \(to.rawValue)"
        case .failed: return "- The request \(link) has failed and waits for a decision"
        case .inProgress where from == .resuming: return "- The request \(link) goes on"
        default: return nil
        }
    }
}
