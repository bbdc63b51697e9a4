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
        ["type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"]
    }
}
