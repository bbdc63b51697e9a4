import Base
import Store
import Synchronization

/// Reads a tree against what is known of it: files that have not changed are not read again.
final class CatalogSynchronizer: Sendable {
    /// What is known of one file since it was read last.
    struct KnownFile: Sendable {
        /// nil where the file may have changed since without another stamp.
        var stamp: FileStamp?
        var hash: String
        var isAlone: Bool
        var entries: [CatalogEntry]
        var findings: [CatalogFinding]
        var brokenIDs: [String]?
        /// Of documents with errors: only looked at for what others say of them.
        var drafts: [CatalogEntry] = []
    }

    struct State: Sendable {
        var files: [String: KnownFile] = [:]
        var folder: KnownFolder?
        var owners: [UInt8]?
        var scanFindings: [CatalogFinding] = []
        var findings: [CatalogFinding] = []
        var commit: String?
        /// By id; withdrawn ones too.
        var entries: [String: CatalogEntry]
    }

    private let store: Store
    private let schemas: CatalogSchemas
    private let time: TimeSource
    private let state: Mutex<State>

    init(store: Store, schemas: CatalogSchemas, entries: [CatalogEntry], time: TimeSource) {
        self.store = store
        self.schemas = schemas
        self.time = time
        state = Mutex(State(entries: Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })))
    }

    /// What a sync of the tree would make of the catalog. Stores new versions; nothing else changes until `commit`.
    func read(_ tree: CatalogTree) async throws(PAOError) -> SyncOutcome {
        guard let scanner = CatalogScanner(root: tree.root, now: time.now()) else {
            throw PAOError(.unavailable, "The catalog directory \(tree.root) cannot be read.")
        }
        let before = state.withLock { $0 }
        var scan = scanner.scan(before.folder)
        scan.findings += tree.findings
        let owners = scanner.codeOwners()
        let ownersFile = CodeOwnersFile(owners, folder: tree.folder)
        var next = before
        next.folder = scan.folder
        next.owners = owners?.text
        next.scanFindings = scan.findings
        let isChanged = try await read(scan, by: scanner, before, ownersFile.owners, into: &next)
        if !isChanged, before.scanFindings == scan.findings, before.owners == next.owners, before.commit != nil {
            next.commit = tree.commit ?? before.commit
            return SyncOutcome(unchanged: next)
        }
        next.commit = tree.commit ?? Self.commit(of: next.files)
        let resolution = CatalogResolution(next, previous: before.entries)
        next.findings = (resolution.findings + (ownersFile.owners?.findings ?? [])).sorted(by: CatalogFinding.isBefore)
        next.entries = resolution.entries
        return SyncOutcome(next, previous: before)
    }

    func commit(_ outcome: SyncOutcome) { state.withLock { $0 = outcome.state } }

    /// Stands for a commit where there is none: equal trees have equal ones.
    private static func commit(of files: [String: KnownFile]) -> String {
        let lines = files.keys.sorted().map { "\($0)\u{0}\(files[$0]?.hash ?? "")\n" }
        return String(Hash.sha256(Array(lines.joined().utf8)).hex.prefix(40))
    }
}

/// CODEOWNERS of a tree, read once per sync.
private struct CodeOwnersFile {
    let owners: CodeOwners?

    init(_ file: (path: String, text: [UInt8])?, folder: String) {
        owners = file.map { CodeOwners(String(decoding: $0.text, as: UTF8.self), file: $0.path, folder: folder) }
    }
}

extension CatalogFinding {
    static func isBefore(_ left: CatalogFinding, _ right: CatalogFinding) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

extension CatalogSynchronizer {
    /// Whether any file is new, gone or different.
    private func read(
        _ scan: Scan, by scanner: CatalogScanner, _ before: State, _ owners: CodeOwners?, into next: inout State
    ) async throws(PAOError) -> Bool {
        let sameOwners = before.owners == next.owners
        var work: [Work] = []
        var known = 0
        for file in scan.files {
            let before = before.files[file.path]
            if before != nil { known += 1 }
            if let before, sameOwners, before.isAlone == file.isAlone {
                if before.stamp != file.stamp { work.append(Work(file: file, known: before)) }
            } else {
                work.append(Work(file: file, known: nil))
            }
        }
        let isGone = known < before.files.count
        if isGone {
            let paths = Set(scan.files.map(\.path))
            next.files = before.files.filter { paths.contains($0.key) }
        }
        return try await read(work, by: scanner, owners, into: &next) || isGone
    }

    private struct Work: Sendable {
        let file: ScannedFile
        /// nil where it is to be read in any case.
        let known: KnownFile?
    }

    private struct Done: Sendable {
        let path: String
        let file: KnownFile
        let isChanged: Bool
        let versions: [PendingVersion]
    }

    /// Files read between two writes: bounds what is held in memory.
    private static let batch = 256
    /// Tasks that read at once.
    private static let width = 4

