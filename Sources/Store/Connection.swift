package import Base
import CSQLite

/// A connection inside a read or a transaction; not to be kept or used after its closure has returned.
///
/// Statements are written with `?` for every value and are kept prepared by their text: never put a value into the text.
/// Every function throws `conflict` (a constraint or a trigger refused), `storageFull`, `unavailable`, `data` or `internal`.
package final class Connection {
    private let handle: OpaquePointer
    private var isOpen = true
    private var statements: [ExactString: Statement] = [:]
    /// The same statements by the address of their text: texts are literals, which stay where they are. Checked by their bytes.
    private var statementsByAddress: [UInt: Statement] = [:]
    private static let statementLimit = 200
    /// Milliseconds to wait for another process, such as an administrator's `sqlite3`.
    static let busyTimeout: Int32 = 5000

    /// When this transaction began; the one time for all that it writes.
    package internal(set) var timestamp = Timestamp(milliseconds: 0)
    /// Of the transaction that runs now, in order.
    var hooks: [@Sendable () -> Void] = []

    init(handle: OpaquePointer) { self.handle = handle }

    deinit { close() }

    func close() {
        guard isOpen else { return }
        isOpen = false
        statements.removeAll()
        statementsByAddress.removeAll()
        sqlite3_close_v2(handle)
    }

    /// Runs a statement to its end; the number of rows that it inserted, changed or deleted (without those of triggers and cascades).
    @discardableResult
    package func run(_ sql: String, _ values: (any SQLBindable)?...) throws(PAOError) -> Int {
        try run(sql, values: Self.sqlValues(values))
    }

    @discardableResult
    package func run(_ sql: String, values: [SQLValue]) throws(PAOError) -> Int {
        let before = sqlite3_total_changes64(handle)
        try withStatement(sql, values) { statement throws(PAOError) in while try statement.step() {} }
        return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
    }

    /// The rowid of the last row that `run` inserted.
    package var lastInsertedRow: Int { Int(sqlite3_last_insert_rowid(handle)) }

    package func rows(_ sql: String, _ values: (any SQLBindable)?...) throws(PAOError) -> [Row] {
        try rows(sql, values: Self.sqlValues(values))
    }

    package func rows(_ sql: String, values: [SQLValue]) throws(PAOError) -> [Row] {
        var rows: [Row] = []
        try forEach(sql, values: values) { rows.append($0) }
        return rows
    }

    /// The first row, without reading the others. Not for statements that write (`INSERT ... RETURNING` is for `rows`).
    package func first(_ sql: String, _ values: (any SQLBindable)?...) throws(PAOError) -> Row? {
        try first(sql, values: Self.sqlValues(values))
    }

    package func first(_ sql: String, values: [SQLValue]) throws(PAOError) -> Row? {
        var row: Row?
        try withStatement(sql, values) { statement throws(PAOError) in
            if try statement.step() { row = statement.row }
        }
        return row
    }

    /// Row by row, without holding the others in memory.
    package func forEach(
        _ sql: String, _ values: (any SQLBindable)?..., body: (Row) throws(PAOError) -> Void
    ) throws(PAOError) {
        try forEach(sql, values: Self.sqlValues(values), body: body)
    }

    package func forEach(_ sql: String, values: [SQLValue], body: (Row) throws(PAOError) -> Void) throws(PAOError) {
        try withStatement(sql, values) { statement throws(PAOError) in
            while try statement.step() { try body(statement.row) }
        }
    }

    /// Runs on the writer's thread after the commit that covers this transaction, before its caller goes on; dropped when the
    /// transaction is rolled back. Must be short and must not wait for another write.
    package func afterCommit(_ body: @escaping @Sendable () -> Void) { hooks.append(body) }

    private static func sqlValues(_ values: [(any SQLBindable)?]) -> [SQLValue] { values.map { $0?.sqlValue ?? .null } }

    private func withStatement(
        _ sql: String, _ values: [SQLValue], _ body: (Statement) throws(PAOError) -> Void
    ) throws(PAOError) {
        let statement = try statement(sql)
        statement.isBusy = true
        defer {
            statement.reset()
            statement.isBusy = false
        }
        try statement.bind(values)
        try body(statement)
    }

    private func statement(_ sql: String) throws(PAOError) -> Statement {
        guard let address = Statement.address(of: sql) else { return try statementByText(sql) }
        if let known = statementsByAddress[address], !known.isBusy, known.has(text: sql) { return known }
        let statement = try statementByText(sql)
        if statementsByAddress.count >= 4 * Self.statementLimit { statementsByAddress.removeAll() }
        statementsByAddress[address] = statement
        return statement
    }

    private func statementByText(_ sql: String) throws(PAOError) -> Statement {
        let key = ExactString(sql)
        if let known = statements[key], !known.isBusy { return known }
        let statement = try Statement(sql, on: handle)
        if statements.count >= Self.statementLimit { statements = statements.filter { $0.value.isBusy } }
        if statements[key] == nil { statements[key] = statement }
        return statement
    }
}

