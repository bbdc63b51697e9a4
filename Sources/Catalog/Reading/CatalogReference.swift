import Base
import Documents

/// What one document says about another: checked once the whole catalog is known.
struct CatalogReference: Sendable {
    enum Role: Sendable {
        /// A component of a bundle gives these fields of the item a value and reads these outputs.
        case component(fields: [Name], outputs: [Name])
        /// What an update or upgrade applies to.
        case target
        case replacement
    }

    struct Name: Sendable {
        var text: String
        var place: Position
    }

    var role: Role
    var target: Name
    var range: VersionRange?
    var rangePlace: Position

    fileprivate static func all(in root: YAMLNode) -> [CatalogReference] {
        let components = (root["components"]?.elements ?? []).compactMap(component)
        let targets = (root["targets"]?["catalogItems"]?.elements ?? []).compactMap(target)
        let replacement = name(root["lifecycle"]?["replacedBy"]).map {
            CatalogReference(role: .replacement, target: $0, range: nil, rangePlace: $0.place)
        }
        return components + targets + (replacement.map { [$0] } ?? [])
    }

    private static func component(_ node: YAMLNode) -> CatalogReference? {
        guard let item = name(node["catalogItem"]) else { return nil }
        let fields = (node["config"]?.members ?? []).map { Name(text: $0.key, place: $0.keyPosition) }
        let outputs = (node["outputs"]?.elements ?? []).compactMap(name)
        return reference(.component(fields: fields, outputs: outputs), item, node["version"])
    }

    private static func target(_ node: YAMLNode) -> CatalogReference? {
        name(node["id"]).map { reference(.target, $0, node["versionRange"]) }
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

/// Where a document says what concerns others.
struct CatalogLinks: Sendable {
    var idPlace: Position
    var references: [CatalogReference]

    init(_ root: YAMLNode) {
        idPlace = root["metadata"]?["id"]?.position ?? root.position
        references = CatalogReference.all(in: root)
    }

    /// Of a stored definition, which has no places.
    init(stored definition: JSON, line: Int) {
        idPlace = Position(line: line, column: 1)
        let parts = ["components", "targets", "lifecycle"].compactMap { key in definition[key].map { (key, $0) } }
        references = CatalogReference.all(in: YAMLNode(.object(JSONObject(parts)), at: idPlace))
    }
}
