import Glibc

/// A JSON value. Keys and strings are compared by their exact bytes, never by Unicode equivalence.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON: Equatable {
    /// JSON Schema's equality: numbers by value (`1` equals `1.0`), objects without order.
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension JSON {
    package var isNull: Bool { if case .null = self { true } else { false } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    /// The value when it is a whole number that fits 64 bits (`3` and `3.0` are).
    package var int: Int? { number?.int }
    package var double: Double? { number?.double }
    package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The member of an object; nil for anything else and for an absent key.
    package subscript(key: String) -> JSON? {
        get { object?[key] }
        set {
            var members = object ?? JSONObject()
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The element of an array; nil when out of range.
    package subscript(index: Int) -> JSON? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// What JSON Schema calls the type.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number(let number): number.isInteger ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// nil becomes null.
    package static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }
    package static func int(_ value: Int) -> JSON { .number(JSONNumber(value)) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    package init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(distinct: elements)) }
    package init(nilLiteral: ()) { self = .null }
}

/// An object that keeps the order of its keys. Look-up is linear up to 12 keys and hashed above.
package struct JSONObject: Sendable, Equatable, Sequence {
    package typealias Element = (key: String, value: JSON)
    package private(set) var entries: [Element] = []
    private var positions: [ExactString: Int]?

    package init() {}

    /// A later pair of the same key replaces the earlier one.
    package init(_ pairs: some Sequence<(String, JSON)>) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The caller knows that no key stands twice: a literal, for instance.
    init(distinct pairs: [(String, JSON)]) {
        entries.reserveCapacity(pairs.count)
        for (key, value) in pairs { entries.append((key, value)) }
    }

    package var count: Int { entries.count }
    package var isEmpty: Bool { entries.isEmpty }
    package var keys: [String] { entries.map(\.key) }
    package func makeIterator() -> IndexingIterator<[Element]> { entries.makeIterator() }
    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    package subscript(key: String) -> JSON? {
        get { position(of: key).map { entries[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let index?, let value?): entries[index].value = value
            case (nil, let value?): append(key, value)
            case (let index?, nil):
                entries.remove(at: index)
                positions = nil
                if entries.count > 12 { buildIndex() }
            case (nil, nil): break
            }
        }
    }

    /// Appends without looking for the key; the caller knows that it is new.
    package mutating func append(_ key: String, _ value: JSON) {
        entries.append((key, value))
        if positions != nil {
            positions?[ExactString(key)] = entries.count - 1
        } else if entries.count > 12 {
            buildIndex()
        }
    }

    private mutating func buildIndex() {
        var index: [ExactString: Int] = [:]
        index.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() { index[ExactString(entry.key)] = position }
        positions = index
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactString(key)] }
        return entries.firstIndex { $0.key.hasSameBytes(as: key) }
    }

    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension String {
    /// Swift's own `==` also takes texts in other normal forms as equal.
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                guard let left = mine.baseAddress, let right = theirs.baseAddress else { return mine.isEmpty }
                return left == right || memcmp(left, right, mine.count) == 0
            }
        }
        return isSame.flatMap { $0 } ?? utf8.elementsEqual(other.utf8)
    }
}

/// A string as a hash key by its bytes: `é` in two normal forms is two keys.
package struct ExactString: Hashable, Sendable {
    package let text: String
    package init(_ text: String) { self.text = text }
    package static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
