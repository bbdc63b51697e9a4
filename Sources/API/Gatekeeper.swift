package import Base
package import Identity
package import Web

/// The one place that turns a request into a call: who asks, may they, is the query known, is the body what the endpoint takes.
package struct Gatekeeper: Sendable {
    let tokens: Tokens
    let sessions: Sessions
    let cursors: Cursors
    /// Behind TLS the cookie's name has the prefix that browsers bind to a secure origin.
    package let cookieName: String

    /// Told of every refusal for want of a permission.
    let onDenial: @Sendable (Actor, Permission, _ endpoint: String) -> Void
    private let limit: AnonymousLimit
    /// Reads one YAML document. Throws `malformed`.
    package var readYAML: @Sendable ([UInt8]) throws(PAOError) -> JSON = { _ throws(PAOError) in
        throw PAOError(.unsupportedMediaType, "YAML is not read here.")
    }

    package init(
        tokens: Tokens, sessions: Sessions, cursors: Cursors, isSecure: Bool, time: TimeSource,
        onDenial: @escaping @Sendable (Actor, Permission, _ endpoint: String) -> Void
    ) {
        self.tokens = tokens
        self.sessions = sessions
        self.cursors = cursors
        self.onDenial = onDenial
        limit = AnonymousLimit(time: time)
        cookieName = isSecure ? "__Host-pao-session" : "pao-session"
    }

    package func route(_ endpoint: Endpoint) -> Route {
        switch endpoint.work {
        case .immediate(let work):
            return Route(
                endpoint.method, endpoint.path, bodyLimit: endpoint.bodyLimit,
                .immediate { request throws(PAOError) in
                    try work(try admit(request, endpoint))
                })
        case .suspended(let work):
            return Route(
                endpoint.method, endpoint.path, bodyLimit: endpoint.bodyLimit,
                .suspended { request throws(PAOError) in
                    try await work(try admit(request, endpoint))
                })
        }
    }

    private func admit(_ request: Request, _ endpoint: Endpoint) throws(PAOError) -> Call {
        let actor = try identify(request, endpoint)
        if case .permission(let permission) = endpoint.access, !actor.may(permission) {
            onDenial(actor, permission, "\(endpoint.method) \(endpoint.path)")
            throw PAOError(.forbidden, "This needs the permission \(permission.rawValue), which your credential does not have.")
        }
        try checkQuery(request, endpoint)
        return Call(
            request: request, actor: actor, body: try body(request, endpoint), cursors: cursors, endpoint: endpoint.method + endpoint.path)
    }

    // MARK: Who

    private func identify(_ request: Request, _ endpoint: Endpoint) throws(PAOError) -> Actor {
        let agent = request.headers["User-Agent"].map { String($0.prefix(200)) }
        if let principal = try principal(request, endpoint) {
            return principal.actor(correlationID: request.correlationId, address: request.remoteAddress, agent: agent)
        }
        guard endpoint.access == .anonymous else {
            try limit.count(request.remoteAddress)
            throw PAOError(.unauthenticated, "Sign in, or send a token: Authorization: Bearer pao_...")
        }
        return Actor(
            kind: .user, userID: "", login: "anonymous", email: nil, teams: [], visibleTeams: [], permissions: [],
            correlationID: request.correlationId, address: request.remoteAddress, agent: agent)
    }

    private func principal(_ request: Request, _ endpoint: Endpoint) throws(PAOError) -> Principal? {
        if let header = request.headers["Authorization"] {
            let (scheme, credential) = header.splitOnce(" ")
            guard scheme.lowercased() == "bearer", let credential else {
                throw PAOError(.unauthenticated, "The header Authorization must be: Bearer pao_...")
            }
            return try known(request) { () throws(PAOError) in try tokens.authenticate(credential.trimmed) }
        }
        guard let cookie = cookie(request) else { return nil }
        // An ended session must not keep anyone from signing in again.
        if endpoint.access == .anonymous { return try? sessions.authenticate(cookie) }
        if !["GET", "HEAD", "OPTIONS"].contains(request.method) { try checkOrigin(request) }
        return try known(request) { () throws(PAOError) in try sessions.authenticate(cookie) }
    }

    /// Guessing tokens is limited like calling without one.
    private func known(_ request: Request, _ authenticate: () throws(PAOError) -> Principal) throws(PAOError) -> Principal {
        do throws(PAOError) {
            return try authenticate()
        } catch {
            if error.code == .unauthenticated { try limit.count(request.remoteAddress) }
            throw error
        }
    }

    func cookie(_ request: Request) -> String? {
        for header in request.headers.all("Cookie") {
            for pair in header.split(separator: ";") {
                let (name, value) = String(pair).trimmed.splitOnce("=")
                if name == cookieName, let value, !value.isEmpty { return value }
            }
        }
        return nil
    }

    /// Against cross-site requests: a cookie alone is not enough for an unsafe method.
    func checkOrigin(_ request: Request) throws(PAOError) {
        let host = request.headers["Host"] ?? ""
        let isSameOrigin =
            switch request.headers["Sec-Fetch-Site"] {
            case "same-origin"?, "none"?: true
            case nil: request.headers["Origin"].map { $0.hasSuffix("://" + host) } ?? false
            default: false
            }
        guard isSameOrigin, request.headers["X-Requested-With"] != nil else {
            throw PAOError(
                .forbidden,
                "A change that is authorized by a cookie must come from this site's own pages (same origin, header X-Requested-With).")
        }
    }

    // MARK: What

    private func checkQuery(_ request: Request, _ endpoint: Endpoint) throws(PAOError) {
        for (name, _) in request.query where !endpoint.query.contains(where: { $0.name == name }) {
            let known = endpoint.query.map(\.name).joined(separator: ", ")
            throw PAOError(
                .invalidParameter, "There is no parameter \(name.prefix(60))." + (known.isEmpty ? "" : " Known here: \(known)."))
        }
    }

    /// As many as a YAML document may hold; nobody sends more.
    private static let mostValues = 100_000

    private func parsed(_ body: [UInt8], _ type: String?, _ endpoint: Endpoint) throws(PAOError) -> JSON {
        if type == "application/json" { return try JSON.parse(body, mostValues: Self.mostValues) }
        if endpoint.takesYAML, type == "application/yaml" || type == "application/x-yaml" || type == "text/yaml" {
            return try readYAML(body)
        }
        let yaml = endpoint.takesYAML ? ", or as YAML with application/yaml" : ""
        throw PAOError(.unsupportedMediaType, "Send the body as JSON with the header Content-Type: application/json\(yaml).")
    }

    private func body(_ request: Request, _ endpoint: Endpoint) throws(PAOError) -> JSON {
        guard case .object(let members) = endpoint.body else { return .null }
        if request.body.isEmpty, !members.contains(where: \.isRequired) { return [:] }
        let type = request.headers["Content-Type"]?.splitOnce(";").0.trimmed.lowercased()
        let body = try parsed(request.body, type, endpoint)
        guard let object = body.object else {
            throw PAOError(
                .invalid, "The body must be a JSON object.",
                findings: [.init(field: "", rule: "type", message: "The body must be a JSON object.")])
        }
        let findings = Self.findings(object, members)
        if !findings.isEmpty {
            throw PAOError(
                .invalid, findings.count == 1 ? findings[0].message : "\(findings.count) members of the body are not valid.",
                findings: findings)
        }
        return body
    }

    private static func findings(_ object: JSONObject, _ members: [Endpoint.Member]) -> [PAOError.Finding] {
        var findings: [PAOError.Finding] = []
        for (key, value) in object {
            guard let member = members.first(where: { $0.name.utf8.elementsEqual(key.utf8) }) else {
                let known = members.map(\.name).joined(separator: ", ")
                findings.append(.init(field: key, rule: "unknown", message: "There is no member \(key.prefix(60)); known here: \(known)."))
                continue
            }
            if !matches(value, member) {
                findings.append(.init(field: key, rule: "type", message: "\(key) must be of type \(member.kind.rawValue)."))
            }
        }
        for member in members where member.isRequired && (object[member.name] ?? .null).isNull {
            findings.append(.init(field: member.name, rule: "required", message: "\(member.name) is missing."))
        }
        return findings
    }

    private static func matches(_ value: JSON, _ member: Endpoint.Member) -> Bool {
        switch (member.kind, value) {
        case (.any, _), (.string, .string), (.boolean, .bool), (.object, .object), (.array, .array): true
        case (.integer, .number(let number)): number.isInteger
        case (_, .null): !member.isRequired
        default: false
        }
    }
}
