import Base
import Integrations

/// The world outside: hosts that outlive every death of the process, and the lines to them, which fail in all the ways that lines do.
///
/// `keyed.test` honors `Idempotency-Key`, `plain.test` does not, `asked.test` can be asked whether it did something, `jira.test` is a JIRA
/// whose search lags. What a host has done is in its ledger, by key, as often as it has done it.
final class SimulatedNetwork: @unchecked Sendable {
    /// What becomes of one call.
    private enum Fate {
        case answered, refused, lost, answerLost
        /// The connection ends at the moment the call arrives; it may or may not have got through.
        case reset(arrives: Bool)
        /// Delivered long after the caller has given up.
        case late
        case unavailable
        /// Done, and answered by 503 all the same.
        case doneButUnavailable
        case tooMany
        case twice
    }

    struct Call: Sendable {
        var line: String
        var host: String
        var path: String
        var method: String
        var key: String
        var body: JSON
    }

    struct Issue: Sendable {
        var key: String
        var label: String
        var isDone = false
        var comments: [String] = []
        /// When the search sees it.
        var indexedAt: Duration
    }

    private let loop: SimulationLoop
    /// While true all goes well.
    var isHealed = false
    /// By key: how often it really happened.
    private(set) var effects: [String: Int] = [:]
    /// By path of `asked.test`.
    private var made: Set<String> = []
    private var answers: [String: HTTPResponse] = [:]
    private(set) var issues: [Issue] = []
    private(set) var calls = 0
    private(set) var faults = 0
    /// Calls of `rest-api` steps that were open in one process at the same moment.
    private(set) var mostOpen = 0

    init(loop: SimulationLoop) { self.loop = loop }

    /// The open calls of one process.
    private final class Open: @unchecked Sendable {
        var count = 0
    }

