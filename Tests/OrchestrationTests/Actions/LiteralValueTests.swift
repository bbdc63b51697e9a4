import Base
import Catalog
import Documents
import Foundation
import Integrations
import Testing

@testable import Orchestration

/// One value full of other languages' syntax, through every action type: what is sent is compared with a file that people have read, and,
/// where the target's own reader is at hand, read back.
@Suite struct LiteralValueTests {
    static let value = """
        say "hi" & 'ho' \\ back ${var.x} %{ if y } {{fields.z}} {% raw %} $${q}
        *bold* _it_ -s- h1. {code}x{code} [l|http://x] !i.png! {"json": [1]} <b>t</b> `c` | # @ é 漢 \u{1F600}
        """

    private static func bench(_ type: any ActionType, _ config: JSON) -> ActionBench {
        var bench = ActionBench(type, config)
        bench.fields = [
            "v": .string(value), "line": .string(value.replacing("\n", with: " ")), "list": [.string(value), "b"],
            "object": ["k": .string(value)],
        ]
        bench.services.github = GitHubService(token: nil)
        bench.services.gitlab = GitLabService(token: nil)
        bench.services.serviceNow = [
            "main": ServiceNowInstance(name: "main", baseURL: "https://snow.test", authentication: .basic(username: "u", password: "p"))
        ]
        bench.services.defaultServiceNow = "main"
        return bench
    }

    private static func jira(_ version: JiraInstance.APIVersion) throws -> PreparedEffect {
        var bench = bench(
            JiraTicketAction(),
            [
                "ticket": [
                    "project": "OPS", "summaryTemplate": "About {{fields.v}}",
                    "descriptionTemplate": "**Value**: {{fields.v}}\n\n- {{fields.v}}\n\n```json\n{{json fields.object}}\n```",
                    "labels": ["a {{fields.v}}"], "customFields": ["customfield_1": "{{fields.v}}"],
                ]
            ])
        let instance = JiraInstance(
            name: "main", baseURL: "https://jira.test", apiVersion: version, authentication: .bearer(token: "t"))
        bench.jira = ["main": instance]
        return try bench.prepared()
    }

    struct Context: CustomTestStringConvertible, Sendable {
        var name: String
        /// What is sent, as the file has it.
        var sent: @Sendable () async throws -> String
        var testDescription: String { name }

        init(_ name: String, _ sent: @escaping @Sendable () async throws -> String) { (self.name, self.sent) = (name, sent) }
    }

    private static func mail() throws -> JSON {
        let body =
            "# For {{fields.line}}\n\nDear **{{fields.v}}**, [here](https://x.test/a?b=c&d)\n\n- `{{fields.line}}`\n\n```\n{{fields.v}}\n```\n"
        return try bench(EmailAction(), ["to": "a@x.test", "subject": "About {{fields.v}}", "body": .string(body)]).prepared().payload
    }

    private static func call(_ config: JSON) throws -> JSON { try bench(RestAPIAction(), config).prepared().payload }

