import Base
import Catalog
import Integrations
import Synchronization
import Testing

@testable import Orchestration

@Suite struct ServiceNowTicketTests {
    private func bench(isManual: Bool = false) -> ActionBench {
        var bench = ActionBench(
            ServiceNowTicketAction(),
            ["shortDescription": "Disk for {{fields.v}}", "description": "{{fields.v}}", "priority": 2, "fields": ["u_cost_center": "42"]])
        bench.fields = ["v": .string(hostile)]
        bench.isManual = isManual
        bench.services.serviceNow = [
            "main": ServiceNowInstance(
                name: "main", baseURL: "https://corp.service-now.test", authentication: .basic(username: "u", password: "p"))
        ]
        bench.services.defaultServiceNow = "main"
        return bench
    }

    private let record: JSON = ["result": ["sys_id": "s1", "number": "INC1", "state": "1"]]

    @Test("a record carries its columns literally and the key as correlation id")
    func create() async throws {
        let outside = Script((201, record))
        let done = try await bench().perform(outside)
        #expect(done.brief == "done INC1")
        let sent = try JSON.parse(outside.body(0))
        #expect(sent["description"] == .string(hostile))
        #expect(sent["correlation_id"] == "pao-k3y" && sent["u_cost_center"] == "42" && sent["priority"] == "2")
        #expect(outside.lines == ["POST https://corp.service-now.test/api/now/table/incident"])
        #expect(done.evidence["outputs"]?["number"] == "INC1")
    }

    @Test(
        "in the manual part it waits for whoever works on it",
        arguments: [("2", "waiting INC1: INC1 is in state 2"), ("7", "done "), ("8", "failed ticket_closed")])
    func follows(_ state: String, _ expected: String) async throws {
        #expect(try await bench(isManual: true).perform(Script((201, record))).brief.hasPrefix("ticket servicenow Disk for"))
        let now: JSON = ["result": [["sys_id": "s1", "number": "INC1", "state": .string(state)]]]
        #expect(try await bench(isManual: true).poll("INC1", Script((200, now))).brief == expected)
    }

    @Test("doubt is settled by the correlation id")
    func doubt() async throws {
        var bench = bench()
        #expect(try await bench.perform(.cut).brief == "doubt cut")
        let outside = Script((200, ["result": [record["result"] ?? .null]]))
        #expect(try await bench.settle(outside).brief == "happened: done INC1")
        #expect(outside.lines[0].hasSuffix("?sysparm_query=correlation_id%3Dpao-k3y&sysparm_limit=1"))
        bench.doubtAge = .seconds(5)
        #expect(try await bench.settle(Script((200, ["result": []]))).brief == "perform")
    }

    @Test("without a ServiceNow it is a ticket in the inbox")
    func inbox() async throws {
        var bench = bench()
        bench.services = ExternalServices()
        #expect(try await bench.perform(Script()).brief.hasPrefix("ticket inbox"))
    }
}

@Suite struct EmailTests {
    private func bench(_ more: JSON = [:], sending: @escaping @Sendable (MailMessage) throws(TransportFailure) -> Void) -> ActionBench {
        var config: JSON = ["to": ["a@x.test", "b@x.test, c@x.test"], "subject": "Ready: {{fields.v}}", "body": "{{fields.v}}"]
        for (key, value) in more.object ?? JSONObject() { config[key] = value }
        var bench = ActionBench(EmailAction(), config)
        bench.fields = ["v": .string(hostile)]
        bench.services.mail = MailService(from: "pao@x.test") { (message) async throws(TransportFailure) in try sending(message) }
        return bench
    }

