package import Base
import Documents

/// The rules that every field of numbers has.
package protocol NumberFieldType: FieldType {
    /// Bounds where `validation` has none.
    var ownBounds: ClosedRange<Int>? { get }
    var schemaType: String { get }
}

extension NumberFieldType {
    package var ownBounds: ClosedRange<Int>? { nil }
    package var schemaType: String { "number" }
    package var component: String { "number-input" }
    package var rules: [String] { ["min", "max", "step", "precision", "enum"] }

    package func typeFault(_ value: JSON) -> String? { value.number == nil ? "Enter a number." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        value.number.map { rules.numberFaults($0, fallback: ownBounds) } ?? []
    }

    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": .string(schemaType)]
        let rules = FieldRules(field)
        if let values = values(rules) {
            schema["enum"] = .array(values.filter { typeFault($0) == nil && brokenRules($0, rules).isEmpty })
            return schema
        }
        schema["minimum"] = number(rules, "min", ownBounds?.lowerBound)
        schema["maximum"] = number(rules, "max", ownBounds?.upperBound)
        for rule in multiples(rules) { FormSchema.add(rule, to: &schema) }
        return schema
    }

    private func number(_ rules: FieldRules, _ key: String, _ fallback: Int?) -> JSON? {
        guard let written = rules[key] else { return fallback.map { .int($0) } }
        return written.number.map { .number($0) }
    }

    /// All that there are: the options, or the steps between the bounds where they are few and `multipleOf` cannot say them.
    private func values(_ rules: FieldRules) -> [JSON]? {
        if !rules.takesAnyOption { return rules.options }
        guard let start = rules["min"]?.number, let end = number(rules, "max", ownBounds?.upperBound)?.number,
            let step = rules.step, !start.isMultiple(of: step)
        else { return nil }
        return start.steps(of: step, through: end, atMost: 256)?.map(JSON.number)
    }

    private func multiples(_ steps: FieldRules) -> [JSONObject] {
        var rules = steps.step.map { stepRules($0, from: steps["min"]?.number ?? JSONNumber(0)) } ?? []
        if let decimals = steps.precision, schemaType == "number", let unit = JSONNumber(text: "1e-\(decimals)") {
            rules.append(JSONObject([("multipleOf", .number(decimals == 0 ? JSONNumber(1) : unit))]))
        }
        return rules
    }

    /// A step from nought, or from its half, as odd numbers are; any other is left to the service.
    private func stepRules(_ step: JSONNumber, from start: JSONNumber) -> [JSONObject] {
        let whole: JSON = ["type": "number", "multipleOf": .number(step)]
        if start.isMultiple(of: step) { return [JSONObject([("multipleOf", .number(step))])] }
        guard let half = step.half, start.isMultiple(of: half) else { return [] }
        return [JSONObject([("multipleOf", .number(half)), ("not", whole)])]
    }
}

package struct NumberField: NumberFieldType {
    package let name = "number"
}
