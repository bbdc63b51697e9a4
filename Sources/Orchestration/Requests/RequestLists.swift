package import Base
package import Identity
import Store

/// What a list of requests is narrowed to; empty lists and nil mean everything one may see.
package struct RequestFilter: Sendable {
    package var statuses: [RequestStatus] = []
    package var catalogItemID: String?
    package var catalogBundleID: String?
    package var team: String?
    /// Login name.
    package var requester: String?
    package var createdBefore: Timestamp?
    package var createdAfter: Timestamp?
    /// Part of the id or of the instance's name.
    package var search: String?
    /// An action that failed at least once.
    package var failedAction: String?

    package init() {}
}

extension Requests {
    /// Newest first, which is by id: it begins with the time of creation.
    package func list(_ filter: RequestFilter, _ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<ServiceRequest> {
        let query = Self.query(filter, by: actor)
        let (sql, values) = try query.page(page)
        return try store.read { connection throws(PAOError) in
            let rows = try RequestStore(connection).list(sql: sql, values: values)
            let total = page.countsTotal ? try query.total(in: connection) : nil
            return Page(rows, limit: page.limit, total: total) { [$0.rowID] }
        }
    }

    static func query(_ filter: RequestFilter, by actor: Actor) -> ListQuery {
        var query = ListQuery(columns: RequestStore.columns, source: "service_requests r", key: ["r.id"])
        query.filter("r.status", isOneOf: filter.statuses.map(\.rawValue))
        if let item = filter.catalogItemID { query.filter("r.catalog_item_id = ?", item) }
        if let bundle = filter.catalogBundleID { query.filter("r.catalog_bundle_id = ?", bundle) }
        if let team = filter.team { query.filter("r.requester_team = ?", team) }
        if let requester = filter.requester { query.filter("r.requester_login = ?", requester) }
        if let before = filter.createdBefore { query.filter("r.id < ?", IdentifierSource.lowest(at: before)) }
        if let after = filter.createdAfter { query.filter("r.id >= ?", IdentifierSource.lowest(at: after)) }
        if let search = filter.search {
            query.filter("(instr(r.request_id, ?) > 0 OR instr(lower(r.instance_name), lower(?)) > 0)", search, search)
        }
        if let action = filter.failedAction {
            query.filter(
                "EXISTS (SELECT 1 FROM step_attempts a WHERE a.request_id = r.id AND a.step_id = ? AND a.status = 'failed')", action)
        }
        if let visible = actor.visibleTeams {
            let teams = visible.sorted()
            let marks = teams.map { _ in "?" }.joined(separator: ", ")
            query.filter(
                "(r.requester_team IN (\(marks)) OR r.requester_user_id = ?)", values: teams.map(SQLValue.text) + [.text(actor.userID)])
        }
        return query
    }

    /// One line of a request's log.
    package struct LogLine: Sendable {
        package var id: Int
        package var json: JSON
    }

    /// Oldest first, after the line with that id.
    package func log(_ id: String, after: Int, limit: Int, by actor: Actor) throws(PAOError) -> [LogLine] {
        try store.read { connection throws(PAOError) in
            let request = try Self.visible(RequestStore(connection).header(id: id), id, actor)
            return try connection.rows(
                "SELECT id, at, level, action_id, attempt, message FROM step_logs WHERE request_id = ? AND id > ? ORDER BY id LIMIT ?",
                request.rowID, after, limit
            ).map { row in
                LogLine(
                    id: row.int(0),
                    json: [
                        "id": .int(row.int(0)), "at": .string(row.text(1)), "level": .string(row.text(2)),
                        "actionId": .optional(row.optionalText(3)), "attempt": row.optionalInt(4).map(JSON.int) ?? .null,
                        "message": .string(row.text(5)),
                    ])
            }
        }
    }
}

extension Tickets {
    /// Oldest first: who waits longest stands on top.
    package func list(statuses: [String], requestID: String?, _ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<Ticket> {
        var query = ListQuery(columns: TicketStore.columns, source: TicketStore.source, key: ["t.created_at", "t.id"], isAscending: true)
        query.filter("t.status", isOneOf: statuses)
        if let requestID { query.filter("r.request_id = ?", requestID) }
        if let visible = actor.visibleTeams {
            let teams = visible.sorted()
            let marks = teams.map { _ in "?" }.joined(separator: ", ")
            query.filter(
                "(t.team IN (\(marks)) OR r.requester_team IN (\(marks)))", values: (teams + teams).map(SQLValue.text))
        }
        let (sql, values) = try query.page(page)
        return try store.read { connection throws(PAOError) in
            let rows = try TicketStore(connection).list(sql: sql, values: values)
            let total = page.countsTotal ? try query.total(in: connection) : nil
            return Page(rows, limit: page.limit, total: total) { [$0.createdAt.description, $0.rowID] }
        }
    }
}

extension Requests {
    /// What the last requests of an item took from start to completion, in the middle; nil before the first.
    package func typicalSeconds(of itemID: String) -> Int? {
        let durations = try? store.read { connection throws(PAOError) -> [Int] in
            try connection.rows(
                """
                SELECT started_at, completed_at FROM service_requests WHERE catalog_item_id = ? AND status = 'completed'
                ORDER BY id DESC LIMIT 20
                """, itemID
            ).map { ($0.timestamp(1) - $0.timestamp(0)).milliseconds / 1000 }
        }
        guard let sorted = durations?.sorted(), !sorted.isEmpty else { return nil }
        return sorted[sorted.count / 2]
    }
}