    @Test("a mail says literally what it is to say, and its Message-ID comes from the key")
    func send() async throws {
        let sent = Mutex<[MailMessage]>([])
        let bench = bench { message in sent.withLock { $0.append(message) } }
        let result = try await bench.perform(Script())
        let message = try #require(sent.withLock { $0.first })
        #expect(message.to == ["a@x.test", "b@x.test", "c@x.test"])
        #expect(message.text == hostile && message.subject == "Ready: " + hostile)
        #expect(message.html?.contains("<strong>") == false && message.html?.contains("&lt;/script&gt;") == true)
        #expect(result.evidence["outputs"]?["messageId"] == .string(message.messageID))
        #expect(
            message.messageID == MailMessage(from: "pao@x.test", to: [], subject: "", text: "", key: "k3y", date: message.date).messageID)
    }

    @Test("Markdown goes as HTML beside its text, but not where the document wants text alone")
    func alternatives() async throws {
        let sent = Mutex<[MailMessage]>([])
        for format: JSON in ["markdown", "text"] {
            let config: JSON = ["body": "**Done**: {{fields.v}}", "format": format]
            var bench = bench(config) { message in sent.withLock { $0.append(message) } }
            bench.fields = ["v": "*x*"]
            _ = try await bench.perform(Script())
        }
        let messages = sent.withLock { $0 }
        #expect(messages.map(\.text) == ["**Done**: *x*", "**Done**: *x*"])
        #expect(messages[0].html?.contains("<p><strong>Done</strong>: *x*</p>") == true && messages[1].html == nil)
    }

    @Test("after doubt it is for a person, unless the document says at least once")
    func doubt() async throws {
        let cut = { @Sendable (_: MailMessage) throws(TransportFailure) in throw TransportFailure(.cut, "cut", mayHaveBeenSent: true) }
        #expect(try await bench(sending: cut).perform(Script()).brief == "doubt cut")
        #expect(try await bench(sending: cut).settle(Script()).brief == "unknown")
        #expect(try await bench(["delivery": "at-least-once"], sending: cut).perform(Script()).brief == "failed cut for now")
        #expect(try await bench(["delivery": "at-least-once"], sending: cut).settle(Script()).brief == "perform")
    }

    @Test("in the manual part a person answers in the inbox")
    func manual() async throws {
        var bench = bench { _ in }
        bench.isManual = true
        #expect(try await bench.perform(Script()).brief.hasPrefix("ticket inbox Ready: "))
    }
}

@Suite struct WebhookTests {
    @Test("an event is a CloudEvent, signed over its bytes, with the key as its id")
    func event() async throws {
        var bench = ActionBench(
            WebhookAction(),
            [
                "url": "https://hooks.test/{{fields.v}}", "secret": "whsec_c2VjcmV0", "eventType": "com.corp.made",
                "data": ["v": "{{fields.v}}"],
            ])
        bench.fields = ["v": "a/b?c"]
        let outside = Script((202, .null))
        #expect(try await bench.perform(outside).brief == "done k3y")
        #expect(outside.lines == ["POST https://hooks.test/a%2Fb%3Fc"])
        #expect(
            try JSON.parse(outside.body(0)) == [
                "specversion": "1.0", "id": "k3y", "source": "/pao/requests/req-1", "type": "com.corp.made", "subject": "step",
                "time": "2026-11-21T10:00:00.000Z", "datacontenttype": "application/json", "data": ["v": "a/b?c"],
            ])
        #expect(outside.header(0, "content-type") == "application/cloudevents+json; charset=utf-8")
        let isGenuine = WebhookSignature(secret: "whsec_c2VjcmV0").verifies(
            id: outside.header(0, "webhook-id") ?? "", timestamp: outside.header(0, "webhook-timestamp") ?? "",
            signature: outside.header(0, "webhook-signature") ?? "", body: outside.requests[0].body ?? [], now: bench.now)
        #expect(isGenuine)
        #expect(try await bench.settle(Script()).brief == "perform")
    }
}

@Suite struct ActionRegistryTests {
    @Test("the catalog knows the same action types as the engine")
    func names() { #expect(ActionRegistry.standard.names == ActionTypes.names.sorted()) }
}
