import Base
package import Catalog
package import Identity
import Web

/// `/catalog`.
package struct CatalogRoutes: Sendable {
    let catalog: Catalog
    /// Seconds that requests of an item usually take; nil without any.
    let typicalDuration: @Sendable (_ itemID: String) -> Int?
    /// Renders defaults that are templates, for the one who asks.
    let defaults: @Sendable (CatalogDocument, Actor) -> Form.DefaultRenderer
    let sync: @Sendable () async -> SyncResult

    package init(
        catalog: Catalog, typicalDuration: @escaping @Sendable (_ itemID: String) -> Int?,
        defaults: @escaping @Sendable (CatalogDocument, Actor) -> Form.DefaultRenderer, sync: @escaping @Sendable () async -> SyncResult
    ) {
        self.catalog = catalog
        self.typicalDuration = typicalDuration
        self.defaults = defaults
        self.sync = sync
    }

    private static let filters: [Endpoint.Parameter] =
        Endpoint.paging + [
            .init("search", "Words, or their beginnings, in name, id, category, owner, tags and description."),
            .init("category", "One category."),
            .init("owner", "A team's slug."),
            .init("tags", "All of them, separated by commas."), .init("kind", "CatalogItem, CatalogBundle, UpdateItem or UpgradeItem."),
            .init("status", "active, deprecated or retired."),
            .init("sort", "name, -name, category or relevance; without it relevance where there is a search, else name."),
            .init("facets", "`true` adds, for each filter, its values and how many entries each would find."),
        ]

    package var endpoints: [Endpoint] {
        [
            .get("/api/v1/catalog", .permission(.catalogRead), "List items and bundles", query: Self.filters, answer: "A page of entries") {
                call throws(PAOError) in try list(call, [.item, .bundle])
            },
            .get(
                "/api/v1/catalog/update-items", .permission(.catalogRead), "List update items", query: Self.filters,
                answer: "A page of entries"
            ) {
                call throws(PAOError) in try list(call, [.update])
            },
            .get(
                "/api/v1/catalog/upgrade-items", .permission(.catalogRead), "List upgrade items", query: Self.filters,
                answer: "A page of entries"
            ) {
                call throws(PAOError) in try list(call, [.upgrade])
            },
            .get(
                "/api/v1/catalog/items/{id}", .permission(.catalogRead), "One item", query: [.init("version", "Of this version.")],
                answer: "The item"
            ) {
                call throws(PAOError) in try item(call, [.item, .bundle, .update, .upgrade])
            },
            .get("/api/v1/catalog/bundles/{id}", .permission(.catalogRead), "One bundle", answer: "The bundle") {
                call throws(PAOError) in try item(call, [.bundle])
            },
            .get("/api/v1/catalog/update-items/{id}", .permission(.catalogRead), "One update item", answer: "The update item") {
                call throws(PAOError) in try item(call, [.update])
            },
            .get("/api/v1/catalog/upgrade-items/{id}", .permission(.catalogRead), "One upgrade item", answer: "The upgrade item") {
                call throws(PAOError) in try item(call, [.upgrade])
            },
            .get(
                "/api/v1/catalog/items/{id}/schema", .permission(.catalogRead), "Its form and JSON Schema",
                query: [.init("version", "Of this version.")], answer: "`{form, jsonSchema, validation}`", schema),
            .get(
                "/api/v1/catalog/items/{id}/source", .permission(.catalogRead), "The file it was read from, comments and all",
                answer: "`{path, text}`"
            ) { call throws(PAOError) in .json(try catalog.text(of: call.parameter("id"))) },
            .get(
                "/api/v1/catalog/items/{id}/versions", .permission(.catalogRead), "Every version synced", answer: "`{data: [...]}`",
                versions),
            .get(
                "/api/v1/catalog/validation-errors", .permission(.catalogRead), "What the last sync found wrong",
                answer: "`{data: [findings]}`", findings),
            .get(
                "/api/v1/catalog/stats", .permission(.catalogRead), "What there is, in which state, and how it is served",
                answer: "Counts by kind, status, category, owner, mode and action type; findings; the last sync; caches"
            ) { call throws(PAOError) in .json(try catalog.statistics()) },
            .get("/api/v1/catalog/sync-status", .permission(.catalogRead), "The last syncs", answer: "`{data: [...]}`", syncs),
            .change(
                "POST", "/api/v1/catalog/refresh", .permission(.catalogRefresh), "Sync now",
                query: [.init("wait", "`true` answers when the sync has ended.")], body: .object([]), answer: "The sync's result",
                status: 202,
                refresh),
        ]
    }

    private func list(_ call: Call, _ kinds: Set<CatalogKind>) throws(PAOError) -> Response {
        let page = try call.page()
        let query = try query(call, kinds, page)
        let withFacets = try call.flag("facets")
        let snapshot = catalog.snapshot
        let etag = "\(snapshot.sequence)-\(Hash.sha256(Array(call.request.rawTarget.utf8)).prefix(8).hex)"
        return try call.answer(etag) { () throws(PAOError) in
            let found = catalog.list(query, in: snapshot)
            var answer = Page(found.entries, limit: page.limit, total: found.total) { [$0.name.lowercased(), $0.id] }
            answer.next = found.next.map { [$0.name, $0.id] }
            let facets = withFacets ? snapshot.facets(query, offered: kinds).map { ($0.name, $0.json) } : []
            let extra = withFacets ? ["facets": JSON.object(JSONObject(facets))] : [:]
            return call.list(answer, adding: extra) { CatalogPublicJSON.summary($0, typicalDuration: typicalDuration($0.id)) }
        }
    }

    private func query(_ call: Call, _ kinds: Set<CatalogKind>, _ page: PageRequest) throws(PAOError) -> CatalogQuery {
        let asked = try call.values("kind", of: CatalogKind.self)
        var query = CatalogQuery(
            search: call.query("search"), category: call.query("category"), owner: call.query("owner"), tags: call.queryList("tags"),
            kinds: asked.isEmpty ? kinds : Set(asked), status: try call.values("status", of: Lifecycle.Status.self).first,
            sort: try call.values("sort", of: CatalogQuery.Sort.self).first, limit: page.limit)
        if let after = page.after, after.count == 2 { query.after = .init(name: after[0], id: after[1]) }
        return query
    }

    private func entry(_ call: Call, _ kinds: Set<CatalogKind>) throws(PAOError) -> CatalogEntry {
        guard let entry = catalog.snapshot.entry(call.parameter("id")), kinds.contains(entry.kind) else {
            throw PAOError(.notFound, "The catalog has no \(call.parameter("id")).")
        }
        return entry
    }

    private func item(_ call: Call, _ kinds: Set<CatalogKind>) throws(PAOError) -> Response {
        let entry = try entry(call, kinds)
        let snapshot = catalog.snapshot
        if let wanted = call.query("version") {
            let digest = try digest(of: wanted, entry)
            return try call.answer(String(digest.prefix(32))) { () throws(PAOError) in
                .json(try catalog.pinned(kind: entry.kind, id: entry.id, digest: digest).definition)
            }
        }
        return try call.answer("\(entry.digest.prefix(32))-\(snapshot.sequence)") { () throws(PAOError) in
            let versions = try catalog.versions(of: entry.id)
            return .json(CatalogPublicJSON.item(entry, in: snapshot, versions: versions, typicalDuration: typicalDuration(entry.id)))
        }
    }

    /// Of a version that was ever synced, named by its number or its digest. Throws `notFound`.
    private func digest(of wanted: String, _ entry: CatalogEntry) throws(PAOError) -> String {
        let versions = try catalog.versions(of: entry.id, limit: 1000)
        guard let version = versions.first(where: { $0.version == wanted || $0.digest == wanted }) else {
            throw PAOError(.notFound, "There is no version \(wanted) of \(entry.id).")
        }
        return version.digest
    }

    /// A form whose defaults are constants is the same for everybody, and kept.
    @Sendable private func schema(_ call: Call) throws(PAOError) -> Response {
        let entry = try entry(call, [.item, .bundle, .update, .upgrade])
        let wanted = try call.query("version").map { (version) throws(PAOError) in try digest(of: version, entry) } ?? entry.digest
        if let known = catalog.caches.forms.value(of: wanted) {
            return try call.answer(String(wanted.prefix(32))) { () throws(PAOError) in .json(known) }
        }
        let document = try catalog.pinned(kind: entry.kind, id: entry.id, digest: wanted)
        if document.form.hasOnlyConstantDefaults {
            let json = CatalogPublicJSON.schema(document)
            catalog.caches.forms.keep(json, as: wanted)
            return try call.answer(String(wanted.prefix(32))) { () throws(PAOError) in .json(json) }
        }
        let json = CatalogPublicJSON.schema(document, defaults: defaults(document, call.actor))
        return try call.answer(Hash.sha256(json.bytes).hex) { () throws(PAOError) in .json(json) }
    }

    @Sendable private func versions(_ call: Call) throws(PAOError) -> Response {
        let entry = try entry(call, [.item, .bundle, .update, .upgrade])
        return .json(["data": .array(try catalog.versions(of: entry.id, limit: 200).map(\.json))])
    }

    @Sendable private func findings(_ call: Call) throws(PAOError) -> Response {
        .json(["data": .array(catalog.snapshot.findings.map(\.json))])
    }

    @Sendable private func syncs(_ call: Call) throws(PAOError) -> Response {
        .json(["data": .array(try catalog.history())])
    }

    @Sendable private func refresh(_ call: Call) async throws(PAOError) -> Response {
        if try call.flag("wait") { return .json(await sync().json) }
        Task { [sync] in await sync() }
        return .json(["status": "running"], status: 202)
    }
}
