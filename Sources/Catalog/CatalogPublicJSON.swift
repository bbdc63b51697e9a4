package import Base

/// The catalog as the API shows it.
package enum CatalogPublicJSON {
    /// An element of `GET /catalog`. `typicalDuration` in seconds, from the requests of the past.
    package static func summary(_ entry: CatalogEntry, typicalDuration: Int? = nil) -> JSON {
        [
            "id": .string(entry.id), "kind": .string(entry.kind.rawValue), "name": .string(entry.name),
            "description": .string(entry.description), "version": .string(entry.version.description), "category": .string(entry.category),
            "owner": ["team": .optional(entry.ownerTeam), "contact": .optional(entry.ownerContact)],
            "tags": .array(entry.tags.map(JSON.string)), "mode": .string(entry.mode.rawValue), "steps": .int(steps(entry)),
            "sla": entry.sla ?? .null,
            "lifecycle": ["status": .string(entry.lifecycle.status.rawValue), "replacedBy": .optional(entry.lifecycle.replacedBy)],
            "typicalDuration": typicalDuration.map(JSON.int) ?? .null, "stale": .bool(entry.isStale),
        ]
    }

    /// A bundle's steps are its components.
    private static func steps(_ entry: CatalogEntry) -> Int { entry.kind == .bundle ? entry.components.count : entry.actions.count }

    /// `GET /catalog/items/{id}`; `versions` newest first.
    package static func item(
        _ entry: CatalogEntry, in snapshot: CatalogSnapshot, versions: [CatalogVersion], typicalDuration: Int? = nil
    ) -> JSON {
        var json = summary(entry, typicalDuration: typicalDuration)
        json["withdrawn"] = .bool(entry.isWithdrawn)
        json["digest"] = .string(entry.digest)
        json["source"] = ["path": .string(entry.source.path), "line": .int(entry.source.line)]
        json["actions"] = .array(entry.actions.map { ["id": .string($0.id), "name": .string($0.name), "type": .string($0.type)] })
        json["approvals"] = .array(entry.approvals.map { ["name": .string($0)] })
        json["versions"] = .array(versions.map(\.json))
        json["bundles"] = .array(snapshot.bundles(holding: entry).map { bundle($0, holding: entry) })
        json["operations"] = .array(snapshot.operations(on: entry).map { summary($0) })
        if entry.kind == .bundle { json["components"] = .array(entry.components.map { component($0, in: snapshot) }) }
        return json
    }

    private static func bundle(_ bundle: CatalogEntry, holding item: CatalogEntry) -> JSON {
        let held = bundle.components.filter { $0.catalogItem == item.id || $0.catalogItem == item.name }
        return [
            "id": .string(bundle.id), "name": .string(bundle.name), "version": .string(bundle.version.description),
            "required": .bool(held.contains(where: \.isRequired)),
        ]
    }

    private static func component(_ component: CatalogEntry.Component, in snapshot: CatalogSnapshot) -> JSON {
        let item = snapshot.entry(component.catalogItem)
        return [
            "id": .string(component.id), "catalogItem": .string(item?.id ?? component.catalogItem), "name": .optional(item?.name),
            "version": .optional(component.version?.description), "required": .bool(component.isRequired),
        ]
    }

    /// `GET /catalog/items/{id}/schema`. Defaults that are templates are rendered by `defaults`.
    package static func schema(_ document: CatalogDocument, defaults: Form.DefaultRenderer = Form.constantDefault) -> JSON {
        [
            "catalogItemId": .string(document.id), "version": .string(document.metadata.version.description),
            "form": document.form.json(defaults: defaults), "jsonSchema": document.form.jsonSchema,
            "validation": ["endpoint": "/api/v1/validate/request", "method": "POST"],
        ]
    }
}

/// One version that was ever synced.
package struct CatalogVersion: Sendable, Equatable {
    package var version: String
    package var digest: String
    package var syncedAt: Timestamp

    package var json: JSON {
        ["version": .string(version), "digest": .string(digest), "syncedAt": .string(syncedAt.description)]
    }
}
