import Base
package import Integrations

/// The repository of the catalog on GitHub: pull requests and commit statuses.
package struct GitHubRepository: Sendable {
    /// `owner/name`
    private let name: String
    private let apiURL: String
    private let token: String
    private let http: HTTPTransport

    /// nil where the remote is not one that the GitHub at `apiURL` holds.
    package init?(_ remote: GitRemote, apiURL: String, token: String, http: HTTPTransport) {
        guard let name = GitHubAddress.repository(of: remote.url, apiURL: apiURL) else { return nil }
        self.name = name
        self.apiURL = apiURL
        self.token = token
        self.http = http
    }

    /// The URL of an open pull request for the branch: the one that is there, else a new one. `base` nil is the default branch.
    func pullRequest(_ head: GitBranch, onto base: GitBranch?, title: String, body: String) async throws(PAOError) -> String? {
        let owner = name.splitOnce("/").0
        let query = "/pulls?state=open&head=\(PercentEncoding.encode("\(owner):\(head.name)"))"
        if let pull = try await call("GET", query).array?.first { return pull["html_url"]?.string }
        let target: String
        if let base { target = base.name } else { target = try await call("GET", "")["default_branch"]?.string ?? "main" }
        let pull: JSON = ["title": .string(title), "head": .string(head.name), "base": .string(target), "body": .string(body)]
        return try await call("POST", "/pulls", pull)["html_url"]?.string
    }

    /// What people see beside the commit. GitHub takes 140 characters.
    func report(_ commit: String, isGood: Bool, _ description: String) async throws(PAOError) {
        let status: JSON = [
            "state": isGood ? "success" : "failure", "context": "pao/catalog", "description": .string(String(description.prefix(140))),
        ]
        _ = try await call("POST", "/statuses/\(commit)", status)
    }

    private func call(_ method: String, _ path: String, _ body: JSON? = nil) async throws(PAOError) -> JSON {
        var request = HTTPRequest(method: method, url: "\(apiURL)/repos/\(name)\(path)", body: body?.bytes)
        request.headers = [
            ("Authorization", "Bearer \(token)"), ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"),
            ("Content-Type", "application/json"),
        ]
        let response: HTTPResponse
        do throws(TransportFailure) {
            response = try await http.send(request)
        } catch {
            throw PAOError(.unavailable, "GitHub cannot be reached: \(error.message)")
        }
        guard response.isSuccess else {
            let words = (try? JSON.parse(response.body))?["message"]?.string ?? ""
            throw PAOError(.unavailable, "GitHub answered \(response.status) to \(method) \(path.isEmpty ? "/" : path): \(words)")
        }
        return (try? JSON.parse(response.body)) ?? .null
    }
}
