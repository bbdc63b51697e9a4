import Base
import Catalog
import Integrations

/// A rendered HTTP call of a `rest-api` step, as it is stored with its effect.
struct RestCall: Sendable {
    var method: String
    var url: String
    var headers: [(String, String)]
    var body: String?
    var authentication: JSON
    /// The call that tells after doubt whether the effect happened: `{url, method, headers, when}`; null without one.
    var verify: JSON
    var isKeyHonored: Bool
    var followsRedirects: Bool
    var timeout: Duration?
    /// Statuses that verification expects, also where they are no success by themselves.
    var expected: [JSON]
    var correlationID: String
    var traceparent: String
    /// Hints for the sandbox, sent in sandbox mode only.
    var sandboxHints: JSON

    /// `expected` takes the place of what the step's verification expects.
    init(config: JSON, input: ActionInput, expected statuses: [JSON]? = nil) throws(StepFailure) {
        let endpoint = config["endpoint"] ?? .null
        guard let url = endpoint.string ?? endpoint["url"]?.string ?? config["url"]?.string, !url.isEmpty else {
            throw StepFailure("validation", "The step has no endpoint.url.")
        }
        method = (endpoint["method"]?.string ?? config["method"]?.string ?? "GET").uppercased()
        self.url = try Self.adding(config["query"], to: url)
        headers = config["headers"]?.object?.map { ($0.key, $0.value.string ?? $0.value.description) } ?? []
        authentication = config["authentication"] ?? .null
        verify = config["verify"].map { $0.string == nil ? $0 : ["url": $0] } ?? .null
        isKeyHonored = config["idempotency"]?.string == "header" || config["idempotency"]?["mode"]?.string == "header"
        followsRedirects = config["followRedirects"]?.bool ?? false
        timeout = config["timeout"]?.string.flatMap { Duration(text: $0) }
        if let statuses { expected = statuses } else { expected = try Self.expectedStatuses(input) }
        correlationID = input.correlationID
        traceparent = input.traceparent
        sandboxHints = input.environment.isSandbox ? try Self.hints(input) : .null
        body = nil
        try RestAuthentication(authentication).check()
        try setBody(config["body"] ?? .null)
    }

    private mutating func setBody(_ config: JSON) throws(StepFailure) {
        if config.isNull { return }
        let type = config["type"]?.string
        let content = config["contentTemplate"] ?? config["content"] ?? config["data"]
        switch (type, content) {
        case ("form", let content):
            body = Self.encoded((content ?? config["fields"])?.object ?? JSONObject())
            setHeader("Content-Type", "application/x-www-form-urlencoded")
        case ("raw", let content), ("text", let content):
            body = content?.string ?? content?.description ?? ""
            setHeader("Content-Type", config["contentType"]?.string ?? "text/plain; charset=utf-8")
        case (_, .string(let text)?) where type == "json" || config["contentTemplate"] != nil:
            body = try Self.checkedJSON(text)
            setHeader("Content-Type", "application/json")
        case ("json", let content?):
            body = content.description
            setHeader("Content-Type", "application/json")
        default:
            body = config.string ?? config.description
            setHeader("Content-Type", "application/json")
        }
    }

    private static func checkedJSON(_ text: String) throws(StepFailure) -> String {
        do throws(PAOError) {
            _ = try JSON.parse(text)
            return text
        } catch {
            throw StepFailure("validation", "The body's contentTemplate does not render to JSON. \(error.message)")
        }
    }

    private mutating func setHeader(_ name: String, _ value: String) {
        if !headers.contains(where: { $0.0.lowercased() == name.lowercased() }) { headers.append((name, value)) }
    }

    private static func adding(_ query: JSON?, to url: String) throws(StepFailure) -> String {
        guard let query = query?.object, !query.isEmpty else { return url }
        return url + (url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + encoded(query)
    }

    /// Pairs of a form or a query; a list gives its name once for each element, null nothing.
    private static func encoded(_ pairs: JSONObject) -> String {
        pairs.flatMap { name, value in
            (value.array ?? [value]).filter { !$0.isNull }.map {
                PercentEncoding.encode(name) + "=" + PercentEncoding.encode($0.string ?? $0.description)
            }
        }.joined(separator: "&")
    }

    private static func expectedStatuses(_ input: ActionInput) throws(StepFailure) -> [JSON] {
        var statuses: [JSON] = []
        for verification in input.action.verification where verification.type == "http-status" {
            let parameters = try input.render(verification.parameters)
            let wanted = parameters["expected"] ?? parameters["expectedStatus"] ?? 200
            statuses += wanted.array ?? [wanted]
        }
        return statuses
    }

    /// What the sandbox's generic answer should look like: the outputs declared and the verification expected.
    static func hints(_ input: ActionInput) throws(StepFailure) -> JSON {
        var expectations: [JSON] = []
        for verification in input.action.verification where !PolledVerification.isPolled(verification) {
            // One that reads the step's own outputs can only be rendered when there is an answer.
            guard var parameters = try? input.render(verification.parameters) else { continue }
            parameters["type"] = .string(verification.type)
            if let pattern = parameters["matches"]?.string, let sample = PatternSample.text(matching: pattern) {
                parameters["equals"] = .string(sample)
            }
            expectations.append(parameters)
        }
        return ["outputs": outputHints(input), "expect": .array(expectations)]
    }

    static func outputHints(_ input: ActionInput) -> JSON {
        .object(
            JSONObject(
                input.action.outputs.map { output in
                    (output.name, ["path": .string(output.path), "sensitive": .bool(output.isSensitive)])
                }))
    }

    var isUnsafe: Bool { !["GET", "HEAD", "OPTIONS"].contains(method) }

    var resend: Resend {
        if ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].contains(method) { return .free }
        if isKeyHonored { return .keyed }
        return verify["url"] == nil ? .never : .lookup
    }

