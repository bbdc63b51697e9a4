package import Base

package struct TimeField: FieldType {
    package let name = "time"
    package let component = "time-picker"
    package let rules = ["minTime", "maxTime"]

    package func typeFault(_ value: JSON) -> String? { value.string == nil ? "Enter a text." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        let read: (JSON) -> Int? = { $0.string.flatMap(TextFormat.secondOfDay) }
        return rules.formatFault(value.string ?? "", "time")
            + rules.boundFaults(read(value), "Time", low: "Choose $ or later.", high: "Choose $ or earlier.", read: read)
    }

    /// Local time of day: JSON Schema's `time` asks for an offset, so a pattern says it.
    package func schema(of field: Field) -> JSON {
        var schema: JSON = ["type": "string", "pattern": .string(MomentPattern.time)]
        for bound in MomentPattern.bounds(of: field, "Time", { TextFormat.secondOfDay($0) == nil ? nil : String(($0 + ":00").prefix(8)) }) {
            FormSchema.add(JSONObject([("pattern", .string(bound))]), to: &schema)
        }
        return schema
    }
}