    /// For one process.
    func transport() -> HTTPTransport {
        let open = Open()
        // Weakly: a dead process's memory is not to keep the world.
        return HTTPTransport { [weak self] (request) async throws(TransportFailure) in
            guard let self else { throw TransportFailure(.cancelled, "The world has ended.") }
            let isCounted = !request.url.contains("jira.test")
            if isCounted {
                open.count += 1
                mostOpen = max(mostOpen, open.count)
            }
            defer { if isCounted { open.count -= 1 } }
            let exchange = Exchange()
            let result = await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    exchange.answer = { continuation.resume(returning: $0) }
                    if Task.isCancelled {
                        exchange.end(.failure(TransportFailure(.cancelled, "The call was cancelled.")))
                    } else {
                        send(request, exchange)
                    }
                }
            } onCancel: { [loop] in
                loop.after(.zero) {
                    exchange.end(.failure(TransportFailure(.cancelled, "The call was cancelled.", mayHaveBeenSent: true)))
                }
            }
            return try result.get()
        }
    }

    /// One call as its caller sees it: it ends once.
    private final class Exchange: @unchecked Sendable {
        typealias Outcome = Result<HTTPResponse, TransportFailure>
        var answer: ((Outcome) -> Void)?

        func end(_ outcome: Outcome) {
            answer?(outcome)
            answer = nil
        }
    }

    // MARK: Lines

    private func send(_ request: HTTPRequest, _ exchange: Exchange) {
        calls += 1
        let call = Self.call(request)
        let fate = isHealed ? .answered : fate(of: call)
        if case .answered = fate {} else { faults += 1 }
        loop.note("\(call.line) \(call.key) \(fate)")
        let timeout = request.timeout
        loop.after(timeout) {
            exchange.end(.failure(TransportFailure(.timeout, "No answer within \(timeout.text).", mayHaveBeenSent: true)))
        }
        let way = isHealed ? .milliseconds(20) : loop.random.milliseconds(1..<(loop.random.isTrue(10) ? 3000 : 200))
        switch fate {
        case .lost: break
        case .refused: fail(exchange, after: way, TransportFailure(.refused, "The connection was refused."))
        case .late: deliver(call, after: timeout + loop.random.milliseconds(1..<60_000), to: nil)
        case .answerLost: deliver(call, after: way, to: nil)
        case .reset(let arrives):
            if arrives { deliver(call, after: way, to: nil) }
            fail(exchange, after: way, TransportFailure(.cut, "The connection was cut.", mayHaveBeenSent: true))
        case .unavailable: answer(exchange, after: way, HTTPResponse(status: 503))
        case .tooMany:
            let pause = 1 + loop.random.below(20)
            answer(exchange, after: way, HTTPResponse(status: 429, headers: [("Retry-After", "\(pause)")]))
        case .doneButUnavailable:
            deliver(call, after: way, to: nil)
            answer(exchange, after: way + way, HTTPResponse(status: 503))
        case .twice:
            deliver(call, after: way + way, to: nil)
            deliver(call, after: way, to: exchange)
        case .answered: deliver(call, after: way, to: exchange)
        }
    }

    /// A line does to a call only what the host it leads to can live with: `plain.test` gets nothing twice and answers 503 only for what it
    /// has not done, and nobody who is asked afterwards gets what was asked about minutes later.
    private func fate(of call: Call) -> Fate {
        let isRepeatable = call.host == "keyed.test" || call.method == "GET" || call.method == "PUT"
        let isAsked = call.host == "asked.test" || call.host == "jira.test"
        return loop.random.pick([
            (70, .answered), (4, .refused), (3, .lost), (5, .answerLost), (2, .reset(arrives: false)), (4, .reset(arrives: true)),
            (4, .unavailable), (2, .tooMany), (isRepeatable ? 3 : 0, .twice), (isAsked ? 0 : 3, .late),
            (isRepeatable || isAsked ? 3 : 0, .doneButUnavailable),
        ])
    }

    private func deliver(_ call: Call, after delay: Duration, to exchange: Exchange?) {
        loop.after(delay, .world) { [self] in
            let response = handle(call)
            guard let exchange else { return }
            answer(exchange, after: isHealed ? .milliseconds(20) : loop.random.milliseconds(1..<300), response)
        }
    }

    private func answer(_ exchange: Exchange, after delay: Duration, _ response: HTTPResponse) {
        loop.after(delay) { exchange.end(.success(response)) }
    }

    private func fail(_ exchange: Exchange, after delay: Duration, _ failure: TransportFailure) {
        loop.after(delay) { exchange.end(.failure(failure)) }
    }

    // MARK: Hosts

    private static func call(_ request: HTTPRequest) -> Call {
        let (host, path) = String(request.url.dropFirst("https://".count)).splitOnce("/")
        let key = request.headers.first { $0.0 == "Idempotency-Key" }?.1 ?? ""
        return Call(
            line: "\(request.method) \(request.url)", host: host, path: path ?? "", method: request.method, key: key,
            body: request.body.flatMap { try? JSON.parse($0) } ?? .null)
    }

    private func handle(_ call: Call) -> HTTPResponse {
        loop.note("arrived \(call.line) \(call.key)")
        if call.host == "jira.test" { return jira(call) }
        switch (call.host, call.method) {
        case ("asked.test", "GET"): return made.contains(call.path) ? thing(200) : HTTPResponse(status: 404)
        case (_, "GET"), (_, "PUT"): return thing(200)
        case ("keyed.test", _):
            if let known = answers[call.key] { return known }
            answers[call.key] = thing(201)
        case ("asked.test", _): made.insert(call.path)
        default: break
        }
        effects[call.key, default: 0] += 1
        return answers[call.key] ?? thing(201)
    }

    private func thing(_ status: Int) -> HTTPResponse { json(status, ["id": .string("res-\(calls)"), "state": "ready"]) }

    private func json(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: body.bytes)
    }

    // MARK: JIRA

    private func jira(_ call: Call) -> HTTPResponse {
        let path = call.path.splitOnce("?").0
        switch path.replacing("rest/api/2/", with: "") {
        case "issue" where call.method == "POST": return createIssue(call)
        case "search":
            let found = issues.filter { call.path.contains($0.label) && $0.indexedAt <= loop.now }
            return json(200, ["issues": .array(found.map(Self.json))])
        case let other:
            let parts = other.split(separator: "/")
            guard parts.count > 1, parts[0] == "issue", let index = issues.firstIndex(where: { $0.key == parts[1] }) else {
                return json(404, [:])
            }
            return issue(index, parts.count > 2 ? String(parts[2]) : "", call)
        }
    }

    private func issue(_ index: Int, _ part: String, _ call: Call) -> HTTPResponse {
        switch (part, call.method) {
        case ("", _): return json(200, Self.json(issues[index]))
        case ("comment", "POST"):
            issues[index].comments.append(call.body["body"]?.string ?? "")
            return json(201, ["id": .string("\(issues[index].comments.count)")])
        case ("comment", _):
            let comments = issues[index].comments.map { (text) -> JSON in ["body": .string(text)] }
            return json(200, ["startAt": 0, "maxResults": 50, "total": .int(comments.count), "comments": .array(comments)])
        case ("transitions", "POST"):
            issues[index].isDone = true
            return HTTPResponse(status: 204)
        case ("transitions", _):
            let done: JSON = ["name": "Done", "statusCategory": ["key": "done"]]
            let ways: [JSON] = issues[index].isDone ? [] : [["id": "31", "name": "Finish", "to": done]]
            return json(200, ["transitions": .array(ways)])
        default: return json(404, [:])
        }
    }

    private func createIssue(_ call: Call) -> HTTPResponse {
        let label = call.body["fields"]?["labels"]?.array?.compactMap(\.string).first { $0.hasPrefix("pao-") } ?? ""
        effects[String(label.dropFirst("pao-".count)), default: 0] += 1
        let lag = isHealed ? .zero : loop.random.milliseconds(0..<8000)
        issues.append(Issue(key: "OPS-\(issues.count + 1)", label: label, indexedAt: loop.now + lag))
        return json(201, ["id": .string("1\(issues.count)"), "key": .string("OPS-\(issues.count)")])
    }

    private static func json(_ issue: Issue) -> JSON {
        let status: JSON = [
            "name": issue.isDone ? "Done" : "Open", "statusCategory": ["key": issue.isDone ? "done" : "new"],
        ]
        return ["key": .string(issue.key), "id": "1", "fields": ["status": status, "labels": [.string(issue.label)]]]
    }

    /// Somebody does what an open issue asks for; `all` does so for every one.
    func workOnIssues(all: Bool = false) {
        let open = issues.indices.filter { !issues[$0].isDone }
        guard !open.isEmpty else { return }
        for index in all ? open : [loop.random.pick(open)] { issues[index].isDone = true }
    }
}
