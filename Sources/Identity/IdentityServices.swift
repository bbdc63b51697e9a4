package import Base
package import Store

/// The services of this target, made over one store.
package struct IdentityServices: Sendable {
    package let audit: AuditLog
    package let users: Users
    package let teams: Teams
    package let roles: Roles
    package let tokens: Tokens
    package let sessions: Sessions
    package let approvals: Approvals
    package let idempotency: IdempotencyKeys
    package let setup: Setup
    private let context: IdentityContext

    package init(store: Store, time: TimeSource, random: RandomSource, redactor: Redactor, hasher: PasswordHasher = PasswordHasher()) {
        let identifiers = IdentifierSource(time: time, random: random)
        audit = AuditLog(identifiers: identifiers, redactor: redactor)
        context = IdentityContext(
            store: store, time: time, random: random, identifiers: identifiers, audit: audit, hasher: hasher)
        roles = Roles(context: context)
        teams = Teams(context: context)
        users = Users(context: context)
        tokens = Tokens(context: context)
        sessions = Sessions(context: context, users: users)
        approvals = Approvals(identifiers: identifiers, audit: audit)
        idempotency = IdempotencyKeys()
        setup = Setup(context: context, users: users, roles: roles, teams: teams, tokens: tokens)
    }

    /// At every start: brings the built-in roles to what this version says.
    package func prepare() async throws(PAOError) { try await roles.installBuiltIn() }

    /// Every minute and at the end: writes down when tokens and sessions were last used, and drops the sessions and idempotency keys
    /// that have expired. (`Approvals.sweep` is for the owner of the subjects.)
    package func maintain() async throws(PAOError) {
        try await tokens.recordUse()
        try await sessions.recordUse()
        let idempotency = idempotency
        try await context.store.write { tx throws(PAOError) in
            try SessionStore.deleteExpired(in: tx)
            try idempotency.removeExpired(in: tx)
        }
    }
}

/// What the services have in common.
final class IdentityContext: Sendable {
    let store: Store
    let time: TimeSource
    let random: RandomSource
    let identifiers: IdentifierSource
    let audit: AuditLog
    let hasher: PasswordHasher
    let credentials = CredentialCache()

    init(
        store: Store, time: TimeSource, random: RandomSource, identifiers: IdentifierSource, audit: AuditLog, hasher: PasswordHasher
    ) {
        self.store = store
        self.time = time
        self.random = random
        self.identifiers = identifiers
        self.audit = audit
        self.hasher = hasher
    }

    /// A change of who may do what, with its audit row. After its commit nobody is let in by what was known before.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(PAOError) -> Value
    ) async throws(PAOError) -> Value {
        let credentials = credentials
        return try await store.write { tx throws(PAOError) in
            tx.afterCommit { credentials.clear() }
            return try body(tx)
        }
    }
}
