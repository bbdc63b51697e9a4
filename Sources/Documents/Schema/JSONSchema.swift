// DESIGN: a schema is compiled once into a flat array of nodes that name each other by index (SchemaCompiler), and evaluated by
// SchemaEvaluator, which is a value of one validation and shares nothing. So one JSONSchema serves any number of threads. Nothing is
// ever fetched: references lead into the schema itself, the given resources, or the metaschemas of the standard.

package import Base

/// JSON Schema draft 2020-12, all vocabularies; formats are asserted, content keywords are not.
package final class JSONSchema: Sendable {
    let nodes: [SchemaNode]
    let root: Int
    /// By resource: the entries of its dynamic anchors.
    let dynamicAnchors: [[String: Int]]
    /// Whether any `unevaluated...` keyword wants to know what was looked at.
    let tracksEvaluation: Bool

    init(nodes: [SchemaNode], root: Int, dynamicAnchors: [[String: Int]], tracksEvaluation: Bool) {
        self.nodes = nodes
        self.root = root
        self.dynamicAnchors = dynamicAnchors
        self.tracksEvaluation = tracksEvaluation
    }

    /// `resources` are the documents that references and `$schema` may name, by URI. Throws `invalid` with one finding for each fault
    /// of the schema, whose field is a JSON pointer.
    package static func compile(
        _ schema: JSON, baseURI: String = "", resources: [String: JSON] = [:]
    ) throws(PAOError) -> JSONSchema {
        try checkLanguage(of: schema, resources: resources)
        var compiler = SchemaCompiler(resources: resources)
        return try compiler.compile(schema, baseURI: baseURI)
    }

    /// A schema is an instance of its metaschema.
    private static func checkLanguage(of schema: JSON, resources: [String: JSON]) throws(PAOError) {
        let metaschema: JSONSchema
        if let uri = schema["$schema"]?.string, URIReference(uri).withoutFragment != MetaSchema.uri, let own = resources[uri] {
            var compiler = SchemaCompiler(resources: resources)
            metaschema = try compiler.compile(own, baseURI: uri)
        } else {
            if let uri = schema["$schema"]?.string.map({ URIReference($0).withoutFragment }), MetaSchema.documents[uri] == nil,
                !resources.keys.contains(where: { URIReference($0).withoutFragment == uri })
            {
                throw SchemaFault.unknownLanguage(uri, at: "/$schema")
            }
            metaschema = try MetaSchema.validator.get()
        }
        let findings = metaschema.validate(schema)
        guard let first = findings.first else { return }
        let place = first.instancePath.isEmpty ? "its root" : first.instancePath
        throw PAOError(
            .invalid, "The schema cannot be used: at \(place): \(first.message).",
            findings: findings.map { PAOError.Finding(field: $0.instancePath, rule: $0.keyword, message: $0.message) })
    }

    /// Every fault of the instance, at most 200; empty where it is valid.
    package func validate(_ instance: JSON) -> [SchemaFinding] {
        var evaluator = SchemaEvaluator(self)
        return evaluator.validate(instance)
    }
}
