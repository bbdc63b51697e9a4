package import Base

/// What a list holds is checked by `FormValidation`; here is only its length.
package struct ListField: FieldType {
    package let name = "list"
    package let component = "list"
    package let rules = ["minItems", "maxItems"]

    package func typeFault(_ value: JSON) -> String? { value.array == nil ? "Enter a list." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        let count = Double(value.array?.count ?? 0)
        if let minimum = rules.double("minItems"), count < minimum {
            return [BrokenRule("items", "Add at least \(rules.counted(rules["minItems"], "entry", "entries")).")]
        }
        if let maximum = rules.double("maxItems"), count > maximum {
            return [BrokenRule("items", "Keep at most \(rules.counted(rules["maxItems"], "entry", "entries")).")]
        }
        return []
    }

    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": "array"]
        schema["items"] = field.items.first.map { FormSchema.element(of: $0) }
        schema["minItems"] = field.validation["minItems"]
        schema["maxItems"] = field.validation["maxItems"]
        return schema
    }
}
