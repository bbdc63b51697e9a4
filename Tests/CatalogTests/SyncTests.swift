import Base
import Foundation
import Store
import Synchronization
import Testing

@testable import Catalog

/// A catalog over a folder of its own.
final class Bench {
    let folder: Scratch
    private let data: Scratch
    let store: Store
    let catalog: Catalog
    let recorded = Mutex<[SyncResult]>([])

    init(_ files: [String: String] = [:]) throws {
        folder = try Scratch()
        data = try Scratch()
        for (name, text) in files { try folder.write(text, to: name) }
        store = try Store(
            directory: data.path, migrations: Fixtures.migrations, time: .system, log: .silent)
        catalog = try Bench.open(store, folder.path)
    }

    deinit { store.close() }

    static func open(_ store: Store, _ path: String) throws -> Catalog {
        try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(path)), schemas: Fixtures.schemas, time: .system,
            random: .system, log: .silent)
    }

    /// The same database as a new process would open it.
    func restarted() throws -> Catalog { try Bench.open(store, folder.path) }

    var rules: [String] { catalog.snapshot.findings.filter(\.isError).map { "\($0.file):\($0.line) \($0.rule)" } }
}

func item(_ id: String, version: String = "1.0.0", extra: String = "") -> String {
    """
    kind: CatalogItem
    metadata:
      id: \(id)
      name: The \(id)
      description: A document of the tests that is long enough to say what it is for.
      version: \(version)
      category: tests
      owner: {team: platform}
    presentation: {form: {groups: [{id: basic, fields: [{id: title, type: string, required: true}]}]}}
    fulfillment:
      manual: {actions: [{id: task, type: manual-task, config: {title: "Make {{fields.title}}"}}]}
    \(extra)
    """
}

func bundle(_ id: String, of item: String, range: String = ">=1.0.0 <2", field: String = "title") -> String {
    """
    kind: CatalogBundle
    metadata: {id: \(id), name: Bundle, version: 1.0.0, category: tests, owner: {team: platform},
      description: A bundle of the tests that is long enough to say what it is for.}
    presentation: {form: {groups: [{id: basic, fields: [{id: title, type: string}]}]}}
    components:
      - id: part
        catalogItem: \(item)
        version: "\(range)"
        config: {\(field): "{{fields.title}}"}
    """
}

