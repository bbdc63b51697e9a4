package struct StoreOptions: Sendable {
    package enum Synchronous: String, Sendable {
        /// An answered write survives a power cut.
        case full = "FULL"
        /// A power cut may lose answered writes.
        case normal = "NORMAL"
        /// A power cut may destroy the database. This and `normal` exist to show that the tests of power cuts can fail.
        case off = "OFF"
    }

    /// Where the writer runs.
    package enum Execution: Sendable {
        /// On a thread of its own.
        case thread
        /// In turns, each a closure that is to be run soon, one at a time; `close` and `writeAndWait` take theirs at once. The
        /// simulation decides when a turn comes, so that what is committed together and what dies before it is committed follow its seed.
        case turns(@Sendable (@escaping @Sendable () -> Void) -> Void)
    }

    package var execution = Execution.thread
    package var synchronous = Synchronous.full
    /// Closures of one commit at most.
    package var batchLimit = 256
    /// No further closure joins a commit after this time.
    package var batchDuration = Duration.milliseconds(10)
    package var readers = 4
    /// Pages of 4096 bytes that the database may have; nil for SQLite's own limit.
    package var maximumPages: Int?
    /// False leaves the schema as it is, to look at it.
    package var appliesMigrations = true

    package init() {}
}
