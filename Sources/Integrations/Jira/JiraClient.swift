package import Base

/// What a search and a look-up tell of an issue.
package struct JiraIssue: Sendable, Equatable {
    /// The three columns that every workflow's statuses belong to.
    package enum Category: String, Sendable {
        case new
        case indeterminate
        case done
    }

    package var key: String
    package var id: String
    package var url: String
    package var summary: String?
    /// The status as the workflow names it: `Open`, `In Progress`, `Won't Do`.
    package var status: String
    package var category: Category?
    /// nil while unresolved; `Done`, `Won't Do`, ...
    package var resolution: String?
    package var created: Timestamp?
    package var resolved: Timestamp?
    package var labels: [String]
}

package struct JiraIssueReference: Sendable, Equatable {
    package var key: String
    package var id: String
    /// Where a person opens it.
    package var url: String
}

package struct JiraTransition: Sendable, Equatable {
    package var id: String
    package var name: String
    package var toStatus: String?
    package var toCategory: JiraIssue.Category?
}

/// JIRA's REST API for one instance. Nothing is repeated here, but for a token that turned out to be stale (401).
package struct JiraClient: Sendable {
    package let instance: JiraInstance
    private let http: HTTPTransport
    private let tokens: OAuth2TokenCache
    private let time: TimeSource
    private let timeout: Duration

    package init(instance: JiraInstance, http: HTTPTransport, tokens: OAuth2TokenCache, time: TimeSource, timeout: Duration = .seconds(30))
    {
        self.instance = instance
        self.http = http
        self.tokens = tokens
        self.time = time
        self.timeout = timeout
    }

    /// `fields` as the API takes them; texts come from `instance.text(_:)`.
    package func create(fields: JSON) async throws(JiraFailure) -> JiraIssueReference {
        let answer = try await call("POST", "issue", body: ["fields": fields])
        guard let key = answer["key"]?.string, let id = answer["id"]?.string else { throw Self.unreadable }
        return JiraIssueReference(key: key, id: id, url: instance.browseURL(key))
    }

    /// At most 50, the newest first. The index behind it lags behind creation by seconds.
    package func search(label: String) async throws(JiraFailure) -> [JiraIssue] {
        let jql = "labels = \(Self.jqlString(label)) ORDER BY created DESC"
        let query = "jql=\(PercentEncoding.encode(jql))&fields=\(PercentEncoding.encode(Self.fields))&maxResults=50"
        let answer = try await search(query)
        guard let issues = answer["issues"]?.array else { throw Self.unreadable }
        return try issues.map { (issue) throws(JiraFailure) in try self.issue(issue) }
    }

    package func issue(_ key: String) async throws(JiraFailure) -> JiraIssue {
        try issue(await call("GET", "issue/\(PercentEncoding.encode(key))?fields=\(PercentEncoding.encode(Self.fields))"))
    }

    /// Returns the comment's id.
    package func comment(on key: String, markdown: String) async throws(JiraFailure) -> String {
        let answer = try await call("POST", "issue/\(PercentEncoding.encode(key))/comment", body: ["body": instance.text(markdown)])
        guard let id = answer["id"]?.string else { throw Self.unreadable }
        return id
    }

    /// Whether one of the issue's newest hundred comments holds the text.
    package func hasComment(on key: String, holding text: String) async throws(JiraFailure) -> Bool {
        let answer = try await call("GET", "issue/\(PercentEncoding.encode(key))/comment?orderBy=-created&maxResults=100")
        guard let comments = answer["comments"]?.array else { throw Self.unreadable }
        return comments.contains { $0["body"]?.description.contains(text) == true }
    }

    /// Reads as `from <type> to`: with `Blocks`, `from` blocks `to`. JIRA keeps one link of a kind between two issues, so that repeating is
    /// harmless.
    package func link(type: String = "Blocks", from: String, to: String) async throws(JiraFailure) {
        let body: JSON = [
            "type": ["name": .string(type)], "inwardIssue": ["key": .string(from)], "outwardIssue": ["key": .string(to)],
        ]
        _ = try await call("POST", "issueLink", body: body)
    }

    /// What the workflow allows our user now.
    package func transitions(of key: String) async throws(JiraFailure) -> [JiraTransition] {
        let answer = try await call("GET", "issue/\(PercentEncoding.encode(key))/transitions")
        guard let transitions = answer["transitions"]?.array else { throw Self.unreadable }
        return try transitions.map { (value) throws(JiraFailure) in
            guard let id = value["id"]?.string, let name = value["name"]?.string else { throw Self.unreadable }
            let status = value["to"]
            return JiraTransition(id: id, name: name, toStatus: status?["name"]?.string, toCategory: Self.category(status))
        }
    }

    /// Moves an issue, for instance to Done by the one who closes a request.
    package func transition(_ key: String, to transitionID: String) async throws(JiraFailure) {
        _ = try await call(
            "POST", "issue/\(PercentEncoding.encode(key))/transitions", body: ["transition": ["id": .string(transitionID)]])
    }
}

