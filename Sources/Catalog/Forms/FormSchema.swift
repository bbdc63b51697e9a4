package import Base

extension Form {
    /// JSON Schema 2020-12 of a request's data. It never refuses what the service takes, and takes more only where the standard has no
    /// word for a rule; docs/forms.md lists those.
    package var jsonSchema: JSON {
        var schema: JSON = ["$schema": "https://json-schema.org/draft/2020-12/schema"]
        for (key, value) in FormSchema.object(of: fields, isInside: false).object ?? JSONObject() { schema[key] = value }
        return schema
    }
}

enum FormSchema {
    /// A field with a condition has only its description among `properties`: where it is hidden, whatever stands there is dropped.
    static func object(of fields: [Field], isInside: Bool = true) -> JSON {
        var formulas = VisibilityFormulas(fields, isInside: isInside)
        var rules = ConditionalRules()
        var properties = JSONObject()
        for field in fields {
            let shown = formulas.visibility(of: field)
            properties[field.id] = described(field, shown == .always ? value(of: field) : [:])
            if shown != .always { rules.add(field, where: shown) }
            for inner in field.members {
                guard let condition = inner.condition(outside: field, at: fields) else { continue }
                rules.add(inner, in: field, where: .both([shown, formulas.formula(of: condition)]))
            }
        }
        var schema: JSON = ["type": "object", "properties": .object(properties), "additionalProperties": false]
        schema["required"] = required(fields.filter { formulas.visibility(of: $0) == .always })
        if !rules.isEmpty { schema["allOf"] = rules.json }
        return schema
    }

    fileprivate static func members(_ fields: [Field]) -> JSON {
        var schema: JSON = ["properties": .object(JSONObject(fields.map { ($0.id, value(of: $0)) }))]
        schema["required"] = required(fields)
        return schema
    }

    private static func required(_ fields: [Field]) -> JSON? {
        let ids = fields.filter { !mayBeAbsent($0) }.map { JSON.string($0.id) }
        return ids.isEmpty ? nil : .array(ids)
    }

    /// Whether the default, or nothing, is an answer. What a template makes is known only to the service.
    private static func mayBeAbsent(_ field: Field) -> Bool {
        if let tree = field.defaultValue, Form.constantDefault(tree) == nil { return true }
        var alone = field
        alone.conditional = nil
        return Form(groups: [Form.Group(id: "", name: "", description: nil, fields: [alone])]).validate([:]).findings.isEmpty
    }

    /// The rules of a field that is shown.
    private static func value(of field: Field) -> JSON {
        var none = field.isRequired ? [] : empties(of: field.type)
        if mayBeAbsent(field) { none.append(.null) }
        let rules = rules(of: field)
        var schema = allowing(none, field.isRequired ? filled(rules) : rules)
        let fixed = field.isReadonly ? field.defaultValue.flatMap(Form.constantDefault) : nil
        if let fixed, !fixed.isNull { add(JSONObject([("enum", .array([fixed, .null]))]), to: &schema) }
        return schema
    }

    /// What a list holds: an entry is never empty.
    static func element(of field: Field) -> JSON { described(field, filled(rules(of: field))) }

    private static func rules(of field: Field) -> JSON { FieldTypes.named(field.type)?.schema(of: field) ?? [:] }

    private static func described(_ field: Field, _ rules: JSON) -> JSON {
        var schema: JSON = ["title": .string(field.name)]
        schema["description"] = field.description.map(JSON.string)
        for (key, value) in rules.object ?? JSONObject() { schema[key] = value }
        schema["default"] = field.defaultValue.flatMap(Form.constantDefault)
        if field.isReadonly { schema["readOnly"] = true }
        if field.isSecret { schema["writeOnly"] = true }
        return schema
    }

    /// What counts as no value besides null.
    private static func empties(of type: String) -> [JSON] {
        switch type {
        case "multiselect", "list": [[]]
        case "number", "integer", "percentage", "boolean", "object", "file": []
        default: [""]
        }
    }

