import Base
import CSQLite
import Glibc

extension PAOError {
    /// What the last failed call on this connection means to a caller. Constraints become `conflict` and keep SQLite's words in `detail`
    /// (the text of a trigger's `RAISE` included).
    static func sqlite(_ handle: OpaquePointer?, _ code: Int32, doing context: String) -> PAOError {
        let words = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "SQLite error \(code)"
        let primary = code & 0xFF
        if primary == SQLITE_FULL || primary == SQLITE_IOERR && isDeviceFull(handle) { return storageFull("\(words) [\(context)]") }
        return sqlite(primary: primary, detail: "\(words) (code \(code)) [\(context)]", words: words)
    }

    private static func isDeviceFull(_ handle: OpaquePointer?) -> Bool {
        handle.map { [ENOSPC, EDQUOT].contains(sqlite3_system_errno($0)) } ?? false
    }

    private static func storageFull(_ detail: String) -> PAOError {
        PAOError(
            .storageFull, "The server's storage is full.", detail: detail,
            hint: "Free space on the file system of the data directory; the server goes on by itself.", retryAfter: 5)
    }

    private static func sqlite(primary: Int32, detail: String, words: String) -> PAOError {
        switch primary {
        case SQLITE_CONSTRAINT:
            PAOError(.conflict, "The change contradicts what is stored.", detail: words)
        case SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM:
            PAOError(
                .unavailable, "The server cannot reach its storage.", detail: detail,
                hint: "Look at the file system of the data directory: is it mounted, writable and healthy?", retryAfter: 5)
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            PAOError(.data, "The database is damaged.", detail: detail, hint: restoreHint)
        default:
            PAOError(.internal, "Something went wrong inside the server.", detail: "SQLite: \(detail)")
        }
    }

    static let restoreHint = "Stop the server, keep the data directory aside, and restore the last backup with `pao restore`."

    /// A failed call of the operating system; `errno` must not have been touched since.
    static func system(_ code: Code, _ message: String, hint: String? = nil) -> PAOError {
        PAOError(code, message, detail: String(cString: strerror(errno)), hint: hint)
    }
}
