import Base
import Documents

/// Reads one document of the canonical dialect (catalog.md 1.1) and reports everything that is wrong with it by itself.
struct DocumentDecoder {
    /// Present in the definition of a document that was written in the flat dialect: its templates keep their spelling.
    static let dialectKey = "dialect"

    let path: String
    let templates: TemplateReader
    /// Where the actions of a document stand that is read back from the database.
    var places = SourceMap.none
    var report: FindingReport { templates.report }

    init(path: String, dialect: TemplateDialect, report: FindingReport, source: SourceText) {
        self.path = path
        templates = TemplateReader(dialect: dialect, report: report, source: source)
    }

    /// A document of a version that was read without errors before.
    static func decode(definition: JSON, source: CatalogDocument.Source, places: SourceMap = .none) throws(PAOError) -> CatalogDocument {
        let dialect: TemplateDialect = definition[dialectKey] == "flat" ? .flat : .canonical
        let report = FindingReport(file: source.path)
        var decoder = DocumentDecoder(path: source.path, dialect: dialect, report: report, source: .none)
        decoder.places = places
        if let document = decoder.decode(YAMLNode(definition), at: source) { return document }
        let reasons = report.findings.filter(\.isError).map(\.description).joined(separator: "\n")
        throw PAOError(.data, "A stored version of a catalog document cannot be read.", detail: reasons)
    }

    /// nil where something is missing without which there is no document; the caller looks at the report for other errors.
    func decode(_ root: YAMLNode, at source: CatalogDocument.Source) -> CatalogDocument? {
        guard var map = MappingReader(root, report), let kind = kind(&map) else { return nil }
        map.allow([Self.dialectKey])
        let metadata = map.required("metadata").flatMap { MappingReader($0, report) }.flatMap { self.metadata($0) }
        let form = self.form(&map)
        let fulfillment = self.fulfillment(&map, kind)
        let instance = map.mapping("instance").map { self.instance($0) }
        let components = kind == .bundle ? self.components(&map) : []
        let targets = kind == .update || kind == .upgrade ? map.required("targets").flatMap { self.targets($0, kind) } : nil
        let rollback = kind == .upgrade ? map.mapping("rollback").map { actions($0, .rollback) } ?? [] : []
        let lifecycle = map.mapping("lifecycle").map { self.lifecycle($0) } ?? Lifecycle()
        let monitoring = map.mapping("monitoring").map { self.monitoring($0) }
        let quota = map.mapping("quotas").flatMap { self.quota($0) }
        map.finish()
        guard let metadata else { return nil }
        let document = CatalogDocument(
            kind: kind, metadata: metadata, form: form, approvals: fulfillment.approvals, fulfillment: fulfillment.fulfillment,
            instance: instance, lifecycle: lifecycle, monitoring: monitoring, quotaPerTeam: quota, components: components,
            orchestration: fulfillment.orchestration, targets: targets, rollback: rollback, definition: root.json, source: source)
        scopeCheck(document).check(templates.usages)
        return document
    }

    private func kind(_ map: inout MappingReader) -> CatalogKind? {
        guard let node = map.node("kind") else {
            guard case .mapping(let pairs) = map.node.content, let key = pairs.map(\.key).first(where: { $0.text?.lowercased() == "kind" })
            else {
                report.error(.missingKey, "The key kind is missing.", at: map.node.position)
                return nil
            }
            report.unknownKey(key.text ?? "", at: key.position, suggestion: "kind", home: nil, correction: "kind")
            return nil
        }
        guard let name = map.text(of: node, "kind") else { return nil }
        if let kind = CatalogKind(rawValue: name) { return kind }
        let names = CatalogKind.allCases.map(\.rawValue)
        report.error(
            .unknownKind, "There is no kind \(name); there are \(names.joined(separator: ", ")).", at: node.position,
            suggestion: NearestName.suggestion(for: name, among: names))
        return nil
    }

    private func form(_ map: inout MappingReader) -> Form {
        guard var presentation = map.mapping("presentation") else { return Form(groups: []) }
        let form = presentation.mapping("form")
        presentation.finish()
        guard var form else { return Form(groups: []) }
        return FormReader(templates: templates).form(&form)
    }

    private func scopeCheck(_ document: CatalogDocument) -> ScopeCheck {
        let automatic = document.fulfillment.automatic
        let orders: [TemplatePlace.ActionList: ActionOrder] = [
            .automatic: ActionOrder(automatic?.actions ?? [], isParallel: automatic?.isParallel ?? false),
            .manual: ActionOrder(document.fulfillment.manual, isParallel: false),
            .decommission: ActionOrder(document.instance?.decommission ?? [], isParallel: false),
            .rollback: ActionOrder(document.rollback, isParallel: false),
        ]
        return ScopeCheck(
            kind: document.kind, form: document.form, metadata: document.metadata.json, actions: orders, components: document.components,
            instanceOutputs: document.instance?.outputs.keys ?? [], hasWholeForm: hasWhole(document.form),
            hasWholeActions: templates.hasWholeActions,
            report: report)
    }

    /// A form without any field in a document with unknown keys may be there under another name.
    private func hasWhole(_ form: Form) -> Bool {
        let mayBeElsewhere = report.findings.contains { $0.isError && $0.rule == CatalogRule.unknownKey.rawValue }
        return form.fields.isEmpty ? !mayBeElsewhere : templates.hasWholeForm
    }
}

