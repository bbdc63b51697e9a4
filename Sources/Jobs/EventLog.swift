package import Base
package import Store
import Synchronization

/// A change that others are told of.
package struct Event: Sendable {
    /// `request.status`, `request.step`, `instance.state`, `ticket`, `approval`, `catalog.synced`, ...
    package var type: String
    package var subjectType: String
    package var subjectID: String
    /// The request it belongs to, for its own stream.
    package var requestID: String?
    /// Its row, by which the stream is found: these ids grow with time, so that new ones lie together in the index.
    package var requestKey: String?
    /// Slug; who sees that team sees the event. nil: everybody does.
    package var team: String?
    package var old: String?
    package var new: String?
    package var correlationID: String

    package init(
        type: String, subjectType: String, subjectID: String, requestID: String? = nil, requestKey: String? = nil,
        team: String? = nil, old: String? = nil, new: String? = nil, correlationID: String
    ) {
        self.type = type
        self.subjectType = subjectType
        self.subjectID = subjectID
        self.requestID = requestID
        self.requestKey = requestKey
        self.team = team
        self.old = old
        self.new = new
        self.correlationID = correlationID
    }
}

/// An event with its place in the log.
package struct StoredEvent: Sendable {
    /// Without gaps, in the order of commit; the id of the event stream.
    package let sequence: Int
    package let at: Timestamp
    package let event: Event

    /// The `data:` of the event stream.
    package var json: JSON {
        [
            "at": .string(at.description), "subject": ["type": .string(event.subjectType), "id": .string(event.subjectID)],
            "requestId": .optional(event.requestID), "old": .optional(event.old), "new": .optional(event.new),
            "correlationId": .string(event.correlationID),
        ]
    }
}

/// The durable log of events: written in the transaction of the change, told to subscribers after its commit, read again by whoever
/// comes back with the last sequence he saw.
package final class EventLog: Sendable {
    package static let sql = """
        CREATE TABLE events (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT,
          at TEXT NOT NULL,
          type TEXT NOT NULL,
          subject_type TEXT NOT NULL,
          subject_id TEXT NOT NULL,
          request_id TEXT,
          request_key TEXT,
          team TEXT,
          old TEXT,
          new TEXT,
          correlation_id TEXT NOT NULL
        ) STRICT;
        CREATE INDEX events_request ON events(request_key) WHERE request_key IS NOT NULL;
        """

    private struct Subscribers {
        var next = 0
        var bodies: [Int: @Sendable (StoredEvent) -> Void] = [:]
    }

    private let subscribers = Mutex(Subscribers())

    package init() {}

    package func append(_ event: Event, in tx: Connection) throws(PAOError) { try append([event], in: tx) }

    /// In their order, by one statement for up to `rowsPerStatement` of them.
    package func append(_ events: [Event], in tx: Connection) throws(PAOError) {
        var rest = events[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Self.rowsPerStatement)
            rest = rest.dropFirst(chunk.count)
            try insert(Array(chunk), in: tx)
        }
        try JobFailpoint.eventsAppended.reach()
    }

    private static let rowsPerStatement = 16
    /// The text for each number of rows, so that each is prepared once.
    private static let inserts: [String] = (0...rowsPerStatement).map { count in
        let rows = Array(repeating: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", count: count).joined(separator: ", ")
        return """
            INSERT INTO events(at, type, subject_type, subject_id, request_id, request_key, team, old, new, correlation_id) VALUES \(rows)
            """
    }

    private func insert(_ events: [Event], in tx: Connection) throws(PAOError) {
        let at = SQLValue.text(tx.timestamp.description)
        var values: [SQLValue] = []
        values.reserveCapacity(events.count * 10)
        for event in events {
            values.append(at)
            values.append(.text(event.type))
            values.append(.text(event.subjectType))
            values.append(.text(event.subjectID))
            values.append(event.requestID.map(SQLValue.text) ?? .null)
            values.append(event.requestKey.map(SQLValue.text) ?? .null)
            values.append(event.team.map(SQLValue.text) ?? .null)
            values.append(event.old.map(SQLValue.text) ?? .null)
            values.append(event.new.map(SQLValue.text) ?? .null)
            values.append(.text(event.correlationID))
        }
        try tx.run(Self.inserts[events.count], values: values)
        let first = tx.lastInsertedRow - events.count + 1
        let stored = zip(first..., events).map { StoredEvent(sequence: $0, at: tx.timestamp, event: $1) }
        tx.afterCommit { [self] in publish(stored) }
    }

    private func publish(_ events: [StoredEvent]) {
        let bodies = subscribers.withLock { $0.bodies.isEmpty ? [] : Array($0.bodies.values) }
        if bodies.isEmpty { return }
        for event in events {
            for body in bodies { body(event) }
        }
    }

    /// `body` is called on the writer's thread, in order, and must be quick. Returns how to end it.
    package func subscribe(_ body: @escaping @Sendable (StoredEvent) -> Void) -> @Sendable () -> Void {
        let id = subscribers.withLock { subscribers -> Int in
            subscribers.next += 1
            subscribers.bodies[subscribers.next] = body
            return subscribers.next
        }
        return { [self] in _ = subscribers.withLock { $0.bodies.removeValue(forKey: id) } }
    }

    private static let columns = "sequence, at, type, subject_type, subject_id, request_id, request_key, team, old, new, correlation_id"

    /// Events after a sequence, in order; of one request, or of all.
    package func events(after sequence: Int, requestKey: String? = nil, limit: Int = 500, in connection: Connection) throws(PAOError)
        -> [StoredEvent]
    {
        let columns = Self.columns
        let rows =
            if let requestKey {
                try connection.rows(
                    "SELECT \(columns) FROM events WHERE request_key = ? AND sequence > ? ORDER BY sequence LIMIT ?", requestKey, sequence,
                    limit)
            } else {
                try connection.rows("SELECT \(columns) FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", sequence, limit)
            }
        return rows.map(Self.stored)
    }

    /// Events of these types after a sequence, in order.
    package func events(after sequence: Int, types: [String], limit: Int, in connection: Connection) throws(PAOError) -> [StoredEvent] {
        let marks = types.map { _ in "?" }.joined(separator: ", ")
        let sql = "SELECT \(Self.columns) FROM events WHERE sequence > ? AND type IN (\(marks)) ORDER BY sequence LIMIT ?"
        return try connection.rows(sql, values: [.integer(sequence)] + types.map(SQLValue.text) + [.integer(limit)]).map(Self.stored)
    }

    private static func stored(_ row: Row) -> StoredEvent {
        StoredEvent(
            sequence: row.int(0), at: row.timestamp(1),
            event: Event(
                type: row.text(2), subjectType: row.text(3), subjectID: row.text(4), requestID: row.optionalText(5),
                requestKey: row.optionalText(6), team: row.optionalText(7), old: row.optionalText(8), new: row.optionalText(9),
                correlationID: row.text(10)))
    }

    package func lastSequence(in connection: Connection) throws(PAOError) -> Int {
        try connection.first("SELECT MAX(sequence) FROM events")?.int(0) ?? 0
    }
}
