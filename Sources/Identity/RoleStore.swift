import Base
import Store

/// The SQL of roles.
enum RoleStore {
    static func all(in connection: Connection) throws(PAOError) -> [Role] {
        try connection.rows("SELECT \(columns) FROM roles r ORDER BY name").map(role)
    }

    static func role(named name: String, in connection: Connection) throws(PAOError) -> Role? {
        try connection.first("SELECT \(columns) FROM roles r WHERE name = ?", name).map(role)
    }

    private static let columns = """
        r.name, r.description, r.is_built_in, \
        (SELECT json_group_array(permission) FROM role_permissions WHERE role_id = r.id)
        """

    private static func role(_ row: Row) -> Role {
        Role(name: row.text(0), description: row.text(1), isBuiltIn: row.bool(2), permissions: permissions(row.json(3)))
    }

    static func permissions(_ names: JSON) -> Set<Permission> {
        Set((names.array ?? []).compactMap(\.string).map(Permission.init(rawValue:)))
    }

    /// Inserts, or overwrites what has that name.
    static func save(_ role: Role, id: String, in tx: Connection) throws(PAOError) {
        try tx.run(
            """
            INSERT INTO roles (id, name, description, is_built_in, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description, updated_at = excluded.updated_at
            """, id, role.name, role.description, role.isBuiltIn, tx.timestamp, tx.timestamp)
        try tx.run("DELETE FROM role_permissions WHERE role_id = (SELECT id FROM roles WHERE name = ?)", role.name)
        try tx.run(
            "INSERT INTO role_permissions (role_id, permission) SELECT r.id, p.value FROM roles r, json_each(?) p WHERE r.name = ?",
            role.permissions.json, role.name)
    }

    static func delete(named name: String, in tx: Connection) throws(PAOError) {
        try tx.run("DELETE FROM roles WHERE name = ?", name)
    }

    /// False when the user had it already.
    static func assign(_ name: String, userID: String, by actor: Actor, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run(
            """
            INSERT INTO user_roles (user_id, role_id, assigned_at, assigned_by) SELECT ?, id, ?, ? FROM roles WHERE name = ?
            ON CONFLICT DO NOTHING
            """, userID, tx.timestamp, actor.login, name) > 0
    }

    /// False when the user did not have it.
    static func withdraw(_ name: String, userID: String, in tx: Connection) throws(PAOError) -> Bool {
        try tx.run("DELETE FROM user_roles WHERE user_id = ? AND role_id = (SELECT id FROM roles WHERE name = ?)", userID, name) > 0
    }
}

extension Set<Permission> {
    /// Sorted names.
    var json: JSON { .array(map(\.rawValue).sorted().map(JSON.string)) }
}