@Suite struct SyncTests {
    @Test("the first sync takes in every document and says so")
    func first() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/deep/er/b.yml": item("b"), "README.yaml": "kind: None"])
        let result = await bench.catalog.sync()
        #expect(result.status == .completed)
        #expect(result.counts == [.item: .init(added: 2)])
        #expect(bench.catalog.snapshot.ids == ["a", "b"])
        #expect(bench.rules == [])
        #expect(try bench.catalog.history()[0]["items"]?["added"] == 2)
    }

    @Test("a sync without changes does not switch")
    func unchanged() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a")])
        await bench.catalog.sync()
        let before = bench.catalog.snapshot.sequence
        let result = await bench.catalog.sync()
        #expect(result.isChanged == false)
        #expect(bench.catalog.snapshot.sequence == before)
        #expect(try bench.catalog.history().count == 2)
    }

    @Test("a changed document is updated, and its former version stays to be found by digest")
    func updated() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a")])
        await bench.catalog.sync()
        let old = try #require(bench.catalog.snapshot.entry("a"))
        try bench.folder.write(item("a", version: "1.1.0"), to: "catalog/tests/a.yaml")
        let result = await bench.catalog.sync()
        #expect(result.counts == [.item: .init(updated: 1)])
        #expect(bench.catalog.snapshot.entry("a")?.version == SemanticVersion(1, 1, 0))
        let pinned = try bench.catalog.pinned(kind: .item, id: "a", digest: old.digest)
        #expect(pinned.metadata.version == SemanticVersion(1, 0, 0))
        #expect(try bench.catalog.versions(of: "a").map(\.version) == ["1.1.0", "1.0.0"])
    }

    @Test("a removed document is withdrawn: not listed, still pinned, and back when its file is")
    func withdrawn() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/b.yaml": item("b")])
        await bench.catalog.sync()
        try bench.folder.remove("catalog/tests/a.yaml")
        #expect(await bench.catalog.sync().counts == [.item: .init(removed: 1)])
        let snapshot = bench.catalog.snapshot
        #expect(snapshot.ids == ["b"])
        #expect(snapshot.document(id: "a") == nil)
        let entry = try #require(snapshot.entry("a"))
        #expect(entry.isWithdrawn)
        #expect(try bench.catalog.pinned(kind: .item, id: "a", digest: entry.digest).id == "a")
        #expect(try bench.restarted().snapshot.entry("a")?.isWithdrawn == true)
        try bench.folder.write(item("a"), to: "catalog/tests/a.yaml")
        #expect(await bench.catalog.sync().counts == [.item: .init(added: 1)])
    }

    @Test("a document with errors stays out, the last good version stays in, and others are not touched")
    func stale() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/b.yaml": item("b")])
        await bench.catalog.sync()
        try bench.folder.write(item("a", version: "v2"), to: "catalog/tests/a.yaml")
        try bench.folder.write(item("c", version: "v2"), to: "catalog/tests/c.yaml")
        let result = await bench.catalog.sync()
        #expect(result.status == .completed)
        #expect(result.errors == 2)
        #expect(bench.rules == ["catalog/tests/a.yaml:6 bad-version", "catalog/tests/c.yaml:6 bad-version"])
        let snapshot = bench.catalog.snapshot
        #expect(snapshot.entries.map { "\($0.id) \($0.state)" } == ["a stale", "b current"])
        #expect(snapshot.document(id: "a")?.metadata.version == SemanticVersion(1, 0, 0))
        #expect(try bench.restarted().snapshot.entry("a")?.isStale == true)
        try bench.folder.write(item("a", version: "1.2.0"), to: "catalog/tests/a.yaml")
        await bench.catalog.sync()
        #expect(bench.catalog.snapshot.entry("a")?.state == .current)
    }

    @Test("a file that is no YAML leaves what it held as it was", arguments: ["kind: [", "a: 1\na: 2\n", "\u{0}"])
    func broken(_ text: String) async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a") + "\n---\n" + item("b")])
        await bench.catalog.sync()
        try bench.folder.write(text, to: "catalog/tests/a.yaml")
        await bench.catalog.sync()
        #expect(bench.catalog.snapshot.entries.map { "\($0.id) \($0.state)" } == ["a stale", "b stale"])
    }

    @Test("of several documents in a file only the broken one stays out, and one that is gone is withdrawn")
    func several() async throws {
        let bench = try Bench(["catalog/tests/all.yaml": [item("a"), item("b"), item("c")].joined(separator: "\n---\n")])
        await bench.catalog.sync()
        try bench.folder.write(
            [item("a", version: "x"), item("b", version: "1.1.0")].joined(separator: "\n---\n"), to: "catalog/tests/all.yaml")
        await bench.catalog.sync()
        let states = ["a", "b", "c"].map { bench.catalog.snapshot.entry($0)?.state }
        #expect(states == [.stale, .current, .withdrawn])
    }

    @Test("an id belongs to the document that had it first")
    func duplicate() async throws {
        let bench = try Bench(["catalog/tests/m.yaml": item("a")])
        await bench.catalog.sync()
        try bench.folder.write(item("a", version: "9.0.0"), to: "catalog/tests/b.yaml")
        await bench.catalog.sync()
        #expect(bench.rules == ["catalog/tests/b.yaml:3 duplicate-id"])
        #expect(bench.catalog.snapshot.entry("a")?.version == SemanticVersion(1, 0, 0))
    }

    @Test(
        "a document that refers to what is not there stays out",
        arguments: [
            (bundle("z", of: "nope"), 7, "missing-reference"), (bundle("z", of: "a", range: ">=2"), 8, "unsatisfiable-range"),
            (bundle("z", of: "a", field: "titel"), 9, "unknown-field"),
        ])
    func references(_ text: String, _ line: Int, _ rule: String) async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/z.yaml": text])
        await bench.catalog.sync()
        #expect(bench.rules == ["catalog/tests/z.yaml:\(line) \(rule)"])
        #expect(bench.catalog.snapshot.ids == ["a"])
    }

    @Test("a bundle whose item breaks stays with the item's last good version")
    func bundleOfStale() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/z.yaml": bundle("z", of: "a")])
        await bench.catalog.sync()
        #expect(bench.rules == [])
        try bench.folder.write("kind: [", to: "catalog/tests/a.yaml")
        await bench.catalog.sync()
        #expect(bench.catalog.snapshot.entries.map { "\($0.id) \($0.state)" }.sorted() == ["a stale", "z current"])
        let snapshot = bench.catalog.snapshot
        #expect(snapshot.bundles(holding: try #require(snapshot.entry("a"))).map(\.id) == ["z"])
    }

    @Test("links out of the catalog, large files and other kinds of files are refused and break nothing")
    func hostileTree() async throws {
        let outside = try Scratch()
        try outside.write(item("secret"), to: "secret.yaml")
        let bench = try Bench(["catalog/tests/a.yaml": item("a")])
        let folder = bench.folder.path + "/catalog/tests/"
        try FileManager.default.createSymbolicLink(atPath: folder + "out.yaml", withDestinationPath: outside.path + "/secret.yaml")
        try FileManager.default.createSymbolicLink(atPath: folder + "outside", withDestinationPath: outside.path)
        try FileManager.default.createSymbolicLink(atPath: folder + "loop", withDestinationPath: ".")
        try FileManager.default.createSymbolicLink(atPath: folder + "inside.yaml", withDestinationPath: "a.yaml")
        try bench.folder.write(String(repeating: "#", count: 1 << 20) + "\n", to: "catalog/tests/large.yaml")
        mkfifo(folder + "pipe.yaml", 0o600)
        await bench.catalog.sync()
        #expect(
            bench.rules == [
                "catalog/tests/inside.yaml:3 duplicate-id", "catalog/tests/large.yaml:1 file-too-large",
                "catalog/tests/out.yaml:1 file-outside",
                "catalog/tests/outside:1 file-outside",
            ])
        #expect(bench.catalog.snapshot.ids == ["a"])
    }

    @Test("where the directory is gone the sync fails and the catalog stays")
    func missingDirectory() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a")])
        await bench.catalog.sync()
        try FileManager.default.removeItem(atPath: bench.folder.path)
        let result = await bench.catalog.sync()
        #expect(result.status == .failed)
        #expect(bench.catalog.snapshot.ids == ["a"])
        #expect(try bench.catalog.history()[0]["status"] == "failed")
    }

    @Test("a reader sees all of one sync and nothing of another")
    func atomic() async throws {
        let bench = try Bench()
        func write(_ round: Int) throws {
            for id in ["a", "b", "c"] { try bench.folder.write(item(id, version: "1.\(round).0"), to: "catalog/tests/\(id).yaml") }
        }
        try write(0)
        await bench.catalog.sync()
        let catalog = bench.catalog
        let readers = (0..<2).map { _ in
            Task { () -> Int in
                var seen: Set<Int> = []
                while !Task.isCancelled {
                    let snapshot = catalog.snapshot
                    let minors = Set(snapshot.entries.map(\.version.minor))
                    let documents = Set(["a", "b", "c"].compactMap { snapshot.document(id: $0)?.metadata.version.minor })
                    #expect(minors.count == 1 && documents == minors)
                    seen.formUnion(minors)
                    await Task.yield()
                }
                return seen.count
            }
        }
        for round in 1...20 {
            try write(round)
            await catalog.sync()
        }
        for reader in readers { reader.cancel() }
        for reader in readers { #expect(await reader.value > 1) }
        #expect(catalog.snapshot.entry("a")?.version.minor == 20)
    }

    @Test("the owner comes from CODEOWNERS where the document names none, and a changed CODEOWNERS is seen")
    func owners() async throws {
        let unowned = item("a").replacingOccurrences(of: "  owner: {team: platform}\n", with: "")
        let bench = try Bench(["catalog/tests/a.yaml": unowned, "CODEOWNERS": "/catalog/ @org/data-team\n"])
        await bench.catalog.sync()
        #expect(bench.catalog.snapshot.entry("a")?.ownerTeam == "data-team")
        #expect(bench.catalog.snapshot.findings.map(\.rule) == ["missing-owner"])
        try bench.folder.write("/catalog/ @org/other-team\n", to: "CODEOWNERS")
        await bench.catalog.sync()
        #expect(bench.catalog.snapshot.document(id: "a")?.metadata.ownerTeam == "other-team")
    }

    @Test("hooks run in the transaction of a sync that changes something, and not otherwise")
    func hooks() async throws {
        let folder = try Scratch()
        let data = try Scratch()
        try folder.write(item("a"), to: "catalog/tests/a.yaml")
        let store = try Store(
            directory: data.path, migrations: Fixtures.migrations, time: .system, log: .silent)
        defer { store.close() }
        let counts = Mutex<[Int]>([])
        let hooks = CatalogHooks(recorded: { result, connection throws(PAOError) in
            let rows = try connection.first("SELECT count(*) FROM catalog_items WHERE is_active = 1")?.int(0) ?? 0
            counts.withLock { $0.append(rows) }
        })
        let catalog = try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(folder.path)), schemas: .none, time: .system, random: .system,
            log: .silent, hooks: hooks)
        await catalog.sync()
        await catalog.sync()
        #expect(counts.withLock { $0 } == [1])
    }

    @Test("search, filters and pages")
    func list() async throws {
        var files: [String: String] = [:]
        for index in 1...9 { files["catalog/tests/s\(index).yaml"] = item("service-\(index)") }
        files["catalog/tests/z.yaml"] = bundle("zoo", of: "service-1")
        let bench = try Bench(files)
        await bench.catalog.sync()
        let snapshot = bench.catalog.snapshot
        #expect(snapshot.list(CatalogQuery(search: "SERVICE-3 the")).entries.map(\.id) == ["service-3"])
        #expect(snapshot.list(CatalogQuery(kinds: [.bundle])).entries.map(\.id) == ["zoo"])
        #expect(snapshot.list(CatalogQuery(category: "nowhere")).total == 0)
        var ids: [String] = []
        var query = CatalogQuery(limit: 4)
        repeat {
            let page = snapshot.list(query)
            ids += page.entries.map(\.id)
            query.after = page.next
        } while query.after != nil
        #expect(ids == ["zoo"] + (1...9).map { "service-\($0)" })
        #expect(snapshot.list(CatalogQuery(sort: .nameDescending, limit: 2)).entries.map(\.id) == ["service-9", "service-8"])
    }

    @Test("the seed catalog loads without an error")
    func seed() async throws {
        let data = try Scratch()
        let store = try Store(
            directory: data.path, migrations: Fixtures.migrations, time: .system, log: .silent)
        defer { store.close() }
        let catalog = try Bench.open(store, Fixtures.root.appending(path: "seed").path())
        let result = await catalog.sync()
        #expect(catalog.snapshot.findings.filter(\.isError).map(\.description) == [])
        #expect(result.counts[.item]?.added == 10)
        for id in catalog.snapshot.ids { #expect(catalog.snapshot.document(id: id) != nil) }
    }
}
