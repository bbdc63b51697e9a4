package import Base
import Catalog
package import Identity
import Jobs
package import Store

/// The inbox: tickets that people claim, comment and resolve. Resolving one lets its request go on.
package final class Tickets: Sendable {
    let store: Store
    let requests: Requests

    package init(store: Store, requests: Requests) {
        self.store = store
        self.requests = requests
    }

    /// With its comments. Throws `notFound`.
    package func ticket(_ id: String, by actor: Actor) throws(PAOError) -> (ticket: Ticket, comments: [JSON]) {
        try store.read { connection throws(PAOError) in
            let tickets = TicketStore(connection)
            let ticket = try Self.visible(tickets.ticket(id: id), id, actor, connection)
            return (ticket, try tickets.comments(ticketRowID: ticket.rowID))
        }
    }

    /// Seen by the team that does the work and by whoever sees the request.
    private static func visible(_ ticket: Ticket?, _ id: String, _ actor: Actor, _ connection: Connection) throws(PAOError) -> Ticket {
        guard let ticket else { throw PAOError(.notFound, "There is no ticket \(id).") }
        if actor.sees(team: ticket.team) { return ticket }
        if let request = try RequestStore(connection).header(id: ticket.requestID), actor.sees(team: request.requester.team) {
            return ticket
        }
        throw PAOError(.notFound, "There is no ticket \(id).")
    }

    package func claim(_ id: String, by actor: Actor) async throws(PAOError) -> Ticket {
        try await change(id, "claim", by: actor) { ticket, _ throws(PAOError) in
            try Self.requireOpen(ticket)
            ticket.status = .inProgress
            ticket.assignee = actor.login
        }
    }

    package func comment(_ id: String, text: String, by actor: Actor) async throws(PAOError) -> Ticket {
        try await change(id, "comment", by: actor) { ticket, tx throws(PAOError) in
            try TicketStore(tx).addComment(ticketRowID: ticket.rowID, author: actor.login, text: text, at: tx.timestamp)
        }
    }

    /// The work is done; `outputs` are what the step declares. Throws `invalid` while one is missing, `conflict` when it has ended.
    package func resolve(_ id: String, outputs: JSON, comment: String?, by actor: Actor) async throws(PAOError) -> Ticket {
        try await end(id, .resolved, outputs: outputs, comment: comment, by: actor)
    }

    /// The work will not be done: the step fails.
    package func close(_ id: String, reason: String, by actor: Actor) async throws(PAOError) -> Ticket {
        try await end(id, .closed, outputs: nil, comment: reason, by: actor)
    }

    private func end(_ id: String, _ status: Ticket.Status, outputs: JSON?, comment: String?, by actor: Actor) async throws(PAOError)
        -> Ticket
    {
        let (jobs, settings, catalog) = (requests.jobs, requests.settings, requests.catalog)
        return try await change(id, status == .resolved ? "resolve" : "close", by: actor) { ticket, tx throws(PAOError) in
            try Self.requireOpen(ticket)
            let request = try RequestStore(tx).request(rowID: ticket.requestRowID)
            if status == .resolved {
                let sensitive = try request.map { (request) throws(PAOError) -> Set<String> in
                    let document = try catalog.pinned(kind: request.kind, id: request.catalogID, digest: request.catalogDigest)
                    return Self.sensitiveOutputs(of: document, for: ticket)
                }
                ticket.outputs = try Self.entered(outputs ?? [:], ticket, sensitive ?? [], settings)
            }
            ticket.status = status
            ticket.resolution = comment
            ticket.resolvedBy = actor.login
            ticket.resolvedAt = tx.timestamp
            try JiraClosing.follow(ticket, jobs, in: tx)
            if let request, ticket.actionID != nil || ticket.purpose == .question {
                try Engine.enqueue(request, priority: .urgent, jobs: jobs, in: tx)
            }
        }
    }

    /// By the names that the ticket asks for them with: of a fallback also `<step>.<output>`.
    private static func sensitiveOutputs(of document: CatalogDocument, for ticket: Ticket) -> Set<String> {
        let actions = document.fulfillment.manual + (document.fulfillment.automatic?.actions ?? [])
        var names: Set<String> = []
        for action in actions {
            for output in action.outputs where output.isSensitive {
                names.insert("\(action.id).\(output.name)")
                if action.id == ticket.actionID || action.id == document.fulfillment.manual.first?.id { names.insert(output.name) }
            }
        }
        return names
    }

    private static func entered(
        _ outputs: JSON, _ ticket: Ticket, _ sensitive: Set<String>, _ settings: RunSettings
    ) throws(PAOError) -> JSON {
        let missing = ticket.declaredOutputs.filter { name in
            guard let value = outputs[name], !value.isNull else { return true }
            return value.string == ""
        }
        if !missing.isEmpty {
            throw SubmissionCheck.invalid(
                missing.map { .init(field: "outputs.\($0)", rule: "required", message: "\($0) is needed by the steps that follow.") })
        }
        var entered = outputs.object ?? JSONObject()
        for name in sensitive { entered[name] = entered[name].map(settings.seal) }
        return .object(entered)
    }

    private static func requireOpen(_ ticket: Ticket) throws(PAOError) {
        guard !ticket.status.isFinal else { throw PAOError(.conflict, "The ticket \(ticket.id) is \(ticket.status.rawValue) already.") }
    }

    private func change(
        _ id: String, _ verb: String, by actor: Actor,
        _ body: @escaping @Sendable (inout Ticket, Connection) throws(PAOError) -> Void
    ) async throws(PAOError) -> Ticket {
        guard actor.may(.ticketsResolve) else { throw Requests.denied(.ticketsResolve) }
        let recorder = requests.recorder
        return try await store.write { tx throws(PAOError) -> Ticket in
            let before = try Self.visible(TicketStore(tx).ticket(id: id), id, actor, tx)
            var ticket = before
            try body(&ticket, tx)
            ticket.updatedAt = tx.timestamp
            try TicketStore(tx).update(ticket)
            try recorder.record(ticket, before: before, verb: verb, by: actor, in: tx)
            if ticket.status.isFinal { try OrchestrationFailpoint.ticketEnded.reach() }
            return ticket
        }
    }
}

extension Recorder {
    func record(_ ticket: Ticket, before: Ticket, verb: String, by actor: Actor, in tx: Connection) throws(PAOError) {
        try audit.append(
            AuditEntry(
                actor, verb, "ticket", ticket.id, team: ticket.team, requestID: ticket.requestID,
                old: ["status": .string(before.status.rawValue)],
                new: ["status": .string(ticket.status.rawValue), "outputs": Sealed.masked(ticket.outputs ?? .null)]), in: tx)
        try events.append(
            Event(
                type: "ticket", subjectType: "ticket", subjectID: ticket.id, requestID: ticket.requestID, requestKey: ticket.requestRowID,
                team: ticket.team,
                old: before.status.rawValue, new: ticket.status.rawValue, correlationID: actor.correlationID), in: tx)
    }
}
