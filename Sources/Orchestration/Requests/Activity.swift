package import Base
package import Identity
package import Jobs
package import Store

/// What happened, as one actor may see it: replayed from the log and followed live.
package final class Activity: Sendable {
    package struct Entry: Sendable {
        /// Without gaps, in the order of commit.
        package let sequence: Int
        package let type: String
        package let requestID: String?
        package let json: JSON
    }

    private let events: EventLog
    private let store: Store

    package init(events: EventLog, store: Store) {
        self.events = events
        self.store = store
    }

    /// `body` is called in order on the writer's thread and must be quick. Returns how to end it.
    package func follow(_ request: ServiceRequest?, by actor: Actor, _ body: @escaping @Sendable (Entry) -> Void) -> @Sendable () -> Void {
        let key = request?.rowID
        return events.subscribe { event in
            if let entry = Self.entry(event, key, actor) { body(entry) }
        }
    }

    /// At most `limit` entries after a sequence, and where the next look begins; nil at the end of the log.
    package func entries(after sequence: Int, of request: ServiceRequest?, limit: Int = 500, by actor: Actor) throws(PAOError) -> (
        entries: [Entry], next: Int?
    ) {
        let stored = try store.read { connection throws(PAOError) in
            try events.events(after: sequence, requestKey: request?.rowID, limit: limit, in: connection)
        }
        return (stored.compactMap { Self.entry($0, request?.rowID, actor) }, stored.count == limit ? stored.last?.sequence : nil)
    }

    private static func entry(_ event: StoredEvent, _ requestKey: String?, _ actor: Actor) -> Entry? {
        if let requestKey, event.event.requestKey != requestKey { return nil }
        if let team = event.event.team, !actor.sees(team: team) { return nil }
        return Entry(sequence: event.sequence, type: event.event.type, requestID: event.event.requestID, json: event.json)
    }
}
