import Base
import Catalog
import Documents
import Testing

@testable import Orchestration

/// The pure rules, as tables.
@Suite struct RuleTests {
    // MARK: Sequence

    struct Order: Sendable {
        var steps: [(String, StepStatus, [String])]
        var isParallel = false
        var stopping = false
        var waitsForPerson: Set<String> = []
        var next: Sequence.Next
    }

    @Test(
        "what comes next in a sequence",
        arguments: [
            Order(steps: [("a", .pending, []), ("b", .pending, [])], next: .start(["a"])),
            Order(steps: [("a", .running, []), ("b", .pending, [])], next: .wait),
            Order(steps: [("a", .retrying, []), ("b", .pending, [])], next: .wait),
            Order(steps: [("a", .completed, []), ("b", .pending, [])], next: .start(["b"])),
            Order(steps: [("a", .skipped, []), ("b", .pending, ["a"])], next: .start(["b"])),
            Order(steps: [("a", .completed, []), ("b", .skipped, [])], next: .finish),
            Order(steps: [], next: .finish),
            Order(steps: [("a", .failed, []), ("b", .pending, [])], next: .fail("a")),
            Order(steps: [("a", .pending, []), ("b", .pending, [])], stopping: true, next: .wait),
            Order(steps: [("a", .completed, []), ("b", .completed, [])], stopping: true, next: .finish),
            Order(steps: [("a", .pending, []), ("b", .pending, []), ("c", .pending, ["a"])], isParallel: true, next: .start(["a", "b"])),
            Order(steps: [("a", .completed, []), ("b", .running, []), ("c", .pending, ["a"])], isParallel: true, next: .start(["c"])),
            Order(steps: [("a", .completed, []), ("b", .running, []), ("c", .pending, ["a", "b"])], isParallel: true, next: .wait),
            Order(steps: [("a", .failed, []), ("b", .running, []), ("c", .pending, [])], isParallel: true, next: .wait),
            Order(steps: [("a", .failed, []), ("b", .running, [])], isParallel: true, waitsForPerson: ["b"], next: .fail("a")),
            Order(steps: [("a", .failed, []), ("b", .failed, [])], isParallel: true, next: .fail("a")),
        ])
    func sequence(_ order: Order) {
        let items = order.steps.map {
            Sequence.Item(id: $0.0, status: $0.1, dependsOn: $0.2, waitsForPerson: order.waitsForPerson.contains($0.0))
        }
        #expect(Sequence(items, isParallel: order.isParallel).next(stopping: order.stopping) == order.next)
    }

    // MARK: Retry policy

    @Test(
        "waits grow by the back-off, up to the longest",
        arguments: [
            (RetryPolicy.Backoff.none, [10, 10, 10, 10]), (.linear, [10, 20, 30, 40]), (.exponential, [10, 20, 40, 60]),
        ])
    func backOff(_ backoff: RetryPolicy.Backoff, _ seconds: [Int]) {
        let policy = RetryPolicy(attempts: 9, backoff: backoff, initialDelay: .seconds(10), maxDelay: .seconds(60))
        #expect((1...4).map { policy.backOff(afterTry: $0) } == seconds.map { .seconds($0) })
    }

    @Test("after ever so many tries the wait stays the longest")
    func manyTries() {
        let policy = RetryPolicy(attempts: .max, initialDelay: .seconds(1), maxDelay: .seconds(300))
        #expect(policy.backOff(afterTry: 5000) == .seconds(300))
        #expect(policy.delay(after: StepFailure("http_503", "", isTransient: true), tries: 5000, jitter: 0.5) == .seconds(150))
    }

    @Test(
        "which failures are tried again",
        arguments: [
            ("http_503", true, true), ("http_429", true, true), ("http_408", true, true), ("http_404", true, false),
            ("http_401", true, false), ("timeout", true, true), ("validation", true, false), ("http_503", false, false),
        ])
    func retryable(_ type: String, _ isTransient: Bool, _ isTried: Bool) {
        let delay = RetryPolicy(attempts: 3).delay(after: StepFailure(type, "", isTransient: isTransient), tries: 1, jitter: 1)
        #expect((delay != nil) == isTried)
    }

    @Test("the tries are counted in all", arguments: [(1, true), (2, true), (3, false), (4, false)])
    func totalTries(_ tries: Int, _ isTried: Bool) {
        let delay = RetryPolicy(attempts: 3).delay(after: StepFailure("timeout", "", isTransient: true), tries: tries, jitter: 0)
        #expect((delay != nil) == isTried)
    }

