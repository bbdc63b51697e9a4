package import Base
import Catalog
import Documents
package import Identity
import Jobs
import Store

/// What people do to requests that run or have failed. Each verb decides on the rows inside its own transaction.
extension Requests {
    /// The requester acts on what is theirs; others need `requests.operate`.
    private static func mayOperate(_ request: ServiceRequest, _ actor: Actor) throws(PAOError) {
        guard actor.may(.requestsOperate) || (request.requester.userID == actor.userID && actor.may(.requestsCreate)) else {
            throw denied(.requestsOperate)
        }
    }

    /// Whether the engine is to look at the request afterwards.
    typealias Verb = @Sendable (inout RequestRun) throws(PAOError) -> Bool

    private func operate(
        _ id: String, _ verb: String, by actor: Actor, detail: JSON = [:], _ body: @escaping Verb
    ) async throws(PAOError) -> ServiceRequest {
        let (intake, time) = (intake, time)
        return try await store.write { tx throws(PAOError) -> ServiceRequest in
            let request = try Self.visible(RequestStore(tx).request(id: id), id, actor)
            try Self.mayOperate(request, actor)
            try Self.carryOut(request, verb, by: actor, detail, intake, time.now(), in: tx, body)
            try OrchestrationFailpoint.commandStored.reach()
            return try RequestStore(tx).request(rowID: request.rowID) ?? request
        }
    }

    /// The verb on one request, and on those of a bundle's components that it reaches.
    private static func carryOut(
        _ request: ServiceRequest, _ verb: String, by actor: Actor, _ detail: JSON, _ intake: Intake, _ now: Timestamp, in tx: Connection,
        _ body: Verb
    ) throws(PAOError) {
        var run = try intake.loader.run(of: request, now: now, in: tx)
        let wakesEngine = try body(&run)
        run.changes.isRequestDirty = true
        try intake.write(run, leaseEpoch: 0, by: actor, in: tx)
        try intake.recorder.audit.append(
            AuditEntry(actor, verb, "request", request.id, team: request.requester.team, requestID: request.id, new: detail), in: tx)
        if run.request.status == .cancelled { try intake.withdraw(run.request, in: tx) }
        if wakesEngine { try Engine.enqueue(run.request, priority: .urgent, jobs: intake.jobs, in: tx) }
        for (child, childBody) in run.changes.alsoOn {
            guard let component = try RequestStore(tx).request(id: child) else { continue }
            try carryOut(component, verb, by: actor, detail, intake, now, in: tx, childBody)
        }
    }

    /// Tries the failed steps (or a named one) again: with the same key, unless the data changed or the last call is known to have
    /// happened. Throws `conflict` when the request has not failed, or when it was approved with other data; `invalid` for changed data
    /// that does not fit the form.
    package func retry(_ id: String, actionID: String?, changedData: JSON?, skipVerification: Bool, by actor: Actor) async throws(PAOError)
        -> ServiceRequest
    {
        if skipVerification, !actor.may(.requestsOperate) { throw Self.denied(.requestsOperate) }
        let (settings, check) = (settings, submissionCheck)
        return try await operate(
            id, "retry", by: actor,
            detail: [
                "actionId": .optional(actionID), "changedData": .bool(changedData != nil), "skipVerification": .bool(skipVerification),
            ]
        ) { run throws(PAOError) in
            let indices = try run.failedSteps(actionID)
            try run.move(.resume)
            if let changedData { try run.change(to: changedData, settings, check) }
            for index in indices { run.reopen(index, newKey: changedData != nil, skipVerification: skipVerification) }
            return true
        }
    }

    /// The step counts as done without having run; later steps see no outputs of it.
    package func skip(_ id: String, actionID: String, reason: String, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(id, "skip", by: actor, detail: ["actionId": .string(actionID), "reason": .string(reason)]) {
            run throws(PAOError) in
            let index = try run.failedStep(actionID)
            try run.move(.resume)
            run.askAgainBeforeStart()
            run.set(index, .skipped, reason: "skipped by \(actor.login): \(reason)")
            run.log(index, "skipped by \(actor.login): \(reason)")
            return true
        }
    }

    /// A person did the failed step; what they enter are its outputs. Throws `invalid` while a declared output is missing.
    package func complete(_ id: String, actionID: String, outputs: JSON, reason: String, by actor: Actor) async throws(PAOError)
        -> ServiceRequest
    {
        let settings = settings
        return try await operate(
            id, "complete", by: actor, detail: ["actionId": .string(actionID), "reason": .string(reason)]
        ) { run throws(PAOError) in
            let index = try run.stepToComplete(actionID)
            let declared = run.declaredOutputs(of: run.request.steps[index])
            run.request.steps[index].outputs = try Self.entered(outputs, declared, settings)
            try run.move(.resume)
            run.askAgainBeforeStart()
            run.withdrawTicket(of: index)
            run.complete(index, by: actor.login)
            run.request.steps[index].reason = "done by hand: \(reason)"
            return true
        }
    }

