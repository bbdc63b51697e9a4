import Base
import Catalog
import Documents
import Identity

// The part of the validation that looks into a bundle's components.

extension SubmissionCheck {
    /// The components that are wanted, in dependency order. Each is checked like a request of its own as far as its values are known now:
    /// what another component has yet to give is checked when that one has been completed.
    func chosenComponents(
        _ document: CatalogDocument, _ submission: Submission, _ scope: RequestScope, _ actor: Actor, _ team: String,
        _ findings: inout [PAOError.Finding]
    ) throws(PAOError) -> [BundleComponent] {
        guard document.kind == .bundle else { return [] }
        let wanted = submission.components.object ?? JSONObject()
        for id in wanted.keys where !document.components.contains(where: { $0.id == id }) {
            findings.append(.init(field: "components.\(id)", rule: "unknown", message: "\(document.metadata.name) has no component \(id)."))
        }
        let chosen = document.components.filter { component in
            wanted[component.id]?["enabled"]?.bool ?? wanted[component.id]?.bool ?? component.enabledByDefault
        }
        findings += choiceFindings(document, chosen)
        guard findings.isEmpty else { return chosen }
        for component in chosen { findings += try self.findings(of: component, scope, actor, team) }
        return chosen
    }

    private func choiceFindings(_ document: CatalogDocument, _ chosen: [BundleComponent]) -> [PAOError.Finding] {
        let ids = chosen.map(\.id)
        var findings = document.components.filter { $0.isRequired && !ids.contains($0.id) }.map { component in
            PAOError.Finding(
                field: "components.\(component.id)", rule: "required", message: "\(document.metadata.name) needs \(component.id).")
        }
        for component in chosen {
            for missing in component.dependsOn where !ids.contains(missing) {
                findings.append(
                    .init(
                        field: "components.\(component.id)", rule: "dependency",
                        message: "\(component.id) depends on \(missing), which is left out."))
            }
        }
        return findings
    }

    private func findings(of component: BundleComponent, _ scope: RequestScope, _ actor: Actor, _ team: String) throws(PAOError)
        -> [PAOError.Finding]
    {
        let field = "components.\(component.id)"
        guard let entry = catalog.entry(component.catalogItem), !entry.isWithdrawn else {
            return [.init(field: field, rule: "unknown", message: "The catalog has no \(component.catalogItem).")]
        }
        if let range = component.version, !range.contains(entry.version) {
            return [.init(field: field, rule: "version", message: "\(entry.name) is \(entry.version), and the bundle needs \(range).")]
        }
        let (data, later) = known(component, scope)
        let submission = Submission(catalogID: entry.id, kind: .item, data: data, team: team)
        do throws(PAOError) {
            _ = try check(submission, by: actor)
            return []
        } catch  where error.code == .invalid {
            return error.findings.filter { !later.contains($0.field) && (later.isEmpty || $0.rule != "template") }
                .map { .init(field: "\(field).\($0.field)", rule: $0.rule, message: "\(component.id): \($0.message)") }
        }
    }

    /// The values that can be rendered now, and the fields that wait for other components.
    private func known(_ component: BundleComponent, _ scope: RequestScope) -> (data: JSON, later: Set<String>) {
        var later: Set<String> = []
        for (path, template) in component.config.templates
        where template.references.contains(where: { $0.path.first == .key("components") }) {
            if case .key(let field)? = path.first { later.insert(field) }
        }
        let rendered = try? component.config.render { (template, path) throws(TemplateFault) -> JSON in
            if case .key(let field)? = path.first, later.contains(field) { return .null }
            var passing = scope
            passing.passesSealed = template.isSingleExpression
            return try template.value(passing, as: .text)
        }
        var data = Sealed.map(rendered ?? [:], settings.open)
        for field in later { data[field] = nil }
        return (data, later)
    }
}
