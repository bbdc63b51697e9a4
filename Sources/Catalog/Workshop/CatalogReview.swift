package import Base

/// What a change of documents would do to the catalog that is served: the comparison of documents, and whom it concerns.
package struct CatalogReview: Sendable {
    /// How often versions of one document are in use.
    package struct Usage: Sendable {
        /// Live instances, by version.
        package var instances: [(version: String, count: Int)]
        /// Requests that are not over, by version.
        package var requests: [(version: String, count: Int)]

        package init(instances: [(version: String, count: Int)], requests: [(version: String, count: Int)]) {
            self.instances = instances
            self.requests = requests
        }
    }

    package struct File: Sendable {
        /// Relative to the catalog's root, with `/`.
        package var path: String
        package var text: [UInt8]

        package init(path: String, text: [UInt8]) {
            self.path = path
            self.text = text
        }
    }

    private let catalog: Catalog
    private let schemas: CatalogSchemas
    private let usage: @Sendable (_ id: String) throws(PAOError) -> Usage

    package init(catalog: Catalog, schemas: CatalogSchemas, usage: @escaping @Sendable (_ id: String) throws(PAOError) -> Usage) {
        self.catalog = catalog
        self.schemas = schemas
        self.usage = usage
    }

    /// `{changes: [{..., impact: [...]}], findings, errors, warnings, text}`. With `isWhole` the files are the whole catalog: what is in
    /// none of them would be withdrawn.
    package func difference(_ files: [File], isWhole: Bool) throws(PAOError) -> JSON {
        let snapshot = catalog.snapshot
        let readings = files.map { DocumentReader.read($0.text, path: $0.path, schemas: schemas) }
        let written = readings.flatMap(\.documents)
        let ids = Set(written.map(\.id))
        let broken = Set(readings.flatMap { $0.brokenIDs ?? [] })
        // Bundles and operations say what fits; other documents matter only where they change.
        let live = snapshot.entries.filter { isWhole || ids.contains($0.id) || $0.kind != .item }
            .compactMap { snapshot.document(id: $0.id) }
        let staying = live.filter { !ids.contains($0.id) && (!isWhole || broken.contains($0.id)) }
        let diff = CatalogDiff(from: live, to: written + staying)
        let byID = Dictionary(live.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let next = Dictionary(written.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var changes: [JSON] = []
        let mistakes = readings.flatMap(\.findings).filter(\.isError)
        var text = mistakes.map { "\($0)\n" }.joined()
        if !mistakes.isEmpty { text += "Documents with errors are not compared.\n" }
        for change in diff.changes {
            let impact = try impact(byID[change.id], next[change.id])
            var json = change.json
            json["impact"] = .array(impact.map(JSON.string))
            changes.append(json)
            text += change.text + impact.map { "  impact: \($0)\n" }.joined()
        }
        let findings = readings.flatMap(\.findings)
        let errors = diff.count(.error) + mistakes.count
        return [
            "changes": .array(changes), "findings": .array(findings.map(\.json)), "errors": .int(errors),
            "warnings": .int(diff.count(.warning)), "text": .string(text + diff.summary(furtherErrors: mistakes.count)),
        ]
    }

    private func impact(_ old: CatalogDocument?, _ new: CatalogDocument?) throws(PAOError) -> [String] {
        guard let old else { return try eligibility(nil, new) }
        let usage = try usage(old.id)
        var lines: [String] = []
        let instances = usage.instances.reduce(0) { $0 + $1.count }
        if instances > 0 {
            let end = new == nil ? "go on, but no new ones are made" : "stay as they are until an operation changes them"
            lines.append("\(Self.counted(instances, "instance", "instances")) (\(Self.list(usage.instances))) \(end).")
        }
        let requests = usage.requests.reduce(0) { $0 + $1.count }
        if requests > 0 {
            let subject = Self.counted(requests, "request", "requests")
            lines.append("\(subject) under way (\(Self.list(usage.requests))) \(requests == 1 ? "stays" : "stay") pinned to that version.")
        }
        return lines + (try eligibility(old, new))
    }

    /// Of an operation: the instances that it would apply to, and those that it would not any more.
    private func eligibility(_ old: CatalogDocument?, _ new: CatalogDocument?) throws(PAOError) -> [String] {
        let items = Set(((old?.targets?.catalogItems ?? []) + (new?.targets?.catalogItems ?? [])).map(\.catalogItem)).sorted()
        var lines: [String] = []
        for name in items {
            let item = catalog.snapshot.entry(name)?.id ?? name
            let counts = try usage(item).instances.map { version, count in
                (count: count, before: old?.applies(to: name, version) ?? false, after: new?.applies(to: name, version) ?? false)
            }
            let (gained, lost) = (
                counts.filter { !$0.before && $0.after }.reduce(0) { $0 + $1.count },
                counts.filter { $0.before && !$0.after }.reduce(0) { $0 + $1.count }
            )
            if gained > 0 { lines.append("\(Self.counted(gained, "instance", "instances")) of \(item) become eligible.") }
            if lost > 0 { lines.append("\(Self.counted(lost, "instance", "instances")) of \(item) stop being eligible.") }
        }
        return lines
    }

    private static func list(_ counts: [(version: String, count: Int)]) -> String {
        counts.map { "\($0.version): \($0.count)" }.joined(separator: ", ")
    }

    private static func counted(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }
}

extension CatalogDocument {
    fileprivate func applies(to item: String, _ version: String) -> Bool {
        let version = SemanticVersion(version)
        return (targets?.catalogItems ?? []).contains { target in
            target.catalogItem == item && (target.versionRange.map { range in version.map(range.contains) ?? false } ?? true)
        }
    }
}
