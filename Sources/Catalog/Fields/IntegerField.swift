package import Base

package struct IntegerField: NumberFieldType {
    package let name = "integer"
    package let schemaType = "integer"

    package func typeFault(_ value: JSON) -> String? { value.number?.isInteger == true ? nil : "Enter a whole number." }
}
