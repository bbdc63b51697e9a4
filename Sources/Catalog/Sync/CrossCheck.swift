import Base
import Documents

/// What can only be said of the whole catalog: documents that name each other.
struct CrossCheck {
    private let entries: [String: CatalogEntry]
    private let idByName: [String: String]
    /// Ids of documents that are there and have errors of their own.
    private let broken: Set<String>

    init(_ entries: some Collection<CatalogEntry>, broken: Set<String> = []) {
        self.broken = broken
        self.entries = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        idByName = Dictionary(entries.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    func findings(of entry: CatalogEntry) -> [CatalogFinding] {
        guard !entry.links.references.isEmpty else { return [] }
        let report = FindingReport(file: entry.source.path)
        for reference in entry.links.references { check(reference, of: entry, report) }
        return report.sorted
    }

    private func check(_ reference: CatalogReference, of entry: CatalogEntry, _ report: FindingReport) {
        guard let target = resolve(reference.target.text) else {
            if broken.contains(reference.target.text) {
                report.error(
                    .missingReference, "The document \(reference.target.text) has errors of its own and cannot be used.",
                    at: reference.target.place)
                return
            }
            report.error(
                .missingReference, "There is no catalog item \(reference.target.text).", at: reference.target.place,
                suggestion: NearestName.suggestion(for: reference.target.text, among: entries.keys.sorted()))
            return
        }
        switch reference.role {
        case .component(let fields, let outputs): checkComponent(target, reference, fields, outputs, report)
        case .target:
            if target.kind != .item && target.kind != .bundle {
                report.error(.missingReference, "\(target.id) is no item or bundle that instances come from.", at: reference.target.place)
            }
        case .replacement:
            if target.id == entry.id { report.error(.lifecycle, "A document cannot replace itself.", at: reference.target.place) }
        }
    }

    private func resolve(_ name: String) -> CatalogEntry? { entries[name] ?? idByName[name].flatMap { entries[$0] } }

    private func checkComponent(
        _ item: CatalogEntry, _ reference: CatalogReference, _ fields: [CatalogReference.Name], _ outputs: [CatalogReference.Name],
        _ report: FindingReport
    ) {
        guard item.kind == .item else {
            report.error(
                .missingReference, "\(item.id) is a \(item.kind.rawValue); a component is a CatalogItem.", at: reference.target.place)
            return
        }
        if let range = reference.range, !range.contains(item.version) {
            report.error(
                .unsatisfiableRange, "\(item.id) is at \(item.version), which is not in \(range).", at: reference.rangePlace)
        }
        if item.lifecycle.status == .retired {
            report.warning(.lifecycle, "\(item.id) is retired.", at: reference.target.place, suggestion: item.lifecycle.replacedBy)
        }
        for field in fields where !item.fieldIDs.contains(field.text) {
            report.error(
                .unknownField, "\(item.id) has no field \(field.text).", at: field.place,
                suggestion: NearestName.suggestion(for: field.text, among: item.fieldIDs))
        }
        for output in outputs where !item.outputNames.isEmpty && !item.outputNames.contains(output.text) {
            report.error(
                .unknownOutput, "Instances of \(item.id) have no output \(output.text).", at: output.place,
                suggestion: NearestName.suggestion(for: output.text, among: item.outputNames))
        }
    }
}
