import Base
import Foundation
import Integrations
import Testing

struct AWSSigV4Tests {
    @Test("requests are signed as botocore signs them, as they go over the wire")
    func vectors() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/aws-sigv4.json")
        let vectors = try #require(try JSON.parse(Array(Data(contentsOf: file))).array)
        let server = try FaultyServer()
        var policy = try EgressPolicy()
        policy.redirectAllTo = ("127.0.0.1", server.port)
        let instant = try #require(Timestamp("2026-11-21T10:00:00Z"))
        let time = TimeSource(now: { instant }, monotonic: TimeSource.system.monotonic, sleep: TimeSource.system.sleep)
        let client = CurlClient(egress: policy, log: .silent, time: time)
        #expect(vectors.count == 26)
        for vector in vectors {
            _ = try await client.transport.send(request(vector))
            let sent = server.seen.requests.last ?? ""
            #expect(sent.contains("\r\nHost: host.example:8443\r\n"))
            #expect(
                sent.contains("\r\nAuthorization: \(vector["authorization"]?.string ?? "?")\r\n"),
                "\(vector)")
        }
    }

    private func request(_ vector: JSON) -> HTTPRequest {
        let text = { (key: String) in vector[key]?.string ?? "" }
        var request = HTTPRequest(method: text("method"), url: "https://host.example:8443" + text("target"))
        request.headers = vector["headers"]?.object?.map { ($0.key, $0.value.string ?? "") } ?? []
        request.body = vector["body"]?.string.map { Array($0.utf8) }
        request.awsSigV4 = AWSCredentials(
            accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: vector["token"]?.string,
            region: "eu-central-1", service: text("service"))
        return request
    }
}

struct WebhookSignatureTests {
    /// The example of the Standard Webhooks specification.
    private let signature = WebhookSignature(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let instant = Timestamp(milliseconds: 1_614_265_330_000)

    @Test("the specification's example comes out")
    func example() {
        let headers = signature.headers(id: "msg_p5jXN8AQM9LWM0D4loKWxJek", at: instant, body: body)
        #expect(headers.map(\.0) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers.map(\.1) == ["msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="])
    }

    @Test(
        "only the untouched message of the last minutes is taken",
        arguments: [
            ("id", "1614265330", 0, true), ("other", "1614265330", 0, false), ("id", "1614265331", 0, false), ("id", "x", 0, false),
            ("id", "1614265330", 301, false), ("id", "1614265330", -299, true),
        ] as [(String, String, Int, Bool)])
    func verification(_ row: (id: String, timestamp: String, later: Int, valid: Bool)) {
        let value = signature.headers(id: "id", at: instant, body: body)[2].1
        let now = instant + .seconds(row.later)
        #expect(signature.verifies(id: row.id, timestamp: row.timestamp, signature: "v1,AAAA \(value)", body: body, now: now) == row.valid)
    }

    /// From GitHub's documentation of webhooks.
    @Test("GitHub's example is taken, a changed one is not")
    func hub() {
        let hub = WebhookSignature(secret: "It's a Secret to Everybody")
        let header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        #expect(hub.verifies(hubSignature: header, body: Array("Hello, World!".utf8)))
        #expect(!hub.verifies(hubSignature: header, body: Array("Hello, World".utf8)))
        for broken in ["", "sha256=", "sha1=7571", "sha256=zz", String(header.dropLast(2))] {
            #expect(!hub.verifies(hubSignature: broken, body: []))
        }
    }
}
