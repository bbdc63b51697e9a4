package import Base
package import Store
import Synchronization

// DESIGN: the catalog switch.
//
// - Readers take `snapshot`, one reference under a lock, and keep it: all of one sync or all of another, never a mixture.
// - A sync reads the tree, stores every new version (content-addressed rows that nobody sees yet), then writes the tables, the history
//   row and whatever the hooks add in one transaction, and only then switches. Killed before the commit, the next start serves the
//   old catalog; killed after it, the new one.
// - Syncs run one after another; one that is asked for while another runs begins after it and sees what is there then.
// - A document with errors stays out. If it was in the catalog, its last good version stays, marked stale. A document that is in no
//   file any more is withdrawn: not listed, still found by id and by digest.
// - In memory is a summary per document (some kilobytes); definitions are in the database, decoded on demand.

package final class Catalog: Sendable {
    let store: Store
    let settings: CatalogSettings
    private let time: TimeSource
    private let random: RandomSource
    private let log: Log
    private let hooks: CatalogHooks
    package let caches: CatalogCaches
    private let search: CatalogSearch
    private let current: Mutex<CatalogSnapshot>
    private let synchronizer: CatalogSynchronizer
    private let running = Mutex<Task<SyncResult, Never>?>(nil)

    /// Serves what the database holds until the first sync. Throws what the store throws.
    package init(
        store: Store, settings: CatalogSettings, schemas: CatalogSchemas, time: TimeSource, random: RandomSource, log: Log,
        hooks: CatalogHooks = CatalogHooks()
    ) throws(PAOError) {
        self.store = store
        self.settings = settings
        self.time = time
        self.random = random
        self.log = log
        self.hooks = hooks
        caches = CatalogCaches(store: store, settings: settings, time: time, log: log)
        search = CatalogSearch(store: store, log: log)
        let entries = try store.read { connection throws(PAOError) in try CatalogStore.entries(in: connection) }
        current = Mutex(
            CatalogSnapshot(sequence: 0, commit: nil, entries: entries, findings: [], documents: caches.documents, search: search))
        synchronizer = CatalogSynchronizer(store: store, schemas: schemas, entries: entries, time: time)
    }

    /// What is served now.
    package var snapshot: CatalogSnapshot { current.withLock { $0 } }

    /// Takes in what the source holds now. Never throws: a sync that fails leaves the catalog as it is and says why.
    @discardableResult
    package func sync() async -> SyncResult {
        let task = running.withLock { running in
            let before = running
            let task = Task { [self] in
                _ = await before?.value
                return await perform()
            }
            running = task
            return task
        }
        return await task.value
    }

    /// Syncs every `pollInterval` until the task is cancelled.
    package func poll() async {
        while !Task.isCancelled {
            await sync()
            do {
                try await time.sleep(settings.pollInterval * (1 - settings.jitter * random.fraction()))
            } catch {
                return
            }
        }
    }

    /// A page of the catalog as it is in the snapshot.
    package func list(_ query: CatalogQuery, in snapshot: CatalogSnapshot) -> CatalogPage {
        let key = CatalogCaches.Listing(sequence: snapshot.sequence, query: query)
        if let page = caches.listings.value(of: key) { return page }
        let page = snapshot.list(query)
        caches.listings.keep(page, as: key)
        return page
    }

    /// The very version that a request was made with. Throws `notFound` and `data`.
    package func pinned(kind: CatalogKind, id: String, digest: String) throws(PAOError) -> CatalogDocument {
        let document = try caches.documents.document(id: id, digest: digest)
        guard document.kind == kind else { throw PAOError(.notFound, "There is no \(kind.rawValue) \(id) of that version.") }
        return document
    }

    /// Newest first.
    package func versions(of id: String, limit: Int = 50) throws(PAOError) -> [CatalogVersion] {
        try store.read { connection throws(PAOError) in try CatalogStore.versions(of: id, limit: limit, in: connection) }
    }

    /// The last syncs, newest first, as `GET /catalog/sync-status` shows them.
    package func history(limit: Int = 50) throws(PAOError) -> [JSON] {
        try store.read { connection throws(PAOError) in try CatalogStore.history(limit: limit, in: connection) }
    }

    private func perform() async -> SyncResult {
        let start = SyncResult(
            status: .completed, source: settings.source.name, branch: settings.source.branch, startedAt: time.now())
        do {
            let tree = try await settings.source.tree()
            let outcome = try await synchronizer.read(tree)
            let result = outcome.result(from: start)
            try await record(result, outcome)
            if let entries = outcome.entries { switchTo(entries, outcome) }
            log(
                .info, "catalog synced",
                ["changed": .bool(result.isChanged), "errors": .int(result.errors), "commit": .optional(result.commit)])
            return result
        } catch {
            return await failed(start, error)
        }
    }

    private func record(_ result: SyncResult, _ outcome: SyncOutcome) async throws(PAOError) {
        let hooks = self.hooks
        try await store.write { connection throws(PAOError) in
            for change in outcome.changed {
                try CatalogStore.put(change.entry, replacing: change.previous, commit: outcome.commit, in: connection)
            }
            if let entries = outcome.entries, try SearchStore.isBehind(entries, in: connection) {
                for entry in entries { try SearchStore.put(entry, replacing: nil, in: connection) }
            }
            try CatalogStore.record(result, in: connection)
            if result.isChanged { try hooks.recorded(result, connection) }
            try CatalogFailpoint.recording.reach()
        }
        synchronizer.commit(outcome)
        CatalogFailpoint.switching.pass()
    }

    private func switchTo(_ entries: [CatalogEntry], _ outcome: SyncOutcome) {
        let next = current.withLock { snapshot in
            snapshot = CatalogSnapshot(
                sequence: snapshot.sequence + 1, commit: outcome.commit, entries: entries, findings: outcome.findings,
                documents: caches.documents, search: search)
            return snapshot
        }
        caches.listings.removeAll()
        CatalogFailpoint.switched.pass()
        hooks.switched(next)
    }

    private func failed(_ start: SyncResult, _ error: PAOError) async -> SyncResult {
        var result = start
        result.status = .failed
        result.message = error.message
        log(.error, "catalog sync failed", ["reason": .string(error.description)])
        let hooks = self.hooks
        let recorded = result
        do throws(PAOError) {
            try await store.write { connection throws(PAOError) in
                try CatalogStore.record(recorded, in: connection)
                try hooks.recorded(recorded, connection)
            }
        } catch {
            log(.error, "a failed catalog sync could not be recorded", ["reason": .string(error.description)])
        }
        return result
    }
}