// MARK: Transactions

extension Connection {
    /// False as well after SQLite has rolled back by itself, which it may do when the disk is full or fails.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// A part whose throwing ends the whole transaction.
    func checked(_ body: (Connection) throws(PAOError) -> Void) throws(PAOError) {
        try body(self)
        try refuseOpenForeignKeys()
    }

    /// One part of a larger transaction: what it did is undone when it throws, and only that.
    func savepoint(_ body: (Connection) throws(PAOError) -> Void) throws(PAOError) {
        try run("SAVEPOINT part")
        do throws(PAOError) {
            try body(self)
            try refuseOpenForeignKeys()
            try run("RELEASE part")
        } catch {
            undoSavepoint()
            throw error
        }
    }

    private func undoSavepoint() {
        guard isInTransaction else { return }
        do throws(PAOError) {
            try run("ROLLBACK TO part")
            try run("RELEASE part")
        } catch {
            rollBack()
        }
    }

    func rollBack() {
        if isInTransaction { _ = try? run("ROLLBACK") }
    }

    /// Deferred foreign keys are looked at here, since at the commit they would fail the whole batch.
    private func refuseOpenForeignKeys() throws(PAOError) {
        var (current, highest): (Int32, Int32) = (0, 0)
        sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
        guard current == 0 else {
            throw PAOError(.conflict, "The change contradicts what is stored.", detail: "FOREIGN KEY constraint failed")
        }
    }

    /// A consistent snapshot for all reads of the body.
    func readTransaction<T>(_ body: (Connection) throws(PAOError) -> T) throws(PAOError) -> T {
        try run("BEGIN")
        defer { rollBack() }
        return try body(self)
    }
}

// MARK: Whole database

extension Connection {
    /// Runs all statements of a text; only for schemas and pragmas of ours.
    func execute(script: String) throws(PAOError) {
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        guard code == SQLITE_OK else { throw .sqlite(handle, code, doing: String(script.prefix(200))) }
    }

    /// Keeps the number of pages that the write-ahead log has after each commit in `pages`, which must outlive the connection.
    func reportLogLength(to pages: UnsafeMutablePointer<Int>) {
        _ = sqlite3_wal_hook(
            handle,
            { context, _, _, count in
                context?.assumingMemoryBound(to: Int.self).pointee = Int(count)
                return SQLITE_OK
            }, pages)
    }

    enum Checkpoint {
        /// Copies what no reader needs, waits for nobody.
        case passive
        /// Waits a moment for readers, then empties the log.
        case truncate
    }

    /// Failing is harmless: the log stays as it is and the next checkpoint takes it along.
    @discardableResult
    func checkpoint(_ kind: Checkpoint) -> Bool {
        sqlite3_busy_timeout(handle, 100)
        defer { sqlite3_busy_timeout(handle, Self.busyTimeout) }
        let mode = kind == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        return sqlite3_wal_checkpoint_v2(handle, nil, mode, nil, nil) == SQLITE_OK
    }

    /// Copies the database as this connection sees it, page by page, into another.
    func copy(into target: Connection) throws(PAOError) {
        guard let backup = sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw .sqlite(target.handle, sqlite3_errcode(target.handle), doing: "backup")
        }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw .sqlite(target.handle, code, doing: "backup") }
    }

    /// The steps of EXPLAIN QUERY PLAN; unbound parameters count as NULL.
    func plan(of sql: String) throws(PAOError) -> [String] {
        let explained = "EXPLAIN QUERY PLAN " + sql
        let count = try Statement(explained, on: handle).parameterCount
        return try rows(explained, values: Array(repeating: .null, count: count)).map { $0.text(3) }
    }

    /// What `integrity_check` (or the faster `quick_check`, which leaves out the indexes) and `foreign_key_check` find; empty when all is well.
    func faults(quick: Bool) throws(PAOError) -> [String] {
        var faults = try rows(quick ? "PRAGMA quick_check(100)" : "PRAGMA integrity_check(100)").map { $0.text(0) }.filter { $0 != "ok" }
        try forEach("PRAGMA foreign_key_check") { row in
            faults.append("row \(row.int(1)) of \(row.text(0)) refers to a row of \(row.text(2)) that is not there")
        }
        return faults
    }
}
