import Base
import Identity
package import Orchestration
import Web

/// Server-sent events: all one may see, those of one request, and its log. `Last-Event-ID` resumes without a gap.
package struct EventRoutes: Sendable {
    let activity: Activity
    let requests: Requests

    package init(activity: Activity, requests: Requests) {
        self.activity = activity
        self.requests = requests
    }

    package var endpoints: [Endpoint] {
        [
            .get("/api/v1/events", .authenticated, "Follow everything one may see", answer: "An event stream") { call throws(PAOError) in
                try stream(call, nil)
            },
            .get("/api/v1/requests/{id}/events", .permission(.requestsRead), "Follow one request", answer: "An event stream") {
                call throws(PAOError) in
                let request = try requests.request(call.parameter("id"), by: call.actor)
                return try stream(call, request)
            },
            .get(
                "/api/v1/requests/{id}/logs", .permission(.requestsRead), "Its log, oldest first",
                query: Endpoint.paging + [.init("follow", "`true` streams it as events.")], answer: "A page of lines, or an event stream",
                log),
        ]
    }

    // MARK: Events

    private func stream(_ call: Call, _ request: ServiceRequest?) throws(PAOError) -> Response {
        let stream = EventStream()
        let feed = Feed(isResuming: call.request.headers["Last-Event-ID"] != nil) { entry in
            stream.send(id: "\(entry.sequence)", event: entry.type, data: entry.json.description)
        }
        stream.onClose(activity.follow(request, by: call.actor) { feed.take($0) })
        try replay(call, feed, request)
        return .events(stream)
    }

    /// What happened since the last event the client saw; what is published meanwhile waits in the feed.
    private func replay(_ call: Call, _ feed: Feed, _ request: ServiceRequest?) throws(PAOError) {
        guard let text = call.request.headers["Last-Event-ID"] else { return }
        guard let last = Int(text), last >= 0 else { throw PAOError(.invalidParameter, "Last-Event-ID is the id of an event.") }
        var missed: [Activity.Entry] = []
        var position: Int? = last
        while let after = position, missed.count < 10_000 {
            let (entries, next) = try activity.entries(after: after, of: request, by: call.actor)
            missed += entries
            position = next
        }
        feed.open(after: missed.last?.sequence ?? last, missed: missed)
    }

    // MARK: Log

    @Sendable private func log(_ call: Call) throws(PAOError) -> Response {
        let id = call.parameter("id")
        if try call.flag("follow") { return try follow(call, id) }
        let page = try call.page()
        let after = page.after?.first.flatMap { Int($0) } ?? 0
        let lines = try requests.log(id, after: after, limit: page.limit + 1, by: call.actor)
        return call.list(Page(lines, limit: page.limit) { ["\($0.id)"] }, \.json)
    }

    /// Every event of the request is a reason to look for new lines.
    private func follow(_ call: Call, _ id: String) throws(PAOError) -> Response {
        let request = try requests.request(id, by: call.actor)
        let stream = EventStream()
        let tail = LogTail(
            requests: requests, id: id, actor: call.actor, stream: stream,
            position: call.request.headers["Last-Event-ID"].flatMap { Int($0) } ?? 0)
        stream.onClose(activity.follow(request, by: call.actor) { _ in Task { tail.advance() } })
        tail.advance()
        return .events(stream)
    }
}
