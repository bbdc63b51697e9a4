import Base
import Foundation
import Store
import Synchronization
import Testing

@testable import Catalog

@Suite struct SearchTests {
    private static func document(_ id: String, _ name: String, _ description: String, category: String = "tests", tags: String = "")
        -> String
    {
        item(id).replacingOccurrences(of: "name: The \(id)", with: "name: \(name)")
            .replacingOccurrences(of: "A document of the tests that is long enough to say what it is for.", with: description)
            .replacingOccurrences(of: "category: tests", with: "category: \(category)\n  tags: [\(tags)]")
    }

    private func bench() async throws -> Bench {
        let bench = try Bench([
            "a.yaml": Self.document(
                "redis-cache", "Redis cache", "Keeps sessions in memory, for programs that need them at once.", tags: "cache"),
            "b.yaml": Self.document(
                "orders-db", "Orders database", "A database of orders; for sessions take the redis cache in its place."),
            "c.yaml": Self.document(
                "cafe", "Café des données", "Where data people meet, open from nine to five on every working day.", category: "rooms"),
        ])
        await bench.catalog.sync()
        return bench
    }

    @Test(
        "finds beginnings of words, the best first",
        arguments: [
            ("redis", ["redis-cache", "orders-db"]), ("REDIS cach", ["redis-cache", "orders-db"]), ("orders", ["orders-db"]),
            ("cafe donnees", ["cafe"]), ("sess", ["redis-cache", "orders-db"]), ("atabas", ["orders-db"]), ("nothing-like-it", []),
            ("\"redis\" OR *", ["orders-db"]), ("redis NOT cache", []), ("NEAR(redis)", []), ("name:redis", []),
            ("-", ["orders-db", "redis-cache"]),
            ("rooms", ["cafe"]),
        ] as [(String, [String])])
    func search(_ text: String, _ ids: [String]) async throws {
        let bench = try await bench()
        let found = bench.catalog.snapshot.list(CatalogQuery(search: text)).entries.map(\.id)
        #expect(Set(found) == Set(ids))
        if let best = ids.first { #expect(found.first == best) }
    }

    @Test("of more than can be weighed, those with all words in the name come first, and each group by the list's order")
    func many() async throws {
        let bench = try await bench()
        try await bench.store.write { connection throws(PAOError) in
            try connection.run("DELETE FROM catalog_search")
            for row in 1...1200 {
                try connection.run(
                    "INSERT INTO catalog_search (rowid, name, words, tags, description) VALUES (?, ?, '', '', 'a plain thing')", row,
                    row.isMultiple(of: 400) ? "Thing \(row)" : "Other \(row)")
            }
        }
        let hits = try bench.store.read { connection throws(PAOError) in
            try SearchStore.hits("thing*", in: connection)
        }
        let backwards = Dictionary(uniqueKeysWithValues: (1...1200).map { ($0, 1200 - $0) })
        #expect(Array(hits.places(backwards).prefix(5)) == [0, 400, 800, 1, 2])
        #expect(hits.places(backwards).count == 1200)
        #expect(hits.places([800: 0, 7: 1]) == [0, 1], "rows of another catalog are left out")
    }

    @Test("a changed, a withdrawn and a new document are found as they are now")
    func changes() async throws {
        let bench = try await bench()
        let before = bench.catalog.snapshot
        try bench.folder.write(
            Self.document("redis-cache", "Valkey cache", "Keeps sessions in memory, for programs that need them."), to: "a.yaml")
        try bench.folder.remove("c.yaml")
        await bench.catalog.sync()
        let after = bench.catalog.snapshot
        #expect(after.list(CatalogQuery(search: "valkey")).entries.map(\.id) == ["redis-cache"])
        #expect(after.list(CatalogQuery(search: "café")).entries.isEmpty)
        #expect(before.list(CatalogQuery(search: "valkey")).entries.isEmpty, "a reader of the old catalog sees nothing of the new one")
        #expect(try bench.restarted().snapshot.list(CatalogQuery(search: "valkey")).entries.map(\.id) == ["redis-cache"])
    }

    @Test("a database from before the search is filled by the first sync")
    func filled() async throws {
        let bench = try await bench()
        try await bench.store.write { connection throws(PAOError) in try connection.run("DELETE FROM catalog_search") }
        let catalog = try bench.restarted()
        await catalog.sync()
        #expect(catalog.snapshot.list(CatalogQuery(search: "orders")).entries.map(\.id) == ["orders-db"])
        #expect(
            try bench.store.read { connection throws(PAOError) in try connection.first("SELECT count(*) FROM catalog_search")?.int(0) } == 3
        )
    }

    @Test("facets count what each value would find with all other filters held")
    func facets() async throws {
        let bench = try await bench()
        let facets = bench.catalog.snapshot.facets(CatalogQuery(category: "tests"), offered: [.item, .bundle])
        let values = Dictionary(uniqueKeysWithValues: facets.map { ($0.name, $0.values.map { "\($0.value) \($0.count)" }) })
        #expect(values["category"] == ["tests 2", "rooms 1"])
        #expect(values["tags"] == ["cache 1"])
        #expect(values["owner"] == ["platform 2"])
        #expect(values["status"] == ["active 2"])
    }

