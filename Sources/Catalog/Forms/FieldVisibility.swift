import Base
import Documents

/// Which fields of a form are asked, given what was entered: the same rules as `web-static/lib/conditions.js`. A field whose
/// condition does not hold is neither required nor kept, and for the conditions of others it has no value.
/// Fields that depend on each other in a circle see each other as visible.
struct FieldVisibility {
    private let fields: [Field]
    private let values: JSONObject
    private let defaults: (Field) -> JSON?
    /// Answers for ids that are not among the fields: the form around an object.
    private let outer: (String) -> JSON?
    private var known: [ExactString: Bool] = [:]
    private var depth = 0
    /// Fields that show fields that show fields: beyond this every field is shown, so that no document exhausts the stack.
    private static let deepest = 64

    init(
        _ fields: [Field], values: JSONObject, defaults: @escaping (Field) -> JSON?, outer: @escaping (String) -> JSON? = { _ in nil }
    ) {
        self.fields = fields
        self.values = values
        self.defaults = defaults
        self.outer = outer
    }

    mutating func visible() -> [Field] { fields.filter { isVisible($0) } }

    /// What counts for a field: what was entered, else its default.
    func effectiveValue(of field: Field) -> JSON? {
        guard let value = values[field.id], !value.isNull else { return defaults(field) }
        return value
    }

    /// The value of a visible field.
    mutating func value(of id: String) -> JSON? {
        guard let field = fields.first(where: { $0.id == id }) else { return outer(id) }
        return isVisible(field) ? effectiveValue(of: field) : nil
    }

    private mutating func isVisible(_ field: Field) -> Bool {
        if let answer = known[ExactString(field.id)] { return answer }
        known[ExactString(field.id)] = true
        depth += 1
        defer { depth -= 1 }
        let answer = depth > Self.deepest || field.conditional.map { holds($0) } ?? true
        known[ExactString(field.id)] = answer
        return answer
    }

    private mutating func holds(_ condition: FieldCondition) -> Bool {
        switch condition {
        case .test(let field, let operation, let wanted): return operation.holds(value(of: field), wanted)
        case .all(let conditions):
            for condition in conditions where !holds(condition) { return false }
            return true
        case .any(let conditions):
            for condition in conditions where holds(condition) { return true }
            return false
        }
    }
}

extension FieldCondition.Operation {
    /// `value` is nil where the field has none.
    func holds(_ value: JSON?, _ wanted: JSON) -> Bool {
        switch self {
        case .equals: value == wanted
        case .notEquals: value != wanted
        case .in: isListed(value, wanted)
        case .notIn: !isListed(value, wanted)
        case .contains: contains(value, wanted)
        case .greaterThan: isAbove(value, wanted)
        case .lessThan: isAbove(wanted, value)
        case .exists: isEmptyEntry(value) == (wanted == .bool(false))
        case .matches: matches(value, wanted)
        }
    }

    private func isListed(_ value: JSON?, _ wanted: JSON) -> Bool { wanted.array?.contains { $0 == value } ?? false }

    private func contains(_ value: JSON?, _ wanted: JSON) -> Bool {
        if let elements = value?.array { return elements.contains(wanted) }
        guard let text = value?.string, let part = wanted.string else { return false }
        return text.contains(part)
    }

    /// Numbers with numbers, texts with texts (so that ISO dates compare); anything else is not comparable.
    private func isAbove(_ left: JSON?, _ right: JSON?) -> Bool {
        if let left = left?.number, let right = right?.number { return right < left }
        guard let left = left?.string, let right = right?.string else { return false }
        return right.utf16.lexicographicallyPrecedes(left.utf16)
    }

    private func matches(_ value: JSON?, _ wanted: JSON) -> Bool {
        guard let text = value?.string, let source = wanted.string else { return false }
        return (try? Pattern(source))?.matches(text) ?? false
    }
}

/// Nothing entered: for a text an empty one, for lists an empty list. `false` and `0` are values.
func isEmptyEntry(_ value: JSON?) -> Bool {
    switch value {
    case nil, .null: true
    case .string(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    default: false
    }
}
