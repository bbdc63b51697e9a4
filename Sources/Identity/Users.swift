package import Base
import Store
import Synchronization

/// Accounts and their passwords.
package final class Users: Sendable {
    private let context: IdentityContext
    private let decoy = Mutex<String?>(nil)

    init(context: IdentityContext) { self.context = context }

    // MARK: Reading

    /// By login, after `login` ("" for the first page). Throws `forbidden` without `admin.users`.
    package func page(after login: String, limit: Int, by actor: Actor) throws(PAOError) -> [User] {
        try actor.require(.adminUsers)
        return try context.store.read { connection throws(PAOError) in
            try UserStore.page(after: login, limit: limit, in: connection)
        }
    }

    /// With roles and teams; oneself, or anybody for those who administer. Throws `forbidden`, `notFound`.
    package func profile(of id: String, by actor: Actor) throws(PAOError) -> (user: User, roles: [String], teams: [String]) {
        if id != actor.userID { try actor.require(.adminUsers) }
        return try context.store.read { connection throws(PAOError) in
            let user = try UserStore.existing(id, in: connection)
            return (user, try AccessStore.roles(of: id, in: connection), try TeamStore.slugs(of: id, in: connection))
        }
    }

    /// nil when there is none.
    package func find(login: String) throws(PAOError) -> User? {
        try context.store.read { connection throws(PAOError) in try UserStore.user(login: login.lowercased(), in: connection) }
    }

    // MARK: Changing

    /// Throws `forbidden` (also for roles that may more than the actor), `invalid`, `conflict` for a taken login or address.
    package func create(_ new: NewUser, by actor: Actor) async throws(PAOError) -> User {
        try actor.require(.adminUsers)
        try new.check()
        let hash = try await hash(new.password)
        let (id, audit) = (context.identifiers.uuid(), context.audit)
        return try await context.change { tx throws(PAOError) in
            try Self.insert(new, id: id, hash: hash, by: actor, in: tx)
            try audit.append(AuditEntry(actor, "create", "user", id, new: new.auditValue), in: tx)
            return try UserStore.existing(id, in: tx)
        }
    }

    private static func insert(_ new: NewUser, id: String, hash: String?, by actor: Actor, in tx: Connection) throws(PAOError) {
        if try UserStore.user(login: new.login, in: tx) != nil { throw PAOError(.conflict, "The login \(new.login) is taken.") }
        try UserStore.insert(new, id: id, passwordHash: hash, in: tx)
        for name in new.roles {
            guard let role = try RoleStore.role(named: name, in: tx) else {
                throw .invalid("roles", "unknown", "There is no role \(name).")
            }
            try actor.requireOwn(role.permissions)
            _ = try RoleStore.assign(name, userID: id, by: actor, in: tx)
        }
        for (position, slug) in new.teams.enumerated() {
            guard let team = try TeamStore.team(slug, in: tx) else { throw .invalid("teams", "unknown", "There is no team \(slug).") }
            _ = try TeamStore.add(id, to: team.id, isPrimary: position == 0, in: tx)
        }
    }

    /// One's own password; the old one must be right. Ends every session of the account but `sessionID`. Throws `forbidden` for a wrong
    /// old password, `invalid`.
    package func changePassword(old: String, new: String, keeping sessionID: String?, by actor: Actor) async throws(PAOError) {
        try PasswordPolicy.check(new, login: actor.login)
        let (stored, id) = (try storedHash(of: actor.userID), actor.userID)
        guard let stored, try await context.hasher.verify(old, hash: stored) else {
            throw PAOError(.forbidden, "The old password is not right.")
        }
        try await setPassword(new, of: id, keeping: sessionID, by: actor)
    }

    /// Somebody's password, by an administrator; ends all their sessions. Throws `forbidden`, `notFound`, `invalid`.
    package func resetPassword(of id: String, to password: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminUsers)
        let user = try context.store.read { connection throws(PAOError) in try UserStore.existing(id, in: connection) }
        try PasswordPolicy.check(password, login: user.login)
        try await setPassword(password, of: id, keeping: nil, by: actor)
    }

    private func setPassword(_ password: String, of id: String, keeping sessionID: String?, by actor: Actor) async throws(PAOError) {
        let hash = try await context.hasher.hash(password)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            if id != actor.userID { try AccessStore.requireCovered(id, by: actor, in: tx) }
            try UserStore.setPasswordHash(hash, of: id, in: tx)
            try SessionStore.deleteAll(of: id, but: sessionID, in: tx)
            try audit.append(AuditEntry(actor, "change_password", "user", id), in: tx)
        }
    }

    /// An account that is not active is let in by nothing; its sessions end. Throws `forbidden`, `notFound`, and `conflict` for the last
    /// administrator.
    package func setActive(_ isActive: Bool, of id: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminUsers)
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            let user = try UserStore.existing(id, in: tx)
            try AccessStore.requireCovered(id, by: actor, in: tx)
            guard user.isActive != isActive else { return }
            try UserStore.setActive(isActive, id: id, in: tx)
            if !isActive { try Self.shutOut(id, in: tx) }
            try audit.append(AuditEntry(actor, isActive ? "activate" : "deactivate", "user", id), in: tx)
        }
    }

    private static func shutOut(_ id: String, in tx: Connection) throws(PAOError) {
        try SessionStore.deleteAll(of: id, but: nil, in: tx)
        if try AccessStore.roles(of: id, in: tx).contains(Role.administrator) { try AccessStore.requireAdministrator(in: tx) }
    }

    // MARK: Passwords

    /// The active user whose password this is; nil otherwise, after the same work. Does not throttle: `Sessions.signIn` does.
    func verify(login: String, password: String) async throws(PAOError) -> User? {
        let user = try find(login: login)
        let stored = try user.flatMap { user throws(PAOError) in try storedHash(of: user.id) }
        let compared = if let stored { stored } else { try await decoyHash() }
        let isRight = try await context.hasher.verify(password, hash: compared)
        guard let user, let stored, isRight, user.isActive else { return nil }
        if context.hasher.needsRehash(stored) { try await rehash(password, of: user.id) }
        return user
    }

    private func rehash(_ password: String, of id: String) async throws(PAOError) {
        let hash = try await context.hasher.hash(password)
        try await context.store.write { tx throws(PAOError) in try UserStore.setPasswordHash(hash, of: id, in: tx) }
    }

    private func storedHash(of id: String) throws(PAOError) -> String? {
        try context.store.read { connection throws(PAOError) in try UserStore.passwordHash(of: id, in: connection) }
    }

    private func hash(_ password: String?) async throws(PAOError) -> String? {
        guard let password else { return nil }
        return try await context.hasher.hash(password)
    }

    /// Of a random password: an unknown login costs what a known one does.
    private func decoyHash() async throws(PAOError) -> String {
        if let known = decoy.withLock({ $0 }) { return known }
        let made = try await context.hasher.hash(Base32.encode(context.random.bytes(20)))
        decoy.withLock { $0 = made }
        return made
    }
}

extension NewUser {
    fileprivate var auditValue: JSON {
        [
            "login": .string(login), "name": .string(name), "email": .optional(email), "roles": .array(roles.map(JSON.string)),
            "teams": .array(teams.map(JSON.string)),
        ]
    }
}
