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

    /// Every template of the document rendered: `{renderings: [{path, template, value, missing}]}`. What only a run can know stands for itself
    /// in angle brackets (`<provision.id>`); `scope` adds or replaces scopes, such as `outputs`. Throws `invalid` with the findings.
    package func renderings(_ text: [UInt8], data: JSON, scope: JSON) throws(PAOError) -> JSON {
        let document = try document(text)
        let (fields, _) = document.form.validate(data, now: Self.sampleTime)
        var root = Self.samples(fields, document.metadata.json)
        for (name, value) in scope.object ?? JSONObject() { root[name] = value }
        let values = RehearsalScope(root)
        return ["renderings": .array(DocumentTemplates(document).all.map { path, code in Self.rendering(code, path, values) })]
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

    /// The day on which samples are made.
    static let sampleTime = Timestamp("2026-01-01T00:00:00.000Z")

    static func samples(_ fields: JSONObject, _ metadata: JSON) -> JSON {
        let instant = "2026-01-01T00:00:00.000Z"
        let user: JSON = [
            "id": "sample", "login": "sample", "email": "sample@example.com", "team": "sample-team", "teams": ["sample-team"],
        ]
        let request: JSON = [
            "id": "req-000000000000", "timestamp": .string(instant), "createdAt": .string(instant), "correlation_id": "sample",
            "correlationId": "sample", "team": "sample-team", "user": user, "data": .object(fields), "type": "create",
            "url": "https://pao.example/requests/req-000000000000", "catalogItemId": metadata["id"] ?? .null,
            "catalogVersion": metadata["version"] ?? .null,
        ]
        let system: JSON = [
            "uuid": "00000000-0000-7000-8000-000000000000", "timestamp": .string(instant), "date": "2026-01-01",
            "hostname": "sample",
        ]
        let parameters: [JSON] = fields.map { ["name": .string($0.key), "value": $0.value] }
        return [
            "fields": .object(fields), "metadata": metadata, "request": request, "system": system, "parameters": .array(parameters),
            "bundle": ["metadata": metadata],
        ]
    }

    private static func rendering(_ code: DocumentTemplates.Code, _ path: String, _ scope: RehearsalScope) -> JSON {
        let missing = code.needed.filter { ((try? scope.value(of: $0.path)) ?? nil) == nil }.map(\.text)
        return [
            "path": .string(path), "template": .string(code.source), "value": (try? code.value(scope)) ?? .null,
            "missing": .array(missing.map(JSON.string)),
        ]
    }

    static func text(_ component: PathComponent) -> String {
        switch component {
        case .key(let key): key
        case .index(let index): "\(index)"
        }
    }
}
