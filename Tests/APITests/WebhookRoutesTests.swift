import Base
import Synchronization
import Testing

@testable import API
@testable import Identity
@testable import Web

private let sharedSecret = "It's a Secret to Everybody"
private let pushOfMain = #"{"ref":"refs/heads/main","repository":{"default_branch":"main"}}"#

@Suite struct WebhookRoutesTests {
    /// Status, the answer's `status`, and whether a sync was asked for.
    private func call(
        _ body: String, event: String? = "push", signature: String? = nil, branch: String? = nil, secret: String? = sharedSecret,
        type: String = "application/json"
    ) async throws -> (code: String, status: String?, synced: Bool) {
        let synced = Mutex(false)
        let routes = WebhookRoutes(
            branch: branch,
            verifies: secret.map { secret in
                { @Sendable (signature: String, body: [UInt8]) in
                    signature == "sha256=" + Hash.hmacSHA256(key: Array(secret.utf8), body).hex
                }
            }, pushed: { synced.withLock { $0 = true } })
        let endpoint = try #require(routes.endpoints.first)
        var request = Request(method: "POST", rawTarget: endpoint.path, path: ["api", "v1", "webhooks", "github"], body: Array(body.utf8))
        request.headers["Content-Type"] = type
        request.headers["X-GitHub-Event"] = event
        request.headers["X-Hub-Signature-256"] = signature ?? "sha256=" + Hash.hmacSHA256(key: Array(sharedSecret.utf8), request.body).hex
        let actor = Actor.system(correlationID: "test")
        let call = Call(request: request, actor: actor, body: .null, cursors: Cursors(key: [1]), endpoint: endpoint.path)
        guard case .suspended(let work) = endpoint.work else { return ("", nil, false) }
        do throws(PAOError) {
            let response = try await work(call)
            guard case .bytes(let bytes) = response.body else { return ("", nil, false) }
            return ("\(response.status)", try JSON.parse(bytes)["status"]?.string, synced.withLock { $0 })
        } catch {
            return (error.code.rawValue, nil, synced.withLock { $0 })
        }
    }

    @Test(
        "a push to the branch syncs",
        arguments: [
            ("main", nil, true), ("main", "main", true), ("other", nil, false), ("other", "main", false), ("release/1", "release/1", true),
        ] as [(String, String?, Bool)])
    func push(_ pushed: String, _ branch: String?, _ syncs: Bool) async throws {
        let answer = try await call(pushOfMain.replacing("heads/main", with: "heads/\(pushed)"), branch: branch)
        #expect(answer == ("202", syncs ? "syncing" : "ignored", syncs))
    }

    @Test("the form that GitHub sends by default is read, too")
    func form() async throws {
        let body = "payload=" + PercentEncoding.encode(pushOfMain)
        #expect(try await call(body, type: "application/x-www-form-urlencoded; charset=utf-8") == ("202", "syncing", true))
        #expect(try await call("other=1", type: "application/x-www-form-urlencoded") == ("malformed", nil, false))
    }

    @Test(
        "a ping is answered, other events are ignored",
        arguments: [("ping", "200", "pong"), ("issues", "202", "ignored"), (nil, "202", "ignored")] as [(String?, String, String)])
    func events(_ event: String?, _ code: String, _ status: String) async throws {
        #expect(try await call("{}", event: event) == (code, status, false))
    }

    @Test(
        "what is not signed with the secret is refused, whatever it says",
        arguments: [
            "", "sha256=", "sha256=00", "sha1=0000", "sha256=" + String(repeating: "0", count: 64),
            "sha256=" + Hash.hmacSHA256(key: Array("other".utf8), Array(pushOfMain.utf8)).hex,
        ])
    func signature(_ signature: String) async throws {
        #expect(try await call(pushOfMain, signature: signature) == ("unauthenticated", nil, false))
    }

    @Test("without a secret there is no such endpoint")
    func noSecret() async throws {
        #expect(try await call(pushOfMain, secret: nil) == ("not_found", nil, false))
    }
}
