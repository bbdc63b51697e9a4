package import Base

/// Everything between a request's bytes and an answer's: routes, gate, static files, errors and header fields. Both transports, the
/// socket server and the in-memory one, go through here and add nothing of their own.
package struct Application: Sendable {
    /// Looks at a request before its handler: throws to refuse it, or notes who calls in `Request.context`. Runs where the handler
    /// runs, for immediate routes on the server's thread.
    package typealias Gate = @Sendable (Request, Route) throws(PAOError) -> Request

    /// One answer, for logs and metrics. The pattern is the route's, a label with few values; nil where none matched.
    package struct Answered: Sendable {
        package let method: String
        package let rawPath: String
        package let pattern: String?
        package let status: Int
        package let duration: Duration
        package let remoteAddress: String
        package let correlationId: String
    }

    /// What the wire brings before the body.
    package struct Head: Sendable {
        package var method: String
        package var rawTarget: String
        package var headers: Headers
        package var remoteAddress: String
    }

    /// A request on its way, from its head to its answer.
    struct Call: Sendable {
        enum Plan: Sendable {
            case run(Route)
            case answer(Response)
            case refuse(PAOError)
        }

        var request: Request
        var plan: Plan
        let startedAt: Duration

        var route: Route? { if case .run(let route) = plan { route } else { nil } }
    }

    package let routes: [Route]
    package var staticFiles: StaticFiles?
    package var gate: Gate?
    /// Names that `Host` may have, without ports; nil takes any.
    package var allowedHosts: Set<String>?
    /// Says by `Strict-Transport-Security` that browsers must come back by https.
    package var strictTransport = false
    /// Lets `%2F` stand in a segment of a path, as the interfaces of some services have it.
    package var takesEncodedSlash = false
    package var onAnswer: @Sendable (Answered) -> Void = { _ in }

    let time: TimeSource
    private let router: Router
    private let identifiers: IdentifierSource
    private let log: Log

    package init(
        routes: [Route], staticFiles: StaticFiles? = nil, gate: Gate? = nil, allowedHosts: Set<String>? = nil,
        time: TimeSource = .system, random: RandomSource = .system, log: Log = .silent
    ) {
        self.routes = routes
        self.staticFiles = staticFiles
        self.gate = gate
        self.allowedHosts = allowedHosts
        self.time = time
        self.log = log
        router = Router(routes)
        identifiers = IdentifierSource(time: time, random: random)
    }
}

/// Deciding, from the head alone.
extension Application {
    func admit(_ head: Head) -> Call {
        var call = begin(head)
        do throws(PAOError) {
            call.plan = try plan(head, &call.request)
        } catch {
            call.plan = .refuse(error)
        }
        return call
    }

    /// A call that the transport itself refuses: framing, size, time.
    func refuse(_ head: Head, _ error: PAOError) -> Call {
        var call = begin(head)
        call.plan = .refuse(error)
        return call
    }

    private func begin(_ head: Head) -> Call {
        var request = Request(
            method: head.method, rawTarget: head.rawTarget, path: [], headers: head.headers, remoteAddress: head.remoteAddress)
        request.correlationId = Self.correlation(head.headers) ?? identifiers.uuid()
        return Call(request: request, plan: .answer(Response()), startedAt: time.monotonic())
    }

    /// Only printable ASCII of at most 128 characters goes back into a header field and into the log.
    private static func correlation(_ headers: Headers) -> String? {
        guard let text = headers["X-Correlation-ID"], !text.isEmpty, text.utf8.count <= 128 else { return nil }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    /// Known to HTTP, wanted by no route.
    private static let refusedMethods: Set = ["TRACE", "CONNECT"]

    private func plan(_ head: Head, _ request: inout Request) throws(PAOError) -> Call.Plan {
        guard Self.methods.contains(head.method) || Self.refusedMethods.contains(head.method) else {
            throw PAOError(.notImplemented, "This server knows no such method.")
        }
        let host = head.headers["Host"] ?? ""
        try check(host: host)
        let target = try RequestTarget(head.rawTarget, host: host, takesEncodedSlash: takesEncodedSlash)
        request.path = target.path
        request.query = target.query.map { ($0.name, $0.value) }
        return try route(&request)
    }

    private func check(host: String) throws(PAOError) {
        guard let allowedHosts else { return }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" } + "]" : host.prefix { $0 != ":" }
        guard allowedHosts.contains(name.lowercased()) else {
            throw PAOError(
                .misdirected, "This server does not answer for that host name.", hint: "Add the name to allowedHosts.")
        }
    }

