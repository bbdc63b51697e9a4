package import Base
package import Store

/// A node of the organization's tree.
package struct Team: Sendable, Equatable {
    package let id: String
    package let slug: String
    package let name: String
    package let description: String
    /// Slug.
    package let parent: String?

    package static func exists(_ slug: String, in connection: Connection) throws(PAOError) -> Bool {
        try connection.first("SELECT 1 FROM teams WHERE slug = ?", slug) != nil
    }
}

/// The SQL of teams.
enum TeamStore {
    private static let select = """
        SELECT t.id, t.slug, t.name, t.description, p.slug FROM teams t LEFT JOIN teams p ON p.id = t.parent_id
        """

    private static func team(_ row: Row) -> Team {
        Team(id: row.text(0), slug: row.text(1), name: row.text(2), description: row.text(3), parent: row.optionalText(4))
    }

    static func all(for actor: Actor, in connection: Connection) throws(PAOError) -> [Team] {
        let scope = actor.teamScope(column: "t.slug")
        return try connection.rows("\(select) WHERE \(scope.sql) ORDER BY t.slug", values: scope.values).map(team)
    }

    static func team(_ slug: String, in connection: Connection) throws(PAOError) -> Team? {
        try connection.first("\(select) WHERE t.slug = ?", slug).map(team)
    }

    static func existing(_ slug: String, in connection: Connection) throws(PAOError) -> Team {
        guard let team = try team(slug, in: connection) else { throw .notFound("The team \(slug)") }
        return team
    }

    static func slugs(of userID: String, in connection: Connection) throws(PAOError) -> [String] {
        try connection.rows(
            "SELECT t.slug FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = ? ORDER BY m.is_primary DESC, t.slug",
            userID
        ).map { $0.text(0) }
    }

    static func members(of id: String, in connection: Connection) throws(PAOError) -> [String] {
        try connection.rows(
            "SELECT u.login FROM team_members m JOIN users u ON u.id = m.user_id WHERE m.team_id = ? ORDER BY u.login", id
        ).map { $0.text(0) }
    }

    static func insert(_ team: Team, parentID: String?, in tx: Connection) throws(PAOError) {
        try tx.run(
            "INSERT INTO teams (id, slug, name, description, parent_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            team.id, team.slug, team.name, team.description, parentID, tx.timestamp, tx.timestamp)
    }

    static func update(_ id: String, name: String, description: String, parentID: String?, in tx: Connection) throws(PAOError) {
        try tx.run(
            "UPDATE teams SET name = ?, description = ?, parent_id = ?, updated_at = ? WHERE id = ?", name, description, parentID,
            tx.timestamp, id)
    }

    /// Whether `id` is `ancestor` or below it.
    static func isBelow(_ id: String, _ ancestor: String, in connection: Connection) throws(PAOError) -> Bool {
        try connection.first(
            """
            WITH RECURSIVE up(id) AS (SELECT ? UNION SELECT t.parent_id FROM teams t JOIN up ON t.id = up.id WHERE t.parent_id IS NOT NULL)
            SELECT 1 FROM up WHERE id = ?
            """, id, ancestor) != nil
    }

    /// False when the user is a member already.
    static func add(_ userID: String, to id: String, isPrimary: Bool, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            "INSERT INTO team_members (team_id, user_id, is_primary, added_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", id, userID,
            isPrimary, tx.timestamp) > 0
    }

    static func remove(_ userID: String, from id: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run("DELETE FROM team_members WHERE team_id = ? AND user_id = ?", id, userID) > 0
    }
}
