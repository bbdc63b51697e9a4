// DESIGN: when a field is shown, said as a JSON Schema of the object that holds it.
//
// `FieldVisibility` decides it for values that are there; here the same rules are kept as a formula over whatever values may come. What
// a schema cannot see (a default made by a template, a field outside of the object) stands in the formula as `unknown`. `certainly` is a
// schema that holds only where the field is shown for sure, so that a field in doubt is left to the service and nothing that the
// service takes is refused. Negations are pushed down to the tests; only so is what is in doubt in doubt on both sides.

import Base
import Documents

indirect enum Visibility: Equatable {
    case always, never, unknown
    case test(JSON)
    case all([Visibility])
    case any([Visibility])

    static func both(_ parts: [Visibility]) -> Visibility {
        let parts = parts.filter { $0 != .always }
        if parts.contains(.never) { return .never }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .always : .all(parts)
    }

    static func either(_ parts: [Visibility]) -> Visibility {
        let parts = parts.filter { $0 != .never }
        if parts.contains(.always) { return .always }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .never : .any(parts)
    }

    var negated: Visibility {
        switch self {
        case .always: .never
        case .never: .always
        case .unknown: .unknown
        case .test(let schema): .test(schema["not"] ?? ["not": schema])
        case .all(let parts): .either(parts.map(\.negated))
        case .any(let parts): .both(parts.map(\.negated))
        }
    }

    /// Holds only where the field is shown for sure; nil where that is never so.
    var certainly: JSON? {
        switch self {
        case .always: return [:]
        case .never, .unknown: return nil
        case .test(let schema): return schema
        case .all(let parts):
            let schemas = parts.compactMap(\.certainly)
            return schemas.count == parts.count ? ["allOf": .array(schemas)] : nil
        case .any(let parts):
            let schemas = parts.compactMap(\.certainly)
            return schemas.count > 1 ? ["anyOf": .array(schemas)] : schemas.first
        }
    }

    var size: Int {
        switch self {
        case .always, .never, .unknown, .test: 1
        case .all(let parts), .any(let parts): parts.reduce(1) { $0 + $1.size }
        }
    }
}

/// The formulas of the fields of one object.
struct VisibilityFormulas {
    private let fields: [Field]
    /// Ids that are not among the fields may be those of the form around the object.
    private let isInside: Bool
    private var known: [ExactString: Visibility] = [:]
    /// Tests that one condition leads to, through the conditions of the fields it looks at. Beyond it nobody reads the schema.
    private static let mostTests = 100

    init(_ fields: [Field], isInside: Bool) {
        self.fields = fields
        self.isInside = isInside
    }

    mutating func visibility(of field: Field) -> Visibility {
        guard let condition = field.conditional else { return .always }
        if let answer = known[ExactString(field.id)] { return answer }
        // Documents with circles are refused.
        known[ExactString(field.id)] = .unknown
        let answer = formula(of: condition)
        known[ExactString(field.id)] = answer.size > Self.mostTests ? .unknown : answer
        return known[ExactString(field.id)] ?? .unknown
    }

    mutating func formula(of condition: FieldCondition) -> Visibility {
        switch condition {
        case .test(let id, let operation, let wanted): return formula(of: id, operation, wanted)
        case .all(let conditions):
            var parts: [Visibility] = []
            for condition in conditions { parts.append(formula(of: condition)) }
            return .both(parts)
        case .any(let conditions):
            var parts: [Visibility] = []
            for condition in conditions { parts.append(formula(of: condition)) }
            return .either(parts)
        }
    }

    private mutating func formula(of id: String, _ operation: FieldCondition.Operation, _ wanted: JSON) -> Visibility {
        if operation == .notEquals { return formula(of: id, .equals, wanted).negated }
        if operation == .notIn { return formula(of: id, .in, wanted).negated }
        let holdsWithout = operation.holds(nil, wanted)
        guard let field = fields.first(where: { $0.id == id }) else { return isInside ? .unknown : holdsWithout ? .always : .never }
        let shown = visibility(of: field)
        let holds = Self.test(field, operation, wanted)
        return holdsWithout ? .either([shown.negated, holds]) : .both([shown, holds])
    }

