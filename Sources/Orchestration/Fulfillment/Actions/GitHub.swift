import Base
import Integrations

/// GitHub's REST API for one repository.
struct GitHub: Sendable {
    private let service: RemoteService
    private let tools: ActionTools
    private let root: String

    /// `payload`: `{apiUrl, repository, token}`. The operator's token goes only to the operator's address.
    init(_ payload: JSON, _ tools: ActionTools) {
        let address = payload["apiUrl"]?.string ?? ""
        let configured = tools.services.github
        let token = payload["token"]?.string ?? (configured?.apiURL == address ? configured?.token : nil)
        var headers = [("X-GitHub-Api-Version", "2022-11-28")]
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        service = RemoteService(name: "GitHub", baseURL: address, headers: headers)
        self.tools = tools
        root = "/repos/\(payload["repository"]?.string ?? "")"
    }

    /// Below the repository.
    func call(
        _ method: String, _ path: String, body: JSON? = nil, hints: JSON = .null, allowing statuses: Set<Int> = []
    ) async throws(RemoteFailure) -> RemoteService.Answer {
        try await service.call(method, root + path, body: body, hints: hints, allowing: statuses, tools)
    }

    /// All elements of at most that many pages, by the `Link` header.
    func list(_ path: String, under wrapper: String? = nil, pages: Int) async throws(RemoteFailure) -> [JSON] {
        var elements: [JSON] = []
        var next: String? = root + path
        for _ in 0..<pages {
            guard let path = next else { break }
            let answer = try await service.call("GET", path, tools)
            elements += (wrapper.map { answer.body[$0] } ?? answer.body)?.array ?? []
            next = Self.next(answer.response.header("Link")).flatMap(relative)
        }
        return elements
    }

    /// A link that leads to another server is not followed: the token goes along.
    private func relative(_ url: String) -> String? {
        url.hasPrefix(service.baseURL + "/") ? String(url.dropFirst(service.baseURL.count)) : nil
    }

    private static func next(_ link: String?) -> String? {
        for part in link?.split(separator: ",") ?? [] where part.contains("rel=\"next\"") {
            guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"), start < end else { continue }
            return String(part[part.index(after: start)..<end])
        }
        return nil
    }

    static func isRepository(_ text: String) -> Bool { GitHubAddress.isRepository(text) }

    /// What the step says, else what the operator configured. Throws `validation` where neither does.
    static func address(_ config: JSON, _ environment: ActionEnvironment) throws(StepFailure) -> String {
        if let address = config["apiUrl"]?.string { return address }
        if let service = environment.services.github { return service.apiURL }
        throw StepFailure("validation", "No GitHub is configured (integrations.github).")
    }
}

extension ActionEnvironment {
    /// How often machines are asked: people take minutes, machines seconds. The engine asks more rarely the longer it takes.
    var pace: String { min(pollInterval, .seconds(10)).text }
}
