package import Base

package struct DatetimeField: FieldType {
    package let name = "datetime"
    package let component = "datetime-picker"
    package let rules = ["minDatetime", "maxDatetime"]

    package func typeFault(_ value: JSON) -> String? { value.string == nil ? "Enter a text." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        let instant = value.string.flatMap { TextFormat.instant($0) }
        return rules.formatFault(value.string ?? "", "date-time")
            + rules.boundFaults(instant, "Datetime", low: "Choose $ or later.", high: "Choose $ or earlier.") {
                $0.string.flatMap { TextFormat.instant($0, lenient: true) }
            }
    }

    /// Bounds are left to the service: offsets make the order of texts another one than that of instants.
    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": "string"]
        FormSchema.add(TextFormat.dateTime.schema, to: &schema)
        return schema
    }
}
