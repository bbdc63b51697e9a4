import Base
import Integrations

/// How a `rest-api` call proves who it is: `{type: basic|bearer|apiKey|oauth2|aws-sigv4|mtls, ...}`. Its values come from secrets and are
/// filled in when the call is sent.
struct RestAuthentication: Sendable {
    private let settings: JSON

    init(_ settings: JSON) { self.settings = settings }

    private func text(_ keys: String...) -> String? { keys.lazy.compactMap { settings[$0]?.string }.first }

    /// The type in one spelling: `api_key`, `api-key` and `apiKey` are the same. Without one, what is there tells.
    private var type: String {
        let implied = text("token") != nil ? "bearer" : text("username") != nil ? "basic" : "none"
        return (text("type") ?? implied).lowercased().split { $0 == "_" || $0 == "-" }.joined()
    }

    static let types = ["none", "basic", "bearer", "apikey", "oauth2", "oauth2clientcredentials", "awssigv4", "sigv4", "mtls"]

    /// Throws `validation` for a type that does not exist: a call must not leave without what it was to prove.
    func check() throws(StepFailure) {
        guard Self.types.contains(type) else {
            throw StepFailure(
                "validation", "authentication.type is none, basic, bearer, apiKey, oauth2, aws-sigv4 or mtls, not \(text("type") ?? "").")
        }
        if type.hasPrefix("oauth2"), text("tokenUrl") == nil { throw StepFailure("validation", "authentication has no tokenUrl.") }
    }

    /// Throws where a token cannot be had; then nothing was sent.
    func apply(to request: inout HTTPRequest, _ tools: ActionTools) async throws(TransportFailure) {
        switch type {
        case "basic": authorize(&request, .basic(text("username", "user") ?? "", text("password") ?? ""))
        case "bearer": authorize(&request, "Bearer \(text("token", "value") ?? "")")
        case "apikey": addKey(to: &request)
        case "oauth2", "oauth2clientcredentials":
            authorize(&request, "Bearer \(try await tools.tokens.token(for: credentials))")
        case "awssigv4", "sigv4":
            request.awsSigV4 = AWSCredentials(
                accessKey: text("accessKey", "accessKeyId") ?? "", secretKey: text("secretKey", "secretAccessKey") ?? "",
                sessionToken: text("sessionToken"), region: text("region") ?? "us-east-1", service: text("service") ?? "execute-api")
        case "mtls":
            request.clientCertificate = ClientCertificate(certificatePEM: text("certificate", "cert") ?? "", keyPEM: text("key") ?? "")
        default: break
        }
    }

    private func authorize(_ request: inout HTTPRequest, _ value: String) {
        request.headers.removeAll { $0.0.lowercased() == "authorization" }
        request.headers.append(("Authorization", value))
    }

    private func addKey(to request: inout HTTPRequest) {
        let value = text("value", "key", "token") ?? ""
        let name = text("name", "header", "parameter") ?? "X-API-Key"
        guard text("in", "location") == "query" else { return request.headers.append((name, value)) }
        let pair = PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
        request.url += (request.url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?") + pair
    }

    private var credentials: OAuth2ClientCredentials {
        OAuth2ClientCredentials(
            tokenURL: text("tokenUrl") ?? "", clientID: text("clientId") ?? "", clientSecret: text("clientSecret") ?? "",
            scope: text("scope") ?? settings["scopes"]?.array.map { $0.compactMap(\.string).joined(separator: " ") },
            audience: text("audience"), style: text("style").flatMap(OAuth2ClientCredentials.Style.init) ?? .header)
    }

    /// A token that the other side no longer takes is forgotten; true where a new one may do better.
    func renew(after response: HTTPResponse, _ request: HTTPRequest, _ tools: ActionTools) async -> Bool {
        guard response.status == 401, type.hasPrefix("oauth2"),
            let value = request.headers.first(where: { $0.0 == "Authorization" })?.1
        else { return false }
        await tools.tokens.forget(String(value.dropFirst("Bearer ".count)), for: credentials)
        return true
    }
}

extension RestCall {
    /// Sends the call; once more where its token turned out to be stale, since a refused call has had no effect.
    func send(key: String, _ tools: ActionTools) async throws(TransportFailure) -> HTTPResponse {
        let request = try await request(key: key, tools)
        let response = try await tools.http.send(request)
        guard await RestAuthentication(authentication).renew(after: response, request, tools) else { return response }
        return try await tools.http.send(try await self.request(key: key, tools))
    }

    /// The verify call, with the step's headers and credentials; nil without one.
    var verifying: RestCall? {
        guard let url = verify["url"]?.string else { return nil }
        var probe = self
        probe.method = verify["method"]?.string?.uppercased() ?? "GET"
        probe.url = url
        probe.body = nil
        if let headers = verify["headers"]?.object { probe.headers = headers.map { ($0.key, $0.value.string ?? $0.value.description) } }
        return probe
    }
}
