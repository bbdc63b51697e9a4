import Base
package import Catalog
import Identity
import Web

/// `/catalog`.
package struct CatalogRoutes: Sendable {
    let catalog: Catalog
    /// Seconds that requests of an item usually take; nil without any.
    let typicalDuration: @Sendable (_ itemID: String) -> Int?

    package init(catalog: Catalog, typicalDuration: @escaping @Sendable (_ itemID: String) -> Int?) {
        self.catalog = catalog
        self.typicalDuration = typicalDuration
    }

    private static let filters: [Endpoint.Parameter] =
        Endpoint.paging + [
            .init("search", "Words in id, name, description and tags."), .init("category", "One category."),
            .init("owner", "A team's slug."),
            .init("tags", "All of them, separated by commas."), .init("kind", "CatalogItem, CatalogBundle, UpdateItem or UpgradeItem."),
            .init("status", "active, deprecated or retired."), .init("sort", "name or -name."),
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
                answer: "`{form, jsonSchema, validation}`", schema),
            .get(
                "/api/v1/catalog/items/{id}/versions", .permission(.catalogRead), "Every version synced", answer: "`{data: [...]}`",
                versions),
            .get(
                "/api/v1/catalog/validation-errors", .permission(.catalogRead), "What the last sync found wrong",
                answer: "`{data: [findings]}`", findings),
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
        let asked = try call.values("kind", of: CatalogKind.self)
        var query = CatalogQuery(
            search: call.query("search"), category: call.query("category"), owner: call.query("owner"), tags: call.queryList("tags"),
            kinds: asked.isEmpty ? kinds : Set(asked), status: try call.values("status", of: Lifecycle.Status.self).first,
            sort: try sort(call), limit: page.limit)
        if let after = page.after, after.count == 2 { query.after = .init(name: after[0], id: after[1]) }
        let snapshot = catalog.snapshot
        let found = snapshot.list(query)
        let etag = "\"\(snapshot.sequence)-\(Hash.sha256(Array(call.request.rawTarget.utf8)).prefix(8).hex)\""
        if call.request.headers["If-None-Match"] == etag { return Response(status: 304, headers: ["ETag": etag]) }
        var answer = Page(found.entries, limit: page.limit, total: found.total) { [$0.name.lowercased(), $0.id] }
        answer.next = found.next.map { [$0.name, $0.id] }
        var response = call.list(answer) { CatalogPublicJSON.summary($0, typicalDuration: typicalDuration($0.id)) }
        response.headers["ETag"] = etag
        return response
    }

    private func sort(_ call: Call) throws(PAOError) -> CatalogQuery.Sort {
        switch call.query("sort") {
        case nil, "name"?: return .name
        case "-name"?: return .nameDescending
        default: throw PAOError(.invalidParameter, "The parameter sort is name or -name.")
        }
    }

    private func entry(_ call: Call, _ kinds: Set<CatalogKind>) throws(PAOError) -> CatalogEntry {
        guard let entry = catalog.snapshot.entry(call.parameter("id")), kinds.contains(entry.kind) else {
            throw PAOError(.notFound, "The catalog has no \(call.parameter("id")).")
        }
        return entry
    }

    private func item(_ call: Call, _ kinds: Set<CatalogKind>) throws(PAOError) -> Response {
        let entry = try entry(call, kinds)
        let versions = try catalog.versions(of: entry.id)
        if let wanted = call.query("version") { return try pinned(entry, wanted, versions) }
        let etag = "\"\(entry.digest.prefix(32))-\(catalog.snapshot.sequence)\""
        if call.request.headers["If-None-Match"] == etag { return Response(status: 304, headers: ["ETag": etag]) }
        let json = CatalogPublicJSON.item(entry, in: catalog.snapshot, versions: versions, typicalDuration: typicalDuration(entry.id))
        return .json(json, headers: ["ETag": etag])
    }

    /// An older version, as its canonical document.
    private func pinned(_ entry: CatalogEntry, _ wanted: String, _ versions: [CatalogVersion]) throws(PAOError) -> Response {
        guard let version = versions.first(where: { $0.version == wanted || $0.digest == wanted }) else {
            throw PAOError(.notFound, "There is no version \(wanted) of \(entry.id).")
        }
        let document = try catalog.pinned(kind: entry.kind, id: entry.id, digest: version.digest)
        return .json(document.definition, headers: ["ETag": "\"\(version.digest.prefix(32))\""])
    }

    @Sendable private func schema(_ call: Call) throws(PAOError) -> Response {
        let entry = try entry(call, [.item, .bundle, .update, .upgrade])
        let etag = "\"\(entry.digest.prefix(32))\""
        if call.request.headers["If-None-Match"] == etag { return Response(status: 304, headers: ["ETag": etag]) }
        let document = try catalog.pinned(kind: entry.kind, id: entry.id, digest: entry.digest)
        return .json(CatalogPublicJSON.schema(document), headers: ["ETag": etag])
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
        if try call.flag("wait") { return .json(await catalog.sync().json) }
        Task { await catalog.sync() }
        return .json(["status": "running"], status: 202)
    }
}
