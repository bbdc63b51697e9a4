import Base
package import Documents

/// A document rendered with sample data, without a request: every action of both ways, and the instance. What only a run can know stands
/// for itself in angle brackets: `<provision.id>`, `<secrets.token>`.
package struct Rehearsal {
    /// How a value is escaped by the type of its action and its place in the configuration.
    package typealias Context = @Sendable (_ actionType: String, _ path: [PathComponent]) -> EscapeContext

    private let document: CatalogDocument
    private let scope: RehearsalScope
    private let context: Context
    /// What the form says against the data.
    let findings: [String]

    /// `scope` adds scopes to the samples, or replaces them.
    init(_ document: CatalogDocument, data: JSON, scope extra: JSON, context: @escaping Context) {
        let (fields, findings) = document.form.validate(data, now: Workshop.sampleTime)
        var root = Workshop.samples(fields, document.metadata.json)
        for (name, value) in extra.object ?? JSONObject() { root[name] = value }
        self.document = document
        self.context = context
        self.findings = findings.map { "\($0.field): \($0.rule)" }
        scope = RehearsalScope(root)
    }

    /// `{automatic: {<action>: config}, manual: {...}, instance: {name, outputs, resources}}`; the text `skipped` for an action whose
    /// `if` is false, `{error: ...}` for what cannot be rendered.
    var rendered: JSON {
        var result: JSON = [:]
        if let automatic = document.fulfillment.automatic { result["automatic"] = rendered(automatic.actions) }
        if !document.fulfillment.manual.isEmpty { result["manual"] = rendered(document.fulfillment.manual) }
        if !document.rollback.isEmpty { result["rollback"] = rendered(document.rollback) }
        if !document.components.isEmpty {
            result["components"] = .object(JSONObject(document.components.map { ($0.id, rendered($0.config, as: "")) }))
        }
        if let instance = document.instance { result["instance"] = rendered(instance) }
        return result
    }

    private func rendered(_ actions: [Action]) -> JSON {
        .object(
            JSONObject(
                actions.map { action in
                    let isSkipped = (try? action.condition?.condition(scope)) == false
                    return (action.id, isSkipped ? "skipped" : rendered(action.config, as: action.type))
                }))
    }

    private func rendered(_ instance: InstanceTemplate) -> JSON {
        var result: JSON = [:]
        if let name = instance.name { result["name"] = rendered(.template(name), as: "") }
        result["outputs"] = rendered(instance.outputs, as: "")
        result["resources"] = rendered(instance.resources, as: "")
        return result
    }

    private func rendered(_ tree: TemplateTree, as type: String) -> JSON {
        do throws(TemplateFault) {
            return try tree.render { (template, path) throws(TemplateFault) -> JSON in
                try template.value(scope, as: context(type, path))
            }
        } catch {
            return ["error": .string(error.message)]
        }
    }
}

/// Sample values, and stand-ins for what only a run knows.
struct RehearsalScope: TemplateScope {
    private static let knownInRun: Set<String> = [
        "outputs", "output", "secrets", "components", "instance", "bundle", "environment", "env", "failure",
    ]
    private let values: JSONScope

    init(_ root: JSON) { values = JSONScope(root) }

    func value(of path: [PathComponent]) throws(TemplateFault) -> JSON? {
        if let value = values.value(of: path) { return value }
        guard case .key(let scope)? = path.first, Self.knownInRun.contains(scope), path.count > 1 else { return nil }
        let shown = scope == "outputs" && path.count > 2 ? Array(path.dropFirst()) : path
        return .string("<\(shown.map(Workshop.text).joined(separator: "."))>")
    }

    func call(_ function: String) -> JSON? { values.call(function) }
    func suggestion(for path: [PathComponent]) -> String? { values.suggestion(for: path) }
}
