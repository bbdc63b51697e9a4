import Base
import Documents

/// What one document says about another: checked once the whole catalog is known.
struct CatalogReference: Sendable {
    enum Role: Sendable {
        /// A component of a bundle gives these fields of the item a value, names these outputs of it and has these read by others.
        case component(values: [Value], outputs: [Name], reads: [Name])
        /// What an update or upgrade applies to, and the parameters that it expects there.
        case target(parameters: [Name])
        case replacement
    }

    struct Name: Sendable {
        var text: String
        var place: Position
    }

    /// What a component gives to a field; `constant` is nil where a template decides.
    struct Value: Sendable {
        var field: Name
        var constant: JSON?
        var place: Position
    }

    var role: Role
    var target: Name
    var range: VersionRange?
    var rangePlace: Position

    fileprivate static func all(in root: YAMLNode, reads: [ScopeRead]) -> [CatalogReference] {
        let components = (root["components"]?.elements ?? []).compactMap { component($0, reads) }
        let targets = (root["targets"]?["catalogItems"]?.elements ?? []).compactMap(target)
        let replacement = name(root["lifecycle"]?["replacedBy"]).map {
            CatalogReference(role: .replacement, target: $0, range: nil, rangePlace: $0.place)
        }
        return components + targets + (replacement.map { [$0] } ?? [])
    }

    private static func component(_ node: YAMLNode, _ reads: [ScopeRead]) -> CatalogReference? {
        guard let item = name(node["catalogItem"]) else { return nil }
        let id = node["id"]?.string ?? item.text
        let values = (node["config"]?.members ?? []).map { member in
            Value(
                field: Name(text: member.key, place: member.keyPosition),
                constant: isConstant(member.value) ? member.value.json : Optional.none,
                place: member.value.position)
        }
        let outputs = (node["outputs"]?.elements ?? []).compactMap(name)
        let read = outputs.isEmpty ? reads.filter { $0.path.starts(with: ["components", id, "outputs"]) }.compactMap(\.name) : []
        return reference(.component(values: values, outputs: outputs, reads: read), item, node["version"])
    }

    private static func isConstant(_ node: YAMLNode) -> Bool { !node.strings.contains { TemplateReader.holdsTags($0, .flat) } }

    private static func target(_ node: YAMLNode) -> CatalogReference? {
        let lists = [node["requiredParameters"], node["optionalParameters"]].compactMap { $0?.elements }
        let parameters = lists.flatMap { $0 }.compactMap(name)
        return name(node["id"]).map { reference(.target(parameters: parameters), $0, node["versionRange"]) }
    }

    private static func reference(_ role: Role, _ target: Name, _ range: YAMLNode?) -> CatalogReference {
        CatalogReference(
            role: role, target: target, range: range?.text.flatMap { VersionRange($0) }, rangePlace: range?.position ?? target.place)
    }

    private static func name(_ node: YAMLNode?) -> Name? {
        guard let node, let text = node.string else { return nil }
        return Name(text: text, place: node.position)
    }
}

/// A path that a template reads, whose end another document decides: `components.db.outputs.endpoint`, `instance.outputs.endpoint`.
struct ScopeRead: Sendable {
    var path: [String]
    var place: Position

    /// What is read of the parameters or outputs.
    var name: CatalogReference.Name? {
        let depth = path.first == "components" ? 3 : 2
        return path.count > depth ? CatalogReference.Name(text: path[depth], place: place) : nil
    }
}

/// Where a document says what concerns others.
struct CatalogLinks: Sendable {
    var idPlace: Position
    var references: [CatalogReference]
    /// What an update or upgrade reads of the instance that it changes: `instance.parameters...`, `instance.outputs...`.
    var instanceReads: [ScopeRead] = []

    init(_ root: YAMLNode, reads: [ScopeRead]) {
        idPlace = root["metadata"]?["id"]?.position ?? root.position
        references = CatalogReference.all(in: root, reads: reads)
        guard root["targets"] != nil else { return }
        instanceReads = reads.filter { $0.path.starts(with: ["instance", "parameters"]) || $0.path.starts(with: ["instance", "outputs"]) }
    }

    /// Of a stored definition, which has no places.
    init(stored definition: JSON, line: Int) {
        idPlace = Position(line: line, column: 1)
        let parts = ["components", "targets", "lifecycle"].compactMap { key in definition[key].map { (key, $0) } }
        references = CatalogReference.all(in: YAMLNode(.object(JSONObject(parts)), at: idPlace), reads: [])
    }
}
