import Base
import Integrations
import Synchronization

/// The other side of every call: it counts what really happened, by key, and does as it is told.
///
/// `https://keyed.test` honors `Idempotency-Key`, `https://plain.test` does not, `https://jira.test` is a small JIRA whose search lags.
final class Outside: Sendable {
    enum Behavior: Sendable {
        case answer(Int, String)
        case retryAfter(Int, seconds: Int)
        /// Takes effect, but the answer never comes.
        case cutAfter
        /// Never arrives, which nobody can know.
        case lost
        /// Runs beside the call, which then goes its usual way.
        case meanwhile(@Sendable () async -> Void)
        /// The process dies before the call leaves, or after it took effect.
        case dieBefore(@Sendable () -> Void)
        case dieAfter(@Sendable () -> Void)
    }

    struct Call: Sendable {
        var line: String
        var key: String?
        var body: String
        var headers: [String: String]
        var timeout: Duration
    }

    struct Issue: Sendable {
        var key: String
        var labels: [String]
        var status = "Open"
        var created: Int
    }

    private struct State {
        var calls: [Call] = []
        /// How often each side effect happened, by key.
        var effects: [String: Int] = [:]
        var answers: [String: (Int, String)] = [:]
        var scripts: [(match: String, behavior: Behavior)] = []
        var issues: [Issue] = []
        /// Searches to come that do not see the newest issue yet.
        var searchLag = 0
        var results: [String: String] = [:]
        /// Where JIRA's workflow lets an issue go.
        var transitions = ["In Progress", "Won't Do", "Done"]
    }

    private let state = Mutex(State())

    var calls: [Call] { state.withLock { $0.calls } }
    var lines: [String] { calls.map(\.line) }
    var timeouts: [Duration] { calls.map(\.timeout) }
    /// How often each effect happened; every number but 1 is a fault.
    var effects: [Int] { state.withLock { Array($0.effects.values) } }
    var issues: [Issue] { state.withLock { $0.issues } }

    /// The next call that begins like `match` behaves so.
    func next(_ match: String, _ behavior: Behavior, times: Int = 1) {
        state.withLock { for _ in 0..<times { $0.scripts.append((match, behavior)) } }
    }

    /// What a path answers from now on.
    func answers(_ line: String, _ body: String) { state.withLock { $0.results[line] = body } }
    func offer(transitions: [String]) { state.withLock { $0.transitions = transitions } }
    func lag(searches: Int) { state.withLock { $0.searchLag = searches } }
    func move(_ issue: String, to status: String) {
        state.withLock { state in
            for index in state.issues.indices where state.issues[index].key == issue { state.issues[index].status = status }
        }
    }

    func transport(unless isDead: Flag) -> HTTPTransport {
        HTTPTransport { [self] (request) async throws(TransportFailure) in
            if isDead.isSet { throw TransportFailure(.cut, "The process is dead.") }
            return try await answer(request)
        }
    }

    private func answer(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        let line = "\(request.method) \(request.url)"
        let headers = Dictionary(request.headers.map { ($0.0.lowercased(), $0.1) }, uniquingKeysWith: { $1 })
        let call = Call(
            line: line, key: headers["idempotency-key"], body: String(decoding: request.body ?? [], as: UTF8.self), headers: headers,
            timeout: request.timeout)
        let behavior = state.withLock { state -> Behavior? in
            state.calls.append(call)
            guard let index = state.scripts.firstIndex(where: { line.hasPrefix($0.match) }) else { return nil }
            return state.scripts.remove(at: index).behavior
        }
        switch behavior {
        case nil: return perform(call)
        case .answer(let status, let body)?: return HTTPResponse(status: status, body: Array(body.utf8))
        case .retryAfter(let status, let seconds)?: return HTTPResponse(status: status, headers: [("Retry-After", "\(seconds)")])
        case .cutAfter?:
            _ = perform(call)
            throw TransportFailure(.cut, "The connection was cut.", mayHaveBeenSent: true)
        case .lost?: throw TransportFailure(.cut, "The connection was cut.", mayHaveBeenSent: true)
        case .meanwhile(let work)?:
            await work()
            return perform(call)
        case .dieBefore(let die)?:
            die()
            throw TransportFailure(.cancelled, "The process is dead.")
        case .dieAfter(let die)?:
            let response = perform(call)
            die()
            return response
        }
    }

    private func perform(_ call: Call) -> HTTPResponse {
        let (status, body) = state.withLock { state -> (Int, String) in
            if call.line.contains("jira.test") { return Self.jira(call, &state) }
            let isSafe = call.line.hasPrefix("GET")
            if !isSafe, call.line.contains("keyed.test"), let key = call.key, let known = state.answers[key] { return known }
            if !isSafe { state.effects[call.key ?? "without key", default: 0] += 1 }
            let standard = #"{"id": "res-\#(state.calls.count)", "state": "ready", "echo": \#(JSON.string(call.body).description)}"#
            let answer = (isSafe ? 200 : 201, state.results[call.line] ?? standard)
            if let key = call.key { state.answers[key] = answer }
            return answer
        }
        return HTTPResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
    }

    private static func jira(_ call: Call, _ state: inout State) -> (Int, String) {
        let path = call.line.split(separator: "/rest/api/2/", maxSplits: 1).last.map(String.init) ?? ""
        if call.line.hasPrefix("POST"), path == "issue" {
            let labels = (try? JSON.parse(call.body))?["fields"]?["labels"]?.array?.compactMap(\.string) ?? []
            for label in labels where label.hasPrefix("pao-") { state.effects[label, default: 0] += 1 }
            state.issues.append(Issue(key: "OPS-\(state.issues.count + 1)", labels: labels, created: state.issues.count))
            return (201, #"{"id": "1\#(state.issues.count)", "key": "OPS-\#(state.issues.count)"}"#)
        }
        if path.hasPrefix("search") {
            let isLagging = state.searchLag > 0
            state.searchLag -= 1
            let found = isLagging ? [] : state.issues.filter { issue in issue.labels.contains { path.contains($0) } }
            let answer: JSON = ["issues": .array(found.map(json))]
            return (200, answer.description)
        }
        let key = path.split(separator: "?").first.map { String($0.dropFirst("issue/".count)) } ?? ""
        guard let index = state.issues.firstIndex(where: { $0.key == key.split(separator: "/").first.map(String.init) }) else {
            return (404, "{}")
        }
        if path.hasSuffix("/transitions") { return transitions(call, &state.issues[index], offered: state.transitions) }
        return (200, json(state.issues[index]).description)
    }

    private static func transitions(_ call: Call, _ issue: inout Issue, offered: [String]) -> (Int, String) {
        if call.line.hasPrefix("POST") {
            issue.status = (try? JSON.parse(call.body))?["transition"]?["id"]?.string ?? issue.status
            return (204, "")
        }
        let ways = offered.map { name -> JSON in
            [
                "id": .string(name), "name": .string("To \(name)"),
                "to": ["name": .string(name), "statusCategory": ["key": .string(category(name))]],
            ]
        }
        let answer: JSON = ["transitions": .array(ways)]
        return (200, answer.description)
    }

    private static func category(_ status: String) -> String { ["Open": "new", "In Progress": "indeterminate"][status] ?? "done" }

    private static func json(_ issue: Issue) -> JSON {
        let status: JSON = ["name": .string(issue.status), "statusCategory": ["key": .string(category(issue.status))]]
        return ["key": .string(issue.key), "id": "1", "fields": ["status": status, "labels": .array(issue.labels.map(JSON.string))]]
    }
}
