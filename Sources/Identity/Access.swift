package import Base
import Store

/// Who is let in by a credential, as of when it was last looked up. Turned into an `Actor` for each call.
package struct Principal: Sendable {
    package let kind: Actor.Kind
    /// Of the token or session.
    package let credentialID: String
    package let user: User
    package let roles: [String]
    package let teams: [String]
    package let visibleTeams: Set<String>?
    package let permissions: Set<Permission>
    package let expiresAt: Timestamp
    /// Of sessions: the last use that the database knows of.
    let lastAccessedAt: Timestamp

    init(kind: Actor.Kind, credentialID: String, access: Access, scopes: Set<Permission>?, expiresAt: Timestamp, lastAccessedAt: Timestamp)
    {
        self.kind = kind
        self.credentialID = credentialID
        user = access.user
        roles = access.roles
        teams = access.teams
        visibleTeams = access.visibleTeams
        permissions = scopes.map(access.permissions.intersection) ?? access.permissions
        self.expiresAt = expiresAt
        self.lastAccessedAt = lastAccessedAt
    }

    package func actor(correlationID: String, address: String? = nil, agent: String? = nil) -> Actor {
        Actor(
            kind: kind, userID: user.id, login: user.login, email: user.email, teams: teams, visibleTeams: visibleTeams,
            permissions: permissions, correlationID: correlationID, address: address, agent: agent)
    }
}

/// What a user may do and see: the union of the roles, the own teams and all below.
struct Access: Sendable {
    let user: User
    let roles: [String]
    let permissions: Set<Permission>
    let teams: [String]
    /// nil: all.
    let visibleTeams: Set<String>?
}

/// The SQL of that.
enum AccessStore {
    /// nil when there is no such user or it is not active.
    static func access(userID: String, in connection: Connection) throws(PAOError) -> Access? {
        guard let user = try UserStore.user(userID, in: connection), user.isActive else { return nil }
        let roles = try roles(of: userID, in: connection)
        let teams = try connection.rows(
            "SELECT t.slug FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = ? ORDER BY m.is_primary DESC, t.slug",
            userID)
        let seesAll = roles.contains(Role.administrator)
        return Access(
            user: user, roles: roles, permissions: try permissions(of: userID, in: connection), teams: teams.map { $0.text(0) },
            visibleTeams: seesAll ? nil : try visibleTeams(of: userID, in: connection))
    }

    static func roles(of userID: String, in connection: Connection) throws(PAOError) -> [String] {
        try connection.rows(
            "SELECT r.name FROM user_roles u JOIN roles r ON r.id = u.role_id WHERE u.user_id = ? ORDER BY r.name", userID
        ).map { $0.text(0) }
    }

    static func permissions(of userID: String, in connection: Connection) throws(PAOError) -> Set<Permission> {
        let rows = try connection.rows(
            "SELECT DISTINCT p.permission FROM user_roles u JOIN role_permissions p ON p.role_id = u.role_id WHERE u.user_id = ?", userID)
        return Set(rows.map { Permission(rawValue: $0.text(0)) })
    }

    /// `UNION` ends the walk even on a tree that somebody bent into a ring.
    private static func visibleTeams(of userID: String, in connection: Connection) throws(PAOError) -> Set<String> {
        let rows = try connection.rows(
            """
            WITH RECURSIVE visible(id, slug) AS (
                SELECT t.id, t.slug FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = ?
                UNION SELECT t.id, t.slug FROM teams t JOIN visible v ON t.parent_id = v.id)
            SELECT slug FROM visible
            """, userID)
        return Set(rows.map { $0.text(0) })
    }

    /// Who changes an account could use it: throws `forbidden` when it may more than the actor.
    static func requireCovered(_ userID: String, by actor: Actor, in tx: Connection) throws(PAOError) {
        guard try permissions(of: userID, in: tx).isSubset(of: actor.permissions) else {
            throw PAOError(.forbidden, "That account may do more than you; somebody with its permissions must change it.")
        }
    }

    /// Throws `conflict` when a change leaves no active administrator.
    static func requireAdministrator(in tx: Connection) throws(PAOError) {
        let row = try tx.first(
            """
            SELECT 1 FROM users u JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.role_id
            WHERE r.name = ? AND u.is_active = 1 LIMIT 1
            """, Role.administrator)
        guard row != nil else { throw PAOError(.conflict, "The last active administrator cannot be taken away.") }
    }
}
