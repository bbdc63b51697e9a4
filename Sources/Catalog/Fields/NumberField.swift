package import Base

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
        schema["minimum"] = field.validation["min"] ?? ownBounds.map { .int($0.lowerBound) }
        schema["maximum"] = field.validation["max"] ?? ownBounds.map { .int($0.upperBound) }
        let startsAtStep = (field.validation["min"]?.double ?? 0) == 0
        if startsAtStep, let step = field.validation["step"], (step.double ?? 0) > 0 { schema["multipleOf"] = step }
        FieldRules(field).describeOptions(in: &schema)
        return schema
    }
}

package struct NumberField: NumberFieldType {
    package let name = "number"
}
