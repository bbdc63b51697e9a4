package import Base

/// One row of an answer, copied out of SQLite. Columns count from 0; a column that is absent reads as NULL.
///
/// The plain readers are for columns that the schema declares `NOT NULL` with that type; of anything else they give the zero value.
package struct Row: Sendable, Equatable {
    package let values: [SQLValue]

    package init(values: [SQLValue]) { self.values = values }

    package subscript(index: Int) -> SQLValue { values.indices.contains(index) ? values[index] : .null }

    package func text(_ index: Int) -> String { optionalText(index) ?? "" }
    package func int(_ index: Int) -> Int { optionalInt(index) ?? 0 }
    package func bool(_ index: Int) -> Bool { int(index) != 0 }

    package func double(_ index: Int) -> Double {
        switch self[index] {
        case .real(let value): value
        case .integer(let value): Double(value)
        default: 0
        }
    }

    package func blob(_ index: Int) -> [UInt8] {
        if case .blob(let bytes) = self[index] { bytes } else { [] }
    }

    package func optionalText(_ index: Int) -> String? {
        if case .text(let text) = self[index] { text } else { nil }
    }

    package func optionalInt(_ index: Int) -> Int? {
        if case .integer(let value) = self[index] { value } else { nil }
    }

    /// 1970 where the text is broken.
    package func timestamp(_ index: Int) -> Timestamp { optionalTimestamp(index) ?? Timestamp(milliseconds: 0) }
    package func optionalTimestamp(_ index: Int) -> Timestamp? { optionalText(index).flatMap { Timestamp($0) } }

    /// JSON's null where the text is broken.
    package func json(_ index: Int) -> JSON { optionalJSON(index) ?? .null }
    package func optionalJSON(_ index: Int) -> JSON? { optionalText(index).flatMap { try? JSON.parse($0) } }
}
