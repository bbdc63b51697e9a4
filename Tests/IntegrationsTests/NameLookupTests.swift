import Base
import Foundation
import Integrations
import Testing

/// Need a name server of their own: run by `Fixtures/faulty-dns.py swift test --filter NameLookupTests`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["PAO_TEST_DNS"] != nil))
struct NameLookupTests {
    private func failure(_ url: String, _ client: CurlClient, timeout: Duration = .seconds(10)) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await client.transport.send(HTTPRequest(url: url, timeout: timeout))
            return nil
        } catch { return error }
    }

    static let names: [(name: String, kind: TransportFailure.Kind, retryable: Bool)] = [
        ("nx.test", .dns, false), ("nodata.test", .dns, false), ("fail.test", .dnsTemporary, true), ("slow.test", .dnsTemporary, true),
        ("inward.test", .egressDenied, false), ("many.test", .egressDenied, false),
    ]

    @Test("what does not exist is final, what cannot be looked up now is not", arguments: NameLookupTests.names)
    func kinds(_ row: (name: String, kind: TransportFailure.Kind, retryable: Bool)) async throws {
        let canary = try FaultyServer(address: "0.0.0.0")
        let client = CurlClient(egress: try EgressPolicy(), log: .silent)
        let failure = await failure("http://\(row.name):\(canary.port)/ok", client)
        #expect(failure?.kind == row.kind, "\(failure?.message ?? "answered")")
        #expect(failure?.isRetryable == row.retryable && failure?.mayHaveBeenSent == false)
        #expect(canary.seen.connections == 0)
    }

    @Test("a silent name server does not hold up other calls, and the timeout holds")
    func silence() async throws {
        let server = try FaultyServer()
        let client = CurlClient(egress: try EgressPolicy(allow: ["127.0.0.1"]), log: .silent)
        let start = ContinuousClock.now
        async let slow = failure("http://slow.test/", client, timeout: .milliseconds(500))
        #expect(await slow?.kind == .dnsTemporary)
        #expect(await failure("\(server.base)/ok", client) == nil)
        #expect(ContinuousClock.now - start < .milliseconds(1500))
    }

    @Test("a name that turns inward after its first look-up is not followed there")
    func rebinding() async throws {
        let server = try FaultyServer(address: "0.0.0.0")
        let policy = try EgressPolicy(allow: ["127.0.0.2"])
        #expect(await failure("http://turn.test:\(server.port)/ok", CurlClient(egress: policy, log: .silent)) == nil)
        let hits = server.seen.requests.count
        #expect(await failure("http://turn.test:\(server.port)/ok", CurlClient(egress: policy, log: .silent))?.kind == .egressDenied)
        #expect(server.seen.requests.count == hits && hits == 1)
    }
}
