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

    package func schema(of field: Field) -> JSON { ["type": "string", "format": "date"] }
}
