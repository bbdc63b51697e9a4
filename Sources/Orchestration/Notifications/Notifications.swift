package import Base
package import Identity
package import Store

/// What people and subscribed URLs are told of: reading one's own list, and the subscriptions.
package final class Notifications: Sendable {
    private let store: Store
    private let audit: AuditLog
    private let settings: RunSettings
    private let time: TimeSource
    /// Called after a change of the subscriptions.
    private let changed: @Sendable () -> Void

    package init(
        store: Store, audit: AuditLog, settings: RunSettings, time: TimeSource, changed: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.audit = audit
        self.settings = settings
        self.time = time
        self.changed = changed
    }

    // MARK: One's own list

    /// Newest first.
    package func list(unreadOnly: Bool, _ page: PageRequest, by actor: Actor) throws(PAOError) -> Page<Notification> {
        var query = ListQuery(columns: NotificationStore.columns, source: "notifications n", key: ["n.created_at", "n.id"])
        query.filter("n.channel = 'inbox' AND n.recipient = ?", actor.userID)
        if unreadOnly { query.filter("n.read_at IS NULL", values: []) }
        let (sql, values) = try query.page(page)
        return try store.read { connection throws(PAOError) in
            let rows = try NotificationStore(connection).list(sql: sql, values: values)
            let total = page.countsTotal ? try query.total(in: connection) : nil
            return Page(rows, limit: page.limit, total: total) { [$0.createdAt.description, $0.id] }
        }
    }

    /// One, or with nil all. Returns how many are still unread.
    package func markRead(_ id: String?, by actor: Actor) async throws(PAOError) -> Int {
        let now = time.now()
        return try await store.write { tx throws(PAOError) -> Int in
            let notifications = NotificationStore(tx)
            _ = try notifications.markRead(id, of: actor.userID, at: now)
            return try notifications.unread(of: actor.userID)
        }
    }

    // MARK: Subscriptions

    /// Throws `forbidden`.
    package func subscriptions(by actor: Actor) throws(PAOError) -> [Subscription] {
        try actor.require(.adminSettings)
        return try store.read { connection throws(PAOError) in try NotificationStore(connection).subscriptions() }
    }

    /// The secret signs what is sent; it is made here unless one is given, and shown this once. Throws `forbidden`, and `invalid` for an
    /// address that is none or a type of event that does not exist.
    package func subscribe(_ url: String, events: [String], team: String?, secret: String?, by actor: Actor) async throws(PAOError)
        -> (subscription: Subscription, secret: String)
    {
        try actor.require(.adminSettings)
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
            throw Self.invalid("url", "format", "The address must begin with https:// or http://.")
        }
        if let unknown = events.first(where: { !Self.eventTypes.contains($0) }) {
            throw Self.invalid("events", "unknown", "There is no event \(unknown); there are \(Self.eventTypes.joined(separator: ", ")).")
        }
        let secret = secret ?? "whsec_" + Base64.encode(settings.random.bytes(32))
        let subscription = Subscription(
            id: settings.identifiers.readable("sub"), url: url, events: events, team: team, createdBy: actor.login, createdAt: time.now(),
            secret: settings.seal(.string(secret)))
        let (audit, changed) = (audit, changed)
        try await store.write { tx throws(PAOError) in
            try NotificationStore(tx).insert(subscription)
            try audit.append(AuditEntry(actor, "create", "subscription", subscription.id, team: team, new: subscription.json), in: tx)
            tx.afterCommit(changed)
        }
        return (subscription, secret)
    }

    /// What waits to be sent to it is given up. Throws `forbidden` and `notFound`.
    package func unsubscribe(_ id: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminSettings)
        let (audit, changed) = (audit, changed)
        try await store.write { tx throws(PAOError) in
            let notifications = NotificationStore(tx)
            guard let old = try notifications.subscription(id) else { throw PAOError(.notFound, "There is no subscription \(id).") }
            try notifications.removeSubscription(id)
            try audit.append(AuditEntry(actor, "delete", "subscription", id, team: old.team, old: old.json), in: tx)
            tx.afterCommit(changed)
        }
    }

    /// What can be subscribed to.
    package static let eventTypes = [
        "request.status", "request.step", "request.held", "instance.state", "ticket", "approval", "freeze", "catalog.synced",
        "catalog.failed",
    ]

    private static func invalid(_ field: String, _ rule: String, _ message: String) -> PAOError {
        PAOError(.invalid, message, findings: [.init(field: field, rule: rule, message: message)])
    }
}