    @Test("pages by category and by relevance hold each entry once", arguments: CatalogQuery.Sort.allCases)
    func pages(_ sort: CatalogQuery.Sort) async throws {
        let bench = try await bench()
        let snapshot = bench.catalog.snapshot
        var query = CatalogQuery(search: "e", sort: sort, limit: 1)
        var ids: [String] = []
        repeat {
            let page = snapshot.list(query)
            ids += page.entries.map(\.id)
            query.after = page.next
        } while query.after != nil && ids.count < 10
        #expect(ids.count == Set(ids).count && ids.count == snapshot.list(CatalogQuery(search: "e")).total)
    }
}

@Suite struct CacheTests {
    @Test("a cache forgets after its time, and what was used longest ago when it is full")
    func forgets() {
        let now = Mutex(Duration.zero)
        let time = TimeSource(now: { Timestamp(milliseconds: 0) }, monotonic: { now.withLock { $0 } }, sleep: { _ in })
        let cache = TimedCache<Int, String>(capacity: 3, lifetime: .seconds(10), time: time)
        for key in 1...3 { cache.keep("\(key)", as: key) }
        #expect(cache.value(of: 1) == "1")
        cache.keep("4", as: 4)
        #expect(cache.value(of: 2) == nil && cache.value(of: 1) == "1")
        now.withLock { $0 = .seconds(11) }
        #expect(cache.value(of: 1) == nil)
        #expect(cache.statistics.hits == 2 && cache.statistics.misses == 2)
    }

    @Test("listings are kept until the switch")
    func listings() async throws {
        let bench = try Bench(["a.yaml": item("a")])
        await bench.catalog.sync()
        for _ in 0..<3 { #expect(bench.catalog.list(CatalogQuery(), in: bench.catalog.snapshot).total == 1) }
        try bench.folder.write(item("b"), to: "b.yaml")
        await bench.catalog.sync()
        #expect(bench.catalog.list(CatalogQuery(), in: bench.catalog.snapshot).total == 2)
        let listings = bench.catalog.caches.statistics.first { $0.name == "listings" }?.statistics
        #expect(listings?.hits == 2 && listings?.misses == 2)
    }

    @Test("statistics say what there is")
    func statistics() async throws {
        let bench = try Bench(["a.yaml": item("a"), "b.yaml": item("b"), "c.yaml": bundle("c", of: "a"), "d.yaml": "kind: None"])
        await bench.catalog.sync()
        let statistics = try bench.catalog.statistics()
        #expect(statistics["kinds"] == ["CatalogItem": 2, "CatalogBundle": 1])
        #expect(statistics["modes"] == ["manual": 2] && statistics["automationRate"] == 0)
        #expect(statistics["findings"]?["errors"] == 1 && statistics["versions"] == 3)
    }
}

private final class Flag: Sendable {
    let isSet = Atomic(false)
}

@Suite struct SwitchTests {
    private static let isFull = ["verify", "soak"].contains(ProcessInfo.processInfo.environment["PAO_SCALE"] ?? "ci")

    /// Every commit gives all documents one version; whoever sees two sees half a catalog.
    @Test("100,000 reads during 500 switches each see exactly one commit", .timeLimit(.minutes(20)))
    func switches() async throws {
        let (switches, reads) = Self.isFull ? (500, 100_000) : (50, 10_000)
        let ids = ["a", "b", "c"]
        let bench = try Bench(Dictionary(uniqueKeysWithValues: ids.map { ("\($0).yaml", item($0)) }))
        await bench.catalog.sync()
        let (done, catalog) = (Flag(), bench.catalog)
        let seen = await withTaskGroup(of: (reads: Int, commits: Set<String>, torn: [String]).self) { group in
            for _ in 0..<4 {
                group.addTask { await Self.read(catalog, ids, atLeast: reads / 4, until: done) }
            }
            for number in 1...switches {
                for id in ids { try? bench.folder.write(item(id, version: "1.\(number).0"), to: "\(id).yaml") }
                #expect(await bench.catalog.sync().isChanged)
            }
            done.isSet.store(true, ordering: .relaxed)
            return await group.reduce(into: (0, Set<String>(), [String]())) { sum, part in
                sum = (sum.0 + part.reads, sum.1.union(part.commits), sum.2 + part.torn)
            }
        }
        #expect(seen.0 >= reads)
        #expect(seen.2.prefix(3) == [])
        #expect(seen.1.count > switches / 10, "readers saw \(seen.1.count) commits")
        #expect(bench.catalog.snapshot.sequence == switches + 1)
    }

    private static func read(
        _ catalog: Catalog, _ ids: [String], atLeast reads: Int, until done: Flag
    ) async -> (reads: Int, commits: Set<String>, torn: [String]) {
        var (count, commits, torn) = (0, Set<String>(), [String]())
        while count < reads || !done.isSet.load(ordering: .relaxed) {
            let snapshot = catalog.snapshot
            var versions = Set(ids.map { snapshot.entry($0)?.version.description ?? "none" })
            versions.formUnion(snapshot.list(CatalogQuery(search: count % 50 == 0 ? "the" : nil)).entries.map(\.version.description))
            if count % 100 == 0 { versions.formUnion(ids.map { snapshot.document(id: $0)?.metadata.version.description ?? "none" }) }
            if versions.count != 1 { torn.append("\(snapshot.sequence): \(versions.sorted())") }
            commits.insert(snapshot.commit ?? "")
            count += 1
            await Task.yield()
        }
        return (count, commits, torn)
    }
}
