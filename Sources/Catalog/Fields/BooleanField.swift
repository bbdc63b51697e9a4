package import Base

package struct BooleanField: FieldType {
    package let name = "boolean"
    package let component = "checkbox"
    package let rules: [String] = []

    package func typeFault(_ value: JSON) -> String? { value.bool == nil ? "Choose yes or no." : nil }
    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] { [] }
    package func schema(of field: Field) -> JSON { ["type": "boolean"] }
}