    /// Outputs a person entered: every declared one, sensitive ones sealed.
    static func entered(_ outputs: JSON, _ declared: [Action.Output], _ settings: RunSettings) throws(PAOError) -> JSON {
        var entered = outputs.object ?? JSONObject()
        var findings: [PAOError.Finding] = []
        for output in declared {
            guard let value = entered[output.name], !value.isNull, value.string != "" else {
                findings.append(
                    .init(field: "outputs.\(output.name)", rule: "required", message: "\(output.name) is needed by the steps that follow."))
                continue
            }
            if output.isSensitive { entered[output.name] = settings.seal(value) }
        }
        if !findings.isEmpty { throw SubmissionCheck.invalid(findings) }
        return .object(entered)
    }

    /// A request that has not begun ends at once; one that runs ends when the calls under way have ended (`stopping` until then).
    package func abort(
        _ id: String, reason: String, createCleanupTicket: Bool, createCompletionTicket: Bool = false, by actor: Actor
    ) async throws(PAOError) -> ServiceRequest {
        let detail: JSON = [
            "reason": .string(reason), "createCleanupTicket": .bool(createCleanupTicket),
            "createCompletionTicket": .bool(createCompletionTicket),
        ]
        return try await operate(id, "abort", by: actor, detail: detail) { run throws(PAOError) in
            run.stopComponents(reason)
            if run.request.status == .queued || run.request.status == .pendingApproval {
                try run.cancel(.cancel, reason: reason)
                return false
            }
            run.request.stopReason = reason
            run.request.wantsCleanupTicket = createCleanupTicket
            run.request.wantsCompletionTicket = createCompletionTicket
            if run.request.status == .resuming { try run.move(.start) }
            if run.request.status == .inProgress || (run.hasLiveComponents && !run.request.status.isFinal) {
                if run.request.status != .inProgress {
                    try run.move(.resume)
                    try run.move(.start)
                }
                run.request.isStopping = true
                return true
            }
            try run.abort()
            return false
        }
    }

    /// Nothing has been done yet: the request ends at once. Throws `conflict` once it has begun.
    package func cancel(_ id: String, reason: String, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(id, "cancel", by: actor, detail: ["reason": .string(reason)]) { run throws(PAOError) in
            try run.cancel(.cancel, reason: reason.isEmpty ? "cancelled by \(actor.login)" : reason)
            return false
        }
    }

    /// Opens an incident ticket with the whole error context; the request waits for a person.
    package func escalate(_ id: String, reason: String, priority: String?, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(id, "escalate", by: actor, detail: ["reason": .string(reason), "priority": .optional(priority)]) {
            run throws(PAOError) in
            let ticket = run.escalationTicket(reason: reason, priority: priority ?? "High", by: actor.login)
            run.changes.newTickets.append(ticket)
            run.request.escalationTicketID = ticket.id
            run.request.escalatedAt = run.now
            try run.move(.escalate)
            return false
        }
    }
}

extension RequestRun {
    /// The failed step of that id. Throws `notFound` and `conflict`.
    func failedStep(_ actionID: String) throws(PAOError) -> Int {
        guard let index = try failedSteps(actionID).first else { throw PAOError(.conflict, "No step of the request has failed.") }
        return index
    }

    /// The failed step, or one that was skipped after it had failed: what a later step turned out to need can still be entered.
    func stepToComplete(_ actionID: String) throws(PAOError) -> Int {
        let skipped = request.steps.firstIndex { $0.id == actionID && $0.status == .skipped && !$0.attempts.isEmpty }
        if let skipped, [.failed, .escalated].contains(request.status) { return skipped }
        return try failedStep(actionID)
    }

    /// The steps to act on: the named one, or all that failed.
    func failedSteps(_ actionID: String?) throws(PAOError) -> [Int] {
        guard [.failed, .escalated].contains(request.status) else {
            throw PAOError(
                .conflict, "The request is \(request.status.rawValue); only a failed step can be retried, skipped or done by hand.")
        }
        let failed = request.steps.indices.filter { request.steps[$0].status == .failed }
        guard let actionID else {
            if failed.isEmpty { throw PAOError(.conflict, "No step of the request has failed.") }
            return failed
        }
        guard let index = request.steps.firstIndex(where: { $0.id == actionID }) else {
            throw PAOError(.notFound, "The request has no step \(actionID).")
        }
        guard failed.contains(index) else {
            throw PAOError(.conflict, "The step \(actionID) is \(request.steps[index].status.rawValue), not failed.")
        }
        return [index]
    }

    /// Back to pending. A new key where a repetition is a new effect: the data changed, the former ticket was closed, or the call is
    /// known or feared to have happened and cannot be recognized by the other side. Else the key stays, and what the last try left is
    /// found out first (`Effect.resumption`).
    mutating func reopen(_ index: Int, newKey: Bool, skipVerification: Bool) {
        if request.steps[index].isComponent { return reopenComponent(index) }
        let step = request.steps[index]
        let isSpent = effects[effectKey(of: step)]?.isSpent ?? false
        let isTicketEnded = tickets[step.id].map { $0.status.isFinal && $0.purpose != .question } ?? false
        if newKey || isSpent || isTicketEnded {
            request.steps[index].generation += 1
            request.steps[index].externalReference = nil
            request.steps[index].externalURL = nil
        }
        tickets[step.id] = nil
        request.steps[index].attemptBase = step.attempts.count
        request.steps[index].skipsVerification = skipVerification
        request.steps[index].completedAt = nil
        if newKey { request.steps[index].frozen = nil }
        request.deadline = nil
        askAgainBeforeStart()
        set(index, .pending, reason: nil)
    }

