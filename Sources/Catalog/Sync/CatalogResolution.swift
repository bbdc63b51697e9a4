import Base
import Documents

/// Which documents make up the catalog, given all that was read and what was served before: one document per id, none that refers to
/// what is not there, the last good version of what has errors now.
struct CatalogResolution {
    /// By id; withdrawn ones too.
    private(set) var entries: [String: CatalogEntry] = [:]
    private(set) var findings: [CatalogFinding]
    private let previous: [String: CatalogEntry]
    private let state: CatalogSynchronizer.State
    /// Documents that others can be checked against, though they are not served: those with errors.
    private var drafts: [String: CatalogEntry]

    init(_ state: CatalogSynchronizer.State, previous: [String: CatalogEntry]) {
        self.state = state
        self.previous = previous
        findings = state.scanFindings + state.files.values.flatMap(\.findings)
        let broken = state.files.values.flatMap(\.drafts).sorted { ($0.source.path, $0.source.line) < ($1.source.path, $1.source.line) }
        drafts = Dictionary(broken.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        takeUnique()
        keepStale()
        checkReferences()
        checkDrafts()
        keepWithdrawn()
    }

    /// Of several documents with one id, the one whose file had it before, else the first by path.
    private mutating func takeUnique() {
        let read = state.files.keys.sorted().flatMap { state.files[$0]?.entries ?? [] }
        for candidate in read {
            guard let taken = entries[candidate.id] else {
                entries[candidate.id] = candidate
                continue
            }
            let home = previous[candidate.id].flatMap { $0.isWithdrawn ? nil : $0.source.path }
            let moves = candidate.source.path == home && taken.source.path != home
            entries[candidate.id] = moves ? candidate : taken
            reportDuplicate(moves ? taken : candidate, of: moves ? candidate : taken)
        }
    }

    private mutating func reportDuplicate(_ loser: CatalogEntry, of winner: CatalogEntry) {
        let report = FindingReport(file: loser.source.path)
        report.error(
            .duplicateID, "The id \(loser.id) belongs to the document in \(winner.source.path), line \(winner.links.idPlace.line).",
            at: loser.links.idPlace)
        findings += report.findings
    }

    /// What was served and has no good version now, because its file has errors.
    private mutating func keepStale() {
        let unreadable = Set(state.scanFindings.map(\.file))
        for entry in previous.values where entries[entry.id] == nil && !entry.isWithdrawn {
            let path = entry.source.path
            let file = state.files[path]
            let isBroken = file.map { $0.brokenIDs?.contains(entry.id) ?? true } ?? unreadable.contains(path)
            if isBroken { entries[entry.id] = entry.becoming(.stale) }
        }
    }

    /// A document that refers to what is not there stays out, which may leave others without what they refer to.
    private mutating func checkReferences() {
        var open = entries.values.filter { $0.state == .current && !$0.links.references.isEmpty }.sorted { $0.id < $1.id }
        var warnings: [String: [CatalogFinding]] = [:]
        let broken = Set(state.files.values.flatMap { $0.brokenIDs ?? [] })
        while true {
            let check = CrossCheck(entries.values, drafts: drafts.values, broken: broken)
            var good: [CatalogEntry] = []
            for entry in open {
                let found = check.findings(of: entry)
                if found.contains(where: \.isError) {
                    findings += found
                    drafts[entry.id] = entry
                    entries[entry.id] = previous[entry.id].flatMap { $0.isWithdrawn ? nil : $0.becoming(.stale) }
                    warnings[entry.id] = nil
                } else {
                    good.append(entry)
                    warnings[entry.id] = found
                }
            }
            if good.count == open.count { break }
            open = good
        }
        findings += warnings.values.flatMap { $0 }
    }

    /// What documents with errors of their own say of others is told at once, not when those errors are gone.
    private mutating func checkDrafts() {
        let broken = Set(state.files.values.flatMap(\.drafts).map(\.id))
        let check = CrossCheck(entries.merging(drafts) { _, draft in draft }.values)
        for draft in drafts.values.sorted(by: { $0.id < $1.id }) where broken.contains(draft.id) { findings += check.findings(of: draft) }
    }

    private mutating func keepWithdrawn() {
        for entry in previous.values where entries[entry.id] == nil { entries[entry.id] = entry.becoming(.withdrawn) }
    }
}
