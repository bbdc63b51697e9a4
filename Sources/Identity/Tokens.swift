package import Base
import Store

/// API tokens: minting, letting in, revoking.
package struct Tokens: Sendable {
    private let context: IdentityContext
    private let uses = LastUse()

    init(context: IdentityContext) { self.context = context }

    /// The token and its text, which cannot be had again. Scopes must be the actor's own, so a token mints no wider one; for somebody
    /// else it needs `admin.tokens`. Throws `forbidden`, `notFound`, `invalid`.
    package func mint(_ new: NewToken, by actor: Actor) async throws(PAOError) -> (token: Token, text: String) {
        try new.check()
        try actor.requireOwn(new.scopes)
        let userID = new.userID ?? actor.userID
        if userID != actor.userID { try actor.require(.adminTokens) }
        let text = TokenText(kind: new.kind, random: context.random)
        let (id, audit) = (context.identifiers.uuid(), context.audit)
        let token = try await context.store.write { tx throws(PAOError) in
            let user = try UserStore.existing(userID, in: tx)
            if user.id != actor.userID { try AccessStore.requireCovered(user.id, by: actor, in: tx) }
            let token = Token(
                id: id, kind: new.kind, name: new.name, userID: user.id, scopes: new.scopes, createdAt: tx.timestamp,
                expiresAt: tx.timestamp + new.lifetime, revokedAt: nil, lastUsedAt: nil)
            try TokenStore.insert(token, digest: text.digest, by: actor, in: tx)
            try audit.append(AuditEntry(actor, "create", "token", id, new: token.auditValue), in: tx)
            try IdentityFailpoint.tokenMinted.reach()
            return token
        }
        return (token, text.text)
    }

    /// Newest first; one's own, or anybody's with `admin.tokens`.
    package func list(of userID: String, by actor: Actor) throws(PAOError) -> [Token] {
        if userID != actor.userID { try actor.require(.adminTokens) }
        return try context.store.read { connection throws(PAOError) in try TokenStore.tokens(of: userID, in: connection) }
    }

    /// Done when it returns: no later call gets in. Throws `notFound`, also for somebody else's token without `admin.tokens`.
    package func revoke(_ id: String, by actor: Actor) async throws(PAOError) {
        let audit = context.audit
        try await context.change { tx throws(PAOError) in
            guard let token = try TokenStore.token(id, in: tx), token.userID == actor.userID || actor.may(.adminTokens) else {
                throw .notFound("The token \(id)")
            }
            guard try TokenStore.revoke(id, in: tx) else { return }
            try audit.append(AuditEntry(actor, "revoke", "token", id, old: token.auditValue), in: tx)
        }
    }

    // MARK: Letting in

    /// Needs no SQL for a token seen before. Throws `unauthenticated` without saying why.
    package func authenticate(_ text: String) throws(PAOError) -> Principal {
        let now = context.time.now()
        guard text.utf8.count <= TokenText.longest else { throw .badToken }
        let digest = Hash.sha256(text.utf8)
        let found = try context.credentials.principal(digest: digest) { () throws(PAOError) in
            guard TokenText(text) != nil else { return nil }
            return try context.store.read { connection throws(PAOError) in try Self.load(digest, in: connection) }
        }
        guard let found, now < found.expiresAt else { throw .badToken }
        uses.note(found.credentialID, at: now)
        return found
    }

    /// What the token's scopes leave of what its user may do now.
    private static func load(_ digest: [UInt8], in connection: Connection) throws(PAOError) -> Principal? {
        guard let token = try TokenStore.token(digest: digest, in: connection), token.revokedAt == nil,
            let access = try AccessStore.access(userID: token.userID, in: connection)
        else { return nil }
        return Principal(
            kind: .token, credentialID: token.id, access: access, scopes: token.scopes, expiresAt: token.expiresAt,
            lastAccessedAt: token.lastUsedAt ?? token.createdAt)
    }

    func recordUse() async throws(PAOError) {
        let used = uses.takeUnwritten(forgettingBefore: context.time.now())
        guard !used.isEmpty else { return }
        let (audit, correlationID) = (context.audit, context.identifiers.uuid())
        do throws(PAOError) {
            try await context.store.write { tx throws(PAOError) in
                for (id, at) in used {
                    if let entry = try Self.dailyUse(of: id, at: at, correlationID, in: tx) { try audit.append(entry, in: tx) }
                    try TokenStore.noteUse(id, at: at, in: tx)
                }
            }
        } catch {
            uses.putBack(used)
            throw error
        }
    }

    /// The first use of a token, and the first after a day without: more would drown the trail.
    private static func dailyUse(
        of id: String, at: Timestamp, _ correlationID: String, in tx: Connection
    ) throws(PAOError) -> AuditEntry? {
        guard let token = try TokenStore.token(id, in: tx), token.lastUsedAt.map({ at - $0 >= .seconds(86_400) }) ?? true,
            let access = try AccessStore.access(userID: token.userID, in: tx)
        else { return nil }
        let principal = Principal(
            kind: .token, credentialID: id, access: access, scopes: token.scopes, expiresAt: token.expiresAt, lastAccessedAt: at)
        return AuditEntry(principal.actor(correlationID: correlationID), "use", "token", id)
    }
}

extension PAOError {
    fileprivate static let badToken = PAOError(.unauthenticated, "The token is not valid: wrong, expired or revoked.")
}

extension Token {
    fileprivate var auditValue: JSON {
        [
            "kind": .string(kind.rawValue), "name": .string(name), "userId": .string(userID), "scopes": scopes.json,
            "expiresAt": .string(expiresAt.description),
        ]
    }
}
