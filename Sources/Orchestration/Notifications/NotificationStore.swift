import Base
import Jobs
import Store

/// All SQL of `notifications`, `notification_cursor` and `subscriptions`.
struct NotificationStore {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    static let columns = """
        n.id, n.event_sequence, n.channel, n.recipient, n.subject, n.text, n.link, n.status, n.attempts, n.last_error, n.created_at,
        n.sent_at, n.read_at
        """

    static func notification(_ row: Row) -> Notification {
        Notification(
            id: row.text(0), eventSequence: row.int(1), channel: .init(rawValue: row.text(2)) ?? .inbox, recipient: row.text(3),
            subject: row.text(4), text: row.text(5), link: row.optionalText(6), status: .init(rawValue: row.text(7)) ?? .failed,
            attempts: row.int(8), lastError: row.optionalText(9), createdAt: row.timestamp(10), sentAt: row.optionalTimestamp(11),
            readAt: row.optionalTimestamp(12))
    }

    /// False when that receiver was told of that event by that way already.
    func insert(_ notification: Notification) throws(PAOError) -> Bool {
        try connection.first(
            """
            INSERT INTO notifications(id, event_sequence, channel, recipient, subject, text, link, status, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id
            """,
            notification.id, notification.eventSequence, notification.channel.rawValue, notification.recipient, notification.subject,
            notification.text, notification.link, notification.status.rawValue, notification.createdAt) != nil
    }

    func notification(_ id: String) throws(PAOError) -> Notification? {
        try connection.first("SELECT \(Self.columns) FROM notifications n WHERE n.id = ?", id).map(Self.notification)
    }

    func update(_ notification: Notification) throws(PAOError) {
        try connection.run(
            "UPDATE notifications SET status = ?, attempts = ?, last_error = ?, sent_at = ? WHERE id = ?", notification.status.rawValue,
            notification.attempts, notification.lastError, notification.sentAt, notification.id)
    }

    func list(sql: String, values: [SQLValue]) throws(PAOError) -> [Notification] {
        try connection.rows(sql, values: values).map(Self.notification)
    }

    func unread(of userID: String) throws(PAOError) -> Int {
        try connection.first(
            "SELECT COUNT(*) FROM notifications WHERE channel = 'inbox' AND recipient = ? AND read_at IS NULL", userID)?.int(0) ?? 0
    }

    /// One, or with nil all of a person's; how many were unread before.
    func markRead(_ id: String?, of userID: String, at now: Timestamp) throws(PAOError) -> Int {
        try connection.rows(
            """
            UPDATE notifications SET read_at = ?1 WHERE channel = 'inbox' AND recipient = ?2 AND read_at IS NULL AND (?3 = '' OR id = ?3)
            RETURNING id
            """, now, userID, id ?? ""
        ).count
    }

    func removeOlder(than instant: Timestamp) throws(PAOError) {
        try connection.run("DELETE FROM notifications WHERE created_at < ? AND status <> 'pending'", instant)
    }

    // MARK: The events that were looked at

    /// nil before the first time.
    func cursor() throws(PAOError) -> Int? { try connection.first("SELECT sequence FROM notification_cursor")?.int(0) }

    func setCursor(_ sequence: Int) throws(PAOError) {
        try connection.run(
            "INSERT INTO notification_cursor(id, sequence) VALUES (1, ?) ON CONFLICT(id) DO UPDATE SET sequence = excluded.sequence",
            sequence)
    }

    // MARK: Subscriptions

    private static let subscriptionColumns = "id, url, events, team, created_by, created_at, secret"

    func insert(_ subscription: Subscription) throws(PAOError) {
        try connection.run(
            "INSERT INTO subscriptions(\(Self.subscriptionColumns)) VALUES (?, ?, ?, ?, ?, ?, ?)", subscription.id, subscription.url,
            JSON.array(subscription.events.map(JSON.string)), subscription.team, subscription.createdBy, subscription.createdAt,
            subscription.secret)
    }

    func subscriptions() throws(PAOError) -> [Subscription] {
        try connection.rows("SELECT \(Self.subscriptionColumns) FROM subscriptions ORDER BY created_at, id").map(Self.subscription)
    }

    func subscription(_ id: String) throws(PAOError) -> Subscription? {
        try connection.first("SELECT \(Self.subscriptionColumns) FROM subscriptions WHERE id = ?", id).map(Self.subscription)
    }

    func removeSubscription(_ id: String) throws(PAOError) {
        try connection.run("DELETE FROM subscriptions WHERE id = ?", id)
        try connection.run(
            """
            UPDATE notifications SET status = 'failed', last_error = 'the subscription was removed'
            WHERE channel = 'webhook' AND recipient = ? AND status = 'pending'
            """, id)
    }

    private static func subscription(_ row: Row) -> Subscription {
        Subscription(
            id: row.text(0), url: row.text(1), events: row.json(2).array?.compactMap(\.string) ?? [], team: row.optionalText(3),
            createdBy: row.text(4), createdAt: row.timestamp(5), secret: row.json(6))
    }
}