    /// While the versions of one batch are written, the next one is read.
    private func read(_ work: [Work], by scanner: CatalogScanner, _ owners: CodeOwners?, into next: inout State) async throws(PAOError)
        -> Bool
    {
        var isChanged = false
        var writing: Task<Void, any Error>?
        for start in stride(from: 0, to: work.count, by: Self.batch) {
            let done = await read(work[start..<min(start + Self.batch, work.count)], by: scanner, owners)
            try await Self.end(writing)
            writing = Task { [self] in try await keep(done.flatMap(\.versions)) }
            for done in done {
                isChanged = isChanged || done.isChanged
                next.files[done.path] = done.file
            }
        }
        try await Self.end(writing)
        return isChanged
    }

    private static func end(_ writing: Task<Void, any Error>?) async throws(PAOError) {
        do { try await writing?.value } catch { throw PAOError.wrapping(error) }
    }

    private func keep(_ versions: [PendingVersion]) async throws(PAOError) {
        if versions.isEmpty { return }
        try await store.write { connection throws(PAOError) in
            for version in versions { try CatalogStore.keep(version, in: connection) }
        }
        try CatalogFailpoint.versionsStored.reach()
    }

    /// On all cores.
    private func read(_ work: ArraySlice<Work>, by scanner: CatalogScanner, _ owners: CodeOwners?) async -> [Done] {
        await withTaskGroup(of: [Done].self) { group in
            for lane in 0..<Self.width {
                group.addTask { [self] in
                    var done: [Done] = []
                    for index in stride(from: work.startIndex + lane, to: work.endIndex, by: Self.width) {
                        done.append(read(work[index], by: scanner, owners))
                        await Task.yield()
                    }
                    return done
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func read(_ work: Work, by scanner: CatalogScanner, _ owners: CodeOwners?) -> Done {
        let (path, isAlone) = (work.file.path, work.file.isAlone)
        let stamp = work.file.stamp.settled(at: time.now())
        guard let text = scanner.read(work.file) else {
            let finding = CatalogFinding(
                file: path, line: 1, column: 1, severity: .error, rule: CatalogRule.fileUnreadable.rawValue,
                message: "The file cannot be read.")
            let file = KnownFile(stamp: nil, hash: "", isAlone: isAlone, entries: [], findings: [finding], brokenIDs: nil)
            return Done(path: path, file: file, isChanged: work.known?.hash != "", versions: [])
        }
        let hash = Hash.sha256(text).hex
        if var known = work.known, known.hash == hash {
            known.stamp = stamp
            return Done(path: path, file: known, isChanged: false, versions: [])
        }
        let reading = DocumentReader.read(text, path: path, schemas: schemas, owners: owners, isAloneInFolder: isAlone)
        let entries = reading.entries(fileHash: hash)
        let file = KnownFile(
            stamp: stamp, hash: hash, isAlone: isAlone, entries: entries.good, findings: reading.findings, brokenIDs: reading.brokenIDs,
            drafts: entries.drafts)
        return Done(path: path, file: file, isChanged: true, versions: reading.documents.map { PendingVersion($0) })
    }
}

/// What a sync is about to make of the catalog.
struct SyncOutcome: Sendable {
    let state: CatalogSynchronizer.State
    /// nil where readers need not switch.
    let entries: [CatalogEntry]?
    /// Rows to write.
    let changed: [(entry: CatalogEntry, previous: CatalogEntry?)]
    private let counts: [CatalogKind: SyncResult.Counts]
    private let isChanged: Bool

    var commit: String? { state.commit }
    var findings: [CatalogFinding] { state.findings }

    init(unchanged state: CatalogSynchronizer.State) {
        self.state = state
        entries = nil
        changed = []
        counts = [:]
        isChanged = false
    }

    init(_ state: CatalogSynchronizer.State, previous: CatalogSynchronizer.State) {
        self.state = state
        let all = Array(state.entries.values)
        entries = all
        changed = all.map { (entry: $0, previous: previous.entries[$0.id]) }.filter { !($0.previous?.hasSameRow(as: $0.entry) ?? false) }
        counts = Self.counts(all, previous.entries)
        isChanged =
            !counts.isEmpty || state.findings != previous.findings || changed.contains { $0.previous?.state != $0.entry.state }
    }

    private static func counts(_ entries: [CatalogEntry], _ previous: [String: CatalogEntry]) -> [CatalogKind: SyncResult.Counts] {
        var counts: [CatalogKind: SyncResult.Counts] = [:]
        for entry in entries {
            let before = previous[entry.id]
            let wasThere = before.map { !$0.isWithdrawn } ?? false
            switch (wasThere, entry.isWithdrawn) {
            case (false, false): counts[entry.kind, default: .init()].added += 1
            case (true, true): counts[entry.kind, default: .init()].removed += 1
            case (true, false) where before?.digest != entry.digest: counts[entry.kind, default: .init()].updated += 1
            default: break
            }
        }
        return counts
    }

    func result(from start: SyncResult) -> SyncResult {
        var result = start
        result.commit = commit
        result.counts = counts
        result.errors = findings.count(where: \.isError)
        result.warnings = findings.count - result.errors
        result.isChanged = isChanged
        return result
    }
}

extension CatalogEntry {
    fileprivate func hasSameRow(as other: CatalogEntry) -> Bool {
        kind == other.kind && digest == other.digest && state == other.state && source == other.source && fileHash == other.fileHash
    }
}
