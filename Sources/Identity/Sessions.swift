package import Base
import Store

/// Where a call comes from.
package struct Origin: Sendable {
    package var address: String
    package var agent: String?
    package var correlationID: String

    package init(address: String, agent: String? = nil, correlationID: String) {
        self.address = address
        self.agent = agent
        self.correlationID = correlationID
    }
}

/// Signing in with a password, and the sessions that come of it.
package struct Sessions: Sendable {
    private let context: IdentityContext
    private let users: Users
    private let throttle: SignInThrottle
    private let uses = LastUse()

    init(context: IdentityContext, users: Users) {
        self.context = context
        self.users = users
        throttle = SignInThrottle(time: context.time)
    }

    /// The cookie's value (256 random bits, base64url) of a new session. Throws `unauthenticated` for whatever is wrong, after the same
    /// work, and `rateLimited`.
    package func signIn(login: String, password: String, from origin: Origin) async throws(PAOError) -> (
        cookie: String, principal: Principal
    ) {
        let login = login.lowercased()
        try throttle.begin(account: login, address: origin.address)
        guard password.utf8.count <= 4096, let user = try await users.verify(login: login, password: password) else {
            try await recordFailure(login, from: origin)
            throw PAOError(.unauthenticated, "The login or the password is not right.")
        }
        throttle.succeeded(account: login, address: origin.address)
        let cookie = Base64.encodeURL(context.random.bytes(32))
        try await open(cookie, for: user, from: origin)
        return (cookie, try authenticate(cookie))
    }

    private func open(_ cookie: String, for user: User, from origin: Origin) async throws(PAOError) {
        let (id, audit) = (context.identifiers.uuid(), context.audit)
        try await context.store.write { tx throws(PAOError) in
            let session = Session(
                id: id, userID: user.id, address: origin.address, agent: origin.agent, createdAt: tx.timestamp,
                lastAccessedAt: tx.timestamp, expiresAt: tx.timestamp + Session.lifetime)
            try SessionStore.insert(session, digest: Self.digest(cookie), in: tx)
            try UserStore.noteLogin(user.id, in: tx)
            try audit.append(AuditEntry(origin.actor(user.login, userID: user.id), "login", "user", user.id), in: tx)
        }
    }

    /// An unknown login is not written down: people type passwords there.
    private func recordFailure(_ login: String, from origin: Origin) async throws(PAOError) {
        let (user, audit) = (try users.find(login: login), context.audit)
        try await context.store.write { tx throws(PAOError) in
            try audit.append(
                AuditEntry(origin.actor("anonymous", userID: ""), "login", "user", user?.id ?? "unknown", result: .failure), in: tx)
        }
    }

    // MARK: Letting in

    /// Needs no SQL for a session seen before. Throws `unauthenticated` when there is none, it was idle for too long, or is too old.
    package func authenticate(_ cookie: String) throws(PAOError) -> Principal {
        let now = context.time.now()
        let digest = Self.digest(cookie)
        let found = try context.credentials.principal(digest: digest) { () throws(PAOError) in
            try context.store.read { connection throws(PAOError) in try Self.load(digest, in: connection) }
        }
        guard let found, now < found.expiresAt, now - lastUse(of: found) < Session.idleLimit else {
            throw PAOError(.unauthenticated, "The session has ended; sign in again.")
        }
        uses.note(found.credentialID, at: now)
        return found
    }

    private func lastUse(of principal: Principal) -> Timestamp {
        max(principal.lastAccessedAt, uses.last(principal.credentialID) ?? principal.lastAccessedAt)
    }

    private static func load(_ digest: [UInt8], in connection: Connection) throws(PAOError) -> Principal? {
        guard let session = try SessionStore.session(digest: digest, in: connection),
            let access = try AccessStore.access(userID: session.userID, in: connection)
        else { return nil }
        return Principal(
            kind: .user, credentialID: session.id, access: access, scopes: nil, expiresAt: session.expiresAt,
            lastAccessedAt: session.lastAccessedAt)
    }

    private static func digest(_ cookie: String) -> [UInt8] { Hash.sha256(Array(cookie.utf8)) }

    // MARK: Looking after

    /// Newest first; one's own, or anybody's with `admin.users`.
    package func list(of userID: String, by actor: Actor) throws(PAOError) -> [Session] {
        if userID != actor.userID { try actor.require(.adminUsers) }
        return try context.store.read { connection throws(PAOError) in try SessionStore.sessions(of: userID, in: connection) }
    }

    /// Signs out. Throws `notFound`, also for somebody else's session without `admin.users`.
    package func revoke(_ id: String, by actor: Actor) async throws(PAOError) {
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            guard let session = try SessionStore.session(id, in: tx), session.userID == actor.userID || actor.may(.adminUsers) else {
                throw .notFound("The session \(id)")
            }
            try SessionStore.delete(id, in: tx)
            try audit.append(AuditEntry(actor, "logout", "user", session.userID), in: tx)
        }
    }

    func recordUse() async throws(PAOError) {
        let used = uses.takeUnwritten(forgettingBefore: context.time.now() - Session.idleLimit)
        guard !used.isEmpty else { return }
        do throws(PAOError) {
            try await context.store.write { tx throws(PAOError) in
                for (id, at) in used { try SessionStore.noteUse(id, at: at, in: tx) }
            }
        } catch {
            uses.putBack(used)
            throw error
        }
    }
}

extension Origin {
    fileprivate func actor(_ login: String, userID: String) -> Actor {
        Actor(
            kind: .user, userID: userID, login: login, email: nil, teams: [], visibleTeams: [], permissions: [],
            correlationID: correlationID, address: address, agent: agent)
    }
}
