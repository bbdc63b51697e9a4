package import Base
package import Identity
package import Jobs
import Store

/// Writes what was decided about requests: rows, audit trail and events, in the caller's transaction.
package final class Recorder: Sendable {
    package let audit: AuditLog
    package let events: EventLog
    let redactor: Redactor
    let identifiers: IdentifierSource

    package init(audit: AuditLog, events: EventLog, redactor: Redactor, identifiers: IdentifierSource) {
        self.audit = audit
        self.events = events
        self.redactor = redactor
        self.identifiers = identifiers
    }

    /// All changes of one turn, in an order that satisfies the foreign keys.
    func write(_ run: RequestRun, leaseEpoch: Int, by actor: Actor? = nil, in tx: Connection) throws(PAOError) {
        let (changes, request) = (run.changes, run.request)
        let actor = actor ?? .system(correlationID: request.correlationID)
        let requests = RequestStore(tx)
        let mask = Mask(redactors: [redactor, run.confidential])
        var told: [Event] = []
        if let instance = changes.newInstance { told.append(try insert(instance, request, actor, in: tx)) }
        // The database checks each transition by itself, also where a turn makes several.
        for (_, status) in changes.requestTransitions.dropLast() where !status.isFinal { try requests.pass(request.rowID, through: status) }
        if changes.isRequestDirty {
            try requests.update(mask(request))
        } else if changes.isProgressDirty {
            try requests.updateProgress(request)
        }
        for step in request.steps where changes.dirtySteps.contains(step.id) {
            try requests.update(mask(step), of: request.rowID)
        }
        for (stepID, attempt) in changes.startedAttempts { try requests.insert(attempt, of: stepID, request.rowID) }
        for (stepID, attempt) in changes.endedAttempts { try requests.update(mask(attempt), of: stepID, request.rowID) }
        try writeEffects(changes, request, mask, leaseEpoch, at: run.now, in: tx)
        told += try writeTickets(changes, request, in: tx)
        told += try writeInstance(run, actor, in: tx)
        told += try writeTransitions(changes, request, actor, in: tx)
        try events.append(told, in: tx)
        try writeLog(changes.logLines, mask, request, in: tx)
    }

    /// Stored errors may quote an answer, and an answer may quote a secret.
    private struct Mask {
        let redactors: [Redactor]

        func callAsFunction(_ text: String) -> String { redactors.reduce(text) { $1.redact($0) } }
        func callAsFunction(_ value: JSON) -> JSON { redactors.reduce(value) { $1.redact($0) } }

        func callAsFunction(_ attempt: Attempt) -> Attempt {
            var attempt = attempt
            if let failure = attempt.failure {
                attempt.failure?.message = self(failure.message)
                attempt.failure?.details = failure.details.map { self($0) }
            }
            attempt.verification = attempt.verification.map { self($0) }
            return attempt
        }

        func callAsFunction(_ step: Step) -> Step {
            var step = step
            step.reason = step.reason.map { self($0) }
            return step
        }

        func callAsFunction(_ request: ServiceRequest) -> ServiceRequest {
            var request = request
            request.errorContext = request.errorContext.map { self($0) }
            return request
        }
    }

    private func writeEffects(
        _ changes: RunChanges, _ request: ServiceRequest, _ mask: Mask, _ leaseEpoch: Int, at now: Timestamp, in tx: Connection
    ) throws(PAOError) {
        let ledger = EffectLedger(tx)
        for (key, state, reference, note) in changes.settled {
            try ledger.settle(request.rowID, key: key, state, reference: reference, note: note.map { mask($0) }, at: now)
        }
        for effect in changes.intended { try ledger.intend(effect, leaseEpoch: leaseEpoch) }
    }

    private func writeTickets(_ changes: RunChanges, _ request: ServiceRequest, in tx: Connection) throws(PAOError) -> [Event] {
        var told: [Event] = []
        let tickets = TicketStore(tx)
        for ticket in changes.newTickets {
            try tickets.insert(ticket)
            try OrchestrationFailpoint.ticketOpened.reach()
            told.append(event(of: ticket, old: nil, request))
        }
        for ticket in changes.updatedTickets {
            // Resolved between loading and writing can only be seen here: a person's word is never overwritten.
            if let status = try tickets.status(rowID: ticket.rowID), status.isFinal { continue }
            try tickets.update(ticket)
            told.append(event(of: ticket, old: Ticket.Status.open.rawValue, request))
        }
        return told
    }

    private func event(of ticket: Ticket, old: String?, _ request: ServiceRequest) -> Event {
        Event(
            type: "ticket", subjectType: "ticket", subjectID: ticket.id, requestID: request.id, requestKey: request.rowID,
            team: ticket.team, old: old,
            new: ticket.status.rawValue, correlationID: request.correlationID)
    }

    // MARK: Instances

    private func insert(_ instance: ServiceInstance, _ request: ServiceRequest, _ actor: Actor, in tx: Connection) throws(PAOError)
        -> Event
    {
        try InstanceStore(tx).insert(instance)
        return try record(instance, old: nil, request, actor, in: tx)
    }

    private func writeInstance(_ run: RequestRun, _ actor: Actor, in tx: Connection) throws(PAOError) -> [Event] {
        var told: [Event] = []
        let instances = InstanceStore(tx)
        if let (instance, old) = run.changes.updatedInstance {
            try instances.update(instance)
            if old != instance.state { told.append(try record(instance, old: old.rawValue, run.request, actor, in: tx)) }
            try OrchestrationFailpoint.instanceWritten.reach()
        }
        for dependency in run.changes.dependencies {
            guard let dependent = run.instance, let provider = try instances.instance(id: dependency.provider) else { continue }
            try instances.addDependency(
                id: identifiers.uuid(), dependent: dependent.rowID, provider: provider.rowID, type: dependency.type,
                name: dependency.name, isRequired: dependency.isRequired, at: run.now)
        }
        for member in run.changes.members {
            guard let bundle = run.instance else { continue }
            try instances.addMember(member, of: bundle.rowID, id: identifiers.uuid(), at: run.now)
        }
        return told
    }

    /// The audit row of an instance's state; the event is the caller's to append.
    private func record(
        _ instance: ServiceInstance, old: String?, _ request: ServiceRequest, _ actor: Actor, in tx: Connection
    ) throws(PAOError) -> Event {
        try audit.append(
            AuditEntry(
                actor, "state", "instance", instance.id, team: instance.owner.team, requestID: request.id,
                old: old.map { ["state": .string($0)] }, new: ["state": .string(instance.state.rawValue)]), in: tx)
        return Event(
            type: "instance.state", subjectType: "instance", subjectID: instance.id, requestID: request.id, requestKey: request.rowID,
            team: instance.owner.team,
            old: old, new: instance.state.rawValue, correlationID: request.correlationID)
    }

    // MARK: Events and log

    private func writeTransitions(
        _ changes: RunChanges, _ request: ServiceRequest, _ actor: Actor, in tx: Connection
    ) throws(PAOError) -> [Event] {
        var told: [Event] = []
        for (from, to) in changes.requestTransitions {
            told.append(event(of: request, from: from, to: to))
            try audit.append(
                AuditEntry(
                    actor, "transition", "request", request.id, team: request.requester.team, requestID: request.id,
                    old: ["status": .string(from.rawValue)], new: ["status": .string(to.rawValue)]), in: tx)
        }
        if !changes.requestTransitions.isEmpty { try OrchestrationFailpoint.moved.reach() }
        for step in changes.stepTransitions {
            told.append(
                Event(
                    type: "request.step", subjectType: "step", subjectID: step.subjectID, requestID: request.id, requestKey: request.rowID,
                    team: request.requester.team, old: step.old, new: step.new, correlationID: request.correlationID))
        }
        return told
    }

    func announce(_ approval: Approval, _ request: ServiceRequest, in tx: Connection) throws(PAOError) {
        try events.append(
            Event(
                type: "approval", subjectType: "approval", subjectID: approval.id, requestID: request.id, requestKey: request.rowID,
                team: approval.team ?? request.requester.team, old: nil, new: approval.status.rawValue,
                correlationID: request.correlationID), in: tx)
    }

    func event(of request: ServiceRequest, from: RequestStatus?, to: RequestStatus) -> Event {
        Event(
            type: "request.status", subjectType: "request", subjectID: request.id, requestID: request.id, requestKey: request.rowID,
            team: request.requester.team,
            old: from?.rawValue, new: to.rawValue, correlationID: request.correlationID)
    }

    /// Lines that a request may have; the last one says that there is no room for more.
    private static let mostLogLines = 5000

    private func writeLog(_ lines: [RunChanges.LogLine], _ mask: Mask, _ request: ServiceRequest, in tx: Connection) throws(PAOError) {
        if lines.isEmpty { return }
        let written = try tx.first("SELECT COUNT(*) FROM step_logs WHERE request_id = ?", request.rowID)?.int(0) ?? 0
        for (index, line) in lines.enumerated() where written + index < Self.mostLogLines {
            let isLast = written + index == Self.mostLogLines - 1
            let message = isLast ? "the log is full; what follows is not kept" : String(mask(line.message).prefix(4000))
            try tx.run(
                "INSERT INTO step_logs(request_id, action_id, attempt, at, level, message) VALUES (?, ?, ?, ?, ?, ?)", request.rowID,
                line.actionID, line.attempt, line.at, line.level, message)
        }
        try OrchestrationFailpoint.logged.reach()
    }
}
