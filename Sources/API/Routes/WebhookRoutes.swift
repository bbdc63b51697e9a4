import Base
import Web

/// `/webhooks`: what other systems tell us. Nobody signs in here; a signature over the body says who speaks.
package struct WebhookRoutes: Sendable {
    /// The branch that the catalog follows; nil for the repository's default one.
    let branch: String?
    /// Whether GitHub's signature belongs to the body; nil without a configured secret: then there is no such endpoint.
    let verifies: (@Sendable (_ signature: String, _ body: [UInt8]) -> Bool)?
    /// The branch has moved; returns at once.
    let pushed: @Sendable () -> Void
    /// Whether the signature of a JIRA belongs to the body, by the instance's name; nil for one that has no secret.
    package var verifiesJira: @Sendable (_ instance: String, _ signature: String, _ body: [UInt8]) -> Bool? = { _, _, _ in nil }
    /// The ticket or run of that reference has changed; returns at once.
    package var noticed: @Sendable (_ reference: String) -> Void = { _ in }

    package init(
        branch: String?, verifies: (@Sendable (_ signature: String, _ body: [UInt8]) -> Bool)?, pushed: @escaping @Sendable () -> Void
    ) {
        self.branch = branch
        self.verifies = verifies
        self.pushed = pushed
    }

    package var endpoints: [Endpoint] {
        [
            .change(
                "POST", "/api/v1/webhooks/github", .anonymous,
                "A webhook of GitHub, signed with X-Hub-Signature-256: pushes sync the catalog, ended runs are looked at",
                body: .text, answer: "`{status}`: syncing, noticed, pong or ignored", status: 202, bodyLimit: 5 << 20
            ) { call throws(PAOError) in try github(call) },
            .change(
                "POST", "/api/v1/webhooks/jira/{instance}", .anonymous,
                "A webhook of JIRA, signed with X-Hub-Signature: the ticket it names is looked at", body: .text,
                answer: "`{status}`: noticed or ignored", status: 202, bodyLimit: 5 << 20
            ) { call throws(PAOError) in try jira(call) },
        ]
    }

    /// Throws `notFound` without a secret, `unauthenticated` for a signature that does not belong to the body, `malformed`.
    private func github(_ call: Call) throws(PAOError) -> Response {
        guard let verifies else { throw PAOError(.notFound, "No webhook of GitHub is set up here.") }
        guard let signature = call.request.headers["X-Hub-Signature-256"], verifies(signature, call.request.body) else {
            throw PAOError(.unauthenticated, "The header X-Hub-Signature-256 does not sign this body with the secret that is set up here.")
        }
        switch call.request.headers["X-GitHub-Event"] {
        case "ping"?: return .json(["status": "pong"])
        case "push"? where concernsCatalog(try payload(call)):
            pushed()
            return .json(["status": "syncing"], status: 202)
        case "workflow_run"?:
            guard let id = try payload(call)["workflow_run"]?["id"]?.int else { return .json(["status": "ignored"], status: 202) }
            noticed("\(id)")
            return .json(["status": "noticed"], status: 202)
        default: return .json(["status": "ignored"], status: 202)
        }
    }

    /// Throws `notFound` for an instance without a secret, `unauthenticated`, `malformed`.
    private func jira(_ call: Call) throws(PAOError) -> Response {
        let signature = call.request.headers["X-Hub-Signature"] ?? ""
        guard let isGenuine = verifiesJira(call.parameter("instance"), signature, call.request.body) else {
            throw PAOError(.notFound, "No webhook of a JIRA \(call.parameter("instance")) is set up here.")
        }
        guard isGenuine else {
            throw PAOError(.unauthenticated, "The header X-Hub-Signature does not sign this body with the secret that is set up here.")
        }
        guard let key = try JSON.parse(call.request.body)["issue"]?["key"]?.string else {
            return .json(["status": "ignored"], status: 202)
        }
        noticed(key)
        return .json(["status": "noticed"], status: 202)
    }

    /// GitHub sends JSON, or a form with the JSON in its field `payload`.
    private func payload(_ call: Call) throws(PAOError) -> JSON {
        let type = call.request.headers["Content-Type"]?.splitOnce(";").0.trimmed.lowercased()
        guard type == "application/x-www-form-urlencoded" else { return try JSON.parse(call.request.body) }
        let field = call.request.body.split(separator: UInt8(ascii: "&")).first { $0.starts(with: "payload=".utf8) }
        guard let text = field.flatMap({ PercentEncoding.decode($0.dropFirst("payload=".utf8.count), plusIsSpace: true) }) else {
            throw PAOError(.malformed, "The form has no field payload.")
        }
        return try JSON.parse(text)
    }

    private func concernsCatalog(_ push: JSON) -> Bool {
        guard let followed = branch ?? push["repository"]?["default_branch"]?.string else { return true }
        return push["ref"]?.string == "refs/heads/\(followed)"
    }
}