    /// A component's request that can go on is retried itself; one that has ended is made anew.
    private mutating func reopenComponent(_ index: Int) {
        let child = child(of: request.steps[index])
        request.steps[index].completedAt = nil
        guard let child, !child.request.status.isFinal else {
            request.steps[index].generation += 1
            request.steps[index].externalReference = nil
            return set(index, .pending, reason: nil)
        }
        set(index, .running, reason: "follows \(child.request.id)")
        changes.alsoOn.append(
            (
                child.request.id,
                { run throws(PAOError) in
                    let indices = try run.failedSteps(nil)
                    try run.move(.resume)
                    for index in indices { run.reopen(index, newKey: false, skipVerification: false) }
                    return true
                }
            ))
    }

    /// A person said no to the checks before the first step, and now wants the request to go on: they are asked again.
    mutating func askAgainBeforeStart() {
        if preCheck?.status == .closed { openPreCheck() }
    }

    /// What a bundle's components have begun is stopped with it.
    mutating func stopComponents(_ reason: String) {
        for step in request.steps where step.isComponent {
            guard let child = child(of: step), !child.request.status.isFinal, !child.request.isStopping else { continue }
            changes.alsoOn.append(
                (
                    child.request.id,
                    { run throws(PAOError) in
                        run.request.stopReason = reason
                        switch run.request.status {
                        case .queued, .pendingApproval:
                            try run.cancel(.cancel, reason: reason)
                            return false
                        case .inProgress, .resuming:
                            if run.request.status == .resuming { try run.move(.start) }
                            run.request.isStopping = true
                            return true
                        default:
                            try run.abort()
                            return false
                        }
                    }
                ))
        }
    }

    /// Changed data goes through the form like a first submission; what is not given stays as it was.
    /// Throws `conflict` where the request needed approval: what was agreed to is not what it would be then.
    mutating func change(to data: JSON, _ settings: RunSettings, _ check: SubmissionCheck) throws(PAOError) {
        let before = check.gates(document, scope(for: nil))
        let given = data.object ?? JSONObject()
        var merged = request.parameters.object ?? JSONObject()
        for (key, value) in given { merged[key] = value }
        let opened = Sealed.map(.object(merged), settings.open)
        let (accepted, findings) = document.form.validate(opened, now: now, defaults: scope(for: nil).defaultRenderer)
        if !findings.isEmpty { throw SubmissionCheck.invalid(findings) }
        request.parameters = SensitiveFields(document.form).sealing(.object(accepted), seal: settings.seal)
        guard before.isEmpty, check.gates(document, scope(for: nil)).isEmpty else {
            throw PAOError(
                .conflict, "The request needs approval for its data; clone it with the changed data, so that it is approved anew.")
        }
    }

    /// S2's structured incident, in Markdown; what people and other systems have said appears literally.
    func escalationTicket(reason: String, priority: String, by login: String) -> Ticket {
        let lines = request.steps.map { "- \(Self.literal($0.name)): \($0.status.rawValue)" + ($0.externalURL.map { " (\($0))" } ?? "") }
        let failure = request.errorContext?["error"]?["message"]?.string ?? ""
        let cleanup = (request.errorContext?["cleanupRequired"]?.array ?? []).map { "- \(Self.literal($0["instructions"]?.string ?? ""))" }
        let description = """
            **Request Information**

            Service: \(Self.literal(document.metadata.name)) (\(document.metadata.version))
            Request ID: \(request.id)\(settings.publicURL.isEmpty ? "" : " (\(settings.page("/requests/\(request.id)")))")
            User: \(Self.literal(request.requester.email ?? request.requester.login))
            Failure Time: \(request.errorContext?["timestamp"]?.string ?? request.updatedAt.description)
            Escalated by: \(Self.literal("\(login): \(reason)"))

            **Component Status**

            \(lines.joined(separator: "\n"))

            **Error Details**

            \(Self.literal(failure))

            **Cleanup Required**

            \(cleanup.isEmpty ? "- nothing" : cleanup.joined(separator: "\n"))

            **Original Request Data**

            ```json
            \(Sealed.masked(request.parameters).pretty)```
            """
        return requestTicket(
            .escalation, title: "Manual Support Required - \(document.metadata.name) (\(request.id))", description: description,
            priority: priority)
    }

    /// As Markdown that shows the text as it is.
    static func literal(_ text: String) -> String {
        (try? Template.parse("{{fields.text}}").render(JSONScope(["fields": ["text": .string(text)]]), as: .markdown)) ?? text
    }
}