    // MARK: Verification

    @Test(
        "verifications hold what was found against what was expected",
        arguments: [
            ("http-status", #"{"expected": 201}"#, true), ("http-status", #"{"expected": [200, 204]}"#, false),
            ("http-status", #"{"expected": "2xx"}"#, true), ("http-status", #"{}"#, false),
            ("response-body", #"{"path": "$.state", "equals": "ready"}"#, true),
            ("response-body", #"{"path": "/state", "equals": "no"}"#, false),
            ("response-body", #"{"path": "$.count", "equals": "3"}"#, true),
            ("response-body", #"{"path": "$.list[1]", "equals": 2}"#, true),
            ("response-body", #"{"path": "$.state", "matches": "^re"}"#, true),
            ("response-body", #"{"path": "$.none", "matches": ".*"}"#, false),
            ("response-body", #"{"path": "$.none", "exists": false}"#, true), ("response-body", #"{"path": "$.state"}"#, true),
            ("headers-present", #"{"headers": ["x-request-id"]}"#, true), ("headers-present", #"{"headers": ["Location"]}"#, false),
        ])
    func verification(_ type: String, _ parameters: String, _ holds: Bool) throws {
        let evidence: JSON = [
            "status": 201, "headers": ["X-Request-Id": "1"], "body": ["state": "ready", "count": 3, "list": [1, 2]],
        ]
        switch try Verifier.judge(type: type, parameters: try JSON.parse(parameters), evidence: evidence) {
        case .passed: #expect(holds)
        case .failed: #expect(!holds)
        default: Issue.record("neither passed nor failed")
        }
    }

    @Test("a pattern or path that cannot be read is a failure of validation, not a crash", arguments: ["$[", "$.a[?(@.b)]"])
    func unreadable(_ path: String) {
        #expect(throws: StepFailure.self) {
            _ = try Verifier.judge(type: "response-body", parameters: ["path": .string(path)], evidence: ["body": [:]])
        }
    }

    // MARK: States

    @Test("the database allows exactly the transitions of the code")
    func transitions() async throws {
        let world = try await World()
        let stored = try world.store.read { connection throws(PAOError) in
            try connection.rows("SELECT old || '>' || new FROM request_transitions").map { $0.text(0) }
        }
        #expect(Set(stored) == Set(RequestStatus.pairs.map { "\($0.from.rawValue)>\($0.to.rawValue)" }))
    }

    @Test("what is final stays so, and says it", arguments: RequestStatus.allCases.filter(\.isFinal))
    func final(_ status: RequestStatus) {
        for event in RequestEvent.allCases {
            #expect { _ = try status.after(event) } throws: { ($0 as? PAOError)?.code == .conflict }
        }
    }

    // MARK: Keys

    @Test("an effect's key depends on request, step, generation and part, and on nothing else")
    func keys() {
        let key = Effect.key(requestID: "req-1", stepID: "a", generation: 0)
        #expect(key == Effect.key(requestID: "req-1", stepID: "a", generation: 0))
        let others = [
            Effect.key(requestID: "req-2", stepID: "a", generation: 0), Effect.key(requestID: "req-1", stepID: "b", generation: 0),
            Effect.key(requestID: "req-1", stepID: "a", generation: 1),
            Effect.key(requestID: "req-1", stepID: "a", generation: 0, part: "fallback"),
        ]
        #expect(Set(others + [key]).count == 5)
    }

    // MARK: Scopes

    private func rendered(_ template: String, _ scope: RequestScope) throws -> JSON { try Template.parse(template).value(scope) }

    @Test("a masked scope shows neither secrets nor sealed values; a revealed one does by their very paths only")
    func masking() throws {
        let sealed = Sealed.wrap("cipher")
        let fields: JSON = ["password": sealed, "name": "n"]
        let masked = RequestScope(roots: JSONObject([("fields", fields)]), frozen: [:])
        let open = masked.revealed(.init(secrets: ["token": "t0ken"], open: { _ in "plain" }))
        #expect(try rendered("{{fields.password}}", masked) == "********")
        #expect(try rendered("{{secrets.token}}", masked) == "[secret token]")
        #expect(masked.hasUsedProtected)
        #expect(try rendered("{{fields.password}}", open) == "plain")
        #expect(try rendered("{{secrets.token}}", open) == "t0ken")
        #expect(try rendered("{{json fields}}", open) == #"{"password":"********","name":"n"}"#)
        #expect(try rendered("{{#each parameters}}{{this.value}},{{/each}}", open) == "********,n,")
    }
}
