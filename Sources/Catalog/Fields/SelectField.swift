package import Base

package struct SelectField: FieldType {
    package let name = "select"
    package let component = "dropdown"
    package let rules = ["enum", "allowCustom"]

    package func typeFault(_ value: JSON) -> String? { value.isScalar ? nil : "Choose one option." }
    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] { rules.optionFault([value]) }

    package func schema(of field: Field) -> JSON {
        var schema: JSON = [:]
        FieldRules(field).describeOptions(in: &schema)
        return schema == [:] ? ["type": ["string", "number", "boolean"]] : schema
    }
}

extension FieldRules {
    /// `enum`, where only the options are taken.
    func describeOptions(in schema: inout JSON) {
        if !takesAnyOption { schema["enum"] = .array(options.filter(\.isScalar)) }
    }
}

extension JSON {
    /// A string, number or boolean.
    var isScalar: Bool {
        switch self {
        case .string, .number, .bool: true
        case .null, .array, .object: false
        }
    }
}