    /// Of a field that is shown.
    private static func test(_ field: Field, _ operation: FieldCondition.Operation, _ wanted: JSON) -> Visibility {
        guard let value = operation.schema(wanted) else { return .unknown }
        let entered: Visibility =
            value == .bool(false) ? .never : .test(["required": [.string(field.id)], "properties": [(field.id): value]])
        let fallback = field.defaultValue.map(Form.constantDefault)
        if case .some(nil) = fallback {
            return .either([entered, .both([.test(["properties": [(field.id): ["const": .null]]]), .unknown])])
        }
        guard operation.holds(fallback ?? nil, wanted) else { return entered }
        return .test(["properties": [(field.id): ["anyOf": [value, ["const": .null]]]]])
    }
}

extension FieldCondition.Operation {
    /// Of a value other than null; `false` where none does, nil where JSON Schema cannot say it.
    fileprivate func schema(_ wanted: JSON) -> JSON? {
        switch self {
        case .equals, .notEquals: return wanted.isNull ? false : ["const": wanted]
        case .in, .notIn: return wanted.array.map { options in ["enum": .array(options.filter { !$0.isNull })] } ?? false
        case .contains: return Self.contains(wanted)
        case .greaterThan: return Self.beyond(wanted, "exclusiveMinimum", TextOrder.after)
        case .lessThan: return Self.beyond(wanted, "exclusiveMaximum", TextOrder.before)
        case .exists: return wanted == false ? ["enum": ["", []]] : ["not": ["enum": [.null, "", []]]]
        case .matches:
            guard let source = wanted.string, (try? Pattern(source)) != nil else { return false }
            return ["type": "string", "pattern": wanted]
        }
    }

    private static func contains(_ wanted: JSON) -> JSON {
        let element: JSON = ["type": "array", "contains": ["const": wanted]]
        guard let text = wanted.string else { return element }
        return ["anyOf": [["type": "string", "pattern": .string(TextOrder.literal(text.unicodeScalars))], element]]
    }

    private static func beyond(_ wanted: JSON, _ keyword: String, _ pattern: (String) -> String?) -> JSON? {
        if wanted.number != nil { return ["type": "number", (keyword): wanted] }
        guard let text = wanted.string else { return false }
        return pattern(text).map { ["type": "string", "pattern": .string($0)] }
    }
}

/// Patterns of the texts before and after another one, in the order of UTF-16 code units that the browser has. nil for a text with
/// characters from the surrogates on, whose order is another one than that of the characters, and for long ones.
private enum TextOrder {
    static func after(_ text: String) -> String? {
        ordered(text) { "[^\\u0000-\($0)]" }.map { "^(?:\(($0 + [literal(text.unicodeScalars) + "[\\s\\S]"]).joined(separator: "|")))" }
    }

    static func before(_ text: String) -> String? {
        let ways = ordered(text) { "(?!\($0))[\\u0000-\($0)]" }
        let beginnings = ways.map { _ in text.unicodeScalars.indices.map { literal(text.unicodeScalars[..<$0]) + "$" } } ?? []
        return ways.map { $0.isEmpty ? "^(?!)" : "^(?:\((beginnings + $0).joined(separator: "|")))" }
    }

    /// For each place: what equals the text up to there, and then a character that `other` makes of the text's.
    private static func ordered(_ text: String, _ other: (String) -> String) -> [String]? {
        let scalars = text.unicodeScalars
        guard scalars.count <= 64, scalars.allSatisfy({ $0.value < 0xD800 }) else { return nil }
        return scalars.indices.map { literal(scalars[..<$0]) + other(escaped(scalars[$0])) }
    }

    static func literal(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        scalars.reduce(into: "") { text, scalar in
            if "\\^$.*+?()[]{}|/".unicodeScalars.contains(scalar) { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
