import Base
import Documents

/// What can only be said of the whole catalog: documents that name each other.
struct CrossCheck {
    private let entries: [String: CatalogEntry]
    private let idByName: [String: String]
    /// Documents with errors: what refers to one of them is wrong for now, but can be checked against it all the same.
    private let drafts: [String: CatalogEntry]
    /// Ids of documents with errors, of which no more than that may be known.
    private let broken: Set<String>
    /// Whether every document is known; else what is not known is somewhere else.
    private let isWhole: Bool

    init(
        _ entries: some Collection<CatalogEntry>, drafts: some Collection<CatalogEntry> = [], broken: Set<String> = [], isWhole: Bool = true
    ) {
        self.broken = broken
        self.entries = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.drafts = Dictionary(drafts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        idByName = Dictionary(entries.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        self.isWhole = isWhole
    }

    func findings(of entry: CatalogEntry) -> [CatalogFinding] {
        guard !entry.links.references.isEmpty else { return [] }
        let report = FindingReport(file: entry.source.path)
        for reference in entry.links.references { check(reference, of: entry, report) }
        checkInstanceReads(entry, report)
        return report.sorted
    }

    /// The names that the entry refers to and that are not among the documents.
    func unknownNames(of entry: CatalogEntry) -> [String] {
        entry.links.references.map(\.target.text).filter { resolve($0) == nil && drafts[$0] == nil }
    }

    private func check(_ reference: CatalogReference, of entry: CatalogEntry, _ report: FindingReport) {
        guard let target = resolve(reference.target.text) ?? draft(reference, report) else { return }
        switch reference.role {
        case .component(let values, let outputs, let reads):
            guard isComponent(target, reference, report) else { return }
            checkVersion(target, reference, report)
            check(values, of: target, reference, report)
            check(outputs, reads, of: target, report)
        case .target(let parameters): checkTarget(target, reference, parameters, report)
        case .replacement:
            if target.id == entry.id { report.error(.lifecycle, "A document cannot replace itself.", at: reference.target.place) }
        }
    }

    private func resolve(_ name: String) -> CatalogEntry? { entries[name] ?? idByName[name].flatMap { entries[$0] } }

    private func draft(_ reference: CatalogReference, _ report: FindingReport) -> CatalogEntry? {
        let name = reference.target.text
        if drafts[name] != nil || broken.contains(name) {
            report.error(
                .missingReference, "The document \(name) has errors of its own and cannot be used.", at: reference.target.place)
            return drafts[name]
        }
        guard isWhole else { return nil }
        report.error(
            .missingReference, "There is no catalog item \(name).", at: reference.target.place,
            suggestion: NearestName.suggestion(for: name, among: entries.keys.sorted()))
        return nil
    }
}

extension CrossCheck {
    private func isComponent(_ item: CatalogEntry, _ reference: CatalogReference, _ report: FindingReport) -> Bool {
        if item.kind == .item { return true }
        report.error(
            .missingReference, "\(item.id) is a \(item.kind.rawValue); a component is a CatalogItem.", at: reference.target.place)
        return false
    }

    private func checkVersion(_ item: CatalogEntry, _ reference: CatalogReference, _ report: FindingReport) {
        if let range = reference.range, !range.contains(item.version) {
            report.error(
                .unsatisfiableRange, "\(item.id) is at \(item.version), which is not in \(range).\(Self.hint(item.version, range))",
                at: reference.rangePlace)
        }
        if item.lifecycle.status == .retired {
            report.warning(.lifecycle, "\(item.id) is retired.", at: reference.target.place, suggestion: item.lifecycle.replacedBy)
        }
    }

    /// As npm and others have it, a pre-release is only in a range that names one of the same version.
    private static func hint(_ version: SemanticVersion, _ range: VersionRange) -> String {
        let release = SemanticVersion(version.major, version.minor, version.patch)
        guard !version.preRelease.isEmpty, range.contains(release) else { return "" }
        return " A pre-release is only in a range that names one of the same version, such as >=\(release)-0."
    }

    /// A component's `config` against the form of its item.
    private func check(
        _ values: [CatalogReference.Value], of item: CatalogEntry, _ reference: CatalogReference, _ report: FindingReport
    ) {
        var given = Set(values.filter { !($0.constant?.isNull ?? false) }.map(\.field.text))
        for value in values {
            guard let field = item.fields.first(where: { $0.id == value.field.text }) else {
                let near = NearestName.suggestion(for: value.field.text, among: item.fields.map(\.id))
                if let near { given.insert(near) }
                report.error(
                    .unknownField, "\(item.id) has no field \(value.field.text).", at: value.field.place,
                    suggestion: near)
                continue
            }
            guard let constant = value.constant, !isEmptyEntry(constant), let fault = field.fault(of: constant) else { continue }
            report.error(.badValue, "The field \(field.id) of \(item.id) does not take this value: \(fault)", at: value.place)
        }
        for field in item.fields where field.isNeeded && !given.contains(field.id) {
            report.error(
                .missingKey, "\(item.id) needs a value for \(field.id), and config gives none.", at: reference.target.place)
        }
    }

    private func check(
        _ outputs: [CatalogReference.Name], _ reads: [CatalogReference.Name], of item: CatalogEntry, _ report: FindingReport
    ) {
        guard !item.outputs.isOpen else { return }
        let named = item.outputs.instance + item.outputs.actions
        for (name, known) in outputs.map({ ($0, named) }) + reads.map({ ($0, item.outputs.instance) }) where !known.contains(name.text) {
            report.error(
                .unknownOutput, "Instances of \(item.id) have no output \(name.text).", at: name.place,
                suggestion: NearestName.suggestion(for: name.text, among: known))
        }
    }
}

extension CrossCheck {
    private func checkTarget(
        _ target: CatalogEntry, _ reference: CatalogReference, _ parameters: [CatalogReference.Name], _ report: FindingReport
    ) {
        if target.kind != .item && target.kind != .bundle {
            report.error(.missingReference, "\(target.id) is no item or bundle that instances come from.", at: reference.target.place)
            return
        }
        // Instances are at the version of today or at an older one.
        if let range = reference.range, !range.holdsVersion(upTo: target.version) {
            report.warning(
                .unsatisfiableRange, "\(target.id) is at \(target.version), and \(range) begins after that: no instance is in it.",
                at: reference.rangePlace)
        }
        for name in parameters where !target.fields.contains(where: { $0.id == name.text }) {
            report.error(
                .unknownField, "Instances of \(target.id) have no parameter \(name.text).", at: name.place,
                suggestion: NearestName.suggestion(for: name.text, among: target.fields.map(\.id)))
        }
    }

    /// A parameter or output that instances of none of the targets have.
    private func checkInstanceReads(_ entry: CatalogEntry, _ report: FindingReport) {
        let targets = entry.links.references.filter { if case .target = $0.role { true } else { false } }
        let known = targets.compactMap { resolve($0.target.text) ?? drafts[$0.target.text] }
        guard !known.isEmpty, known.count == targets.count else { return }
        for read in entry.links.instanceReads {
            guard let name = read.name else { continue }
            let isOutput = read.path[1] == "outputs"
            if isOutput, known.contains(where: \.outputs.isOpen) { continue }
            let names = known.flatMap { isOutput ? $0.outputs.instance : $0.fields.map(\.id) }
            if names.contains(name.text) { continue }
            let near = NearestName.suggestion(for: name.text, among: names)
            report.error(
                isOutput ? .unknownOutput : .unknownPath, "instance.\(read.path[1]) has no \(name.text).", at: name.place,
                suggestion: near.map { "instance.\(read.path[1]).\($0)" })
        }
    }
}