    /// Without what an author may have put into the query.
    var shownURL: String { url.splitOnce("?").0 }
}

extension RestCall {
    var json: JSON {
        [
            "method": .string(method), "url": .string(url),
            "headers": .array(headers.map { [.string($0.0), .string($0.1)] }), "body": .optional(body),
            "authentication": authentication, "verify": verify, "keyHonored": .bool(isKeyHonored),
            "followRedirects": .bool(followsRedirects), "timeout": .optional(timeout?.text), "expected": .array(expected),
            "correlationId": .string(correlationID), "traceparent": .string(traceparent), "sandbox": sandboxHints,
        ]
    }

    init(json: JSON) {
        method = json["method"]?.string ?? "GET"
        url = json["url"]?.string ?? ""
        headers = json["headers"]?.array?.map { ($0[0]?.string ?? "", $0[1]?.string ?? "") } ?? []
        body = json["body"]?.string
        authentication = json["authentication"] ?? .null
        verify = json["verify"] ?? .null
        isKeyHonored = json["keyHonored"]?.bool ?? false
        followsRedirects = json["followRedirects"]?.bool ?? false
        timeout = json["timeout"]?.string.flatMap { Duration(text: $0) }
        expected = json["expected"]?.array ?? []
        correlationID = json["correlationId"]?.string ?? ""
        traceparent = json["traceparent"]?.string ?? ""
        sandboxHints = json["sandbox"] ?? .null
    }

    /// The request with key, correlation and authentication. Throws where a token cannot be had.
    func request(key: String, _ tools: ActionTools) async throws(TransportFailure) -> HTTPRequest {
        var request = HTTPRequest(method: method, url: url)
        request.headers = headers
        request.body = body.map { Array($0.utf8) }
        request.timeout = min(timeout ?? tools.timeout, tools.timeout)
        request.followRedirects = followsRedirects
        if isUnsafe { request.headers.append(("Idempotency-Key", key)) }
        request.headers.append(("X-Correlation-ID", correlationID))
        request.headers.append(("traceparent", traceparent))
        if !sandboxHints.isNull {
            request.headers.append(("X-Pao-Sandbox-Outputs", (sandboxHints["outputs"] ?? .null).description))
            request.headers.append(("X-Pao-Sandbox-Expect", (sandboxHints["expect"] ?? .null).description))
        }
        try await RestAuthentication(authentication).apply(to: &request, tools)
        return request
    }

    /// An answer is a success when its status is one that verification expects, or any below 300.
    func result(of response: HTTPResponse, now: Timestamp) -> ActionResult {
        let status = response.status
        if expected.contains(where: { Verifier.matches($0, status) }) || status < 300 {
            return .done(evidence: Self.evidence(response), reference: nil, url: nil)
        }
        if status < 400 { return .failed(redirection(response)) }
        let isTransient = status >= 500 || [408, 425, 429].contains(status)
        let excerpt = String(decoding: response.body.prefix(2000), as: UTF8.self)
        return .failed(
            StepFailure(
                "http_\(status)", "\(method) \(shownURL) answered \(status): \(excerpt.prefix(300))",
                details: ["status": .int(status), "body": .string(excerpt)], isTransient: isTransient,
                retryAfter: response.retryAfter(now: now).map { .seconds($0) }))
    }

    /// Nothing was done, or it lies elsewhere: the document has to say which.
    private func redirection(_ response: HTTPResponse) -> StepFailure {
        let place = response.header("Location").map { " and points to \($0.splitOnce("?").0.prefix(300))" } ?? ""
        return StepFailure(
            "http_\(response.status)",
            "\(method) \(shownURL) answered \(response.status)\(place). Redirects are followed to the same host and only with "
                + "followRedirects: true; where this answer is a success, expect it: {type: http-status, expected: \(response.status)}.",
            details: ["status": .int(response.status), "location": .optional(response.header("Location"))])
    }

    static func evidence(_ response: HTTPResponse) -> JSON {
        let text = String(decoding: response.body, as: UTF8.self)
        let headers = JSONObject(response.headers.map { ($0.name.lowercased(), JSON.string($0.value)) })
        return [
            "status": .int(response.status), "headers": .object(headers),
            "body": (try? JSON.parse(response.body)) ?? .string(text),
        ]
    }
}