    static let contexts: [Context] = [
        Context("rest-url.txt") {
            let address = "https://api.test/items/{{fields.v}}/x?q={{fields.v}}"
            let payload = try call(["endpoint": ["url": .string(address)], "query": ["r": "{{fields.v}}"]])
            return (payload["url"]?.string ?? "") + "\n"
        },
        Context("rest-headers.json") {
            let headers: JSON = ["X-Note": "<{{fields.line}}>", "X-List": "{{fields.list}}"]
            return (try call(["url": "https://api.test", "headers": headers])["headers"] ?? .null).pretty
        },
        Context("rest-json-template.json") {
            let template = """
                {"in a string": "<{{fields.v}}>", "typed": {{fields.v}}, "list": {{fields.list}}, "as text": "{{json fields.object}}"}
                """
            let body: JSON = ["type": "json", "contentTemplate": .string(template)]
            return try sentBody(call(["url": "https://api.test", "method": "POST", "body": body])) + "\n"
        },
        Context("rest-json-structure.json") {
            let body: JSON = ["type": "json", "content": ["a": "<{{fields.v}}>", "b": "{{fields.list}}", "{{k}}": ["{{fields.object}}"]]]
            return try JSON.parse(sentBody(call(["url": "https://api.test", "method": "POST", "body": body]))).pretty
        },
        Context("rest-form.txt") {
            let body: JSON = ["type": "form", "fields": ["a": "{{fields.v}}", "b": "{{fields.list}}"]]
            return try sentBody(call(["url": "https://api.test", "method": "POST", "body": body])) + "\n"
        },
        Context("rest-raw.txt") {
            let body: JSON = ["type": "raw", "content": "<<{{fields.v}}>>", "contentType": "text/plain"]
            return try sentBody(call(["url": "https://api.test", "method": "POST", "body": body])) + "\n"
        },
        Context("jira-v2.json") { (try jira(.v2).payload["fields"] ?? .null).pretty },
        Context("jira-v3.json") { (try jira(.v3).payload["fields"] ?? .null).pretty },
        Context("terraform-repository.tf") { try module().mainFile(.inPlace, withBackend: true) },
        Context("terraform-variables.json") {
            JSON.object(JSONObject(try module().variables.map { ($0.name, $0.value) })).pretty
        },
        Context("terraform-cloud.json") {
            var cloud = bench(TerraformAction(), terraform)
            cloud.services.terraform.cloud = .init(organization: "corp", token: "t")
            return (try cloud.prepared().payload["variables"] ?? .null).pretty
        },
        Context("terraform-local.tfvars.json") {
            var local = bench(TerraformAction(), terraform)
            local.services.terraform.local = .init(
                binary: "/bin/terraform", directory: "/var/lib/pao/terraform", modules: nil, environment: [:], processes: .system())
            return (try local.prepared().payload["variables"] ?? .null).pretty
        },
        Context("github-workflow.json") {
            let inputs: JSON = ["text": "{{fields.v}}", "list": "{{fields.list}}", "object": "{{fields.object}}"]
            let config: JSON = ["repository": "corp/x", "workflow": "y.yml", "ref": "main", "inputs": inputs]
            return (try bench(GitHubWorkflowAction(), config).prepared().payload["inputs"] ?? .null).pretty
        },
        Context("gitlab-pipeline.json") {
            let config: JSON = ["project": "corp/x", "variables": ["text": "{{fields.v}}", "list": "{{fields.list}}"]]
            return (try bench(GitLabPipelineAction(), config).prepared().payload["variables"] ?? .null).pretty
        },
        Context("servicenow.json") {
            let config: JSON = ["shortDescription": "About {{fields.v}}", "description": "{{fields.v}}", "fields": ["u_x": "{{fields.v}}"]]
            return (try bench(ServiceNowTicketAction(), config).prepared().payload["fields"] ?? .null).pretty
        },
        Context("email.eml") {
            let payload = try Self.mail()
            let mail = MailMessage(
                from: "pao@x.test", to: ["a@x.test"], subject: payload["subject"]?.string ?? "", text: payload["text"]?.string ?? "",
                html: payload["html"]?.string, key: ActionBench.key, date: Timestamp("2026-11-21T10:00:00Z")!)
            return String(decoding: try mail.encoded(), as: UTF8.self).replacing("\r\n", with: "\n")
        },
        Context("email.txt") { try Self.mail()["text"]?.string ?? "" },
        Context("email.html") { try Self.mail()["html"]?.string ?? "" },
        Context("webhook.json") {
            let config: JSON = [
                "url": "https://hook.test/{{fields.v}}", "subject": "{{fields.v}}", "data": ["a": "{{fields.v}}", "b": "{{fields.list}}"],
            ]
            let payload = try bench(WebhookAction(), config).prepared().payload
            return (payload["url"]?.string ?? "") + "\n" + (try JSON.parse(sentBody(payload))).pretty
        },
        Context("inbox.json") {
            let config: JSON = ["title": "About {{fields.v}}", "description": "**Value**: {{fields.v}}", "outputs": ["a"]]
            return (try bench(ManualTaskAction(), config).prepared().payload).pretty
        },
    ]

