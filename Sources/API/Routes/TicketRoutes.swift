import Base
import Identity
package import Orchestration
import Web

/// `/tickets`: the inbox.
package struct TicketRoutes: Sendable {
    let tickets: Tickets

    package init(tickets: Tickets) { self.tickets = tickets }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/tickets", .permission(.ticketsRead), "List tickets, oldest first",
                query: Endpoint.paging + [.init("status", "One or several, separated by commas."), .init("requestId", "Of one request.")],
                answer: "A page of tickets", list),
            .get("/api/v1/tickets/{id}", .permission(.ticketsRead), "One ticket with its comments", answer: "The ticket", get),
            .change(
                "POST", "/api/v1/tickets/{id}/claim", .permission(.ticketsResolve), "Take a ticket on", body: .object([]),
                answer: "The ticket", claim),
            .change(
                "POST", "/api/v1/tickets/{id}/comment", .permission(.ticketsResolve), "Comment a ticket",
                body: .object([.init("text", .string, required: true, "The comment.")]), answer: "The ticket", comment),
            .change(
                "POST", "/api/v1/tickets/{id}/resolve", .permission(.ticketsResolve), "The work is done; its request goes on",
                body: .object([
                    .init("outputs", .object, "Values of the declared outputs."), .init("comment", .string, "What was done."),
                ]), answer: "The ticket", resolve),
            .change(
                "POST", "/api/v1/tickets/{id}/close", .permission(.ticketsResolve), "The work will not be done; its action fails",
                body: .object([.init("reason", .string, required: true, "Why.")]), answer: "The ticket", close),
        ]
    }

    @Sendable private func list(_ call: Call) throws(PAOError) -> Response {
        let statuses = try call.values("status", of: Ticket.Status.self).map(\.rawValue)
        return call.list(
            try tickets.list(statuses: statuses, requestID: call.query("requestId"), try call.page(), by: call.actor), \.json)
    }

    @Sendable private func get(_ call: Call) throws(PAOError) -> Response {
        let (ticket, comments) = try tickets.ticket(call.parameter("id"), by: call.actor)
        var json = ticket.json
        json["comments"] = .array(comments)
        return .json(json)
    }

    @Sendable private func claim(_ call: Call) async throws(PAOError) -> Response {
        .json(try await tickets.claim(call.parameter("id"), by: call.actor).json)
    }

    @Sendable private func comment(_ call: Call) async throws(PAOError) -> Response {
        .json(try await tickets.comment(call.parameter("id"), text: try call.required("text"), by: call.actor).json)
    }

    @Sendable private func resolve(_ call: Call) async throws(PAOError) -> Response {
        .json(
            try await tickets.resolve(
                call.parameter("id"), outputs: call.body["outputs"] ?? [:], comment: call.text("comment"), by: call.actor
            ).json)
    }

    @Sendable private func close(_ call: Call) async throws(PAOError) -> Response {
        .json(try await tickets.close(call.parameter("id"), reason: try call.required("reason"), by: call.actor).json)
    }
}
