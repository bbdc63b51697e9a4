import Base
import Catalog
import Documents

extension RequestRun {
    /// Takes in what a call led to. The returned launch continues the same step at once (an effect that never happened).
    mutating func apply(_ outcome: Outcome, to stepRowID: String) -> Launch? {
        inFlight.remove(stepRowID)
        guard let index = index(of: stepRowID) else { return nil }
        switch outcome {
        case .result(let result): return apply(result, index)
        case .settlement(let settlement): return apply(settlement, index)
        }
    }

    private mutating func apply(_ settlement: Settlement, _ index: Int) -> Launch? {
        switch settlement {
        case .happened(let result):
            log(index, "found after an interruption: it had taken effect")
            return apply(result, index)
        case .perform:
            log(index, "after an interruption: sent again with the same key")
            return prepare(index, .perform)
        case .later(let wait):
            request.steps[index].dueAt = now + wait
            set(index, request.steps[index].status, reason: "finding out whether it took effect before the interruption")
            return nil
        case .unknown(let text):
            settleEffect(index, .unknown, note: text)
            let failure = StepFailure("in_doubt", text)
            endAttempt(index, failure)
            failStep(index, failure)
            return nil
        }
    }

    private mutating func apply(_ result: ActionResult, _ index: Int) -> Launch? {
        switch result {
        case .done(let evidence, let reference, let url):
            settleEffect(index, .done, reference: reference)
            note(index, reference: reference, url: url)
            closeTicket(index, .resolved)
            return verify(index, evidence)
        case .waiting(let reference, let url, let after, let reason, let memory):
            remember(index, memory)
            settleEffect(index, .sent, reference: reference)
            note(index, reference: reference, url: url)
            request.steps[index].dueAt = now + after
            set(index, .verifying, reason: reason)
        case .ticket(let draft):
            if let ticket = tickets[request.steps[index].rowID], ticket.status.isFinal { return endTicket(index, ticket) }
            settleEffect(index, .done, reference: draft.externalID)
            openTicket(index, draft)
        case .failed(let failure):
            settleEffect(index, .failed, note: failure.message)
            closeTicket(index, .closed)
            endAttempt(index, failure)
            return retryOrFail(index, failure)
        case .doubt(let failure):
            log(index, "no answer: \(failure.message); finding out whether it took effect", level: "warning")
            request.steps[index].dueAt = nil
            return prepare(index, .settle)
        }
        return nil
    }

    private mutating func note(_ index: Int, reference: String?, url: String?) {
        if let reference { request.steps[index].externalReference = reference }
        if let url { request.steps[index].externalURL = url }
        guard reference != nil || url != nil, var attempt = request.steps[index].attempts.last else { return }
        attempt.externalID = reference ?? attempt.externalID
        attempt.externalURL = url ?? attempt.externalURL
        request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
        changes.endedAttempts.append(attempt)
    }

    // MARK: Verification and outputs

    /// Holds every verification against the evidence, then takes the outputs.
    private mutating func verify(_ index: Int, _ evidence: JSON) -> Launch? {
        guard let action = action(of: request.steps[index]) else { return nil }
        var verdicts: [JSON] = []
        var questions: [String] = []
        do throws(StepFailure) {
            let outputs = try self.outputs(action, evidence)
            for verification in action.verification where !request.steps[index].skipsVerification {
                switch try Verifier.judge(type: verification.type, parameters: try parameters(verification, index), evidence: evidence) {
                case .passed(let verdict): verdicts.append(verdict)
                case .ask(let question): questions.append(question)
                case .settledByAction: break
                case .failed(let expected, let actual):
                    let details: JSON = ["type": .string(verification.type), "expected": .string(expected), "actual": .string(actual)]
                    throw StepFailure("verification", "Expected \(expected), found \(actual).", details: details)
                }
            }
            endAttempt(index, nil, verification: .array(verdicts))
            request.steps[index].outputs = outputs
            if questions.isEmpty { complete(index, by: nil) } else { ask(index, questions) }
        } catch {
            endAttempt(index, error, verification: error.details)
            return retryOrFail(index, error)
        }
        return nil
    }

    private func parameters(_ verification: Verification, _ index: Int) throws(StepFailure) -> JSON {
        do throws(TemplateFault) {
            let scope = scope(for: index)
            return try verification.parameters.render { (template, _) throws(TemplateFault) -> JSON in try template.value(scope, as: .text) }
        } catch {
            throw StepFailure("validation", "The verification cannot be rendered: \(error.message)")
        }
    }

    /// Declared outputs by their paths into the answer, beside what the action type gives by itself. Sensitive ones are sealed.
    private func outputs(_ action: Action, _ evidence: JSON) throws(StepFailure) -> JSON {
        var outputs = givenOutputs(evidence)
        let body = evidence["body"] ?? .null
        for output in action.outputs {
            guard let value = try Verifier.select(output.path, in: body) ?? outputs[output.name] else {
                throw StepFailure(
                    "output_missing", "The answer has no \(output.path), which the output \(output.name) is read from.",
                    details: ["body": .string(String(body.description.prefix(2000)))])
            }
            outputs[output.name] = output.isSensitive ? settings.seal(value) : value
        }
        return .object(outputs)
    }

    // MARK: Ending a step

    mutating func endAttempt(_ index: Int, _ failure: StepFailure?, verification: JSON? = nil) {
        guard var attempt = request.steps[index].attempts.last, attempt.status == .running else { return }
        attempt.status = failure == nil ? .completed : .failed
        attempt.completedAt = now
        attempt.failure = failure
        attempt.verification = verification
        request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
        changes.endedAttempts.append(attempt)
        if let failure { log(index, "attempt \(attempt.number) failed: \(failure.message)", level: "error") }
    }

