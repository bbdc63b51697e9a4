package import Base

extension Form {
    /// JSON Schema 2020-12 of a request's data. Conditions become `if`/`then`; what the standard has no word for (`strength`,
    /// `step` that does not start at 0, sizes of files) is left to the service.
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
        var schema: JSON = ["title": .string(field.name)]
        schema["description"] = field.description.map(JSON.string)
        for (key, value) in FieldTypes.named(field.type)?.schema(of: field).object ?? JSONObject() { schema[key] = value }
        schema["default"] = field.defaultValue.flatMap(Form.constantDefault)
        if field.isReadonly { schema["readOnly"] = true }
        if field.isSecret { schema["writeOnly"] = true }
        return schema
    }

    /// nil where the condition looks outside of this object or cannot be said in JSON Schema.
    private static func rule(for field: Field, among ids: Set<ExactString>) -> JSON? {
        guard let condition = field.conditional, condition.fields.allSatisfy({ ids.contains(ExactString($0)) }),
            let test = condition.schema
        else { return nil }
        return ["if": test, "then": ["required": [.string(field.id)]]]
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
