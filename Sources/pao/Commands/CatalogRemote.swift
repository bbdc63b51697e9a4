import Base
import Catalog
import Glibc
import Integrations

/// A running server as commands reach it: `--url` and `--token`, or PAO_URL and PAO_TOKEN.
struct RemoteServer {
    private let url: String
    private let token: String
    private let http: CurlClient

    init(_ arguments: Arguments) throws(PAOError) {
        func value(_ option: String, _ variable: String) throws(PAOError) -> String {
            if let value = arguments[option] ?? getenv(variable).map({ String(cString: $0) }) { return value }
            throw PAOError(.usage, "--\(option) is missing (or \(variable)).")
        }
        let address = try value("url", "PAO_URL")
        url = address.hasSuffix("/") ? String(address.dropLast()) : address
        token = try value("token", "PAO_TOKEN")
        var egress = try EgressPolicy()
        try egress.allow(baseURL: url)
        http = CurlClient(egress: egress, log: .silent, time: .system)
    }

    /// The answer of `POST /api/v1...`. Throws with the server's words: `unavailable` where there is no answer.
    func post(_ path: String, _ body: JSON) async throws(PAOError) -> JSON {
        defer { http.shutdown() }
        var request = HTTPRequest(method: "POST", url: "\(url)/api/v1\(path)", body: body.bytes, timeout: .seconds(120))
        request.headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
        let response: HTTPResponse
        do throws(TransportFailure) {
            response = try await http.transport.send(request)
        } catch {
            throw PAOError(.unavailable, "\(url) cannot be reached: \(error.message)")
        }
        let answer = (try? JSON.parse(response.body)) ?? .null
        if response.isSuccess { return answer }
        let findings = (answer["errors"]?.array ?? []).map { error in
            PAOError.Finding(
                field: error["field"]?.string ?? "", rule: error["rule"]?.string ?? "", message: error["message"]?.string ?? "")
        }
        let code: PAOError.Code = [401: .unauthenticated, 403: .forbidden][response.status] ?? .invalid
        throw PAOError(
            code, answer["detail"]?.string ?? answer["title"]?.string ?? "The server answered \(response.status).", findings: findings)
    }
}

/// `pao catalog diff --live`.
enum LiveDifferences {
    static func run(_ directory: String, _ arguments: Arguments) async throws(PAOError) -> Int32 {
        let format = arguments["format"] ?? "text"
        guard format == "text" || format == "json" else { throw PAOError(.usage, "--format is text or json.") }
        let server = try RemoteServer(arguments)
        var files: [JSON] = []
        for file in try CatalogFolder(root: directory, schemas: .none).files {
            let text = try Files.read("\(directory)/\(file.path)", limit: 2 << 20)
            files.append(["path": .string(file.path), "text": .string(String(decoding: text, as: UTF8.self))])
        }
        let answer = try await server.post("/catalog/diff", ["files": .array(files), "complete": true])
        Terminal.write(format == "json" ? answer.pretty : answer["text"]?.string ?? "")
        return answer["errors"]?.int == 0 ? 0 : 1
    }
}

/// `pao catalog publish`.
enum CatalogPublish {
    static func run(_ file: String, _ arguments: Arguments) async throws(PAOError) -> Int32 {
        let text = String(decoding: try Files.read(file, limit: 2 << 20), as: UTF8.self)
        var body: JSON = ["path": .string(arguments["path"] ?? place(of: file)), "document": .string(text)]
        if let title = arguments["title"] { body["title"] = .string(title) }
        let answer = try await RemoteServer(arguments).post("/catalog/publish", body)
        Terminal.write("branch \(answer["branch"]?.string ?? "") at \(answer["commit"]?.string ?? "")\n")
        Terminal.write((answer["pullRequestUrl"]?.string ?? answer["hint"]?.string ?? "") + "\n")
        return 0
    }

    /// From `catalog/` on, as the repository has it.
    private static func place(of file: String) -> String {
        let parts = Files.absolute(file).split(separator: "/")
        let start = parts.lastIndex(of: "catalog") ?? parts.index(before: parts.endIndex)
        return parts[start...].joined(separator: "/")
    }
}