    mutating func complete(_ index: Int, by login: String?) {
        request.steps[index].completedBy = login
        set(index, .completed)
        log(index, login.map { "completed by hand by \($0)" } ?? "completed")
    }

    mutating func retryOrFail(_ index: Int, _ failure: StepFailure) -> Launch? {
        let step = request.steps[index]
        let policy = action(of: step)?.retry ?? retryPolicy
        guard !request.isStopping, let wait = policy.delay(after: failure, tries: step.tries, jitter: settings.random.fraction()) else {
            failStep(index, failure)
            return nil
        }
        let due = now + wait
        request.steps[index].retryCount += 1
        request.steps[index].dueAt = due
        if var attempt = request.steps[index].attempts.last {
            attempt.nextAttemptAt = due
            request.steps[index].attempts[request.steps[index].attempts.count - 1] = attempt
            changes.endedAttempts.append(attempt)
        }
        set(index, .retrying, reason: "attempt \(step.tries + 1) of \(policy.attempts) after \(failure.type)")
        return nil
    }

    /// A step that cannot go on: a person takes over where the document says so, else the request will stop.
    mutating func failStep(_ index: Int, _ failure: StepFailure) {
        if request.steps[index].attempts.last?.status == .running { endAttempt(index, failure) }
        inFlight.remove(request.steps[index].rowID)
        let step = request.steps[index]
        let mayFallBack = document.fulfillment.automatic?.fallbackOnFailure == true && request.mode == .automatic && !step.isFallback
        if mayFallBack, !request.isStopping, failure.type != "in_doubt", document.fulfillment.manual.first != nil {
            return fallBack(index, failure)
        }
        set(index, .failed, reason: failure.message)
        if request.steps[index].attempts.isEmpty { log(index, "failed: \(failure.message)", level: "error") }
    }

    /// The first manual action takes the step's place; what depends on the step is in that person's hands too.
    private mutating func fallBack(_ index: Int, _ failure: StepFailure) {
        let id = request.steps[index].id
        log(index, "handed to a person: \(failure.message)", level: "warning")
        request.steps[index].isFallback = true
        request.steps[index].attemptBase = request.steps[index].attempts.count
        request.steps[index].dueAt = now
        set(index, .retrying, reason: "handed to a person after \(failure.type)")
        for dependent in dependents(of: id) where request.steps[dependent].status == .pending {
            set(dependent, .skipped, reason: "done by hand together with \(id)")
        }
    }

    private func dependents(of id: String) -> [Int] {
        var reached: Set<String> = [id]
        var found: [Int] = []
        for index in request.steps.indices where request.steps[index].dependsOn.contains(where: reached.contains) {
            reached.insert(request.steps[index].id)
            found.append(index)
        }
        return found
    }

    // MARK: Tickets

    private mutating func openTicket(_ index: Int, _ draft: TicketDraft) {
        let step = request.steps[index]
        let ticket = Ticket(
            rowID: settings.identifiers.uuid(), requestRowID: request.rowID, requestID: request.id, stepRowID: step.rowID,
            actionID: step.id, generation: step.generation, system: draft.system, systemInstance: draft.systemInstance,
            id: draft.externalID ?? settings.identifiers.readable("tkt"), url: draft.url, purpose: draft.purpose, status: .open,
            title: draft.title, description: draft.description, priority: draft.priority,
            team: draft.team ?? document.metadata.ownerTeam ?? request.requester.team, assignee: draft.assignee,
            declaredOutputs: draft.outputs, createdAt: now, updatedAt: now)
        tickets[step.rowID] = ticket
        changes.newTickets.append(ticket)
        request.steps[index].externalReference = ticket.id
        request.steps[index].externalURL = ticket.url
        request.steps[index].dueAt = draft.pollAfter.map { now + $0 }
        set(index, .running, reason: "waits for a person: ticket \(ticket.id)")
        log(index, "ticket \(ticket.id) opened: \(ticket.title)")
    }

    /// The other system says that its ticket has ended.
    private mutating func closeTicket(_ index: Int, _ status: Ticket.Status) {
        let step = request.steps[index]
        guard var ticket = tickets[step.rowID], !ticket.status.isFinal, ticket.system != "inbox" else { return }
        ticket.status = status
        ticket.updatedAt = now
        ticket.resolvedAt = now
        tickets[step.rowID] = ticket
        changes.updatedTickets.append(ticket)
    }

    /// A verification that no machine can judge becomes a question to a person.
    private mutating func ask(_ index: Int, _ questions: [String]) {
        openTicket(
            index,
            TicketDraft(
                purpose: .question, title: "Confirm: \(request.steps[index].name)", description: questions.joined(separator: "\n")))
        set(index, .verifying, reason: "waits for a person to confirm")
    }

    /// The step's ticket has come to its end.
    mutating func endTicket(_ index: Int, _ ticket: Ticket) -> Launch? {
        request.steps[index].dueAt = nil
        if ticket.status == .closed {
            let failure = StepFailure(
                "ticket_closed", "Ticket \(ticket.id) was closed without the work being done"
                    + (ticket.resolution.map { ": \($0)" } ?? "."))
            endAttempt(index, failure)
            set(index, .failed, reason: failure.message)
            return nil
        }
        endAttempt(index, nil)
        var outputs = request.steps[index].outputs?.object ?? JSONObject()
        for (name, value) in ticket.outputs?.object ?? JSONObject() { outputs[name] = value }
        request.steps[index].outputs = .object(outputs)
        complete(index, by: ticket.resolvedBy)
        return nil
    }
}
