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

    /// `formatMinimum` and `formatMaximum` are notes for those who know them.
    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": "string"]
        FormSchema.add(TextFormat.dateTime.schema, to: &schema)
        schema["formatMinimum"] = field.validation["minDatetime"]
        schema["formatMaximum"] = field.validation["maxDatetime"]
        for bound in MomentPattern.instantBounds(of: field) { FormSchema.add(JSONObject([("pattern", .string(bound))]), to: &schema) }
        return schema
    }
}
