package import Base

/// How a client asks for a token of its own (RFC 6749 section 4.4).
package struct OAuth2ClientCredentials: Sendable, Hashable {
    package enum Style: String, Sendable {
        /// In the `Authorization` header, which every server must take.
        case header
        case body
    }

    package var tokenURL: String
    package var clientID: String
    package var clientSecret: String
    package var scope: String?
    package var audience: String?
    package var style: Style

    package init(
        tokenURL: String, clientID: String, clientSecret: String, scope: String? = nil, audience: String? = nil, style: Style = .header
    ) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.audience = audience
        self.style = style
    }
}

/// Access tokens by their credentials, kept until shortly before they expire. Callers who ask while a token is fetched get the same one.
package actor OAuth2TokenCache {
    private struct Token {
        var text: String
        var expires: Duration
    }

    /// A token is fetched anew this long before it expires.
    private static let margin = Duration.seconds(30)

    private let http: HTTPTransport
    private let time: TimeSource
    private var tokens: [OAuth2ClientCredentials: Token] = [:]
    private var fetches: [OAuth2ClientCredentials: Task<Result<Token, TransportFailure>, Never>] = [:]

    package init(http: HTTPTransport, time: TimeSource) {
        self.http = http
        self.time = time
    }

    /// A failure is never `mayHaveBeenSent`: the call that needs the token has not been made. It is final where the server refuses the
    /// credentials.
    package func token(for credentials: OAuth2ClientCredentials) async throws(TransportFailure) -> String {
        if let token = tokens[credentials], token.expires > time.monotonic() { return token.text }
        let fetch = fetches[credentials] ?? Task { await self.fetch(credentials) }
        fetches[credentials] = fetch
        return try await fetch.value.get().text
    }

    /// To be called when the token was answered by 401: the next caller gets a new one.
    package func forget(_ text: String, for credentials: OAuth2ClientCredentials) {
        if tokens[credentials]?.text == text { tokens[credentials] = nil }
    }

    private func fetch(_ credentials: OAuth2ClientCredentials) async -> Result<Token, TransportFailure> {
        defer { fetches[credentials] = nil }
        do throws(TransportFailure) {
            let token = try token(in: try await http.send(Self.request(credentials)))
            tokens[credentials] = token
            return .success(token)
        } catch {
            var failure = error
            failure.mayHaveBeenSent = false
            return .failure(failure)
        }
    }

    private static func request(_ credentials: OAuth2ClientCredentials) -> HTTPRequest {
        var form = [("grant_type", "client_credentials")]
        if let scope = credentials.scope { form.append(("scope", scope)) }
        if let audience = credentials.audience { form.append(("audience", audience)) }
        var request = HTTPRequest(method: "POST", url: credentials.tokenURL)
        request.headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        let (id, secret) = (credentials.clientID, credentials.clientSecret)
        switch credentials.style {
        case .header:
            request.headers.append(("Authorization", .basic(PercentEncoding.encode(id), PercentEncoding.encode(secret))))
        case .body: form += [("client_id", id), ("client_secret", secret)]
        }
        let pairs = form.map { "\(PercentEncoding.encode($0))=\(PercentEncoding.encode($1))" }
        request.body = Array(pairs.joined(separator: "&").utf8)
        return request
    }

    private func token(in response: HTTPResponse) throws(TransportFailure) -> Token {
        let answer = try? JSON.parse(response.body)
        guard response.isSuccess, let text = answer?["access_token"]?.string, !text.isEmpty else {
            let reason = answer?["error"]?.string.map { " (\($0))" } ?? ""
            let isFinal = (400..<500).contains(response.status) && ![408, 425, 429].contains(response.status)
            throw TransportFailure(.badAnswer, "The token endpoint answered \(response.status)\(reason).", isRetryable: !isFinal)
        }
        let lifetime = min(max(answer?["expires_in"]?.int ?? 300, 0), 86_400)
        return Token(text: text, expires: time.monotonic() + .seconds(lifetime) - Self.margin)
    }
}

extension String {
    /// The value of an `Authorization` header by RFC 7617.
    package static func basic(_ user: String, _ password: String) -> String { "Basic " + Base64.encode(Array("\(user):\(password)".utf8)) }
}
