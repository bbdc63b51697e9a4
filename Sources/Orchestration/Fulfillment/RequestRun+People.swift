import Base
import Catalog
import Documents

// Where a person takes part: tickets, questions, and steps handed over after a failure.

extension RequestRun {
    // MARK: Tickets

    /// Opens the ticket, or takes in how the one in the other system stands.
    mutating func take(_ draft: TicketDraft, _ index: Int) {
        settleEffect(index, .done, reference: draft.externalID)
        guard var ticket = tickets[request.steps[index].id] else { return open(draft, index) }
        request.steps[index].dueAt = draft.pollAfter.map { now + pollWait(index, $0) }
        touch(index)
        guard !ticket.status.isFinal, ticket.status != draft.status || ticket.assignee != draft.assignee ?? ticket.assignee else { return }
        ticket.status = draft.status
        ticket.assignee = draft.assignee ?? ticket.assignee
        change(ticket, index)
    }

    private mutating func open(_ draft: TicketDraft, _ index: Int) {
        let step = request.steps[index]
        let isQuestion = draft.purpose == .question
        let ticket = Ticket(
            rowID: settings.identifiers.uuid(), requestRowID: request.rowID, requestID: request.id, actionID: step.id,
            generation: isQuestion ? step.attempts.count : step.generation, system: draft.system,
            systemInstance: draft.systemInstance, id: draft.externalID ?? settings.identifiers.readable("tkt"), url: draft.url,
            purpose: draft.purpose, status: draft.status, title: draft.title, description: draft.description, priority: draft.priority,
            team: draft.team ?? document.metadata.ownerTeam ?? request.requester.team, assignee: draft.assignee,
            declaredOutputs: step.isFallback && !isQuestion ? handedOver(index, draft.outputs) : draft.outputs, createdAt: now,
            updatedAt: now)
        tickets[step.id] = ticket
        changes.newTickets.append(ticket)
        if !draft.known.isEmpty { request.steps[index].outputs = .object(draft.known) }
        if !isQuestion {
            request.steps[index].externalReference = ticket.id
            request.steps[index].externalURL = ticket.url
        }
        request.steps[index].dueAt = draft.pollAfter.map { now + $0 }
        set(index, isQuestion ? .verifying : .running, reason: "waits for a person: ticket \(ticket.id)")
        log(index, "ticket \(ticket.id) opened: \(ticket.title)")
    }

    private mutating func change(_ ticket: Ticket, _ index: Int) {
        var ticket = ticket
        ticket.updatedAt = now
        tickets[request.steps[index].id] = ticket
        changes.updatedTickets.append(ticket)
    }

    /// The other system says that its ticket has ended.
    mutating func closeTicket(_ index: Int, _ status: Ticket.Status) {
        guard var ticket = tickets[request.steps[index].id], !ticket.status.isFinal, ticket.system != "inbox" else { return }
        ticket.status = status
        ticket.resolvedAt = now
        change(ticket, index)
        excludeFromDeadline(ticket)
    }

    mutating func withdrawTicket(of index: Int) {
        guard var ticket = tickets[request.steps[index].id], !ticket.status.isFinal else { return }
        ticket.status = .closed
        ticket.resolution = "the request was aborted"
        ticket.resolvedAt = now
        change(ticket, index)
        changes.ticketsEndedHere.append(ticket.rowID)
    }

    /// A verification that no machine can judge, and outputs that nobody has told yet, become a question to a person.
    mutating func ask(_ index: Int, _ questions: [String], outputs: [String]) {
        let name = request.steps[index].name
        let wanted = outputs.isEmpty ? [] : ["Enter what the steps that follow need: \(outputs.joined(separator: ", "))."]
        open(
            TicketDraft(
                purpose: .question, title: questions.isEmpty ? "Outputs of \(name)" : "Confirm: \(name)",
                description: (questions + wanted).joined(separator: "\n"), outputs: outputs), index)
    }

    /// The step's ticket has come to its end.
    mutating func endTicket(_ index: Int, _ ticket: Ticket) -> Launch? {
        request.steps[index].dueAt = nil
        excludeFromDeadline(ticket)
        if ticket.status == .closed {
            let reason = ticket.resolution.map { ": \($0)" } ?? "."
            let failure = StepFailure("ticket_closed", "Ticket \(ticket.id) was closed without the work being done\(reason)")
            endAttempt(index, failure)
            set(index, .failed, reason: failure.message)
            return nil
        }
        endAttempt(index, nil)
        takeOutputs(of: ticket, index)
        complete(index, by: ticket.resolvedBy)
        return nil
    }

    /// Those of a fallback named `<step>.<output>` belong to the steps that were handed over with it.
    private mutating func takeOutputs(of ticket: Ticket, _ index: Int) {
        for (name, value) in ticket.outputs?.object ?? JSONObject() {
            var (target, key) = (index, name)
            if request.steps[index].isFallback, let dot = name.firstIndex(of: "."),
                let other = request.steps.firstIndex(where: { $0.id == name[..<dot] })
            {
                (target, key) = (other, String(name[name.index(after: dot)...]))
            }
            var outputs = request.steps[target].outputs ?? [:]
            outputs[key] = value
            request.steps[target].outputs = outputs
            touch(target)
        }
    }

