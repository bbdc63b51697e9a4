import Base
import Store
import Synchronization

/// Documents by digest: the ones used last in memory, every version ever synced in the database. What a digest names never changes,
/// so nothing here can be out of date.
final class DocumentCache: Sendable {
    private struct Slot {
        var document: CatalogDocument
        var used: Int
    }

    private struct State {
        var slots: [String: Slot] = [:]
        var clock = 0
    }

    private let store: Store
    private let capacity: Int
    private let log: Log
    private let state = Mutex(State())

    init(store: Store, capacity: Int, log: Log) {
        self.store = store
        self.log = log
        self.capacity = max(1, capacity)
    }

    /// Throws `notFound`, and `data` where the stored definition cannot be read.
    func document(id: String, digest: String) throws(PAOError) -> CatalogDocument {
        if let document = lookUp(digest), document.id == id { return document }
        let stored = try store.read { connection throws(PAOError) in
            try connection.first(
                "SELECT definition, source_file_path, source_line, source_map FROM catalog_versions WHERE id = ? AND digest = ?", id, digest
            )
        }
        guard let stored else { throw PAOError(.notFound, "There is no such version of the catalog document \(id).") }
        let source = CatalogDocument.Source(path: stored.text(1), line: stored.int(2))
        let places = SourceMap(stored.optionalJSON(3) ?? .null)
        let document = try DocumentDecoder.decode(definition: stored.json(0), source: source, places: places)
        keep(document, as: digest)
        return document
    }

    func find(id: String, digest: String) -> CatalogDocument? {
        do throws(PAOError) {
            return try document(id: id, digest: digest)
        } catch {
            log(.error, "a catalog document cannot be read", ["id": .string(id), "reason": .string(error.description)])
            return nil
        }
    }

    private func lookUp(_ digest: String) -> CatalogDocument? {
        state.withLock { state in
            state.clock += 1
            state.slots[digest]?.used = state.clock
            return state.slots[digest]?.document
        }
    }

    private func keep(_ document: CatalogDocument, as digest: String) {
        state.withLock { state in
            state.clock += 1
            state.slots[digest] = Slot(document: document, used: state.clock)
            guard state.slots.count > capacity else { return }
            let oldest = state.slots.sorted { $0.value.used < $1.value.used }.prefix(capacity / 4 + 1)
            for slot in oldest { state.slots[slot.key] = nil }
        }
    }
}
