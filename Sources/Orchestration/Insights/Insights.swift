package import Base
package import Identity
package import Store

/// How services do: how long they take, how often and where they fail, and what waits for people. Counts what the actor may see.
package struct Insights: Sendable {
    /// Durations and failures are read of so many requests of a service, the newest.
    private static let sample = 1000
    private static let mostServices = 100

    private let store: Store
    private let time: TimeSource

    package init(store: Store, time: TimeSource) {
        self.store = store
        self.time = time
    }

    /// `{from, services: [...], waiting: {...}}` of the requests made in so many days.
    package func report(days: Int, by actor: Actor) throws(PAOError) -> JSON {
        let from = time.now() - .seconds(days * 86_400)
        let scope = Scope(from: IdentifierSource.lowest(at: from), actor: actor)
        return try store.read { connection throws(PAOError) in
            var services = try Self.counts(scope, connection)
            for index in services.indices.prefix(Self.mostServices) {
                services[index].seconds = try Self.durations(of: services[index].key, scope, connection)
                services[index].weakest = try Self.weakest(of: services[index].key, scope, connection)
            }
            return [
                "from": .string(from.description), "services": .array(services.prefix(Self.mostServices).map(\.json)),
                "waiting": try Self.waiting(scope, connection),
            ]
        }
    }

    // MARK: Requests

    /// The most used first.
    private static func counts(_ scope: Scope, _ connection: Connection) throws(PAOError) -> [Service] {
        var byKey: [Service.Key: Service] = [:]
        try connection.forEach(
            """
            SELECT r.catalog_item_id, r.catalog_bundle_id, substr(r.created_at, 1, 10), r.status, count(*)
            FROM service_requests r WHERE r.id >= ? AND r.request_type = 'create' AND \(scope.condition) GROUP BY 1, 2, 3, 4
            """, values: [.text(scope.from)] + scope.values
        ) { row throws(PAOError) in
            let key = Service.Key(isBundle: row.optionalText(0) == nil, id: row.optionalText(0) ?? row.text(1))
            let outcome = Outcome(status: row.text(3))
            var service = byKey[key] ?? Service(key: key)
            service.counts[outcome, default: 0] += row.int(4)
            service.days[row.text(2), default: [:]][outcome, default: 0] += row.int(4)
            byKey[key] = service
        }
        return byKey.values.sorted { ($1.total, $0.key.id) < ($0.total, $1.key.id) }
    }

    /// Sorted.
    private static func durations(of service: Service.Key, _ scope: Scope, _ connection: Connection) throws(PAOError) -> [Int] {
        try connection.rows(
            """
            SELECT r.started_at, r.completed_at FROM service_requests r
            WHERE \(service.column) = ? AND r.id >= ? AND r.status = 'completed' AND r.started_at IS NOT NULL AND \(scope.condition)
            ORDER BY r.id DESC LIMIT \(sample)
            """, values: [.text(service.id), .text(scope.from)] + scope.values
        ).map { ($0.timestamp(1) - $0.timestamp(0)).milliseconds / 1000 }.sorted()
    }

    /// The action that most requests stumbled over.
    private static func weakest(of service: Service.Key, _ scope: Scope, _ connection: Connection) throws(PAOError) -> JSON {
        let row = try connection.first(
            """
            SELECT a.step_id, s.step_name, count(DISTINCT a.request_id) FROM (
              SELECT r.id FROM service_requests r WHERE \(service.column) = ? AND r.id >= ? AND \(scope.condition)
              ORDER BY r.id DESC LIMIT \(sample)) n
            JOIN step_attempts a ON a.request_id = n.id AND a.status = 'failed'
            JOIN request_steps s ON s.request_id = a.request_id AND s.step_id = a.step_id
            GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT 1
            """, values: [.text(service.id), .text(scope.from)] + scope.values)
        return row.map { ["id": .string($0.text(0)), "name": .string($0.text(1)), "requests": .int($0.int(2))] } ?? .null
    }

    // MARK: People

    /// What waits for a person now, whenever it was asked for; each with since when the oldest does.
    private static func waiting(_ scope: Scope, _ connection: Connection) throws(PAOError) -> JSON {
        func requests(_ statuses: String, _ since: String) throws(PAOError) -> JSON {
            let sql = "SELECT count(*), min(\(since)) FROM service_requests r WHERE r.status IN (\(statuses)) AND \(scope.condition)"
            return Self.waiting(try connection.first(sql, values: scope.values))
        }
        let tickets = try connection.first(
            "SELECT count(*), min(t.created_at) FROM manual_tickets t WHERE t.status IN ('open','in_progress') AND \(scope.teamOfTicket)",
            values: scope.ticketValues)
        return [
            "approvals": try requests("'pending_approval'", "r.created_at"), "tickets": waiting(tickets),
            "decisions": try requests("'failed','escalated'", "r.updated_at"),
        ]
    }

    private static func waiting(_ row: Row?) -> JSON {
        ["count": .int(row?.int(0) ?? 0), "since": .optional(row?.optionalText(1))]
    }
}

/// What became of a request.
private enum Outcome: String, CaseIterable {
    case completed, attention, ended, open

    init(status: String) {
        switch status {
        case "completed": self = .completed
        case "failed", "escalated": self = .attention
        case "rejected", "cancelled", "aborted": self = .ended
        default: self = .open
        }
    }
}

private struct Service {
    struct Key: Hashable {
        let isBundle: Bool
        let id: String

        /// The one that is indexed.
        var column: String { isBundle ? "r.catalog_bundle_id" : "r.catalog_item_id" }
    }

    let key: Key
    var counts: [Outcome: Int] = [:]
    /// By "2026-11-21" (UTC).
    var days: [String: [Outcome: Int]] = [:]
    var seconds: [Int] = []
    var weakest: JSON = .null

    init(key: Key) { self.key = key }

    var total: Int { counts.values.reduce(0, +) }

    var json: JSON {
        var json = Self.json(of: counts)
        json["catalogItemId"] = key.isBundle ? .null : .string(key.id)
        json["catalogBundleId"] = key.isBundle ? .string(key.id) : .null
        json["total"] = .int(total)
        json["medianSeconds"] = seconds.isEmpty ? .null : .int(seconds[seconds.count / 2])
        json["p90Seconds"] = seconds.isEmpty ? .null : .int(seconds[seconds.count * 9 / 10])
        json["weakestAction"] = weakest
        json["days"] = .object(JSONObject(days.sorted { $0.key < $1.key }.map { ($0.key, Self.json(of: $0.value)) }))
        return json
    }

    private static func json(of counts: [Outcome: Int]) -> JSON {
        .object(JSONObject(Outcome.allCases.map { ($0.rawValue, .int(counts[$0] ?? 0)) }))
    }
}

/// From when, and which rows the actor may see.
private struct Scope {
    let from: String
    private let teams: [SQLValue]?
    private let userID: String

    init(from: String, actor: Actor) {
        self.from = from
        teams = actor.visibleTeams.map { $0.sorted().map(SQLValue.text) }
        userID = actor.userID
    }

    private func marks(_ teams: [SQLValue]) -> String { teams.map { _ in "?" }.joined(separator: ", ") }

    /// Of requests `r`.
    var condition: String { teams.map { "(r.requester_team IN (\(marks($0))) OR r.requester_user_id = ?)" } ?? "TRUE" }
    var values: [SQLValue] { teams.map { $0 + [.text(userID)] } ?? [] }
    /// Of tickets `t`.
    var teamOfTicket: String { teams.map { "t.team IN (\(marks($0)))" } ?? "TRUE" }
    var ticketValues: [SQLValue] { teams ?? [] }
}
