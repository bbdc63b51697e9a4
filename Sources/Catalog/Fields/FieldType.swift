package import Base
import Documents

/// What one type of form field is: how it is shown, which rules it knows, what it takes, and how JSON Schema says the same.
/// The browser's half is `web-static/fields/<name>.js` with `web-static/lib/rules.js`; both halves run the same golden cases.
package protocol FieldType: Sendable {
    /// The canonical name, as in `type:`.
    var name: String { get }
    /// What the dashboard draws.
    var component: String { get }
    /// The keys of `validation` that mean something for this type.
    var rules: [String] { get }

    /// What to tell the person where the value does not have the shape of the type; then no other rule is checked.
    func typeFault(_ value: JSON) -> String?
    /// Every rule that a value of the right shape breaks, in the order of `rules.js`.
    func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule]
    /// The JSON Schema of a value, without title and default.
    func schema(of field: Field) -> JSON
}

package struct BrokenRule: Sendable, Equatable {
    package var rule: String
    package var message: String
    /// The pattern was given up at its limit, which took as long as thousands of others.
    var isCostly = false

    package init(_ rule: String, _ message: String) {
        self.rule = rule
        self.message = message
    }
}

/// The registry: one line per type.
package enum FieldTypes {
    package static let all: [any FieldType] = [
        StringField(), TextareaField(), PasswordField(), EmailField(), URLField(), NumberField(), IntegerField(), PercentageField(),
        BooleanField(), SelectField(), MultiselectField(), DateField(), TimeField(), DatetimeField(), FileField(), ListField(),
        ObjectField(),
    ]

    private static let byName: [String: any FieldType] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static func named(_ name: String) -> (any FieldType)? { byName[name] }

    package static let names = all.map(\.name)

    /// Every key that `validation` may hold for some type; `message` goes with `pattern`.
    package static let ruleNames: [String] = all.reduce(into: ["message"]) { names, type in
        names += type.rules.filter { !names.contains($0) }
    }

    /// Names that the flat dialect has besides the canonical ones.
    package static let flatNames = ["int": "integer", "selection": "select", "bool": "boolean", "multiselection": "multiselect"]

    /// What people write who know other products.
    private static let aliases = [
        "text": "string", "str": "string", "input": "string", "longtext": "textarea", "multiline": "textarea", "markdown": "textarea",
        "float": "number", "double": "number", "decimal": "number", "long": "integer", "checkbox": "boolean", "toggle": "boolean",
        "switch": "boolean", "flag": "boolean", "dropdown": "select", "enum": "select", "choice": "select", "radio": "select",
        "option": "select", "checkboxes": "multiselect", "tags": "multiselect", "multichoice": "multiselect", "array": "list",
        "map": "object", "group": "object", "dict": "object", "secret": "password", "mail": "email", "uri": "url", "link": "url",
        "upload": "file", "attachment": "file", "timestamp": "datetime", "percent": "percentage",
    ]

    /// The type that was most likely meant by a name that is none.
    static func suggestion(for name: String) -> String? {
        let plain = String(name.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " })
        return flatNames[plain] ?? aliases[plain] ?? (names.contains(plain) ? plain : NearestName.suggestion(for: name, among: names))
    }
}
