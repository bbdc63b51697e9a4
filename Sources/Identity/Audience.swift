package import Base
package import Store

/// Who is to be told of something. Only people whose account is active.
package enum Audience {
    package struct Person: Sendable, Hashable {
        package var userID: String
        package var login: String
        package var email: String?
    }

    private static let person = "u.id, u.login, u.email FROM users u"

    private static func people(_ rows: [Row]) -> [Person] {
        rows.map { Person(userID: $0.text(0), login: $0.text(1), email: $0.optionalText(2)) }
    }

    package static func user(_ id: String, in connection: Connection) throws(PAOError) -> [Person] {
        people(try connection.rows("SELECT \(person) WHERE u.id = ? AND u.is_active = 1", id))
    }

    /// Members of a team; with a permission only those who have it by a role.
    package static func members(of team: String, with permission: Permission? = nil, in connection: Connection) throws(PAOError) -> [Person]
    {
        people(
            try connection.rows(
                """
                SELECT DISTINCT \(person) JOIN team_members m ON m.user_id = u.id JOIN teams t ON t.id = m.team_id
                WHERE t.slug = ?1 AND u.is_active = 1 AND (?2 = '' OR EXISTS (
                  SELECT 1 FROM user_roles ur JOIN role_permissions p ON p.role_id = ur.role_id
                  WHERE ur.user_id = u.id AND p.permission = ?2)) ORDER BY u.login LIMIT 200
                """, team, permission?.rawValue ?? ""))
    }

    /// Who holds a role; with a team only its members.
    package static func holders(of role: String, team: String?, in connection: Connection) throws(PAOError) -> [Person] {
        people(
            try connection.rows(
                """
                SELECT DISTINCT \(person) JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.role_id
                WHERE r.name = ?1 AND u.is_active = 1 AND (?2 = '' OR EXISTS (
                  SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = u.id AND t.slug = ?2))
                ORDER BY u.login LIMIT 200
                """, role, team ?? ""))
    }
}
