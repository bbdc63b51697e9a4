package import Base
import Documents

// DESIGN: the server's half of the form rules; the browser's half is web-static/lib/validation.js, and both run
// Tests/CatalogTests/Fixtures/form-cases.json.
//
// - No value: absent or null; an empty text; an empty list. Then the default counts where the field is absent or null; where
//   nothing is left, only `required` can break.
// - A value of the wrong type breaks `type` and nothing else. Else every broken rule is reported.
// - Fields are named by id, inside lists and objects by path: `secrets[0].key`.
// - Values of hidden fields are dropped without a word; a key that no field has breaks `unknown`.
// - Only here: a readonly field with a default takes no other value (`readonly`).

extension Form {
    /// Defaults that are templates are rendered by this; nil leaves the field without a default.
    package typealias DefaultRenderer = (TemplateTree) -> JSON?

    /// What is kept of the data: defaults applied, hidden fields and empty texts dropped; and every broken rule at once.
    /// `now` says which day `minDate: today` means, in UTC.
    package func validate(
        _ data: JSON, now: Timestamp? = nil, defaults: @escaping DefaultRenderer = Form.constantDefault
    ) -> (accepted: JSONObject, findings: [PAOError.Finding]) {
        guard let values = data.object else {
            let fault = PAOError.Finding(field: "", rule: "type", message: "The data of a form is an object.")
            return (JSONObject(), [fault])
        }
        var validation = FormValidation(defaults: defaults, today: now.map { String($0.description.prefix(10)) })
        let accepted = validation.object(values, fields: fields, prefix: "", outer: { _ in nil })
        return (accepted, validation.findings)
    }

    /// The ids of the fields whose condition holds, in the order of the form; those with `hidden: true` are among them.
    package func visibleFields(_ data: JSON, defaults: @escaping DefaultRenderer = Form.constantDefault) -> [String] {
        var visibility = FieldVisibility(fields, values: data.object ?? JSONObject(), defaults: { $0.defaultValue.flatMap(defaults) })
        return visibility.visible().map(\.id)
    }

    /// A default that is no template.
    package static func constantDefault(_ tree: TemplateTree) -> JSON? {
        guard tree.templates.isEmpty else { return nil }
        return try? tree.render { (template, _) throws(TemplateFault) in .string(template.source) }
    }
}

private struct FormValidation {
    let defaults: Form.DefaultRenderer
    let today: String?
    private(set) var findings: [PAOError.Finding] = []
    private var costlyPatterns = 0

    init(defaults: @escaping Form.DefaultRenderer, today: String?) {
        self.defaults = defaults
        self.today = today
    }

    mutating func object(_ values: JSONObject, fields: [Field], prefix: String, outer: @escaping (String) -> JSON?) -> JSONObject {
        let defaults = self.defaults
        var visibility = FieldVisibility(fields, values: values, defaults: { $0.defaultValue.flatMap(defaults) }, outer: outer)
        let visible = visibility.visible()
        let inner: (String) -> JSON? = { [visibility] id in
            var visibility = visibility
            return visibility.value(of: id)
        }
        var accepted = JSONObject()
        for field in visible {
            let value = check(visibility.effectiveValue(of: field), field, path: prefix + field.id, outer: inner)
            checkReadonly(values[field.id], field, path: prefix + field.id)
            if let value { accepted[field.id] = value }
        }
        reportUnknown(values, fields: fields, prefix: prefix)
        return accepted
    }

    /// The value to keep; nil where there is none.
    private mutating func check(_ value: JSON?, _ field: Field, path: String, outer: @escaping (String) -> JSON?) -> JSON? {
        guard let type = FieldTypes.named(field.type) else { return value }
        guard let value, !isEmptyEntry(value) || isCheckedWhenEmpty(value, field.type) else {
            if field.isRequired { report(path, "required", "Fill this in.") }
            return value?.array == nil ? nil : value
        }
        if let fault = type.typeFault(value) {
            report(path, "type", fault)
            return nil
        }
        for broken in type.brokenRules(value, FieldRules(field, triesPattern: costlyPatterns < 3, today: today)) {
            if broken.isCostly { costlyPatterns += 1 }
            report(path, broken.rule, broken.message)
        }
        return inside(value, field, path: path, outer: outer)
    }

    /// An empty text where a number is asked is a wrong type, not an absent number; so is an empty list where none is asked.
    private func isCheckedWhenEmpty(_ value: JSON, _ type: String) -> Bool {
        if value.array != nil { return type != "multiselect" && type != "list" }
        return value.string != nil
            && ["number", "integer", "percentage", "boolean", "multiselect", "list", "object", "file"].contains(type)
    }

    private mutating func inside(_ value: JSON, _ field: Field, path: String, outer: @escaping (String) -> JSON?) -> JSON {
        if let elements = value.array, var item = field.items.first {
            item.isRequired = true
            var kept: [JSON] = []
            for (index, element) in elements.enumerated() {
                if let element = check(element.isNull ? nil : element, item, path: "\(path)[\(index)]", outer: outer) {
                    kept.append(element)
                }
            }
            return .array(kept)
        }
        if let members = value.object, field.type == "object", !field.properties.isEmpty {
            return .object(object(members, fields: field.properties, prefix: path + ".", outer: outer))
        }
        return value
    }

    private mutating func checkReadonly(_ given: JSON?, _ field: Field, path: String) {
        guard field.isReadonly, let given, !given.isNull, let fixed = field.defaultValue.flatMap(defaults), given != fixed else { return }
        report(path, "readonly", "This value cannot be changed.")
    }

    private mutating func reportUnknown(_ values: JSONObject, fields: [Field], prefix: String) {
        let known = Set(fields.map { ExactString($0.id) })
        for key in values.keys where !known.contains(ExactString(key)) && !isFull {
            let near = NearestName.suggestion(for: key, among: fields.map(\.id))
            report(prefix + key, "unknown", "There is no such field." + (near.map { " Did you mean \($0)?" } ?? ""))
        }
    }

    /// Nobody reads more; data that is wrong throughout costs no more than this.
    private var isFull: Bool { findings.count >= 200 }

    private mutating func report(_ field: String, _ rule: String, _ message: String) {
        if isFull { return }
        findings.append(PAOError.Finding(field: field, rule: rule, message: message))
    }
}
