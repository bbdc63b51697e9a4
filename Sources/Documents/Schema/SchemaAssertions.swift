import Base

extension SchemaEvaluator {
    /// Whether the instance keeps one keyword; adds to `evaluated` what the keyword looked at.
    mutating func apply(_ keyword: SchemaKeyword, _ instance: JSON, _ evaluated: inout EvaluatedMembers, isValidSoFar: Bool) -> Bool {
        switch instance {
        case .array(let elements):
            if let result = applyToItems(keyword, elements, &evaluated, isValidSoFar: isValidSoFar) { return result }
        case .object(let object):
            if let result = applyToMembers(keyword, object, &evaluated, isValidSoFar: isValidSoFar) { return result }
        case .number(let number):
            if let fault = Self.numberFault(keyword, number) { return fail(fault) }
        case .string(let text):
            if let fault = Self.textFault(keyword, text) { return fail(fault) }
        case .null, .bool: break
        }
        return applyToAny(keyword, instance, &evaluated)
    }

    struct Fault {
        var keyword: String
        var message: String
        var suggestion: String?
    }

    private mutating func fail(_ fault: @autoclosure () -> Fault) -> Bool {
        guard isCollecting else { return false }
        let fault = fault()
        report(fault.keyword, fault.message, suggestion: fault.suggestion)
        return false
    }

    private mutating func applyToAny(_ keyword: SchemaKeyword, _ instance: JSON, _ evaluated: inout EvaluatedMembers) -> Bool {
        switch keyword {
        case .type(let names):
            if names.contains(instance.typeName) || (names.contains("number") && instance.number != nil) { return true }
            return fail(Fault(keyword: "type", message: "must be \(Self.typeText(names)), not \(Self.valueText(instance))"))
        case .enumeration(let values):
            if values.contains(instance) { return true }
            return fail(Self.enumFault(values, instance))
        case .const(let value):
            if value == instance { return true }
            return fail(Fault(keyword: "const", message: "must be \(Self.valueText(value))"))
        default: return applyInPlace(keyword, instance, &evaluated)
        }
    }

    private static func enumFault(_ values: [JSON], _ instance: JSON) -> Fault {
        let shown = values.prefix(12).map(valueText).joined(separator: ", ") + (values.count > 12 ? ", ..." : "")
        let near = instance.string.flatMap { NearestName.suggestion(for: $0, among: values.compactMap(\.string)) }
        return Fault(keyword: "enum", message: "must be one of \(shown), not \(valueText(instance))", suggestion: near)
    }

    private static func typeText(_ names: [String]) -> String {
        let articles = ["array": "a list", "object": "an object", "integer": "a whole number", "null": "null"]
        return names.map { articles[$0] ?? "a \($0)" }.joined(separator: " or ")
    }

    static func valueText(_ value: JSON) -> String {
        let text = value.description
        return text.unicodeScalars.count <= 60 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(57))) + "..."
    }

    private static func numberFault(_ keyword: SchemaKeyword, _ number: JSONNumber) -> Fault? {
        switch keyword {
        case .minimum(let limit) where number < limit: Fault(keyword: "minimum", message: "must be at least \(limit.text)")
        case .maximum(let limit) where number > limit: Fault(keyword: "maximum", message: "must be at most \(limit.text)")
        case .exclusiveMinimum(let limit) where number <= limit:
            Fault(keyword: "exclusiveMinimum", message: "must be greater than \(limit.text)")
        case .exclusiveMaximum(let limit) where number >= limit:
            Fault(keyword: "exclusiveMaximum", message: "must be less than \(limit.text)")
        case .multipleOf(let step) where !number.isMultiple(of: step):
            Fault(keyword: "multipleOf", message: "must be a multiple of \(step.text)")
        default: nil
        }
    }

    private static func textFault(_ keyword: SchemaKeyword, _ text: String) -> Fault? {
        switch keyword {
        case .minLength(let limit) where text.unicodeScalars.count < limit:
            Fault(keyword: "minLength", message: "must have at least \(limit) character\(limit == 1 ? "" : "s")")
        case .maxLength(let limit) where text.unicodeScalars.count > limit:
            Fault(keyword: "maxLength", message: "must have at most \(limit) character\(limit == 1 ? "" : "s")")
        case .pattern(let pattern):
            switch pattern.search(text) {
            case .match: nil
            case .noMatch: Fault(keyword: "pattern", message: "must match the pattern \(pattern.source)")
            case .tooCostly:
                Fault(keyword: "pattern", message: "cannot be checked against the pattern \(pattern.source): it takes too long")
            }
        case .format(let name, let format) where !format.accepts(text):
            Fault(keyword: "format", message: "must be \(format.description ?? "of the format \(name)")")
        default: nil
        }
    }
}
