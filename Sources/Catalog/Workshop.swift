package import Base
import Documents

/// What platform teams write documents with: check one, preview its form, render its templates with sample values.
package struct Workshop: Sendable {
    private let schemas: CatalogSchemas

    package init(schemas: CatalogSchemas) { self.schemas = schemas }

    /// `{valid, findings}` of YAML or JSON text.
    package func validate(_ text: [UInt8]) -> JSON {
        let findings = read(text).findings
        return ["valid": .bool(!findings.contains(where: \.isError)), "findings": .array(findings.map(\.json))]
    }

    /// As `/catalog/items/{id}/schema`. Throws `invalid` with the findings.
    package func form(_ text: [UInt8]) throws(PAOError) -> JSON { CatalogPublicJSON.schema(try document(text)) }

    /// Every template of the document's actions and instance rendered: `{renderings: [{path, template, value, missing}]}`. `scope` adds
    /// or replaces scopes, such as `outputs`. Throws `invalid` with the findings.
    package func renderings(_ text: [UInt8], data: JSON, scope: JSON) throws(PAOError) -> JSON {
        let document = try document(text)
        let (fields, _) = document.form.validate(data)
        var root = Self.samples(fields, document.metadata.json)
        for (name, value) in scope.object ?? JSONObject() { root[name] = value }
        let values = JSONScope(root)
        let trees = document.fulfillment.actions.map { ("actions.\($0.id).config", $0.config) } + instanceTrees(document)
        return ["renderings": .array(trees.flatMap { prefix, tree in Self.renderings(tree, prefix, values) })]
    }

    private func read(_ text: [UInt8]) -> FileReading { DocumentReader.read(text, path: "document.yaml", schemas: schemas) }

    private func document(_ text: [UInt8]) throws(PAOError) -> CatalogDocument {
        let reading = read(text)
        if let document = reading.documents.first { return document }
        let findings = reading.findings.filter(\.isError).map {
            PAOError.Finding(field: "\($0.line):\($0.column)", rule: $0.rule, message: $0.message)
        }
        throw PAOError(
            .invalid, findings.first.map { "Line \($0.field): \($0.message)" } ?? "The text holds no document.", findings: findings)
    }

    private func instanceTrees(_ document: CatalogDocument) -> [(String, TemplateTree)] {
        guard let instance = document.instance else { return [] }
        return [("instance.outputs", instance.outputs), ("instance.resources", instance.resources)]
    }

    static func samples(_ fields: JSONObject, _ metadata: JSON) -> JSON {
        let user: JSON = [
            "id": "sample", "login": "sample", "email": "sample@example.com", "team": "sample-team", "teams": ["sample-team"],
        ]
        let request: JSON = [
            "id": "req-000000000000", "timestamp": "2026-01-01T00:00:00.000Z", "correlation_id": "sample", "team": "sample-team",
            "user": user, "data": .object(fields),
        ]
        let system: JSON = [
            "uuid": "00000000-0000-7000-8000-000000000000", "timestamp": "2026-01-01T00:00:00.000Z", "date": "2026-01-01",
            "hostname": "sample",
        ]
        return ["fields": .object(fields), "metadata": metadata, "request": request, "system": system]
    }

    private static func renderings(_ tree: TemplateTree, _ prefix: String, _ scope: JSONScope) -> [JSON] {
        tree.templates.map { path, template in
            let missing = template.references.filter { !$0.hasDefault && !$0.isConditional && scope.value(of: $0.path) == nil }.map(\.text)
            return [
                "path": .string(prefix + path.map { ".\(text($0))" }.joined()), "template": .string(template.source),
                "value": (try? template.value(scope)) ?? .null, "missing": .array(missing.map(JSON.string)),
            ]
        }
    }

    static func text(_ component: PathComponent) -> String {
        switch component {
        case .key(let key): key
        case .index(let index): "\(index)"
        }
    }
}
