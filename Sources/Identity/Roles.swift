package import Base
import Store

/// Making roles and giving them to people. Nobody gives away more than they may do themselves.
package struct Roles: Sendable {
    let context: IdentityContext

    /// Throws `forbidden` without `admin.roles` and `admin.users`.
    package func list(by actor: Actor) throws(PAOError) -> [Role] {
        if !actor.may(.adminUsers) { try actor.require(.adminRoles) }
        return try context.store.read { connection throws(PAOError) in try RoleStore.all(in: connection) }
    }

    /// Makes a role, or replaces what an own one says. Throws `forbidden`, `conflict` for a built-in name, `invalid`.
    package func save(_ name: String, description: String, permissions: Set<Permission>, by actor: Actor) async throws(PAOError) -> Role {
        try actor.require(.adminRoles)
        try Name.check(name, field: "name")
        try checkKnown(permissions)
        try actor.requireOwn(permissions)
        let role = Role(name: name, description: description, isBuiltIn: false, permissions: permissions)
        let (audit, id) = (context.audit, context.identifiers.uuid())
        return try await context.change { tx throws(PAOError) in
            let old = try RoleStore.role(named: name, in: tx)
            try Self.requireOwn(old, by: actor)
            try RoleStore.save(role, id: id, in: tx)
            try audit.append(
                AuditEntry(
                    actor, old == nil ? "create" : "update", "role", name, old: old?.permissions.json, new: permissions.json), in: tx)
            return role
        }
    }

    /// Throws `forbidden`, `notFound`, and `conflict` for a built-in one.
    package func remove(_ name: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminRoles)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let old = try Self.existing(name, in: tx)
            try Self.requireOwn(old, by: actor)
            try RoleStore.delete(named: name, in: tx)
            try audit.append(AuditEntry(actor, "delete", "role", name, old: old.permissions.json), in: tx)
        }
    }

    /// Throws `forbidden`, also when the role or the user may more than the actor; `notFound`.
    package func assign(_ name: String, to userID: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminUsers)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let user = try UserStore.existing(userID, in: tx)
            try actor.requireOwn(try Self.existing(name, in: tx).permissions)
            try AccessStore.requireCovered(user.id, by: actor, in: tx)
            guard try RoleStore.assign(name, userID: user.id, by: actor, in: tx) else { return }
            try audit.append(AuditEntry(actor, "assign_role", "user", user.id, new: ["role": .string(name)]), in: tx)
        }
    }

    /// Throws as `assign` does, and `conflict` when nobody would be left to administer.
    package func withdraw(_ name: String, from userID: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminUsers)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let user = try UserStore.existing(userID, in: tx)
            try AccessStore.requireCovered(user.id, by: actor, in: tx)
            guard try RoleStore.withdraw(name, userID: user.id, in: tx) else { return }
            if name == Role.administrator { try AccessStore.requireAdministrator(in: tx) }
            try audit.append(AuditEntry(actor, "withdraw_role", "user", user.id, old: ["role": .string(name)]), in: tx)
        }
    }

    func installBuiltIn() async throws(PAOError) {
        let ids = Role.builtIn.map { _ in context.identifiers.uuid() }
        try await context.change { tx throws(PAOError) in
            for (role, id) in zip(Role.builtIn, ids) { try RoleStore.save(role, id: id, in: tx) }
        }
    }

    private func checkKnown(_ permissions: Set<Permission>) throws(PAOError) {
        let unknown = permissions.subtracting(Permission.all).map(\.rawValue).sorted()
        guard let first = unknown.first else { return }
        throw .invalid("permissions", "unknown", "There is no permission \(first).")
    }

    private static func existing(_ name: String, in tx: Connection) throws(PAOError) -> Role {
        guard let role = try RoleStore.role(named: name, in: tx) else { throw .notFound("The role \(name)") }
        return role
    }

    /// A role that exists already may be changed when it is no built-in one and grants nothing that the actor has not.
    private static func requireOwn(_ role: Role?, by actor: Actor) throws(PAOError) {
        guard let role else { return }
        if role.isBuiltIn { throw PAOError(.conflict, "The built-in role \(role.name) cannot be changed; make one of your own.") }
        try actor.requireOwn(role.permissions)
    }
}

extension Actor {
    /// Throws `forbidden` when one of them is not the actor's own: nobody gives what they do not have.
    func requireOwn(_ wanted: Set<Permission>) throws(PAOError) {
        let missing = wanted.subtracting(permissions).map(\.rawValue).sorted()
        guard let first = missing.first else { return }
        throw PAOError(.forbidden, "You cannot grant \(first), which you do not have yourself.")
    }
}

/// Logins, slugs and names of roles: lower-case letters, digits and `. _ @ -` (slugs and roles only `-`), 1 to 64 characters.
enum Name {
    static func check(_ text: String, field: String, also extra: String = "-") throws(PAOError) {
        let bytes = Array(text.utf8)
        let fits =
            (1...64).contains(bytes.count) && isLetterOrDigit(bytes[0])
            && bytes.allSatisfy { isLetterOrDigit($0) || extra.utf8.contains($0) }
        guard fits else {
            throw .invalid(
                field, "pattern", "Must be 1 to 64 lower-case letters, digits or any of `\(extra)`, beginning with a letter or digit.")
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension PAOError {
    static func invalid(_ field: String, _ rule: String, _ message: String) -> PAOError {
        PAOError(.invalid, message, findings: [Finding(field: field, rule: rule, message: message)])
    }
}
