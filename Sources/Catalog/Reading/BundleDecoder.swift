import Base
import Documents

// What bundles, updates and upgrades have besides an item's parts.

extension DocumentDecoder {
    /// In dependency order.
    func components(_ map: inout MappingReader) -> [BundleComponent] {
        _ = map.required("components")
        let nodes = map.elements("components")
        if nodes.count > ActionReader.mostActions, let first = nodes.first {
            report.beyondLimit("components", nodes.count, ActionReader.mostActions, at: first.position)
            return []
        }
        let read = nodes.compactMap { node in component(node).map { (node: node, component: $0) } }
        checkReferences(read)
        return DependencyOrder.sorted(read.map(\.component), id: \.id, dependsOn: \.dependsOn)
    }

    private func component(_ node: YAMLNode) -> BundleComponent? {
        guard var map = MappingReader(node, report) else { return nil }
        let item = map.requiredText("catalogItem") ?? ""
        let id = map.requiredText("id") ?? item
        if !id.isEmpty, let place = map.node("id")?.position { Identifiers.checkPart(id, "A component's id", at: place, report) }
        let isRequired = map.flag("required") ?? true
        let component = BundleComponent(
            id: id, catalogItem: item, version: range(&map, "version"), isRequired: isRequired,
            enabledByDefault: map.flag("enabledByDefault") ?? isRequired,
            dependsOn: map.texts("dependsOn", atMost: ActionReader.mostActions),
            config: map.mapping("config").map { templates.tree($0.node, .component(id: id)) } ?? .constant([:]),
            outputs: map.texts("outputs"))
        map.allow(["name", "description"])
        map.finish()
        return id.isEmpty ? nil : component
    }

    private func checkReferences(_ read: [(node: YAMLNode, component: BundleComponent)]) {
        let ids = read.map(\.component.id)
        var seen: Set<String> = []
        for (node, component) in read {
            if !seen.insert(component.id).inserted {
                report.error(.duplicateID, "The component \(component.id) stands twice.", at: node["id"]?.position ?? node.position)
            }
            for (index, dependency) in component.dependsOn.enumerated() where !ids.contains(dependency) {
                report.error(
                    .missingReference, "\(component.id) depends on \(dependency), which is no component of this bundle.",
                    at: node["dependsOn"]?[index]?.position ?? node.position,
                    suggestion: NearestName.suggestion(for: dependency, among: ids))
            }
        }
        guard let cycle = DependencyOrder.cycle(read.map(\.component), id: \.id, dependsOn: \.dependsOn),
            let node = read.first(where: { $0.component.id == cycle.first })?.node
        else { return }
        report.error(
            .dependencyCycle, "These components wait for each other: \(cycle.joined(separator: " -> ")).",
            at: node["dependsOn"]?.position ?? node.position)
    }

    func targets(_ node: YAMLNode, _ kind: CatalogKind) -> OperationTargets? {
        guard var map = MappingReader(node, report) else { return nil }
        let isUpgrade = kind == .upgrade
        _ = map.required("catalogItems")
        let targets = OperationTargets(
            catalogItems: map.elements("catalogItems").compactMap { target($0) }, isDestructive: map.flag("destructive") ?? isUpgrade,
            downtimeRequired: map.flag("downtimeRequired") ?? isUpgrade, estimatedDuration: map.text("estimatedDuration"),
            prerequisites: map.elements("prerequisites").map(\.json), toVersion: version(&map, "toVersion"))
        map.finish()
        return targets
    }

    private func target(_ node: YAMLNode) -> OperationTargets.Target? {
        guard var map = MappingReader(node, report) else { return nil }
        let id = map.requiredText("id")
        let target = OperationTargets.Target(
            catalogItem: id ?? "", versionRange: range(&map, "versionRange"), requiredParameters: map.texts("requiredParameters"),
            optionalParameters: map.texts("optionalParameters"))
        map.finish()
        return id == nil ? nil : target
    }

    private func range(_ map: inout MappingReader, _ key: String) -> VersionRange? {
        guard let node = map.node(key), let text = map.text(of: node, key) else { return nil }
        guard text.utf8.count <= 200, let range = VersionRange(text) else {
            report.error(.badRange, "\(key) must be a range of versions such as \">=2.0.0 <3\", not \(text).", at: node.position)
            return nil
        }
        if !range.isSatisfiable {
            report.error(.unsatisfiableRange, "No version can be in \(text).", at: node.position)
        }
        return range
    }
}

extension VersionRange {
    /// Whether some version is in the range. Each alternative is an interval, so it holds one of: its bounds, the versions right
    /// after or below them, or the first of all.
    var isSatisfiable: Bool {
        witnesses.contains(where: contains)
    }

    /// Whether some version up to the given one is in the range.
    func holdsVersion(upTo limit: SemanticVersion) -> Bool {
        contains(limit) || witnesses.contains { $0 <= limit && contains($0) }
    }

    private var witnesses: [SemanticVersion] {
        let separators: Set<Character> = [" ", ",", "|", "<", ">", "=", "^", "~"]
        let words = description.split(whereSeparator: separators.contains).map(String.init)
        return [SemanticVersion(0, 0, 0)] + words.flatMap(Self.witnesses)
    }

    private static func witnesses(_ word: String) -> [SemanticVersion] {
        let text = word.split(separator: ".").prefix(3).map { ["x", "X", "*"].contains($0) ? "0" : String($0) }
        let padded = (text + ["0", "0"]).prefix(3).joined(separator: ".")
        guard let version = SemanticVersion(word) ?? SemanticVersion(padded) else { return [] }
        let preRelease = SemanticVersion(version.major, version.minor, version.patch, preRelease: version.preRelease + [.number(0)])
        var near = [version, preRelease, SemanticVersion(version.major, version.minor, version.patch)]
        if version.patch < Int.max { near.append(SemanticVersion(version.major, version.minor, version.patch + 1)) }
        if version.minor < Int.max { near.append(SemanticVersion(version.major, version.minor + 1, 0)) }
        if version.major < Int.max { near.append(SemanticVersion(version.major + 1, 0, 0)) }
        return near
    }
}