// MARK: - Reading answers

extension JiraClient {
    private static let fields = "summary,status,resolution,resolutiondate,created,labels"
    private static let unreadable = JiraFailure(kind: .unreadable, mayHaveTakenEffect: true)

    private func issue(_ value: JSON) throws(JiraFailure) -> JiraIssue {
        let fields = value["fields"]
        guard let key = value["key"]?.string, let id = value["id"]?.string, let status = fields?["status"],
            let statusName = status["name"]?.string
        else { throw Self.unreadable }
        return JiraIssue(
            key: key, id: id, url: instance.browseURL(key), summary: fields?["summary"]?.string, status: statusName,
            category: Self.category(status), resolution: fields?["resolution"]?["name"]?.string,
            created: fields?["created"]?.string.flatMap(Self.timestamp),
            resolved: fields?["resolutiondate"]?.string.flatMap(Self.timestamp),
            labels: fields?["labels"]?.array?.compactMap(\.string) ?? [])
    }

    private static func category(_ status: JSON?) -> JiraIssue.Category? {
        status?["statusCategory"]?["key"]?.string.flatMap(JiraIssue.Category.init(rawValue:))
    }

    /// JIRA writes offsets without the colon that RFC 3339 wants: `2026-11-21T10:00:00.000+0000`.
    private static func timestamp(_ text: String) -> Timestamp? {
        if let timestamp = Timestamp(text) { return timestamp }
        guard text.utf8.count > 5, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return Timestamp("\(text.dropLast(2)):\(text.suffix(2))")
    }

    /// JQL's string: quotes and backslashes escaped; a line break would end it.
    private static func jqlString(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

// MARK: - Calls

extension JiraClient {
    /// Cloud has taken `search` away in favor of `search/jql`, which Data Center does not know: the likelier one first, the other one
    /// where JIRA knows no such address.
    private func search(_ query: String) async throws(JiraFailure) -> JSON {
        let paths = instance.apiVersion == .v3 ? ["search/jql", "search"] : ["search", "search/jql"]
        do throws(JiraFailure) {
            return try await call("GET", "\(paths[0])?\(query)")
        } catch {
            guard [.rejected(status: 404), .rejected(status: 405), .rejected(status: 410)].contains(error.kind) else { throw error }
            return try await call("GET", "\(paths[1])?\(query)")
        }
    }

    private func call(_ method: String, _ path: String, body: JSON? = nil) async throws(JiraFailure) -> JSON {
        let response = try await send(method, path, body)
        guard response.isSuccess else { throw JiraFailure(response, retryAfter: response.retryAfter(now: time.now())) }
        if response.body.isEmpty { return .null }
        guard let answer = try? JSON.parse(response.body) else { throw Self.unreadable }
        return answer
    }

    private func send(_ method: String, _ path: String, _ body: JSON?) async throws(JiraFailure) -> HTTPResponse {
        var request = HTTPRequest(
            method: method, url: "\(instance.baseURL)/rest/api/\(instance.apiVersion.rawValue)/\(path)", timeout: timeout)
        request.headers = [("Accept", "application/json")]
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = body.bytes
        }
        do throws(TransportFailure) { return try await authorized(request) } catch { throw JiraFailure(error) }
    }

    private func authorized(_ request: HTTPRequest) async throws(TransportFailure) -> HTTPResponse {
        var request = request
        switch instance.authentication {
        case .apiToken(let username, let token): request.headers.append(("Authorization", .basic(username, token)))
        case .bearer(let token): request.headers.append(("Authorization", "Bearer \(token)"))
        case .oauth2(let credentials): return try await http.send(request, with: credentials, from: tokens)
        }
        return try await http.send(request)
    }
}

extension HTTPTransport {
    /// With a bearer token; once more with a new one where it is answered by 401, which means that nothing was done.
    package func send(
        _ request: HTTPRequest, with credentials: OAuth2ClientCredentials, from tokens: OAuth2TokenCache
    ) async throws(TransportFailure) -> HTTPResponse {
        let token = try await tokens.token(for: credentials)
        let response = try await send(request.adding("Authorization", "Bearer \(token)"))
        guard response.status == 401 else { return response }
        await tokens.forget(token, for: credentials)
        return try await send(request.adding("Authorization", "Bearer \(try await tokens.token(for: credentials))"))
    }
}

extension HTTPRequest {
    func adding(_ name: String, _ value: String) -> HTTPRequest {
        var request = self
        request.headers.append((name, value))
        return request
    }
}
