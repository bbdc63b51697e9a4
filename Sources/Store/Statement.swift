import Base
import CSQLite
import Glibc

/// A prepared statement. Belongs to one connection and dies before it.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let sql: String
    /// Set while its rows are read, so that the same text can be run inside the loop over them.
    var isBusy = false

    init(_ sql: String, on database: OpaquePointer) throws(PAOError) {
        var handle: OpaquePointer?
        var text = sql
        var rest = false
        let code = text.withUTF8 { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                var tail: UnsafePointer<CChar>?
                let code = sqlite3_prepare_v3(
                    database, characters.baseAddress, Int32(clamping: characters.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
                if let tail, let start = characters.baseAddress {
                    rest = characters[(tail - start)...].contains { !Self.separators.contains(UInt8(bitPattern: $0)) }
                }
                return code
            }
        }
        guard code == SQLITE_OK else { throw .sqlite(database, code, doing: sql) }
        guard let handle, !rest else {
            sqlite3_finalize(handle)
            throw PAOError(.internal, "Something went wrong inside the server.", detail: "not exactly one statement: \(sql)")
        }
        (self.handle, self.database, self.sql) = (handle, database, sql)
    }

    deinit { sqlite3_finalize(handle) }

    /// Where the bytes of the text are; nil for a text that has none of its own (short, or not native).
    static func address(of sql: String) -> UInt? {
        sql.utf8.count < 16 ? nil : sql.utf8.withContiguousStorageIfAvailable { UInt(bitPattern: $0.baseAddress) }
    }

    func has(text other: String) -> Bool {
        let isSame = sql.utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                guard let left = mine.baseAddress, let right = theirs.baseAddress, mine.count == theirs.count else { return false }
                return left == right || memcmp(left, right, mine.count) == 0
            }
        }
        return (isSame ?? false) ?? false
    }

    private static let separators = Array("; \n\r\t".utf8)

    var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

    func bind(_ values: [SQLValue]) throws(PAOError) {
        guard values.count == parameterCount else {
            throw PAOError(
                .internal, "Something went wrong inside the server.",
                detail: "\(values.count) values for \(parameterCount) parameters: \(sql)")
        }
        for (index, value) in values.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw .sqlite(database, code, doing: sql) }
        }
    }

    private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let value): return sqlite3_bind_int64(handle, index, Int64(value))
        case .real(let value): return sqlite3_bind_double(handle, index, value)
        case .blob(let bytes): return pao_sqlite_bind_blob(handle, index, bytes, UInt64(bytes.count))
        case .text(var text):
            return text.withUTF8 { buffer in
                buffer.withMemoryRebound(to: CChar.self) {
                    pao_sqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
                }
            }
        }
    }

    /// True when there is a row, false at the end.
    func step() throws(PAOError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw .sqlite(database, code, doing: sql)
        }
    }

    /// Ready to be bound again; frees the copies of the values.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    var row: Row {
        Row(values: (0..<sqlite3_column_count(handle)).map(value))
    }

    private func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: return .integer(Int(sqlite3_column_int64(handle, column)))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(handle, column) else { return .text("") }
            let length = Int(sqlite3_column_bytes(handle, column))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(handle, column) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))))
        default: return .null
        }
    }
}
