import Base
import Catalog
import Documents
import Integrations
import Synchronization
import Testing

@testable import Orchestration

/// One action outside of any request: prepared from a configuration as a document would have it, carried out against scripted answers.
struct ActionBench {
    var type: any ActionType
    var config: JSON
    var fields: JSON = [:]
    var verification: [JSON] = []
    var outputs: [Action.Output] = []
    var services = ExternalServices()
    /// By name; one alone is the default.
    var jira: [String: JiraInstance] = [:]
    var isSandbox = false
    var isManual = false
    var memory: JSON = .null
    var attempt = 1
    var doubtAge = Duration.zero
    var now = Timestamp("2026-11-21T10:00:00Z")!

    static let key = "k3y"

    init(_ type: any ActionType, _ config: JSON) {
        initializeCryptography()
        self.type = VerifiedAction(type)
        self.config = config
    }

    func input() throws -> ActionInput {
        let checks = try verification.map { check in
            var parameters = check.object ?? JSONObject()
            parameters["type"] = nil
            return Verification(
                type: check["type"]?.string ?? "", parameters: try Self.tree(.object(parameters)),
                timeout: check["timeout"]?.string.flatMap { Duration(text: $0) })
        }
        let action = Action(
            id: "step", name: "The step", type: type.name, dependsOn: [], condition: nil, conditionSource: nil,
            config: try Self.tree(config),
            verification: checks, outputs: outputs, cleanup: nil, retry: nil, timeout: nil, source: .init(path: "x.yaml", line: 1))
        let known: JSON = ["step": memory["evidence"]?["body"] ?? [:]]
        let roots = JSONObject([
            ("fields", fields), ("metadata", ["id": "item"] as JSON), ("outputs", known), ("request", ["id": "req-1"] as JSON),
        ])
        var environment = ActionEnvironment(
            isSandbox: isSandbox, jira: jira, defaultJira: jira.keys.first, pollInterval: .seconds(5))
        environment.services = services
        return ActionInput(
            action: action, scope: RequestScope(roots: roots, frozen: ["at": "2026-11-21T10:00:00.000Z"]), key: Self.key,
            requestID: "req-1",
            correlationID: "corr", traceparent: "00-trace", isManual: isManual, environment: environment, memory: memory, attempt: attempt)
    }

    /// Texts with braces are templates, as when a document is read.
    static func tree(_ value: JSON) throws -> TemplateTree {
        switch value {
        case .string(let text) where text.contains("{{"): return .template(try Template.parse(text))
        case .array(let elements): return .array(try elements.map(tree))
        case .object(let object): return .object(try object.map { ($0.key, try tree($0.value)) })
        default: return .constant(value)
        }
    }

    func prepared() throws -> PreparedEffect { try type.prepare(try input()) }

    func tools(_ outside: Script) -> ActionTools {
        let now = now
        let time = TimeSource(now: { now }, monotonic: { .zero }, sleep: { _ in })
        return ActionTools(
            http: outside.transport, time: time, log: { _ in }, timeout: .seconds(30), doubtAge: doubtAge, jira: { _ in nil },
            services: services, tokens: OAuth2TokenCache(http: outside.transport, time: time), memory: memory, attempt: attempt)
    }

    func perform(_ outside: Script) async throws -> ActionResult { await type.perform(try prepared(), tools(outside)) }
    func settle(_ outside: Script) async throws -> Settlement { await type.settle(try prepared(), tools(outside)) }
    func poll(_ reference: String, _ outside: Script) async throws -> ActionResult {
        await type.poll(try prepared(), reference: reference, tools(outside))
    }
}

/// The other side: the answers it gives in turn, and what it was asked. An answer for which nobody asks, and a call that has none, fail.
final class Script: Sendable {
    private let answers: Mutex<[Result<HTTPResponse, TransportFailure>]>
    private let asked = Mutex<[HTTPRequest]>([])

    init(_ answers: (Int, JSON)...) {
        self.answers = Mutex(answers.map { .success(HTTPResponse(status: $0.0, body: $0.1.isNull ? [] : $0.1.bytes)) })
    }

    init(results: [Result<HTTPResponse, TransportFailure>]) { answers = Mutex(results) }

    static var cut: Script { Script(results: [.failure(TransportFailure(.cut, "cut", mayHaveBeenSent: true))]) }

    var transport: HTTPTransport {
        HTTPTransport { [self] (request) async throws(TransportFailure) in
            asked.withLock { $0.append(request) }
            let next = answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let next else {
                throw TransportFailure(.refused, "nothing is scripted for \(request.method) \(request.url)", isRetryable: false)
            }
            return try next.get()
        }
    }

    var requests: [HTTPRequest] { asked.withLock { $0 } }
    var lines: [String] { requests.map { "\($0.method) \($0.url)" } }
    func body(_ index: Int) -> String { String(decoding: requests[index].body ?? [], as: UTF8.self) }
    func header(_ index: Int, _ name: String) -> String? { requests[index].headers.first { $0.0.lowercased() == name.lowercased() }?.1 }
}

extension ActionResult {
    /// In one line, for tables.
    var brief: String {
        switch self {
        case .done(_, let reference, _): "done \(reference ?? "")"
        case .waiting(let reference, _, _, let reason, _): "waiting \(reference): \(reason)"
        case .ticket(let draft): "ticket \(draft.system) \(draft.title)"
        case .failed(let failure): "failed \(failure.type)\(failure.isTransient ? " for now" : "")"
        case .doubt(let failure): "doubt \(failure.type)"
        }
    }

    var evidence: JSON {
        if case .done(let evidence, _, _) = self { evidence } else { .null }
    }

    var memory: JSON {
        if case .waiting(_, _, _, _, let memory) = self { memory } else { .null }
    }
}

extension Settlement {
    var brief: String {
        switch self {
        case .happened(let result): "happened: \(result.brief)"
        case .perform: "perform"
        case .later: "later"
        case .unknown: "unknown"
        }
    }
}

/// Values that would break out of any text that does not escape them.
let hostile = "a\"b'c\\d ${x} %{y} {{z}} $${q}\n*bold* [l|http://x] {code}\t</script>\u{1F}é"
