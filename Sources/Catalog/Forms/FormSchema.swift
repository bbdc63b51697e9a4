package import Base

extension Form {
    /// JSON Schema 2020-12 of a request's data: it takes what the form takes. Conditions become `if`/`then`; what the standard has no word
    /// for (`strength`, `step` that does not start at 0, sizes of files, bounds of instants, `today`) is left to the service.
    package var jsonSchema: JSON {
        var schema: JSON = ["$schema": "https://json-schema.org/draft/2020-12/schema"]
        for (key, value) in FormSchema.object(of: fields).object ?? JSONObject() { schema[key] = value }
        return schema
    }
}

enum FormSchema {
    static func object(of fields: [Field]) -> JSON {
        let properties = JSONObject(fields.map { ($0.id, value(of: $0)) })
        var schema: JSON = ["type": "object", "properties": .object(properties), "additionalProperties": false]
        let required = fields.filter { $0.isRequired && $0.conditional == nil && $0.defaultValue == nil }
        if !required.isEmpty { schema["required"] = .array(required.map { .string($0.id) }) }
        let conditional = fields.filter { $0.isRequired && $0.conditional != nil && $0.defaultValue == nil }
        let ids = Set(fields.map { ExactString($0.id) })
        let rules = conditional.compactMap { rule(for: $0, among: ids) }
        if !rules.isEmpty { schema["allOf"] = .array(rules) }
        return schema
    }

    static func value(of field: Field) -> JSON {
        let schema = rules(of: field)
        let isAsked = field.isRequired && field.conditional == nil
        let fixed = field.isReadonly ? field.defaultValue.flatMap(Form.constantDefault) : nil
        if let fixed, !fixed.isNull { return described(field, ["enum": [fixed, .null]]) }
        if isAsked { return described(field, field.defaultValue == nil ? filled(schema) : emptied(filled(schema), by: [])) }
        return described(field, emptied(schema, by: empties(of: field.type)))
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

    /// The rules of a value that may be null or one of `empties`, which no rule binds.
    private static func emptied(_ rules: JSON, by empties: [JSON]) -> JSON {
        var schema: JSON = [:]
        var binding: JSON = [:]
        let keys =
            empties.contains("") ? ["pattern", "minLength", "format", "enum", "allOf"] : empties.isEmpty ? ["enum"] : ["minItems", "enum"]
        for (key, value) in rules.object ?? JSONObject() {
            if keys.contains(key) {
                binding[key] = value
            } else {
                schema[key] = key == "type" ? .array((value.array ?? [value]) + ["null"]) : value
            }
        }
        if binding != [:] { schema["anyOf"] = [binding, ["enum": .array(empties + [.null])]] }
        return schema
    }

    /// Further rules; a pattern beside another one goes into `allOf`.
    static func add(_ rules: JSONObject, to schema: inout JSON) {
        for (key, value) in rules {
            if schema[key] == nil {
                schema[key] = value
            } else {
                schema["allOf"] = .array((schema["allOf"]?.array ?? []) + [[(key): value]])
            }
        }
    }

    /// nil where the condition looks outside of this object or cannot be said in JSON Schema.
    private static func rule(for field: Field, among ids: Set<ExactString>) -> JSON? {
        guard let condition = field.conditional, condition.fields.allSatisfy({ ids.contains(ExactString($0)) }),
            let test = condition.schema
        else { return nil }
        let filled: JSON = ["not": ["enum": .array(empties(of: field.type) + [.null])]]
        return ["if": test, "then": ["required": [.string(field.id)], "properties": [(field.id): filled]]]
    }
}

extension FieldCondition {
    fileprivate var schema: JSON? {
        switch self {
        case .test(let field, let operation, let value): return operation.schema(value).map { Self.member(field, $0) }
        case .all(let conditions): return Self.combined("allOf", conditions)
        case .any(let conditions): return Self.combined("anyOf", conditions)
        }
    }

    private static func combined(_ keyword: String, _ conditions: [FieldCondition]) -> JSON? {
        let schemas = conditions.compactMap(\.schema)
        return schemas.count == conditions.count ? [(keyword): .array(schemas)] : nil
    }

    private static func member(_ field: String, _ schema: JSON) -> JSON {
        if schema["not"] != nil { return ["properties": [(field): schema]] }
        return ["required": [.string(field)], "properties": [(field): schema]]
    }
}

extension FieldCondition.Operation {
    fileprivate func schema(_ value: JSON) -> JSON? {
        switch self {
        case .equals: ["const": value]
        case .notEquals: ["not": ["const": value]]
        case .in: value.array == nil ? nil : ["enum": value]
        case .notIn: value.array == nil ? nil : ["not": ["enum": value]]
        case .contains: ["type": "array", "contains": ["const": value]]
        case .greaterThan: value.number == nil ? nil : ["exclusiveMinimum": value]
        case .lessThan: value.number == nil ? nil : ["exclusiveMaximum": value]
        case .exists: value == false ? nil : [:]
        case .matches: ["type": "string", "pattern": value]
        }
    }
}