    /// The sequence's time limit is for machines: what a person took is added to it.
    private mutating func excludeFromDeadline(_ ticket: Ticket) {
        guard let deadline = request.deadline else { return }
        request.deadline = deadline + (now - ticket.createdAt)
        changes.isRequestDirty = true
    }

    // MARK: Handing over after a failure

    /// The first manual action takes the step's place; what depends on the step is in that person's hands too. It is other work with a
    /// ticket of its own, hence another generation.
    mutating func fallBack(_ index: Int, _ failure: StepFailure) {
        let id = request.steps[index].id
        log(index, "handed to a person: \(failure.message)", level: "warning")
        request.steps[index].isFallback = true
        request.steps[index].generation += 1
        request.steps[index].attemptBase = request.steps[index].attempts.count
        request.steps[index].externalReference = nil
        request.steps[index].externalURL = nil
        tickets[request.steps[index].id] = nil
        set(index, .retrying, reason: "handed to a person after \(failure.type)")
        request.steps[index].dueAt = now
        for dependent in dependents(of: id) where request.steps[dependent].status == .pending {
            set(dependent, .skipped, reason: "done by hand together with \(id)")
        }
    }

    func dependents(of id: String) -> [Int] {
        var reached: Set<String> = [id]
        var found: [Int] = []
        for index in request.steps.indices where request.steps[index].dependsOn.contains(where: reached.contains) {
            reached.insert(request.steps[index].id)
            found.append(index)
        }
        return found
    }

    /// What the person has to tell: the step's own outputs, and as `<step>.<output>` those of the steps that were handed over with it.
    private func handedOver(_ index: Int, _ outputs: [String]) -> [String] {
        let step = request.steps[index]
        let own = actions.first { $0.id == step.id }?.outputs.map(\.name) ?? []
        let others = dependents(of: step.id).map { request.steps[$0] }.filter { $0.status == .skipped }
            .flatMap { other in (actions.first { $0.id == other.id }?.outputs ?? []).map { "\(other.id).\($0.name)" } }
        return (outputs + own + others).uniqued
    }

    /// The outputs that stand for a step when a person did it.
    func declaredOutputs(of step: Step) -> [Action.Output] {
        let own = actions.first { $0.id == step.id }?.outputs ?? []
        return own
            + (step.isFallback ? document.fulfillment.manual.first?.outputs ?? [] : []).filter { output in
                !own.contains { $0.name == output.name }
            }
    }

    // MARK: Checks before the first step

    /// False while `preExecutionChecks` wait for a person, and when that person said no. Nobody is asked before the checks that a machine
    /// makes have passed.
    mutating func passesPreChecks(before ids: [String]) -> Bool {
        guard request.mode == .automatic, let checks = document.fulfillment.automatic?.preExecutionChecks, !checks.isEmpty,
            actions.contains(where: { !$0.isCheck && ids.contains($0.id) })
        else { return true }
        guard let preCheck else {
            openPreCheck()
            return false
        }
        switch preCheck.status {
        case .resolved: return true
        case .open, .inProgress: return false
        case .closed:
            guard let first = request.steps.firstIndex(where: { $0.status == .pending }) else { return false }
            set(first, .failed, reason: "A check before the first step was refused" + (preCheck.resolution.map { ": \($0)" } ?? "."))
            return false
        }
    }

    mutating func openPreCheck() {
        let checks = document.fulfillment.automatic?.preExecutionChecks ?? []
        let lines = checks.map { check in
            let details = (check.object ?? JSONObject()).filter { $0.key != "type" }.map {
                "\($0.key) \($0.value.string ?? $0.value.description)"
            }
            return "- \(check["type"]?.string ?? "check")" + (details.isEmpty ? "" : ": \(details.joined(separator: ", "))")
        }
        let ticket = requestTicket(
            .question, title: "Confirm before \(document.metadata.name) starts",
            description: "Confirm that all of this holds:\n" + lines.joined(separator: "\n"), priority: nil)
        preCheck = ticket
        changes.newTickets.append(ticket)
        log(nil, "ticket \(ticket.id) opened: \(ticket.title)")
    }

    /// A ticket about the request as a whole.
    func requestTicket(_ purpose: TicketDraft.Purpose, title: String, description: String, priority: String?) -> Ticket {
        Ticket(
            rowID: settings.identifiers.uuid(), requestRowID: request.rowID, requestID: request.id, actionID: nil,
            generation: 0, system: "inbox", systemInstance: nil, id: settings.identifiers.readable("tkt"), url: nil, purpose: purpose,
            status: .open, title: title, description: description, priority: priority,
            team: document.metadata.ownerTeam ?? request.requester.team, assignee: nil, declaredOutputs: [], createdAt: now,
            updatedAt: now)
    }
}
