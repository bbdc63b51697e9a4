import Base
import Web

/// GitHub's REST API: contents, git objects, pull requests, workflow runs, commit statuses. Every repository exists and has a
/// branch `main`. As at the real one, a dispatched run shows in lists only after a while, and nothing honors `Idempotency-Key`:
/// dispatches, reruns and pull requests are counted under the key that an input, the branch, the title or the text carries as
/// `pao-<key>`.
struct GitHubStandIn: Sendable {
    private let options: SandboxOptions
    private var repositories: [String: GitHubRepository] = [:]

    init(options: SandboxOptions) { self.options = options }

    mutating func answer(_ call: Call, _ ledger: inout Ledger, _ minter: inout Minter) -> Response {
        let call = call.withoutPrefix(["api", "v3"])
        guard call.path.first == "repos", call.path.count >= 3 else { return Self.account(call) }
        let name = "\(call.path[1])/\(call.path[2])"
        if call.isSafe { return (repositories[name] ?? GitHubRepository(name, options)).read(call) }
        return repositories[name, default: GitHubRepository(name, options)].change(call, &ledger, &minter)
    }

    mutating func advance(_ step: Advance) -> [String] { repositories.keys.sorted().flatMap { repositories[$0]?.advance(step) ?? [] } }

    private static func account(_ call: Call) -> Response {
        switch call {
        case "GET /user": .json(["login": "sandbox", "id": 1, "type": "User"])
        case "GET /rate_limit": .json(["resources": ["core": ["limit": 5000]]])
        default: notFound
        }
    }

    func state(at now: Timestamp) -> JSON {
        .object(JSONObject(repositories.sorted { $0.key < $1.key }.map { ($0.key, $0.value.state(at: now)) }))
    }

    static let notFound = fault(404, "Not Found")

    static func fault(_ status: Int, _ message: String) -> Response {
        .json(["message": .string(message), "documentation_url": "https://docs.github.com/rest", "status": "\(status)"], status: status)
    }

    /// 422 with the fault of one field.
    static func invalid(_ resource: String, field: String, code: String, message: String? = nil) -> Response {
        var error: JSON = ["resource": .string(resource), "field": .string(field), "code": .string(code)]
        if let message { error["message"] = .string(message) }
        return .json(
            [
                "message": "Validation Failed", "errors": [error], "documentation_url": "https://docs.github.com/rest", "status": "422",
            ], status: 422)
    }

    /// A list, cut into pages; `wrapper` is the key that some lists stand under.
    static func page(_ call: Call, _ all: [JSON], under wrapper: String? = nil) -> Response {
        let paging = Paging(call, total: all.count, usual: 30)
        let cut = JSON.array(Array(paging.cut(all)))
        var headers = Headers()
        headers["Link"] = paging.link(call)
        guard let wrapper else { return .json(cut, headers: headers) }
        return .json(.object(JSONObject([("total_count", .int(all.count)), (wrapper, cut)])), headers: headers)
    }
}

extension Call {
    /// Without the first segments, where the path starts with them.
    func withoutPrefix(_ prefix: [String]) -> Call {
        guard path.starts(with: prefix) else { return self }
        var call = self
        call.path.removeFirst(prefix.count)
        return call
    }

    func text(_ key: String) -> String? { json?[key]?.string }
}
