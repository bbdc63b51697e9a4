package import Base

/// What an object holds is checked by `FormValidation`.
package struct ObjectField: FieldType {
    package let name = "object"
    package let component = "object"
    package let rules: [String] = []

    package func typeFault(_ value: JSON) -> String? { value.object == nil ? "Fill in the group." : nil }
    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] { [] }

    /// Any object, where the field names no properties.
    package func schema(of field: Field) -> JSON {
        field.properties.isEmpty ? ["type": "object"] : FormSchema.object(of: field.properties)
    }
}
