import Base
import Store

/// All SQL of `freeze_windows`, `request_holds` and `request_overrides`.
struct FreezeWindowStore {
    let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    private static let columns = "id, reason, catalog_ids, categories, teams, starts_at, ends_at, created_by, created_at"

    private static func window(_ row: Row) -> FreezeWindow {
        func texts(_ column: Int) -> [String] { row.json(column).array?.compactMap(\.string) ?? [] }
        return FreezeWindow(
            id: row.text(0), reason: row.text(1), scope: .init(catalogIDs: texts(2), categories: texts(3), teams: texts(4)),
            startsAt: row.timestamp(5), endsAt: row.optionalTimestamp(6), createdBy: row.text(7), createdAt: row.timestamp(8))
    }

    func insert(_ window: FreezeWindow) throws(PAOError) {
        func list(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
        try connection.run(
            "INSERT INTO freeze_windows(\(Self.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", window.id, window.reason,
            list(window.scope.catalogIDs), list(window.scope.categories), list(window.scope.teams), window.startsAt, window.endsAt,
            window.createdBy, window.createdAt)
    }

    func window(_ id: String) throws(PAOError) -> FreezeWindow? {
        try connection.first("SELECT \(Self.columns) FROM freeze_windows WHERE id = ?", id).map(Self.window)
    }

    /// The newest first.
    func windows(limit: Int) throws(PAOError) -> [FreezeWindow] {
        try connection.rows("SELECT \(Self.columns) FROM freeze_windows ORDER BY starts_at DESC, id DESC LIMIT ?", limit).map(Self.window)
    }

    /// Of those that hold the request back now, the one that lasts longest.
    func freeze(of request: ServiceRequest, at now: Timestamp) throws(PAOError) -> FreezeWindow? {
        let active = try connection.rows(
            "SELECT \(Self.columns) FROM freeze_windows WHERE starts_at <= ? AND (ends_at IS NULL OR ends_at > ?)", now, now
        ).map(Self.window).filter { $0.scope.holds(request) }
        return active.first { $0.endsAt == nil } ?? active.max { ($0.endsAt ?? now) < ($1.endsAt ?? now) }
    }

    func end(_ id: String, at now: Timestamp) throws(PAOError) {
        try connection.run("UPDATE freeze_windows SET ends_at = ? WHERE id = ?", now, id)
    }

    // MARK: Requests that are held back

    func hold(of requestRowID: String) throws(PAOError) -> StartHold? {
        try connection.first("SELECT kind, reason, until FROM request_holds WHERE request_id = ?", requestRowID).flatMap { row in
            StartHold.Kind(rawValue: row.text(0)).map { StartHold(kind: $0, reason: row.text(1), until: row.optionalTimestamp(2)) }
        }
    }

    /// nil: nothing holds it back any more.
    func setHold(_ hold: StartHold?, of requestRowID: String, at now: Timestamp) throws(PAOError) {
        guard let hold else {
            try connection.run("DELETE FROM request_holds WHERE request_id = ?", requestRowID)
            return
        }
        try connection.run(
            """
            INSERT INTO request_holds(request_id, kind, reason, until, since) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT(request_id) DO UPDATE SET kind = excluded.kind, reason = excluded.reason, until = excluded.until
            """, requestRowID, hold.kind.rawValue, hold.reason, hold.until, now)
    }

    /// Row ids and teams of the requests that a freeze holds back.
    func frozen() throws(PAOError) -> [(rowID: String, team: String)] {
        try connection.rows(
            """
            SELECT r.id, r.requester_team FROM request_holds h JOIN service_requests r ON r.id = h.request_id
            WHERE h.kind = 'freeze' AND r.status = 'queued'
            """
        ).map { ($0.text(0), $0.text(1)) }
    }

    func frozenCount() throws(PAOError) -> Int {
        try connection.first(
            "SELECT COUNT(*) FROM request_holds h JOIN service_requests r ON r.id = h.request_id WHERE h.kind = 'freeze' AND r.status = 'queued'"
        )?.int(0) ?? 0
    }

    /// Somebody has let the request start whatever holds it back; of a component also the bundle's.
    func isOverridden(_ request: ServiceRequest) throws(PAOError) -> Bool {
        try connection.first(
            "SELECT 1 FROM request_overrides WHERE request_id IN (?, ?)", request.rowID, request.parentRowID ?? request.rowID) != nil
    }

    func letStart(_ requestRowID: String, reason: String, by login: String, at now: Timestamp) throws(PAOError) {
        try connection.run(
            "INSERT OR REPLACE INTO request_overrides(request_id, reason, overridden_by, overridden_at) VALUES (?, ?, ?, ?)", requestRowID,
            reason, login, now)
        try connection.run("UPDATE service_requests SET start_after = NULL, updated_at = ? WHERE id = ?", now, requestRowID)
    }
}
