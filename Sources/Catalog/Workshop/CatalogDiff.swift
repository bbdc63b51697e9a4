package import Base

/// What a change of the catalog means for those who use it, as far as documents tell: what changed in each document, whether its version
/// says so (Semantic Versioning: major for what breaks, minor for what is new, patch for words), and which operations and bundles no
/// longer fit. Instances and requests are not looked at.
package struct CatalogDiff: Sendable {
    /// How much a change asks of the version.
    package enum Weight: String, Sendable, Comparable {
        case wording, addition, breaking

        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { [.wording: 0, .addition: 1, .breaking: 2][self] ?? 2 }
    }

    package struct Detail: Sendable, Equatable {
        package let weight: Weight
        /// `field size: the option xl is gone`
        package let text: String
    }

    /// What should not be merged like this (`error`) or be looked at (`warning`, `note`).
    package struct Remark: Sendable, Equatable {
        package enum Severity: String, Sendable { case error, warning, note }
        package let severity: Severity
        package let text: String
    }

    package struct Change: Sendable {
        package let kind: CatalogKind
        package let id: String
        /// nil: was not there.
        package let from: SemanticVersion?
        /// nil: is gone.
        package let to: SemanticVersion?
        package let details: [Detail]
        package let remarks: [Remark]
    }

    /// By id.
    package let changes: [Change]

    package init(from old: [CatalogDocument], to new: [CatalogDocument]) {
        let before = Dictionary(old.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        changes = Set(before.keys).union(after.keys).sorted().compactMap { id in
            Self.change(before[id], after[id], among: new)
        }
    }

    package func count(_ severity: Remark.Severity) -> Int {
        changes.reduce(0) { $0 + $1.remarks.count { $0.severity == severity } }
    }

    private static func change(_ old: CatalogDocument?, _ new: CatalogDocument?, among all: [CatalogDocument]) -> Change? {
        guard let present = new ?? old, old?.digest != new?.digest else { return nil }
        var details: [Detail] = []
        var remarks: [Remark] = []
        if let old, let new {
            details = DocumentComparison(old.definition, new.definition).details
            remarks = versionRemarks(old.metadata.version, new.metadata.version, details)
            if old.kind != new.kind { remarks.append(Remark(severity: .error, text: "\(old.kind.rawValue) became \(new.kind.rawValue).")) }
        }
        remarks += fitRemarks(old, new, among: all)
        return Change(
            kind: present.kind, id: present.id, from: old?.metadata.version, to: new?.metadata.version, details: details, remarks: remarks)
    }
}

extension CatalogDiff {
    private static func versionRemarks(_ old: SemanticVersion, _ new: SemanticVersion, _ details: [Detail]) -> [Remark] {
        let weight = details.map(\.weight).max() ?? .wording
        let least = raised(old, for: weight)
        if new < old { return [Remark(severity: .error, text: "The version went back from \(old) to \(new).")] }
        if new == old { return [Remark(severity: .error, text: "The version is still \(old); this change makes it at least \(least).")] }
        return new < least && old.preRelease.isEmpty
            ? [Remark(severity: .warning, text: "The version should be at least \(least), not \(new): \(weight.reason).")] : []
    }

    /// A pre-release may become anything up to its release. Before 1.0.0 a minor version may break (Semantic Versioning 2.0.0, 4).
    private static func raised(_ version: SemanticVersion, for weight: Weight) -> SemanticVersion {
        let (major, minor, patch) = (version.major, version.minor, version.patch)
        guard version.preRelease.isEmpty else { return SemanticVersion(major, minor, patch) }
        switch weight {
        case .breaking where major > 0: return SemanticVersion(major + 1, 0, 0)
        case .breaking: return SemanticVersion(0, minor + 1, 0)
        case .addition where major > 0: return SemanticVersion(major, minor + 1, 0)
        case .addition, .wording: return SemanticVersion(major, minor, patch + 1)
        }
    }

    /// Operations and bundles of the new catalog that name the document.
    private static func fitRemarks(_ old: CatalogDocument?, _ new: CatalogDocument?, among all: [CatalogDocument]) -> [Remark] {
        guard let old, old.kind == .item || old.kind == .bundle else { return [] }
        let names = [old.id, old.metadata.name]
        let remarks = all.sorted { $0.id < $1.id }.flatMap { other in
            bundleRemarks(other, names, new?.metadata.version) + operationRemarks(other, names, old.metadata.version, new?.metadata.version)
        }
        return remarks.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func bundleRemarks(_ bundle: CatalogDocument, _ names: [String], _ version: SemanticVersion?) -> [Remark] {
        bundle.components.filter { names.contains($0.catalogItem) }.compactMap { component in
            guard let version else { return Remark(severity: .error, text: "The bundle \(bundle.id) still holds it.") }
            guard let range = component.version, !range.contains(version) else { return nil }
            return Remark(severity: .error, text: "The bundle \(bundle.id) asks for \(range), which \(version) is not in.")
        }
    }

    private static func operationRemarks(
        _ operation: CatalogDocument, _ names: [String], _ old: SemanticVersion, _ new: SemanticVersion?
    ) -> [Remark] {
        (operation.targets?.catalogItems ?? []).filter { names.contains($0.catalogItem) }.compactMap { target in
            guard let new else { return Remark(severity: .note, text: "\(operation.id) still applies to its instances.") }
            guard let range = target.versionRange else { return nil }
            switch (range.contains(old), range.contains(new)) {
            case (true, false): return Remark(severity: .note, text: "New instances are not eligible for \(operation.id) (\(range)).")
            case (false, true): return Remark(severity: .note, text: "New instances become eligible for \(operation.id) (\(range)).")
            default: return nil
            }
        }
    }
}

extension CatalogDiff.Weight {
    fileprivate var reason: String {
        switch self {
        case .breaking: "something that worked before does not any more"
        case .addition: "something is new or works otherwise"
        case .wording: "words changed"
        }
    }
}

extension CatalogDiff {
    /// For a terminal and a review: one line per change, its details and remarks indented, a sum at the end.
    package var text: String {
        changes.map(\.text).joined() + summary()
    }

    /// `furtherErrors` are those of documents that could not be compared.
    func summary(furtherErrors: Int = 0) -> String {
        "\(changes.count) documents changed, \(count(.error) + furtherErrors) errors, \(count(.warning)) warnings\n"
    }

    package var json: JSON {
        [
            "changes": .array(changes.map(\.json)), "errors": .int(count(.error)), "warnings": .int(count(.warning)),
        ]
    }
}

extension CatalogDiff.Change {
    var text: String {
        let head: String
        switch (from, to) {
        case (nil, let to?): head = "+ \(kind.rawValue) \(id) \(to)"
        case (let from?, nil): head = "- \(kind.rawValue) \(id) \(from): withdrawn; its requests and instances go on"
        case (let from?, let to?): head = "~ \(kind.rawValue) \(id) \(from)" + (from == to ? "" : " -> \(to)")
        case (nil, nil): head = id
        }
        let lines = details.map { "    \($0.weight.rawValue): \($0.text)" } + remarks.map { "  \($0.severity.rawValue): \($0.text)" }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }

    var json: JSON {
        [
            "kind": .string(kind.rawValue), "id": .string(id), "from": .optional(from?.description), "to": .optional(to?.description),
            "details": .array(details.map { ["weight": .string($0.weight.rawValue), "text": .string($0.text)] }),
            "remarks": .array(remarks.map { ["severity": .string($0.severity.rawValue), "text": .string($0.text)] }),
        ]
    }
}
