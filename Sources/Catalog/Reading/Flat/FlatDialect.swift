import Base
import Documents

// DESIGN: the flat dialect (catalog.md 1.2) is read by mapping its nodes onto canonical ones before anything else looks at them.
// Every node keeps its place, so that whatever is found later points into the file as it was written; keys that the dialect does
// not know are reported here, by their flat names. Templates keep their spelling: the document says `dialect: flat`, and the
// template parser reads both. Outputs need no declaration in this dialect: what `{{ steps.X.outputs.Y }}` reads is declared for X.

struct FlatDialect {
    let path: String
    /// Whether the folder holds this document and no other: then the folder may give the id.
    let isAloneInFolder: Bool
    let report: FindingReport

    static func isFlat(_ root: YAMLNode) -> Bool { root["kind"] == nil && root["name"] != nil }

    func canonical(_ root: YAMLNode) -> YAMLNode {
        let kind = self.kind(of: root)
        let actions = FlatActions(report: report, outputs: FlatTemplates.outputs(readBy: root))
        var document = FlatMapping(at: root.position)
        document.put("kind", text: kind.rawValue)
        document.put(DocumentDecoder.dialectKey, text: "flat")
        document.put("metadata", metadata(root))
        document.take(
            [
                "presentation": .init("presentation") { FlatForm(report: report).presentation($0) },
                "fulfillment": .init("fulfillment", actions.fulfillment),
                "targets": .init("targets") { targets($0, root) },
                "lifecycle": .init("lifecycle", \.camelCased),
                "monitoring": .init("monitoring", \.camelCased),
                "instance": .init("instance", \.camelCased),
                "quotas": .init("quotas", \.camelCased),
            ], from: root,
            others: ["name", "version", "description", "owner", "tags", "category", "sla", "bundle"] + Self.operationKeys, report)
        if let bundle = root["bundle"] { document.put("components", components(bundle), keyAt: root.keyPosition("bundle")) }
        return FlatTemplates.respelled(document.node, parameters: parameters(of: root))
    }

    private static let operationKeys = ["destructive", "downtime_required", "estimated_duration", "prerequisites", "to_version"]

    private func kind(of root: YAMLNode) -> CatalogKind {
        if root["bundle"] != nil { return .bundle }
        guard let targets = root["targets"] else { return .item }
        let isDestructive = targets["destructive"]?.json == true || root["destructive"]?.json == true
        let isTagged = root["tags"]?.elements?.contains { $0.text == "upgrade" } ?? false
        return isDestructive || isTagged ? .upgrade : .update
    }

    private func metadata(_ root: YAMLNode) -> YAMLNode {
        var metadata = FlatMapping(at: root.position)
        let nameNode = root["name"]
        metadata.put("id", YAMLNode(text: id(nameNode?.text ?? ""), at: nameNode?.position ?? root.position))
        for key in ["name", "version", "description", "category", "tags", "sla"] {
            if let value = root[key] { metadata.put(key, value, keyAt: root.keyPosition(key)) }
        }
        if let owner = root["owner"], !owner.isNull {
            var team = FlatMapping(at: owner.position)
            team.put("team", owner)
            metadata.put("owner", owner.members == nil ? team.node : owner, keyAt: root.keyPosition("owner"))
        }
        return metadata.node
    }

    /// The name where it is kebab-case, else the document's own folder, else the name respelled.
    private func id(_ name: String) -> String {
        if Identifiers.isKebabCase(name) { return name }
        let folders = path.split(separator: "/").dropLast().map(String.init)
        let below = folders.lastIndex(of: "catalog").map { folders.count - 1 - $0 } ?? folders.count
        if isAloneInFolder, below >= 2, let folder = folders.last, Identifiers.isKebabCase(folder) { return folder }
        return Identifiers.kebabCase(name)
    }
}

extension FlatDialect {
    private func targets(_ node: YAMLNode, _ root: YAMLNode) -> YAMLNode {
        var targets = FlatMapping(at: node.position)
        let operation: KeyValuePairs<String, FlatMapping.Key> = [
            "destructive": .init("destructive"), "downtime_required": .init("downtimeRequired"),
            "estimated_duration": .init("estimatedDuration"), "prerequisites": .init("prerequisites"), "to_version": .init("toVersion"),
            "catalog_items": .init("catalogItems") { $0.mapElements(target) },
        ]
        targets.take(operation, from: node, report)
        for (flat, key) in operation where node[flat] == nil {
            if let value = root[flat] { targets.put(key.canonical, value, keyAt: root.keyPosition(flat)) }
        }
        return targets.node
    }

    private func target(_ node: YAMLNode) -> YAMLNode {
        var target = FlatMapping(at: node.position)
        target.take(
            [
                "name": .init("id"), "version_range": .init("versionRange"), "required_parameters": .init("requiredParameters"),
                "optional_parameters": .init("optionalParameters"),
            ], from: node, report)
        return target.node
    }

    /// The instance parameters that bare names may mean in an update or upgrade.
    private func parameters(of root: YAMLNode) -> [String] {
        let fields = (root["presentation"]?["fields"]?.elements ?? []).compactMap { $0["name"]?.text }
        let items = root["targets"]?["catalog_items"]?.elements ?? []
        let lists = items.flatMap { item in [item["required_parameters"], item["optional_parameters"]] }
        let names = lists.flatMap { list in list?.elements ?? [] }.compactMap(\.text)
        return names.filter { !fields.contains($0) }
    }

    private func components(_ bundle: YAMLNode) -> YAMLNode {
        guard var map = MappingReader(bundle, report) else { return bundle }
        let required = map.elements("required_items").map { component($0, isRequired: true) }
        let optional = map.elements("optional_items").map { component($0, isRequired: false) }
        map.finish()
        return YAMLNode(.sequence(Self.numbered(required + optional)), at: bundle.position)
    }

    private func component(_ node: YAMLNode, isRequired: Bool) -> YAMLNode {
        var component = FlatMapping(at: node.position)
        let item = node["catalog_item"]
        if node["id"] == nil, let item {
            component.put("id", YAMLNode(text: Identifiers.kebabCase(item.text ?? ""), at: item.position))
        }
        component.take(
            [
                "id": .init("id"), "catalog_item": .init("catalogItem"), "version": .init("version"), "parameters": .init("config"),
                "default_enabled": .init("enabledByDefault"), "depends_on": .init("dependsOn"), "outputs": .init("outputs"),
                "description": .init("description"),
            ], from: node, report)
        component.put("required", YAMLNode(.bool(isRequired), at: node.position))
        return component.node
    }

    /// The same item twice in a bundle makes two components: `redis`, `redis-2`.
    private static func numbered(_ components: [YAMLNode]) -> [YAMLNode] {
        var uses: [String: Int] = [:]
        return components.map { node in
            guard case .mapping(var pairs) = node.content, let index = pairs.firstIndex(where: { $0.key.text == "id" }),
                let id = pairs[index].value.text
            else { return node }
            uses[id, default: 0] += 1
            if let count = uses[id], count > 1 { pairs[index].value = YAMLNode(text: "\(id)-\(count)", at: pairs[index].value.position) }
            return YAMLNode(.mapping(pairs), at: node.position)
        }
    }
}
