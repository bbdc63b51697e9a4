import Base

// The issue of a bundle above those of its components (`jiraLinking.parentTicket`).

extension RequestRun {
    /// A JIRA that does not answer keeps the components from beginning no longer than this; the issue is opened when it answers.
    private static let longestWait = Duration.seconds(300)

    /// Until then the bundle waits for its own issue; nil when it waits no more.
    var ownIssueDue: Timestamp? {
        guard ownIssue != nil, let ticket = ownTicket, ticket.system == "inbox", !ticket.status.isFinal else { return nil }
        let due = ticket.createdAt + Self.longestWait
        return now < due ? due : nil
    }

    /// False while the issue is opened.
    mutating func hasOwnIssue() -> Bool {
        if ownIssue != nil, ownTicket == nil { openOwnTicket() }
        return ownIssueDue == nil
    }

    private mutating func openOwnTicket() {
        let components = document.components.filter { component in request.steps.contains { $0.id == component.id } }
        let names = request.steps.filter { step in components.contains { $0.id == step.id } }.map { "- \(Self.literal($0.name))" }
        let ticket = requestTicket(
            .fulfillment, title: "\(document.metadata.name) (\(request.id))",
            description: """
                \(Self.literal(document.metadata.name)) for \(Self.literal(request.requester.login)): \(settings.page("/requests/\(request.id)"))

                It consists of:

                \(names.joined(separator: "\n"))
                """, priority: nil)
        ownTicket = ticket
        changes.newTickets.append(ticket)
        log(nil, "ticket \(ticket.id) opened: \(ticket.title)")
    }

    /// The bundle has ended, and its issue with it.
    mutating func endOwnTicket(_ status: Ticket.Status, resolution: String) {
        guard var ticket = ownTicket, !ticket.status.isFinal else { return }
        (ticket.status, ticket.resolution, ticket.resolvedAt, ticket.updatedAt) = (status, resolution, now, now)
        ownTicket = ticket
        changes.updatedTickets.append(ticket)
        changes.ticketsEndedHere.append(ticket.rowID)
    }
}
