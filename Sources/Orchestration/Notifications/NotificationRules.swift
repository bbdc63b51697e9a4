import Base
import Identity
import Jobs
import Store

/// Who is told of which event, and in which words.
///
///     a request is completed, failed, rejected, cancelled, aborted, escalated, held back    whoever asked for it
///     an approval is open                                                                  who may give it, but not whoever asked
///     a ticket is opened in the inbox                                                      its team, those who may resolve tickets
///
/// Of a bundle only the bundle's own request is told of, not its components'.
struct NotificationRules {
    struct Message: Sendable, Equatable {
        var subject: String
        var text: String
        /// Relative to the dashboard.
        var link: String
        var people: [Audience.Person]
    }

    let connection: Connection
    /// The name of a service by its id; the id where the catalog has it no more.
    let serviceName: (String) -> String

    /// Event types that the rules look at.
    static let types = ["request.status", "request.held", "approval", "ticket"]

    func message(for event: Event) throws(PAOError) -> Message? {
        switch event.type {
        case "request.status": try requestEnded(event)
        case "request.held": try requestHeld(event)
        case "approval" where event.new == "pending": try approvalOpened(event)
        case "ticket" where event.old == nil: try ticketOpened(event)
        default: nil
        }
    }

    private static let endings = [
        "completed": "is ready", "failed": "has failed and waits for a decision", "rejected": "was rejected",
        "cancelled": "was cancelled", "aborted": "was aborted", "escalated": "was escalated",
    ]

    private func requestEnded(_ event: Event) throws(PAOError) -> Message? {
        guard let words = event.new.flatMap({ Self.endings[$0] }), let request = try RequestStore(connection).header(id: event.subjectID),
            request.parentRowID == nil
        else { return nil }
        let name = serviceName(request.catalogID)
        let reason = event.new == "failed" ? request.errorContext?["error"]?["message"]?.string : request.stopReason
        return try toRequester(
            request, subject: "\(title(request, name)) \(words)",
            text: [reason, "\(name), request \(request.id)."].compactMap { $0 }.joined(separator: "\n\n"))
    }

    private func requestHeld(_ event: Event) throws(PAOError) -> Message? {
        guard event.new != "released", let request = try RequestStore(connection).header(id: event.subjectID), request.parentRowID == nil,
            let hold = try FreezeWindowStore(connection).hold(of: request.rowID)
        else { return nil }
        let until = hold.until.map { "Until \($0)" } ?? "Until somebody ends it"
        return try toRequester(
            request, subject: "\(title(request, serviceName(request.catalogID))) has to wait", text: "\(until): \(hold.reason).")
    }

    private func title(_ request: ServiceRequest, _ name: String) -> String { request.instanceName.map { "\(name) \($0)" } ?? name }

    private func toRequester(_ request: ServiceRequest, subject: String, text: String) throws(PAOError) -> Message {
        Message(
            subject: subject, text: text, link: "/requests/\(request.id)",
            people: try Audience.user(request.requester.userID, in: connection))
    }

    private func approvalOpened(_ event: Event) throws(PAOError) -> Message? {
        let row = try connection.first("SELECT required_role, team, requester_id, name FROM approvals WHERE id = ?", event.subjectID)
        guard let row, let request = try event.requestID.flatMap({ (id) throws(PAOError) in try RequestStore(connection).header(id: id) })
        else { return nil }
        let holders = try Audience.holders(of: row.text(0), team: row.optionalText(1), in: connection)
        return Message(
            subject: "\(request.requester.login) asks for \(title(request, serviceName(request.catalogID))): your approval is needed",
            text: "\(row.text(3)), for the team \(request.requester.team). Request \(request.id).", link: "/approvals",
            people: holders.filter { $0.userID != row.text(2) })
    }

    private func ticketOpened(_ event: Event) throws(PAOError) -> Message? {
        guard let ticket = try TicketStore(connection).ticket(id: event.subjectID), ticket.system == "inbox", !ticket.status.isFinal else {
            return nil
        }
        return Message(
            subject: "Ticket: \(ticket.title)", text: "For the team \(ticket.team), ticket \(ticket.id) of request \(ticket.requestID).",
            link: "/tickets/\(ticket.id)",
            people: try Audience.members(of: ticket.team, with: .ticketsResolve, in: connection))
    }
}