extension DocumentDecoder {
    private func metadata(_ map: MappingReader) -> Metadata? {
        var map = map
        let id = map.requiredText("id")
        if let id, !Identifiers.isKebabCase(id), let place = map.node("id")?.position {
            let words = "An id is kebab-case (lower-case letters, digits, single dashes) of at most 100 characters, not \(id)."
            report.error(.badID, words, at: place, suggestion: Identifiers.kebabCase(id))
        }
        let name = map.requiredText("name")
        let description = map.text("description") ?? ""
        if description.unicodeScalars.count < 50 {
            let place = map.node("description")?.position ?? map.node.position
            report.warning(.shortDescription, "A description of fewer than 50 characters tells people little.", at: place)
        }
        let version = self.version(&map, "version", required: true)
        let category = map.requiredText("category") ?? ""
        let owner = map.mapping("owner", shorthand: "team").map { self.owner($0) }
        let tags = map.texts("tags")
        let sla = map.mapping("sla")?.node.json
        map.finish()
        guard let id, let name, let version else { return nil }
        return Metadata(
            id: id, name: name, description: description, version: version, category: category, ownerTeam: owner?.team,
            ownerContact: owner?.contact, tags: tags, sla: sla, json: map.node.json)
    }

    private func owner(_ map: MappingReader) -> (team: String?, contact: String?) {
        var map = map
        let owner = (team: map.requiredText("team"), contact: map.text("contact"))
        for (key, _, value) in map.node.members ?? [] { _ = map.text(of: value, key) }
        return owner
    }

    func version(_ map: inout MappingReader, _ key: String, required: Bool = false) -> SemanticVersion? {
        guard let node = required ? map.required(key) : map.node(key) else { return nil }
        if node.json.number != nil, let whole = node.text.flatMap(Self.completedVersion) {
            report.error(.wrongType, "\(key) must be text, not \(node.typeName).", at: node.position, correction: whole)
            return nil
        }
        guard let text = map.text(of: node, key) else { return nil }
        if text.utf8.count <= 200, let version = SemanticVersion(text) { return version }
        report.error(
            .badVersion, "\(key) must be a version as SemVer 2.0.0 has it, such as 1.4.0, not \(text).", at: node.position,
            correction: Self.completedVersion(text))
        return nil
    }

    /// `v1.2` is the version `1.2.0` under another spelling.
    private static func completedVersion(_ text: String) -> String? {
        guard text.utf8.count <= 50 else { return nil }
        let core = text.hasPrefix("v") ? String(text.dropFirst()) : text
        return [core, core + ".0", core + ".0.0"].first { SemanticVersion($0) != nil }
    }

    private func lifecycle(_ map: MappingReader) -> Lifecycle {
        var map = map
        let lifecycle = Lifecycle(
            status: map.choice("status") ?? .active, replacedBy: map.text("replacedBy"), deprecatedSince: date(&map, "deprecatedSince"),
            sunset: date(&map, "sunset"))
        map.finish()
        check(lifecycle, map.node)
        return lifecycle
    }

    private func check(_ lifecycle: Lifecycle, _ node: YAMLNode) {
        if lifecycle.status == .active, let place = (node["deprecatedSince"] ?? node["sunset"])?.position,
            lifecycle.deprecatedSince != nil || lifecycle.sunset != nil
        {
            report.warning(.lifecycle, "The status is active, though an end is given.", at: place, suggestion: "status: deprecated")
        }
        if let since = lifecycle.deprecatedSince, let sunset = lifecycle.sunset, sunset < since, let place = node["sunset"]?.position {
            report.error(.lifecycle, "The sunset \(sunset) is before \(since), when the deprecation began.", at: place)
        }
    }

    private func date(_ map: inout MappingReader, _ key: String) -> String? {
        guard let node = map.node(key), let text = map.text(of: node, key) else { return nil }
        if CalendarDate(text) == nil, Timestamp(text) == nil {
            report.error(.badValue, "\(key) must be a date such as 2026-12-31, not \(text).", at: node.position)
        }
        return text
    }

    private func monitoring(_ map: MappingReader) -> JSON {
        var map = map
        if var check = map.mapping("healthCheck") {
            if let url = check.required("url") { _ = templates.template(url, .monitoring) }
            _ = check.duration("interval")
            _ = check.duration("timeout")
            check.allow(["expectStatus"])
            _ = check.int("failuresToDegrade", in: 1...100)
            if let headers = check.node("headers") { _ = templates.tree(headers, .monitoring) }
            check.finish()
        }
        map.finish()
        return map.node.json
    }

    private func quota(_ map: MappingReader) -> Int? {
        var map = map
        let quota = map.int("perTeam", in: 0...1_000_000)
        map.finish()
        return quota
    }
}

extension Lifecycle.Status: CaseIterable {
    package static let allCases: [Self] = [.active, .deprecated, .retired]
}

extension TemplateTree {
    /// The keys of an object tree.
    var keys: [String] {
        switch self {
        case .object(let members): members.map(\.key)
        case .constant(let value): value.object?.keys ?? []
        default: []
        }
    }
}
