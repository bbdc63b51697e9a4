package import Base
import Synchronization

/// The database of one data directory: one writer with group commit (`Writer.swift`), several readers, migrations, backups.
package final class Store: Sendable {
    private let directory: DataDirectory
    private let migrations: [Migration]
    private let writer: Writer
    private let readers: ReaderPool
    private let time: TimeSource
    private let log: Log
    private let isClosed = Mutex(false)

    /// Locks the directory, opens `pao.db` and brings its schema up to date; an existing database is first copied to `pao.db.before-<step>`.
    /// Throws `data` (in use by a server, damaged, newer than this binary, tampered), `configuration` (no permission), `storageFull`
    /// or `unavailable`.
    package init(
        directory path: String, migrations: [Migration], options: StoreOptions = .init(), time: TimeSource, log: Log
    ) throws(PAOError) {
        directory = try DataDirectory(path)
        self.migrations = migrations.sorted { $0.number < $1.number }
        self.time = time
        self.log = log
        let connection = try Connection.open(directory.database, as: .writer(options))
        let migrator = Migrator(connection: connection, migrations: self.migrations, time: time, log: log)
        if options.appliesMigrations { try Self.migrate(migrator, database: directory.database) }
        writer = try Writer(connection, options: options, time: time)
        readers = ReaderPool(path: directory.database, limit: options.readers)
    }

    deinit { close() }

    private static func migrate(_ migrator: Migrator, database: String) throws(PAOError) {
        let pending = try migrator.pending()
        guard let first = pending.first else { return }
        let isNew = try migrator.connection.first("SELECT 1 FROM sqlite_schema") == nil
        if !isNew { try migrator.connection.backUp(to: "\(database).before-\(first.number)") }
        try migrator.apply(pending)
    }

    /// False from `close` on, for good.
    package var isOpen: Bool { isClosed.withLock { !$0 } }

    /// Finishes what was accepted, waits for readers, empties the log and releases the directory. May be called again; not from within
    /// a read or a write.
    package func close() {
        isClosed.withLock { isClosed in
            guard !isClosed else { return }
            isClosed = true
            writer.stop()
            readers.close()
            writer.closeConnection()
            directory.unlock()
        }
    }

    // MARK: Writing

    /// One transaction; returns after the fsync that covers it. The body may run twice (when another one of its batch throws) and so
    /// has no effect but on the database. Tasks below medium priority stand back behind others. Throws what the body throws (nothing is stored then), and `unavailable`
    /// after `close`.
    @discardableResult
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(PAOError) -> T
    ) async throws(PAOError) -> T {
        let result = await withUnsafeContinuation { continuation in
            submit(body) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Blocks the thread: for start-up and commands. Throws `internal` on the writer's own thread, where it would wait for ever.
    @discardableResult
    package func writeAndWait<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(PAOError) -> T
    ) throws(PAOError) -> T {
        guard !writer.isCurrentThread else {
            throw PAOError(.internal, "Something went wrong inside the server.", detail: "a write waits for another inside a write")
        }
        let answer = Monitor<Result<T, PAOError>?>(nil)
        submit(body) { result in answer.change { $0 = result } }
        writer.takeTurns()
        return try answer.wait { $0 }.get()
    }

    private func submit<T: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(PAOError) -> T, answer: @escaping @Sendable (Result<T, PAOError>) -> Void
    ) {
        let slot = Slot<T>()
        writer.submit(
            Submission(
                isBackground: Task.currentPriority < .medium,
                perform: { connection throws(PAOError) in slot.put(try body(connection)) },
                settle: { error in answer(slot.result(error)) }))
    }

    // MARK: Reading

    /// One snapshot of the database for all reads of the body, on this thread. Not to be nested; blocks while all readers are in use.
    /// Throws what the body throws, and `unavailable` after `close`.
    package func read<T>(_ body: (Connection) throws(PAOError) -> T) throws(PAOError) -> T {
        try readers.withConnection { connection throws(PAOError) in
            connection.timestamp = time.now()
            return try connection.readTransaction(body)
        }
    }

    /// How SQLite would run a statement, one line per step, for tests of indexes.
    package func queryPlan(_ sql: String) throws(PAOError) -> [String] {
        try read { connection throws(PAOError) in try connection.plan(of: sql) }
    }

    // MARK: Looking after

    /// A consistent copy under load, in one file of mode 0600; readers and writers go on. Throws `unavailable` or `storageFull`.
    package func backup(to path: String) throws(PAOError) {
        try read { connection throws(PAOError) in try connection.backUp(to: path) }
    }

    /// What is wrong with the database, for a person; empty when all is well. `quick` leaves out the comparison of indexes with tables.
    package func integrityCheck(quick: Bool = false) throws(PAOError) -> [String] {
        try read { connection throws(PAOError) in try connection.faults(quick: quick) }
    }

    /// The same for a file that no server has open, such as a backup. Throws `data` when it is no database.
    package static func integrityCheck(file path: String) throws(PAOError) -> [String] {
        let connection = try Connection.open(path, as: .reader)
        defer { connection.close() }
        return try connection.faults(quick: false)
    }

    package func migrationStatus() throws(PAOError) -> [MigrationStatus] {
        try read { connection throws(PAOError) in
            try Migrator(connection: connection, migrations: migrations, time: time, log: log).status()
        }
    }

    package var statistics: StoreStatistics { writer.statistics }

    /// Many callers at once wait for their commits: a reason for background work to stand back.
    package var isPressed: Bool { writer.isPressed }
}

/// Carries a closure's value from the writer's thread to its caller.
private final class Slot<T: Sendable>: Sendable {
    private let value = Mutex<T?>(nil)

    func put(_ value: T) { self.value.withLock { $0 = value } }

    /// The value, unless there was an error.
    func result(_ error: PAOError?) -> Result<T, PAOError> {
        if let error { return .failure(error) }
        guard let value = value.withLock({ $0 }) else {
            return .failure(PAOError(.internal, "Something went wrong inside the server.", detail: "committed without a value"))
        }
        return .success(value)
    }
}
