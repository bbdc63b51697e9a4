package import Base
package import Store

/// Which rows of the trail, newest first. Everything given must hold.
package struct AuditQuery: Sendable {
    package var actorLogin: String?
    package var eventType: String?
    package var action: String?
    package var entityType: String?
    package var entityID: String?
    package var requestID: String?
    package var correlationID: String?
    package var team: String?
    package var from: Timestamp?
    /// Exclusive.
    package var until: Timestamp?
    /// Keyset: rows older than this sequence.
    package var before: Int?

    package init() {}
}

extension AuditLog {
    /// At most `limit` rows that the actor may see. Throws `forbidden` without `audit.read`.
    package static func page(
        _ query: AuditQuery, limit: Int, for actor: Actor, in connection: Connection
    ) throws(PAOError) -> [AuditRecord] {
        try actor.require(.auditRead)
        let (condition, values) = query.condition(for: actor)
        return try connection.rows(
            "SELECT \(AuditRecord.columns) FROM audit_logs WHERE \(condition) ORDER BY sequence DESC LIMIT ?",
            values: values + [.integer(limit)]
        ).map(AuditRecord.init)
    }
}

extension AuditQuery {
    /// The rows of a request as entity are found by the index of requests, all others by their own.
    static let entity = "(entity_id = ? AND entity_type <> 'request' OR request_id = ? AND entity_type = 'request')"

    /// The text holds column names and question marks only.
    fileprivate func condition(for actor: Actor) -> (sql: String, values: [SQLValue]) {
        let filters: [(String, SQLValue)] = [
            ("actor_login = ?", actorLogin.sqlValue), ("event_type = ?", eventType.sqlValue), ("action = ?", action.sqlValue),
            ("entity_type = ?", entityType.sqlValue), (Self.entity, entityID.sqlValue), ("request_id = ?", requestID.sqlValue),
            ("correlation_id = ?", correlationID.sqlValue), ("team = ?", team.sqlValue), ("at >= ?", from.sqlValue),
            ("at < ?", until.sqlValue), ("sequence < ?", before.sqlValue),
        ]
        let given = filters.filter { $0.1 != .null }
        let scope = actor.teamScope(column: "team")
        let visible = actor.visibleTeams == nil ? scope.sql : "(\(scope.sql) OR actor_login = ?)"
        let login: [SQLValue] = actor.visibleTeams == nil ? [] : [.text(actor.login)]
        let values = given.flatMap { sql, value in sql.utf8.filter { $0 == UInt8(ascii: "?") }.map { _ in value } }
        return ((given.map(\.0) + [visible]).joined(separator: " AND "), values + scope.values + login)
    }
}
