package import Base

/// What the catalog keeps in memory of a document: enough to list, search, check and find it. The document itself is decoded from
/// its stored definition when it is asked for.
package final class CatalogEntry: Sendable {
    package struct ActionSummary: Sendable {
        package let id: String
        package let name: String
        package let type: String
    }

    package struct Component: Sendable {
        package let id: String
        package let catalogItem: String
        package let version: VersionRange?
        package let isRequired: Bool
    }

    package struct Target: Sendable {
        package let catalogItem: String
        package let versionRange: VersionRange?
    }

    package enum State: String, Sendable {
        case current
        /// The file has errors now; this is the last good version.
        case stale
        /// No file holds it any more.
        case withdrawn
    }

    package let kind: CatalogKind
    package let id: String
    package let name: String
    package let description: String
    package let version: SemanticVersion
    package let category: String
    package let ownerTeam: String?
    package let ownerContact: String?
    package let tags: [String]
    package let sla: JSON?
    package let mode: Fulfillment.Mode
    package let actions: [ActionSummary]
    package let approvals: [String]
    package let lifecycle: Lifecycle
    package let components: [Component]
    package let targets: [Target]
    package let toVersion: SemanticVersion?
    package let digest: String
    package let source: CatalogDocument.Source
    package let state: State
    /// In lower case.
    let sortName: String
    let fields: [FieldSummary]
    let outputs: OutputSummary
    /// Of the file that it was read from.
    let fileHash: String
    let links: CatalogLinks

    package var isStale: Bool { state == .stale }
    package var isWithdrawn: Bool { state == .withdrawn }

    /// From a definition that was decoded without errors before; nil where it was not.
    init?(
        definition: JSON, digest: String, source: CatalogDocument.Source, state: State, fileHash: String, links: CatalogLinks
    ) {
        let metadata = definition["metadata"] ?? .null
        guard let kind = definition["kind"]?.string.flatMap(CatalogKind.init(rawValue:)), let id = metadata["id"]?.string,
            let version = metadata["version"]?.string.flatMap({ SemanticVersion($0) })
        else { return nil }
        let fulfillment = definition["fulfillment"] ?? .null
        self.kind = kind
        self.id = id
        self.version = version
        name = metadata["name"]?.string ?? id
        description = metadata["description"]?.string ?? ""
        category = metadata["category"]?.string ?? ""
        ownerTeam = metadata["owner"]?["team"]?.string
        ownerContact = metadata["owner"]?["contact"]?.string
        tags = metadata["tags"]?.array?.compactMap(\.string) ?? []
        sla = metadata["sla"]
        mode = fulfillment["strategy"]?["mode"]?.string.flatMap(Fulfillment.Mode.init(rawValue:)) ?? .manual
        actions = Self.actions(fulfillment[mode.rawValue])
        approvals = fulfillment["approvals"]?.array?.compactMap { ($0["name"] ?? $0["role"])?.string } ?? []
        lifecycle = Self.lifecycle(definition["lifecycle"])
        components = definition["components"]?.array?.compactMap(Self.component) ?? []
        targets = definition["targets"]?["catalogItems"]?.array?.compactMap(Self.target) ?? []
        toVersion = definition["targets"]?["toVersion"]?.string.flatMap { SemanticVersion($0) }
        fields = FieldSummary.all(in: definition["presentation"]?["form"]?["groups"])
        outputs = OutputSummary(definition)
        sortName = name.lowercased()
        self.digest = digest
        self.source = source
        self.state = state
        self.fileHash = fileHash
        self.links = links
    }

    private init(_ other: CatalogEntry, state: State) {
        (kind, id, name, description, version) = (other.kind, other.id, other.name, other.description, other.version)
        (category, ownerTeam, ownerContact, tags, sla) = (other.category, other.ownerTeam, other.ownerContact, other.tags, other.sla)
        (mode, actions, approvals, lifecycle) = (other.mode, other.actions, other.approvals, other.lifecycle)
        (components, targets, toVersion) = (other.components, other.targets, other.toVersion)
        (fields, outputs, links) = (other.fields, other.outputs, other.links)
        (digest, source, fileHash) = (other.digest, other.source, other.fileHash)
        sortName = other.sortName
        self.state = state
    }

    func becoming(_ state: State) -> CatalogEntry { state == self.state ? self : CatalogEntry(self, state: state) }
}

extension CatalogEntry {
    private static func actions(_ way: JSON?) -> [ActionSummary] {
        (way?["actions"]?.array ?? []).compactMap { action in
            guard let id = action["id"]?.string else { return nil }
            return ActionSummary(id: id, name: action["name"]?.string ?? Identifiers.title(id), type: action["type"]?.string ?? "")
        }
    }

    private static func lifecycle(_ json: JSON?) -> Lifecycle {
        Lifecycle(
            status: json?["status"]?.string.flatMap(Lifecycle.Status.init(rawValue:)) ?? .active, replacedBy: json?["replacedBy"]?.string,
            deprecatedSince: json?["deprecatedSince"]?.string, sunset: json?["sunset"]?.string)
    }

    private static func component(_ json: JSON) -> Component? {
        guard let item = json["catalogItem"]?.string else { return nil }
        return Component(
            id: json["id"]?.string ?? item, catalogItem: item, version: json["version"]?.string.flatMap { VersionRange($0) },
            isRequired: json["required"]?.bool ?? true)
    }

    private static func target(_ json: JSON) -> Target? {
        json["id"]?.string.map { Target(catalogItem: $0, versionRange: json["versionRange"]?.string.flatMap { VersionRange($0) }) }
    }
}
