import Base
import CSQLite

extension Connection {
    enum Role {
        /// The only one that writes and checkpoints.
        case writer(StoreOptions)
        case reader
        /// A file that nothing else has open: a backup being made.
        case copy
    }

    /// Throws `data` when the file is not a database of ours, `unavailable` when it cannot be read.
    static func open(_ path: String, as role: Role) throws(PAOError) -> Connection {
        _ = configuration
        var handle: OpaquePointer?
        let access = if case .reader = role { SQLITE_OPEN_READONLY } else { SQLITE_OPEN_READWRITE }
        let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle, pao_sqlite_harden(handle) == SQLITE_OK else {
            let error = PAOError.sqlite(handle, code, doing: "open \(path)")
            sqlite3_close_v2(handle)
            throw error
        }
        if case .writer = role { pao_sqlite_reserve(handle, 1200, 200) }
        let connection = Connection(handle: handle)
        try connection.execute(script: pragmas(role))
        return connection
    }

    /// Of SQLite itself, once in the process.
    private static let configuration: Int32 = pao_sqlite_configure()

    private static func pragmas(_ role: Role) -> String {
        let common = "PRAGMA busy_timeout=\(busyTimeout); PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
        switch role {
        case .writer(let options): return common + writerPragmas(options)
        case .reader: return common + "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-1024;"
        case .copy: return common + "PRAGMA synchronous=OFF; PRAGMA cache_size=-1024;"
        }
    }

    /// `auto_vacuum` must come before the first page is written, thus before `journal_mode`. Checkpoints are the writer's own.
    private static func writerPragmas(_ options: StoreOptions) -> String {
        let limit = options.maximumPages.map { "PRAGMA max_page_count=\($0);" } ?? ""
        return """
            PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=\(options.synchronous.rawValue);
            PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=16777216; PRAGMA cache_size=-8192;\(limit)
            """
    }
}
