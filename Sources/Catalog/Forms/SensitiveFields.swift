package import Base

/// The parts of a form's data that are secret: values of `password` fields and the content of files, also inside lists and objects.
package struct SensitiveFields: Sendable {
    /// What stands in place of a secret wherever data is shown.
    package static let mask = "***"

    private let fields: [Field]

    package init(_ form: Form) { fields = form.fields }

    /// Paths as findings name them, `[]` for every element of a list: `password`, `secrets[].value`.
    package var paths: [String] { fields.flatMap { Self.paths(of: $0, at: $0.id) } }

    package var isEmpty: Bool { paths.isEmpty }

    /// The data with each secret value replaced by what `seal` makes of it. A file keeps its name; its content is sealed.
    package func sealing(_ data: JSON, seal: (JSON) -> JSON) -> JSON {
        guard case .object(let object) = data else { return data }
        return .object(Self.object(object, fields, seal))
    }

    package func masked(_ data: JSON) -> JSON {
        guard case .object(let object) = data else { return data }
        return .object(Self.object(object, fields) { _ in .string(Self.mask) })
    }

    private static func paths(of field: Field, at path: String) -> [String] {
        switch field.type {
        case "password": [path]
        case "file": [path + ".content"]
        case "list": field.items.flatMap { paths(of: $0, at: path + "[]") }
        case "object": field.properties.flatMap { paths(of: $0, at: path + "." + $0.id) }
        default: []
        }
    }

    private static func object(
        _ object: JSONObject, _ fields: [Field], _ replace: (JSON) -> JSON
    ) -> JSONObject {
        var result = object
        for field in fields {
            guard let value = object[field.id] else { continue }
            result[field.id] = Self.value(value, field, replace)
        }
        return result
    }

    private static func value(
        _ value: JSON, _ field: Field, _ replace: (JSON) -> JSON
    ) -> JSON {
        switch (field.type, value) {
        case ("password", .null): return value
        case ("password", _): return replace(value)
        case ("file", .object(let file)):
            var sealed = file
            if let content = file["content"] { sealed["content"] = replace(content) }
            return .object(sealed)
        case ("list", .array(let elements)):
            guard let item = field.items.first else { return value }
            var result: [JSON] = []
            for element in elements { result.append(Self.value(element, item, replace)) }
            return .array(result)
        case ("object", .object(let members)): return .object(Self.object(members, field.properties, replace))
        default: return value
        }
    }
}