    private func route(_ request: inout Request) throws(PAOError) -> Call.Plan {
        switch router.match(method: request.method, path: request.path) {
        case .route(let route, let parameters):
            request.parameters = parameters
            return .run(route)
        case .otherMethods(let methods):
            return try otherMethod(request, methods)
        case .nothing:
            guard let file = staticFiles?.answer(request) else { throw PAOError(.notFound, "There is nothing at this address.") }
            guard ["GET", "HEAD"].contains(request.method) else { return try otherMethod(request, ["GET"]) }
            return .answer(file)
        }
    }

    /// No CORS: OPTIONS says what there is and nothing else.
    private func otherMethod(_ request: Request, _ methods: [String]) throws(PAOError) -> Call.Plan {
        guard request.method == "OPTIONS" else {
            throw PAOError(.methodNotAllowed, "This address takes \(Router.allow(methods)).")
        }
        return .answer(Response(status: 204, headers: ["Allow": Router.allow(methods)]))
    }
}

/// Answering, once the body is there.
extension Application {
    /// nil where the route's handler needs to wait for something.
    func answerNow(_ call: Call) -> Response? {
        switch call.plan {
        case .run(let route):
            guard case .immediate(let handler) = route.handler else { return nil }
            do throws(PAOError) {
                return finish(try handler(try pass(call.request, route)), for: call)
            } catch {
                return finish(error, for: call)
            }
        case .answer(let response): return finish(response, for: call)
        case .refuse(let error): return finish(error, for: call)
        }
    }

    func answer(_ call: Call) async -> Response {
        guard case .run(let route) = call.plan, case .suspended(let handler) = route.handler else {
            return answerNow(call) ?? finish(PAOError(.internal, "No handler."), for: call)
        }
        do throws(PAOError) {
            return finish(try await handler(try pass(call.request, route)), for: call)
        } catch {
            return finish(error, for: call)
        }
    }

    func bodyTooLarge(_ limit: Int) -> PAOError {
        PAOError(.bodyTooLarge, "The body may have \(limit) bytes here.")
    }

    private func pass(_ request: Request, _ route: Route) throws(PAOError) -> Request {
        guard let gate else { return request }
        return try gate(request, route)
    }

    func finish(_ error: PAOError, for call: Call) -> Response {
        let request = call.request
        let isOurFault = ProblemDetails.status(of: error.code) >= 500
        if isOurFault || error.detail != nil {
            log(
                isOurFault ? .error : .warning, isOurFault ? "request failed" : "request refused",
                [
                    "method": .string(request.method), "path": .string(request.rawPath), "error": .string(error.description),
                    "hint": .optional(error.hint), "correlationId": .string(request.correlationId),
                ])
        }
        var response = ProblemDetails.response(for: error, instance: request.rawPath, correlationId: request.correlationId)
        if case .refuse = call.plan, error.code == .methodNotAllowed || error.code == .notImplemented {
            response.headers["Allow"] = allowed(request)
        }
        return finish(response, for: call)
    }

    private func allowed(_ request: Request) -> String {
        guard case .otherMethods(let methods) = router.match(method: "", path: request.path) else { return Router.allow(["GET"]) }
        return Router.allow(methods)
    }

    private func finish(_ response: Response, for call: Call) -> Response {
        var response = response
        response.headers["X-Correlation-ID"] = call.request.correlationId
        SecurityHeaders.add(to: &response.headers, strictTransport: strictTransport)
        if call.request.method == "HEAD", case .events(let stream) = response.body {
            stream.finish()
            response.body = .bytes([])
        }
        onAnswer(
            Answered(
                method: call.request.method, rawPath: call.request.rawPath, pattern: call.route?.pattern, status: response.status,
                duration: time.monotonic() - call.startedAt, remoteAddress: call.request.remoteAddress,
                correlationId: call.request.correlationId))
        return response
    }
}
