package import Base

/// The rules that every field of free text has.
package protocol TextFieldType: FieldType {
    /// The format that the type itself asks for; nil takes `validation.format`.
    var ownFormat: String? { get }
}

extension TextFieldType {
    package var ownFormat: String? { nil }
    package var rules: [String] { ["pattern", "minLength", "maxLength", "format", "enum"] }

    package func typeFault(_ value: JSON) -> String? { value.string == nil ? "Enter a text." : nil }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        guard let text = value.string else { return [] }
        let format = rules.formatFault(text, ownFormat ?? rules.string("format"))
        return rules.patternFault(text) + rules.lengthFaults(text) + format + rules.optionFault([value])
    }

    package func schema(of field: Field) -> JSON { textSchema(of: field) }

    func textSchema(of field: Field) -> JSON {
        var schema: JSON = ["type": "string"]
        schema["pattern"] = field.pattern.map { .string($0.source) }
        for rule in ["minLength", "maxLength"] { schema[rule] = field.validation[rule] }
        let format = ownFormat ?? field.validation["format"]?.string
        FormSchema.add(format.flatMap(TextFormat.init(named:))?.schema ?? JSONObject(), to: &schema)
        FieldRules(field).describeOptions(in: &schema)
        return schema
    }
}

package struct StringField: TextFieldType {
    package let name = "string"
    package let component = "text-input"
}
