import Base
import Integrations

/// A JSON API of another system, called on behalf of one step. Nothing is repeated here.
struct RemoteService: Sendable {
    /// For people: `GitHub`.
    var name: String
    /// Without a slash at its end.
    var baseURL: String
    /// Credentials among them.
    var headers: [(String, String)]

    init(name: String, baseURL: String, headers: [(String, String)] = []) {
        self.name = name
        self.baseURL = String(baseURL.reversed().drop { $0 == "/" }.reversed())
        self.headers = headers
    }

    struct Answer: Sendable {
        var status: Int
        var body: JSON
        var response: HTTPResponse

        /// It was damaged on its way: the call had its effect, whatever that was.
        var isUnreadable: Bool {
            body.isNull && !response.body.isEmpty && response.isSuccess && response.header("Content-Type")?.contains("json") == true
                && response.body != Array("null".utf8)
        }
    }

    /// Throws for every answer but 200 to 299 and those in `allowing`, for one that calls itself JSON and is none, and where there is no
    /// answer. Redirects are not followed: the address that is configured is the one that is called.
    func call(
        _ method: String, _ path: String, body: JSON? = nil, hints: JSON = .null, allowing statuses: Set<Int> = [], _ tools: ActionTools
    ) async throws(RemoteFailure) -> Answer {
        var request = HTTPRequest(method: method, url: path.hasPrefix("http") ? path : baseURL + path)
        request.headers = [("Accept", "application/json")] + headers
        request.timeout = tools.timeout
        if let body {
            request.body = body.bytes
            if !headers.contains(where: { $0.0 == "Content-Type" }) { request.headers.append(("Content-Type", "application/json")) }
        }
        request.addHints(hints)
        let answer = try await send(request, allowing: statuses, tools)
        if answer.isUnreadable { throw RemoteFailure(name, request, unreadable: answer.response) }
        return answer
    }

    func send(_ request: HTTPRequest, allowing statuses: Set<Int> = [], _ tools: ActionTools) async throws(RemoteFailure) -> Answer {
        let response: HTTPResponse
        do throws(TransportFailure) {
            response = try await tools.http.send(request)
        } catch {
            tools.log("\(name): no answer: \(error.message)")
            throw RemoteFailure(name, request, error)
        }
        guard response.isSuccess || statuses.contains(response.status) else {
            let failure = RemoteFailure(name, request, response, now: tools.time.now())
            tools.log(failure.failure.message)
            throw failure
        }
        return Answer(status: response.status, body: (try? JSON.parse(response.body)) ?? .null, response: response)
    }
}

/// Why a call of another system did not do what it was to do.
struct RemoteFailure: Error {
    var failure: StepFailure
    /// The call may have taken effect.
    var isInDoubt: Bool
    /// nil without an answer.
    var status: Int?
    var body: JSON = .null

    /// The type of a failure that is none: the other side takes so many calls and no more. The step waits and uses up no try.
    static let rateLimited = "rate_limited"

    init(_ name: String, _ request: HTTPRequest, _ error: TransportFailure) {
        failure = StepFailure(error.kind.rawValue, "\(name): \(error.message)", isTransient: error.isRetryable)
        isInDoubt = error.mayHaveBeenSent && Self.isUnsafe(request)
    }

    init(_ name: String, _ request: HTTPRequest, _ response: HTTPResponse, now: Timestamp) {
        let status = response.status
        body = (try? JSON.parse(response.body)) ?? .null
        let text = String(decoding: response.body.prefix(2000), as: UTF8.self)
        let wait = response.retryAfter(now: now) ?? Self.rateLimitReset(response, now)
        let isLimited = status == 429 || (status == 403 && wait != nil)
        failure = StepFailure(
            isLimited ? Self.rateLimited : "http_\(status)",
            "\(name) answered \(status) to \(request.method) \(request.url.splitOnce("?").0): \(text.prefix(300))",
            details: ["status": .int(status), "body": .string(text)],
            isTransient: isLimited || status >= 500 || [408, 425].contains(status),
            retryAfter: wait.map { .seconds($0) } ?? (isLimited ? .seconds(1) : nil))
        self.status = status
        isInDoubt = false
    }

    init(_ name: String, _ request: HTTPRequest, unreadable response: HTTPResponse) {
        failure = StepFailure(
            "bad_answer", "\(name) answered \(response.status) to \(request.method) \(request.url.splitOnce("?").0) with what is no JSON.",
            isTransient: true)
        status = response.status
        isInDoubt = Self.isUnsafe(request)
    }

    /// Whether it matters if the call is made twice.
    private static func isUnsafe(_ request: HTTPRequest) -> Bool { !["GET", "PUT", "PATCH", "DELETE"].contains(request.method) }

    /// GitHub and GitLab: no calls are left until the instant of the reset.
    private static func rateLimitReset(_ response: HTTPResponse, _ now: Timestamp) -> Int? {
        let left = response.header("X-RateLimit-Remaining") ?? response.header("RateLimit-Remaining")
        let reset = response.header("X-RateLimit-Reset") ?? response.header("RateLimit-Reset")
        guard left == "0", let reset = reset.flatMap({ Int($0) }) else { return nil }
        return min(max(1, reset - now.unixSeconds), 3600)
    }

    init(_ failure: StepFailure) {
        self.failure = failure
        isInDoubt = false
    }

    /// For the call that is the step's effect.
    var result: ActionResult { isInDoubt ? .doubt(failure) : .failed(failure) }

    /// For a question after it: asked again where that may help.
    func waiting(_ reference: String, url: String?) -> ActionResult {
        guard failure.isTransient else { return .failed(failure) }
        return .waiting(reference: reference, url: url, after: failure.retryAfter ?? .seconds(10), reason: failure.message)
    }

    /// For a look-up after doubt.
    func settlement(_ summary: String) -> Settlement {
        failure.isTransient
            ? .later(failure.retryAfter ?? .seconds(5))
            : .unknown("\(summary): it cannot be looked up whether it happened. \(failure.message)")
    }
}

extension HTTPRequest {
    /// What the sandbox's answer should look like; only ever set in sandbox mode.
    mutating func addHints(_ hints: JSON) {
        guard !hints.isNull else { return }
        headers.append(("X-Pao-Sandbox-Outputs", (hints["outputs"] ?? .null).description))
        headers.append(("X-Pao-Sandbox-Expect", (hints["expect"] ?? .null).description))
    }
}

/// How long the search of another system may lag behind what was made: before that, what is not found may still exist.
enum Lag {
    static let settled = Duration.seconds(12)
    static let pause = Duration.seconds(4)
}

extension ActionInput {
    /// The mark that others carry for us, by which the effect is found again.
    var mark: String { "pao-\(key)" }

    /// When the step began, drawn once: nothing of it is older.
    var startedAt: String { scope.frozen["at"]?.string ?? "" }
}