    /// The rules of a value that must be there: an empty text or list is none.
    private static func filled(_ rules: JSON) -> JSON {
        var schema = rules
        let types = rules["type"]?.array ?? [rules["type"] ?? .null]
        if types.contains("string") { schema["minLength"] = .int(max(1, rules["minLength"]?.int ?? 1)) }
        if types.contains("array") { schema["minItems"] = .int(max(1, rules["minItems"]?.int ?? 1)) }
        if let options = rules["enum"]?.array { schema["enum"] = .array(options.filter { $0 != "" }) }
        return schema
    }

    /// The rules of a value that may also be one of `none`, which no rule binds.
    private static func allowing(_ none: [JSON], _ rules: JSON) -> JSON {
        if none.isEmpty { return rules }
        guard none.contains(.null) else { return ["anyOf": [rules, ["enum": .array(none)]]] }
        if none.count == 1 { return nullable(rules, none) }
        let harmless = ["type", "maxLength", "items", "maxItems"]
        let isBinding = (rules.object?.keys ?? []).contains { !harmless.contains($0) && $0 != "enum" }
        if !isBinding { return nullable(rules, none) }
        let (top, binding) = split(rules, harmless)
        var schema = nullable(top, none)
        schema["anyOf"] = [binding, ["enum": .array(none)]]
        return schema
    }

    private static func split(_ rules: JSON, _ keys: [String]) -> (JSON, JSON) {
        let members = Array(rules.object ?? JSONObject())
        let parts = [members.filter { keys.contains($0.key) }, members.filter { !keys.contains($0.key) }]
        return (.object(JSONObject(parts[0].map { ($0.key, $0.value) })), .object(JSONObject(parts[1].map { ($0.key, $0.value) })))
    }

    /// All other keywords look at texts, numbers, lists or objects only.
    private static func nullable(_ rules: JSON, _ none: [JSON]) -> JSON {
        var schema = rules
        schema["type"] = rules["type"].map { .array(($0.array ?? [$0]) + ["null"]) }
        schema["enum"] = rules["enum"]?.array.map { .array($0 + none) }
        return schema
    }

    /// Further rules; what has its keyword taken goes into `allOf`.
    static func add(_ rules: JSONObject, to schema: inout JSON) {
        for (key, value) in rules {
            if schema[key] == nil {
                schema[key] = value
            } else {
                schema["allOf"] = .array((schema["allOf"]?.array ?? []) + [[(key): value]])
            }
        }
    }
}

extension Field {
    /// The fields of an object, or of the objects of a list.
    fileprivate var members: [Field] { type == "list" ? items.first?.properties ?? [] : properties }

    /// Its condition, where that looks at nothing but the fields around the object that holds it.
    fileprivate func condition(outside holder: Field, at fields: [Field]) -> FieldCondition? {
        guard let conditional, !conditional.fields.isEmpty else { return nil }
        let isOutside = conditional.fields.allSatisfy { name in
            !holder.members.contains { $0.id == name } && fields.contains { $0.id == name }
        }
        return isOutside ? conditional : nil
    }
}

/// What binds fields only where they are shown; those that are shown together stand together.
private struct ConditionalRules {
    private var rules: [(shown: JSON, holder: Field?, fields: [Field])] = []

    var isEmpty: Bool { rules.isEmpty }

    mutating func add(_ field: Field, in holder: Field? = nil, where visibility: Visibility) {
        guard let shown = visibility.certainly else { return }
        if let index = rules.firstIndex(where: { $0.shown == shown && $0.holder?.id == holder?.id }) {
            rules[index].fields.append(field)
        } else {
            rules.append((shown, holder, [field]))
        }
    }

    var json: JSON {
        .array(
            rules.map { shown, holder, fields in
                let members = FormSchema.members(fields)
                guard let holder else { return ["if": shown, "then": members] }
                return ["if": shown, "then": ["properties": [(holder.id): holder.type == "list" ? ["items": members] : members]]]
            })
    }
}
