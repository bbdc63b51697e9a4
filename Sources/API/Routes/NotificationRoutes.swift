import Base
import Identity
package import Orchestration
import Web

/// `/notifications` and `/subscriptions`.
package struct NotificationRoutes: Sendable {
    let notifications: Notifications

    package init(notifications: Notifications) { self.notifications = notifications }

    package var endpoints: [Endpoint] {
        [
            .get(
                "/api/v1/notifications", .authenticated, "What you were told of, newest first",
                query: Endpoint.paging + [.init("unread", "`true`: only what you have not marked as read.")],
                answer: "A page of `{id, subject, text, link, createdAt, readAt}`"
            ) { call throws(PAOError) in
                call.list(try notifications.list(unreadOnly: try call.flag("unread"), try call.page(), by: call.actor), \.json)
            },
            .change("POST", "/api/v1/notifications/{id}/read", .authenticated, "Mark one as read", answer: "`{unread}`") {
                call async throws(PAOError) in
                .json(["unread": .int(try await notifications.markRead(call.parameter("id"), by: call.actor))])
            },
            .change("POST", "/api/v1/notifications/read", .authenticated, "Mark all as read", answer: "`{unread}`") {
                call async throws(PAOError) in
                .json(["unread": .int(try await notifications.markRead(nil, by: call.actor))])
            },
            .get("/api/v1/subscriptions", .permission(.adminSettings), "URLs that are told of events", answer: "`{data: [...]}`") {
                call throws(PAOError) in
                .json(["data": .array(try notifications.subscriptions(by: call.actor).map(\.json))])
            },
            .change(
                "POST", "/api/v1/subscriptions", .permission(.adminSettings), "Tell a URL of events, as signed CloudEvents",
                body: .object([
                    .init("url", .string, required: true, "Where each event is posted."),
                    .init("events", .array, "Types of events; all without it."), .init("team", .string, "Slug: only events of that team."),
                    .init("secret", .string, "Signs what is sent; made without it."),
                ]), answer: "The subscription with its secret, shown this once", status: 201, subscribe),
            .change(
                "DELETE", "/api/v1/subscriptions/{id}", .permission(.adminSettings), "End a subscription", answer: "Nothing", status: 204
            ) {
                call async throws(PAOError) in
                try await notifications.unsubscribe(call.parameter("id"), by: call.actor)
                return Response(status: 204)
            },
        ]
    }

    @Sendable private func subscribe(_ call: Call) async throws(PAOError) -> Response {
        let (subscription, secret) = try await notifications.subscribe(
            try call.required("url"), events: try call.texts("events"), team: call.text("team"), secret: call.text("secret"), by: call.actor
        )
        var json = subscription.json
        json["secret"] = .string(secret)
        return .json(json, status: 201, headers: ["Location": "/api/v1/subscriptions/\(subscription.id)"])
    }
}
