package import Base
import Store

extension Catalog {
    /// `GET /catalog/stats`: what there is, in which state, and how it is served.
    package func statistics() throws(PAOError) -> JSON {
        let snapshot = snapshot
        let kept = try store.read { connection throws(PAOError) in try CatalogStore.versionCount(in: connection) }
        var json = snapshot.statistics
        json["versions"] = .int(kept)
        json["lastSync"] = try history(limit: 1).first ?? .null
        json["caches"] = .object(JSONObject(caches.statistics.map { ($0.name, $0.statistics.json) }))
        return json
    }
}

extension CatalogSnapshot {
    fileprivate var statistics: JSON {
        let requestable = entries.filter { $0.kind != .bundle }
        let automatic = requestable.count { $0.mode == .automatic }
        return [
            "commit": .optional(commit), "switches": .int(sequence), "entries": .int(entries.count), "withdrawn": .int(withdrawn.count),
            "stale": .int(entries.count(where: \.isStale)), "kinds": Self.counts(entries.map(\.kind.rawValue)),
            "statuses": Self.counts(entries.map(\.lifecycle.status.rawValue)), "categories": Self.counts(entries.map(\.category)),
            "owners": Self.counts(entries.map { $0.ownerTeam ?? "unowned" }),
            "modes": Self.counts(requestable.map(\.mode.rawValue)),
            "automationRate": requestable.isEmpty
                ? .null : .number(JSONNumber((Double(automatic) / Double(requestable.count) * 1000).rounded() / 1000)),
            "actionTypes": Self.counts(entries.flatMap { $0.actions.map(\.type) }),
            "findings": [
                "errors": .int(findings.count(where: \.isError)), "warnings": .int(findings.count { !$0.isError }),
                "rules": Self.counts(findings.map(\.rule)),
            ],
        ]
    }

    /// Each value with how often it is there; the most frequent 50.
    private static func counts(_ values: [String]) -> JSON {
        var counts: [String: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(50)
        return .object(JSONObject(sorted.map { ($0.key, .int($0.value)) }))
    }
}
