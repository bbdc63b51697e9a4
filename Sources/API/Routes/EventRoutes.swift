import Base
import Identity
package import Jobs
package import Orchestration
package import Store
import Web

/// Server-sent events: all one may see, those of one request, and its log. `Last-Event-ID` resumes without a gap.
package struct EventRoutes: Sendable {
    let events: EventLog
    let store: Store
    let requests: Requests

    package init(events: EventLog, store: Store, requests: Requests) {
        self.events = events
        self.store = store
        self.requests = requests
    }

    package var endpoints: [Endpoint] {
        [
            .get("/api/v1/events", .authenticated, "Follow everything one may see", answer: "An event stream") { call throws(PAOError) in
                try stream(call, requestID: nil)
            },
            .get("/api/v1/requests/{id}/events", .permission(.requestsRead), "Follow one request", answer: "An event stream") {
                call throws(PAOError) in
                let request = try requests.request(call.parameter("id"), by: call.actor)
                return try stream(call, requestID: request.id)
            },
            .get(
                "/api/v1/requests/{id}/logs", .permission(.requestsRead), "Its log, oldest first",
                query: Endpoint.paging + [.init("follow", "`true` streams it as events.")], answer: "A page of lines, or an event stream", log),
        ]
    }

    // MARK: Events

    private func stream(_ call: Call, requestID: String?) throws(PAOError) -> Response {
        let stream = EventStream()
        let actor = call.actor
        let feed = Feed(isResuming: call.request.headers["Last-Event-ID"] != nil) { event in
            guard requestID == nil || event.event.requestID == requestID else { return }
            if let team = event.event.team, !actor.sees(team: team) { return }
            stream.send(id: "\(event.sequence)", event: event.event.type, data: event.json.description)
        }
        let end = events.subscribe { feed.take($0) }
        stream.onClose(end)
        try replay(call, feed, requestID)
        return .events(stream)
    }

    /// What happened since the last event the client saw; what is published meanwhile waits in the feed.
    private func replay(_ call: Call, _ feed: Feed, _ requestID: String?) throws(PAOError) {
        guard let text = call.request.headers["Last-Event-ID"] else { return feed.open(after: 0, missed: []) }
        guard let last = Int(text), last >= 0 else { throw PAOError(.invalidParameter, "Last-Event-ID is the id of an event.") }
        var missed: [StoredEvent] = []
        var position = last
        while true {
            let page = try store.read { connection throws(PAOError) in
                try events.events(after: position, requestID: requestID, limit: 500, in: connection)
            }
            missed += page
            guard page.count == 500, missed.count < 10_000, let end = page.last else { break }
            position = end.sequence
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
        let stream = EventStream()
        let tail = LogTail(
            requests: requests, id: id, actor: call.actor, stream: stream,
            position: call.request.headers["Last-Event-ID"].flatMap { Int($0) } ?? 0)
        let end = events.subscribe { if $0.event.requestID == id { Task { tail.advance() } } }
        stream.onClose(end)
        tail.advance()
        return .events(stream)
    }
}