    private static func sentBody(_ payload: JSON) -> String { payload["body"]?.string ?? "" }

    private static func module() throws -> TerraformModule {
        let bench = bench(TerraformAction(), terraform)
        let input = try bench.input()
        return try TerraformModule(try input.render(input.action.config), input)
    }

    private static let terraform: JSON = [
        "moduleSource": "corp/x/aws", "backendConfig": ["type": "s3", "key": "{{fields.v}}"],
        "variables": ["text": "{{fields.v}}", "mixed": "<{{fields.v}}>", "list": "{{fields.list}}", "object": "{{fields.object}}"],
    ]

    /// `UPDATE_GOLDEN=1` rewrites the files.
    @Test("what is sent is what was read and found right", arguments: contexts)
    func golden(_ context: Context) async throws {
        let sent = try await context.sent()
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "Fixtures/literal/\(context.name)")
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try sent.write(to: file, atomically: true, encoding: .utf8) }
        #expect(sent == (try String(contentsOf: file, encoding: .utf8)))
    }

    @Test("JSON, read back, holds the value as it was entered")
    func json() throws {
        let template = "{\"in\": \"<{{fields.v}}>\", \"typed\": {{fields.v}}, \"text\": \"{{json fields.object}}\"}"
        let body: JSON = ["type": "json", "contentTemplate": .string(template)]
        let read = try JSON.parse(Self.sentBody(Self.call(["url": "https://api.test", "method": "POST", "body": body])))
        #expect(read["in"]?.string == "<\(Self.value)>")
        #expect(read["typed"]?.string == Self.value)
        #expect(try JSON.parse(read["text"]?.string ?? "")["k"]?.string == Self.value)
    }

    @Test("an address, read back, holds the value in its path and query and nothing more")
    func url() throws {
        let payload = try Self.call(["url": "https://api.test/a/{{fields.v}}/b?q={{fields.v}}", "query": ["r": "{{fields.v}}"]])
        let (path, query) = (payload["url"]?.string ?? "").splitOnce("?")
        let segments = path.split(separator: "/").map { PercentEncoding.decode($0.utf8) }
        #expect(segments.suffix(3) == ["a", Self.value, "b"])
        let pairs = (query ?? "").split(separator: "&").map { PercentEncoding.decode($0.utf8) }
        #expect(pairs == ["q=\(Self.value)", "r=\(Self.value)"])
    }

    @Test("a mail's HTML, read back, shows the value in every place of it, and no markup of its own")
    func html() throws {
        let html = try Self.mail()["html"]?.string ?? ""
        let shown = html.replacing(/<\/?(!DOCTYPE html|html|head|meta charset="utf-8"|body|h1|p|strong|a|ul|li|code|pre|br)>/, with: "")
            .replacing(/<a href="https:\/\/x.test\/a\?b=c&amp;d">/, with: "")
        #expect(!shown.contains("<") && !shown.contains(">") && !shown.contains("\""))
        var text = shown
        for (entity, character) in [("lt", "<"), ("gt", ">"), ("quot", "\""), ("#39", "'"), ("amp", "&")] {
            text = text.replacing("&\(entity);", with: character)
        }
        let line = Self.value.replacing("\n", with: " ")
        let expected = ["For \(line)", "Dear \(Self.value), here", line, Self.value].joined(separator: "\n")
        #expect(text.split(separator: "\n") == expected.split(separator: "\n"))
    }

    @Test("JIRA's document format, its texts put together, says the value")
    func atlassianDocument() throws {
        let description = try Self.jira(.v3).payload["fields"]?["description"] ?? .null
        #expect(Self.texts(description).contains(Self.value.split(separator: "\n")[0]))
    }

    private static func texts(_ node: JSON) -> String {
        (node["text"]?.string ?? "") + (node["content"]?.array ?? []).map(texts).joined()
    }
}
