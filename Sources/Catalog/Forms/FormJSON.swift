package import Base

extension Form {
    /// The form as clients draw it (S2, "Form Generation API Response"), defaults that are templates left out.
    package var json: JSON { json(defaults: Form.constantDefault) }

    package func json(defaults: DefaultRenderer) -> JSON {
        ["groups": .array(groups.map { $0.json(defaults: defaults) })]
    }
}

extension Form {
    /// Whether the form looks the same to everybody.
    package var hasOnlyConstantDefaults: Bool { fields.allSatisfy(\.hasOnlyConstantDefaults) }
}

extension Field {
    fileprivate var hasOnlyConstantDefaults: Bool {
        (defaultValue?.templates.isEmpty ?? true) && (items + properties).allSatisfy(\.hasOnlyConstantDefaults)
    }
}

extension Form.Group {
    func json(defaults: Form.DefaultRenderer) -> JSON {
        var json: JSON = ["id": .string(id), "name": .string(name)]
        json["description"] = description.map(JSON.string)
        json["fields"] = .array(fields.map { $0.json(defaults: defaults) })
        return json
    }
}

extension Field {
    func json(defaults: Form.DefaultRenderer) -> JSON {
        var json: JSON = [
            "id": .string(id), "name": .string(name), "type": .string(type),
            "component": .string(FieldTypes.named(type)?.component ?? "text-input"), "required": .bool(isRequired),
        ]
        json["default"] = defaultValue.flatMap(defaults)
        json["placeholder"] = placeholder.map(JSON.string)
        json["description"] = description.map(JSON.string)
        if isReadonly { json["readonly"] = true }
        if isHidden { json["hidden"] = true }
        json["validation"] = .object(validation)
        json["conditional"] = conditional?.json
        json["items"] = items.first?.json(defaults: defaults)
        if !properties.isEmpty { json["properties"] = .array(properties.map { $0.json(defaults: defaults) }) }
        return json
    }
}

extension FieldCondition {
    package var json: JSON {
        switch self {
        case .test(let field, let operation, let value):
            ["dependsOn": .string(field), "condition": .string(operation.rawValue), "value": value]
        case .all(let conditions): ["all": .array(conditions.map(\.json))]
        case .any(let conditions): ["any": .array(conditions.map(\.json))]
        }
    }

    /// The fields that the condition looks at.
    var fields: [String] {
        switch self {
        case .test(let field, _, _): [field]
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.fields)
        }
    }
}
