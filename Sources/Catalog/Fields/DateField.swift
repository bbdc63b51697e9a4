package import Base

package struct DateField: FieldType {
    package let name = "date"
    package let component = "date-picker"
    package let rules = ["minDate", "maxDate"]

    package func typeFault(_ value: JSON) -> String? { value.string == nil ? "Enter a text." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        let read: (JSON) -> CalendarDate? = { $0.string.flatMap(TextFormat.day) }
        return rules.formatFault(value.string ?? "", "date")
            + rules.boundFaults(read(value), "Date", low: "Choose $ or later.", high: "Choose $ or earlier.", read: read)
    }

    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": "string"]
        FormSchema.add(TextFormat.date.schema, to: &schema)
        for bound in MomentPattern.bounds(of: field, "Date", { TextFormat.day($0) == nil ? nil : $0 }) {
            FormSchema.add(JSONObject([("pattern", .string(bound))]), to: &schema)
        }
        return schema
    }
}
