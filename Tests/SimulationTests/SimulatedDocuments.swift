import Base

/// Catalog documents drawn at random: graphs of two to six steps over the action types whose doubt is settled in different ways.
struct SimulatedDocuments {
    private var random: SeededRandom
    private var ids: [String] = []

    init(_ random: SeededRandom) { self.random = random }

    mutating func documents(_ count: Int) -> [(id: String, text: String)] {
        (0..<count).map { number in ("service-\(number)", document("service-\(number)")) }
    }

    private mutating func document(_ id: String) -> String {
        ids = []
        let actions = (0..<(2 + random.below(5))).map { action($0) }.joined(separator: "\n")
        let gates =
            random.isTrue(25) ? "approvals:\n  - {name: Lead, role: approver, team: platform, timeout: 12h, onTimeout: reject}\n" : ""
        let attempts = 1 + random.below(4)
        var settings = [
            "mode: \(random.isTrue(60) ? "parallel" : "sequential")",
            "retry: {attempts: \(attempts), backoff: exponential, initialDelay: 2s, maxDelay: 60s}",
        ]
        if random.isTrue(20) { settings.append("fallbackOnFailure: true") }
        if random.isTrue(15) { settings.append("timeout: \(5 + random.below(60))m") }
        if random.isTrue(20) { settings.append("concurrency: {key: \"\(id)\"}") }
        let fulfillment = """
            \(gates)strategy: {mode: automatic}
            manual: {actions: [{id: by-hand, type: manual-task, config: {title: "Do {{fields.title}} by hand"}}]}
            automatic:
            \(Self.indented(settings.joined(separator: "\n")))
              actions:
            \(Self.indented(Self.indented(actions)))
            """
        return """
            kind: CatalogItem
            metadata: {id: \(id), name: The \(id), version: 1.0.0, category: tests, owner: {team: platform},
              description: A document of the simulation that is long enough to say what it is for.}
            presentation: {form: {groups: [{id: basic, fields: [{id: title, type: string}]}]}}
            fulfillment:
            \(Self.indented(fulfillment))
            """
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
    }

    private mutating func action(_ number: Int) -> String {
        let id = "s\(number)"
        let dependencies = ids.filter { _ in random.isTrue(40) }
        var lines = ["- id: \(id)", "  name: Step \(id)", "  dependsOn: [\(dependencies.joined(separator: ", "))]"]
        if random.isTrue(10) { lines.append("  if: \"{{fields.title == 'nobody'}}\"") }
        let work = work(id)
        // People look after what waits for them every hour.
        if random.isTrue(15) { lines.append("  timeout: \(1 + random.below(30))\(work[0].hasSuffix("manual-task") ? "h" : "m")") }
        lines += work.map { "  " + $0 }
        ids.append(id)
        return lines.joined(separator: "\n")
    }

    private mutating func work(_ id: String) -> [String] {
        func call(_ host: String, _ method: String, _ more: String...) -> [String] {
            [
                "type: rest-api", "config:", "  endpoint: {url: \"https://\(host).test/{{fields.title}}/\(id)\", method: \(method)}",
                "  body: {type: json, content: {name: \"{{fields.title}}\"}}",
            ] + more.map { "  " + $0 } + ["outputs: {id: \"$.id\"}"]
        }
        let ticket = ["type: jira-ticket", "config: {ticket: {project: OPS, summaryTemplate: \"Please {{fields.title}} \(id)\"}}"]
        return random.pick([
            (30, call("keyed", "POST", "idempotency: header")), (15, call("plain", "POST")), (10, call("plain", "PUT")),
            (15, call("asked", "POST", "verify: {url: \"https://asked.test/{{fields.title}}/\(id)\"}")), (10, ticket),
            (8, ticket + ["verification: [{type: ticket-status, expected: Done}]"]),
            (12, ["type: manual-task", "config: {title: \"Do {{fields.title}}\"}", "outputs: [place]"]),
        ])
    }
}
