package import Base

package struct MultiselectField: FieldType {
    package let name = "multiselect"
    package let component = "multi-dropdown"
    package let rules = ["enum", "allowCustom", "minSelections", "maxSelections"]

    package func typeFault(_ value: JSON) -> String? {
        value.array?.allSatisfy(\.isScalar) == true ? nil : "Choose from the options."
    }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        let chosen = value.array ?? []
        var broken = rules.optionFault(chosen)
        if let minimum = rules.double("minSelections"), Double(chosen.count) < minimum {
            broken.append(BrokenRule("minSelections", "Choose at least \(rules["minSelections"] ?? 0)."))
        }
        if let maximum = rules.double("maxSelections"), Double(chosen.count) > maximum {
            broken.append(BrokenRule("maxSelections", "Choose at most \(rules["maxSelections"] ?? 0)."))
        }
        return broken
    }

    package func schema(of field: Field) -> JSON {
        var items: JSON = [:]
        FieldRules(field).describeOptions(in: &items)
        if items == [:] { items = ["type": ["string", "number", "boolean"]] }
        var schema: JSON = ["type": "array", "items": items]
        schema["minItems"] = field.validation["minSelections"]
        schema["maxItems"] = field.validation["maxSelections"]
        return schema
    }
}
