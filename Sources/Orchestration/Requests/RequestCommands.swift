package import Base
import Catalog
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

    private func operate(
        _ id: String, _ verb: String, by actor: Actor, detail: JSON = [:],
        _ body: @escaping @Sendable (inout RequestRun) throws(PAOError) -> Bool
    ) async throws(PAOError) -> ServiceRequest {
        let (recorder, jobs, loader, time) = (recorder, jobs, loader, time)
        return try await store.write { tx throws(PAOError) -> ServiceRequest in
            let request = try Self.visible(RequestStore(tx).request(id: id), id, actor)
            try Self.mayOperate(request, actor)
            var run = try loader.run(of: request, now: time.now(), in: tx)
            let wakesEngine = try body(&run)
            run.changes.isRequestDirty = true
            try recorder.write(run, leaseEpoch: 0, by: actor, in: tx)
            try recorder.audit.append(
                AuditEntry(actor, verb, "request", id, team: request.requester.team, requestID: id, new: detail), in: tx)
            if let key = run.changes.releasedKey { try Engine.wakeNext(key, jobs: jobs, in: tx) }
            if wakesEngine { try Engine.enqueue(run.request, priority: .urgent, jobs: jobs, in: tx) }
            return try RequestStore(tx).request(rowID: request.rowID) ?? run.request
        }
    }

    /// Tries the failed step (or a named one) again: with the same key, unless the data changed or its fate was unknown.
    /// Throws `conflict` when the request has not failed, `invalid` for changed data that does not fit the form.
    package func retry(_ id: String, actionID: String?, changedData: JSON?, skipVerification: Bool, by actor: Actor) async throws(PAOError)
        -> ServiceRequest
    {
        if skipVerification, !actor.may(.requestsOperate) { throw Self.denied(.requestsOperate) }
        let settings = settings
        return try await operate(
            id, "retry", by: actor,
            detail: ["actionId": .optional(actionID), "changedData": .bool(changedData != nil), "skipVerification": .bool(skipVerification)]
        ) { run throws(PAOError) in
            try run.move(.resume)
            if let changedData { try run.change(to: changedData, settings) }
            let index = try run.failedStep(actionID)
            run.reopen(index, newKey: changedData != nil, skipVerification: skipVerification)
            return true
        }
    }

    /// The step counts as done without having run; later steps see no outputs of it.
    package func skip(_ id: String, actionID: String, reason: String, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(id, "skip", by: actor, detail: ["actionId": .string(actionID), "reason": .string(reason)]) { run throws(PAOError) in
            let index = try run.failedStep(actionID)
            try run.move(.resume)
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
            let index = try run.failedStep(actionID)
            let action = run.action(of: run.request.steps[index])
            run.request.steps[index].outputs = try Self.entered(outputs, for: action, settings)
            try run.move(.resume)
            run.complete(index, by: actor.login)
            run.request.steps[index].reason = "done by hand: \(reason)"
            return true
        }
    }

    /// Outputs a person entered: every declared one, sensitive ones sealed.
    static func entered(_ outputs: JSON, for action: Action?, _ settings: RunSettings) throws(PAOError) -> JSON {
        var entered = outputs.object ?? JSONObject()
        var findings: [PAOError.Finding] = []
        for output in action?.outputs ?? [] {
            guard let value = entered[output.name], !value.isNull, value.string != "" else {
                findings.append(.init(field: "outputs.\(output.name)", rule: "required", message: "\(output.name) is needed by the steps that follow."))
                continue
            }
            if output.isSensitive { entered[output.name] = settings.seal(value) }
        }
        if !findings.isEmpty { throw SubmissionCheck.invalid(findings) }
        return .object(entered)
    }

    /// A request that has not begun ends at once; one that runs ends when the calls under way have ended (`stopping` until then).
    package func abort(_ id: String, reason: String, createCleanupTicket: Bool, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(
            id, "abort", by: actor, detail: ["reason": .string(reason), "createCleanupTicket": .bool(createCleanupTicket)]
        ) { run throws(PAOError) in
            run.request.stopReason = reason
            if run.request.status == .inProgress || run.request.status == .resuming {
                if run.request.status == .resuming { try run.move(.start) }
                run.request.isStopping = true
                return true
            }
            if createCleanupTicket { run.openCleanupTicket() }
            try run.abortNow()
            return false
        }
    }

    /// Nothing has been done yet: the request ends at once. Throws `conflict` once it has begun.
    package func cancel(_ id: String, reason: String, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        let jobs = jobs
        let cancelled = try await operate(id, "cancel", by: actor, detail: ["reason": .string(reason)]) { run throws(PAOError) in
            try run.move(.cancel)
            for index in run.request.steps.indices { run.set(index, .skipped, reason: "the request was cancelled") }
            return false
        }
        try await store.write { tx throws(PAOError) in
            try jobs.removeWaiting(kind: Engine.jobKind, subject: cancelled.rowID, in: tx)
        }
        return cancelled
    }

    /// Opens an incident ticket with the whole error context; the request waits for a person.
    package func escalate(_ id: String, reason: String, priority: String?, by actor: Actor) async throws(PAOError) -> ServiceRequest {
        try await operate(id, "escalate", by: actor, detail: ["reason": .string(reason), "priority": .optional(priority)]) { run throws(PAOError) in
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
    /// The step to act on: the named one, or the first that failed.
    func failedStep(_ actionID: String?) throws(PAOError) -> Int {
        guard [.failed, .escalated, .resuming].contains(request.status) else {
            throw PAOError(.conflict, "The request is \(request.status.rawValue); only a failed step can be retried, skipped or done by hand.")
        }
        if let actionID {
            guard let index = request.steps.firstIndex(where: { $0.id == actionID }) else {
                throw PAOError(.notFound, "The request has no step \(actionID).")
            }
            guard request.steps[index].status == .failed else {
                throw PAOError(.conflict, "The step \(actionID) is \(request.steps[index].status.rawValue), not failed.")
            }
            return index
        }
        guard let index = request.steps.firstIndex(where: { $0.status == .failed }) else {
            throw PAOError(.conflict, "No step of the request has failed.")
        }
        return index
    }

    /// Back to pending. A new key where a repetition is a new effect: the data changed, or nobody knows what became of the last call.
    mutating func reopen(_ index: Int, newKey: Bool, skipVerification: Bool) {
        let isUnknown = effects[effectKey(of: request.steps[index])]?.state == .unknown
        let wasTicket = tickets[request.steps[index].rowID] != nil
        if newKey || isUnknown || wasTicket {
            request.steps[index].generation += 1
            tickets[request.steps[index].rowID] = nil
        }
        request.steps[index].attemptBase = request.steps[index].attempts.count
        request.steps[index].skipsVerification = skipVerification
        request.steps[index].completedAt = nil
        request.steps[index].dueAt = nil
        request.steps[index].externalReference = nil
        if newKey { request.steps[index].frozen = nil }
        request.deadline = nil
        request.errorContext = nil
        set(index, .pending, reason: nil)
    }

    /// Changed data goes through the form like a first submission; what is not given stays as it was.
    mutating func change(to data: JSON, _ settings: RunSettings) throws(PAOError) {
        let given = data.object ?? JSONObject()
        var merged = request.parameters.object ?? JSONObject()
        for (key, value) in given { merged[key] = value }
        let opened = Sealed.map(.object(merged), settings.open)
        let (accepted, findings) = document.form.validate(opened, defaults: scope(for: nil).defaultRenderer)
        if !findings.isEmpty { throw SubmissionCheck.invalid(findings) }
        request.parameters = SensitiveFields(document.form).sealing(.object(accepted), seal: settings.seal)
    }

    /// Nothing runs: the request ends here.
    mutating func abortNow() throws(PAOError) {
        if request.status == .queued || request.status == .pendingApproval { return try move(.cancel) }
        try move(.abort)
        for index in request.steps.indices where !request.steps[index].status.isSettled {
            set(index, .skipped, reason: "the request was aborted")
            withdrawTicket(of: index)
        }
        changes.releasedKey = request.concurrencyKey
        log(nil, "request aborted: \(request.stopReason ?? "")")
        if request.type == .create { failInstance() }
    }

    mutating func openCleanupTicket() {
        let instructions = (request.errorContext?["cleanupRequired"]?.array ?? []).map {
            "- \($0["actionId"]?.string ?? ""): \($0["instructions"]?.string ?? "")"
        }
        guard !instructions.isEmpty else { return }
        changes.newTickets.append(
            ticket(
                .cleanup, title: "Clean up after \(request.id)", description: instructions.joined(separator: "\n"), priority: "Medium"))
    }

    /// S2's structured incident.
    func escalationTicket(reason: String, priority: String, by login: String) -> Ticket {
        let lines = request.steps.map { "- \($0.name): \($0.status.rawValue)" }
        let failure = request.errorContext?["error"]?["message"]?.string ?? ""
        let cleanup = (request.errorContext?["cleanupRequired"]?.array ?? []).map { "- \($0["instructions"]?.string ?? "")" }
        let description = """
            **Request Information**
            Service: \(document.metadata.name) (\(document.metadata.version))
            Request ID: \(request.id)
            User: \(request.requester.email ?? request.requester.login)
            Escalated by: \(login): \(reason)

            **Component Status**
            \(lines.joined(separator: "\n"))

            **Error Details**
            \(failure)

            **Cleanup Required**
            \(cleanup.isEmpty ? "- nothing" : cleanup.joined(separator: "\n"))

            **Original Request Data**
            ```json
            \(Sealed.masked(request.parameters).pretty)```
            """
        return ticket(
            .escalation, title: "Manual Support Required - \(document.metadata.name) (\(request.id))", description: description,
            priority: priority)
    }

    private func ticket(_ purpose: TicketDraft.Purpose, title: String, description: String, priority: String) -> Ticket {
        Ticket(
            rowID: settings.identifiers.uuid(), requestRowID: request.rowID, requestID: request.id, stepRowID: nil, actionID: nil,
            generation: 0, system: "inbox", systemInstance: nil, id: settings.identifiers.readable("tkt"), url: nil, purpose: purpose,
            status: .open, title: title, description: description, priority: priority,
            team: document.metadata.ownerTeam ?? request.requester.team, assignee: nil, declaredOutputs: [], createdAt: now,
            updatedAt: now)
    }
}
