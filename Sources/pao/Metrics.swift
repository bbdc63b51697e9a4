import Base
import Catalog
import Jobs
import Store
import Synchronization
import Web

/// Counters of this process and gauges of the database, in the text format of Prometheus. Labels come from closed sets, except items
/// and teams, of which 200 are kept and the rest is `other`.
final class Metrics: Sendable {
    private struct Route: Hashable {
        var method: String
        var pattern: String
        var status: Int
    }

    private struct Counters {
        var answers: [Route: Int] = [:]
        var seconds: Double = 0
        var buckets = [Int](repeating: 0, count: 8)
        var count = 0
    }

    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
    private static let labelLimit = 200

    private let store: Store
    private let counters = Mutex(Counters())
    private let startedAt: Timestamp

    init(store: Store, time: TimeSource = .system) {
        self.store = store
        startedAt = time.now()
    }

    func record(_ answer: Application.Answered) {
        let seconds = answer.duration.seconds
        counters.withLock { counters in
            counters.answers[Route(method: answer.method, pattern: answer.pattern ?? "none", status: answer.status), default: 0] += 1
            counters.seconds += seconds
            counters.count += 1
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound { counters.buckets[index] += 1 }
        }
    }

    func text(catalog: Catalog, jobs: JobQueue) throws(PAOError) -> String {
        var page = MetricsPage()
        http(&page)
        try requests(&page)
        try queue(jobs.statistics(), &page)
        self.catalog(catalog, &page)
        let statistics = store.statistics
        page.counter("pao_store_commits_total", "Commits to disk.", [([:], Double(statistics.commits))])
        page.counter("pao_store_transactions_total", "Transactions in those commits.", [([:], Double(statistics.transactions))])
        page.gauge("pao_build_info", "The version that runs.", [(["version": Program.version], 1)])
        page.gauge("pao_start_time_seconds", "When the process started, in Unix seconds.", [([:], Double(startedAt.milliseconds) / 1000)])
        return page.text
    }

    private func catalog(_ catalog: Catalog, _ page: inout MetricsPage) {
        let snapshot = catalog.snapshot
        page.gauge("pao_catalog_entries", "Entries of the catalog.", [([:], Double(snapshot.entries.count))])
        page.gauge("pao_catalog_findings", "Findings of the last sync.", [([:], Double(snapshot.findings.count))])
        let caches = catalog.caches.statistics
        page.gauge(
            "pao_catalog_cache_hit_ratio", "Part of the questions that a cache of the catalog knew the answer of.",
            caches.map { (["cache_type": $0.name], $0.statistics.hitRatio) })
        page.counter(
            "pao_catalog_cache_requests_total", "Questions to the caches of the catalog.",
            caches.flatMap { name, statistics in
                [
                    (["cache_type": name, "result": "hit"], Double(statistics.hits)),
                    (["cache_type": name, "result": "miss"], Double(statistics.misses)),
                ]
            })
    }

    private func http(_ page: inout MetricsPage) {
        let counters = counters.withLock { $0 }
        let answers = counters.answers.sorted {
            ($0.key.pattern, $0.key.method, $0.key.status) < ($1.key.pattern, $1.key.method, $1.key.status)
        }
        page.counter(
            "pao_http_requests_total", "Answers by route and status.",
            answers.map { (["method": $0.key.method, "route": $0.key.pattern, "status": "\($0.key.status)"], Double($0.value)) })
        let buckets = zip(Self.bounds, counters.buckets).map { ("\($0)", $1) } + [("+Inf", counters.count)]
        page.histogram(
            "pao_http_request_duration_seconds", "Time until the answer was ready.", buckets, sum: counters.seconds, count: counters.count)
    }

    private func requests(_ page: inout MetricsPage) throws(PAOError) {
        let rows = try store.read { connection throws(PAOError) in
            try connection.rows(
                """
                SELECT status, COALESCE(catalog_item_id, catalog_bundle_id, ''), requester_team, COUNT(*) FROM service_requests
                GROUP BY 1, 2, 3
                """)
        }
        var counts: [[String: String]: Double] = [:]
        var (items, teams): (Set<String>, Set<String>) = ([], [])
        for row in rows {
            let labels = [
                "status": row.text(0), "catalog_item": Self.bounded(row.text(1), &items), "user_team": Self.bounded(row.text(2), &teams),
            ]
            counts[labels, default: 0] += Double(row.int(3))
        }
        let samples = counts.sorted { $0.key.sorted { $0 < $1 }.description < $1.key.sorted { $0 < $1 }.description }
        page.gauge("pao_requests", "Requests by status, item and team.", samples.map { ($0.key, $0.value) })
        page.counter("pao_requests_total", "Requests by status, item and team.", samples.map { ($0.key, $0.value) })
    }

    private static func bounded(_ label: String, _ seen: inout Set<String>) -> String {
        if seen.contains(label) { return label }
        guard seen.count < labelLimit else { return "other" }
        seen.insert(label)
        return label
    }

    private func queue(_ statistics: JobStatistics, _ page: inout MetricsPage) throws(PAOError) {
        page.gauge(
            "pao_jobs", "Jobs of the queue by state.",
            [
                (["state": "delayed"], Double(statistics.delayed)), (["state": "queued"], Double(statistics.queued)),
                (["state": "leased"], Double(statistics.leased)), (["state": "dead"], Double(statistics.dead)),
            ])
    }
}

/// The text format of Prometheus, version 0.0.4.
struct MetricsPage {
    private(set) var text = ""

    mutating func counter(_ name: String, _ help: String, _ samples: [([String: String], Double)]) {
        family(name, "counter", help, samples)
    }
    mutating func gauge(_ name: String, _ help: String, _ samples: [([String: String], Double)]) { family(name, "gauge", help, samples) }

    mutating func histogram(_ name: String, _ help: String, _ buckets: [(String, Int)], sum: Double, count: Int) {
        header(name, "histogram", help)
        for (bound, value) in buckets { text += "\(name)_bucket{le=\"\(bound)\"} \(value)\n" }
        text += "\(name)_sum \(sum)\n\(name)_count \(count)\n"
    }

    private mutating func family(_ name: String, _ type: String, _ help: String, _ samples: [([String: String], Double)]) {
        header(name, type, help)
        for (labels, value) in samples {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            let number = value.rounded() == value && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
            text += name + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(number)\n"
        }
    }

    private mutating func header(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
