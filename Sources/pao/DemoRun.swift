import Base
import Integrations

/// Submits one request of the demo catalog over HTTP, as any client would, and shows each step, the outputs and the instance.
struct DemoRun {
    private static let item = "database-postgresql-standard"
    private static let patience = Duration.seconds(60)

    private let url: String
    private let token: String
    private let client: CurlClient

    init(url: String, token: String) throws(PAOError) {
        self.url = url
        self.token = token
        client = CurlClient(egress: try EgressPolicy(allow: ["127.0.0.1"]), log: .silent)
    }

    /// 0 when the request is completed.
    func run() async throws(PAOError) -> Int32 {
        defer { client.shutdown() }
        let item = try await call("GET", "/catalog/items/\(Self.item)")
        Terminal.write("Requesting \(item["name"]?.string ?? Self.item) \(item["version"]?.string ?? "") ...\n\n")
        let submitted = try await call(
            "POST", "/requests", ["catalogItemId": .string(Self.item), "requestData": ["instanceName": "orders-db"]])
        let id = submitted["id"]?.string ?? ""
        Terminal.write("  \(id)  accepted\n")
        let request = try await follow(id)
        try await report(request)
        return request["status"]?.string == "completed" ? 0 : 1
    }

    private func follow(_ id: String) async throws(PAOError) -> JSON {
        let end = TimeSource.system.monotonic() + Self.patience
        var shown: [String: String] = [:]
        while true {
            let request = try await call("GET", "/requests/\(id)")
            show(request, &shown)
            let status = request["status"]?.string ?? ""
            if ["completed", "failed", "rejected", "cancelled", "aborted", "escalated"].contains(status) { return request }
            guard TimeSource.system.monotonic() < end else { throw PAOError(.unavailable, "The request \(id) is still \(status).") }
            try? await TimeSource.system.sleep(.milliseconds(30))
        }
    }

    private func show(_ request: JSON, _ shown: inout [String: String]) {
        for action in request["actions"]?.array ?? [] {
            guard let id = action["id"]?.string, let status = action["status"]?.string, shown[id] != status else { continue }
            shown[id] = status
            guard ["completed", "failed", "skipped", "retrying"].contains(status) else { continue }
            let mark = ["completed": "✓", "failed": "!", "skipped": "–", "retrying": "↻"][status] ?? "·"
            let tries = action["attempts"]?.array?.count ?? 0
            Terminal.write(
                "  \(mark) \((action["name"]?.string ?? id).padded(to: 36)) \((action["type"]?.string ?? "").padded(to: 14)) \(status)\(tries > 1 ? ", \(tries) attempts" : "")\n"
            )
        }
    }

    private func report(_ request: JSON) async throws(PAOError) {
        Terminal.write("\n  \(request["id"]?.string ?? "")  \(request["status"]?.string ?? "")\n")
        if let message = request["errorContext"]?["error"]?["message"]?.string { Terminal.write("  \(message)\n") }
        guard let instanceID = request["instanceId"]?.string else { return }
        let instance = try await call("GET", "/instances/\(instanceID)")
        Terminal.write("\nInstance \(instanceID)  \(instance["name"]?.string ?? "")  \(instance["state"]?.string ?? "")\n")
        for (name, value) in instance["outputs"]?.object ?? JSONObject() {
            Terminal.write("  \(name.padded(to: 18)) \(value.string ?? value.description)\n")
        }
    }

    private func call(_ method: String, _ path: String, _ body: JSON? = nil) async throws(PAOError) -> JSON {
        var request = HTTPRequest(method: method, url: url + "/api/v1" + path)
        request.headers = [("Authorization", "Bearer \(token)"), ("Content-Type", "application/json")]
        request.body = body?.bytes
        do throws(TransportFailure) {
            let response = try await client.transport.send(request)
            let json = (try? JSON.parse(response.body)) ?? .null
            guard response.isSuccess else {
                throw TransportFailure(
                    .badAnswer,
                    "\(method) \(path) answered \(response.status): \(json["detail"]?.string ?? "") \(json["errors"]?.description ?? "")")
            }
            return json
        } catch {
            throw PAOError(.unavailable, error.message)
        }
    }
}
