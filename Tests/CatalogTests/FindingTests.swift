import Base
import Testing

@testable import Catalog
@testable import Documents

/// A small document around what is tried.
private struct Draft {
    var id = "orders"
    var fields = "{id: name, type: string, required: true}, {id: note, type: string}"
    var actions = "{id: make, type: rest-api, config: {url: \"https://api.example.com/things\"}}"
    var more = ""

    var text: String {
        """
        kind: CatalogItem
        metadata: {id: \(id), name: N, description: "A description that is long enough for nobody to complain about it.", version: 1.0.0, owner: {team: t}}
        presentation: {form: {groups: [{id: g, fields: [\(fields)]}]}}
        fulfillment:
          strategy: {mode: automatic}
          manual: {actions: [{id: t, type: manual-task, config: {title: t}}]}
          automatic:
            actions:
              - \(actions)
        \(more)
        """
    }

    var findings: [String] { Fixtures.read(text, path: "document.yaml").findings.map(\.description) }
}

@Suite struct FindingTests {
    @Test(
        "a type from elsewhere is told the one that does the same",
        arguments: [
            ("RestApi", "rest-api"), ("http", "rest-api"), ("Approval", "fulfillment.approvals"), ("jira", "jira-ticket"),
            ("servicenow", "servicenow-ticket"), ("gitlab", "gitlab-pipeline"), ("manual", "manual-task"), ("Email", "email"),
        ])
    func types(_ written: String, _ meant: String) throws {
        let found = Fixtures.read(Draft(actions: "{id: a, type: \(written), config: {}}").text).findings.filter {
            $0.rule == "unknown-action-type"
        }
        #expect(found.map(\.suggestion) == [meant])
        #expect(found.first?.message.contains("rest-api, jira-ticket") == true)
        #expect(found.first?.correction == nil)
    }

    @Test("the flat dialect has every verb, and tells them apart", arguments: ["Get", "Post", "Put", "Patch", "Delete"])
    func verbs(_ verb: String) throws {
        let reading = Fixtures.read(Self.flat.replacing("HttpPost", with: "Http\(verb)"), path: "catalog/a/flat.yaml")
        #expect(reading.findings.filter(\.isError) == [])
        let endpoint = reading.documents.first?.fulfillment.automatic?.actions.first?.config["endpoint"]
        #expect(try endpoint?["method"]?.render { (_, _) throws(TemplateFault) in .null } == .string(verb.uppercased()))
    }

    @Test(
        "the flat dialect suggests its own types",
        arguments: [
            ("RestApi", "HttpGet, HttpPost, HttpPut, HttpPatch or HttpDelete"), ("Terraform", "TerraformFile"), ("Jira", "JiraTicket"),
            ("Email", "email"), ("ServiceNow", "servicenow-ticket"), ("HttpGte", "HttpGet"),
        ])
    func flatTypes(_ written: String, _ meant: String) {
        let reading = Fixtures.read(Self.flat.replacing("HttpPost", with: written))
        #expect(reading.findings.first { $0.rule == "unknown-action-type" }?.suggestion == meant)
    }

    @Test(
        "a field's type from elsewhere is told the one that it is here",
        arguments: [("bool", "boolean"), ("text", "string"), ("dropdown", "select")])
    func fieldTypes(_ written: String, _ meant: String) {
        let found = Fixtures.read(Draft(fields: "{id: name, type: \(written)}").text).findings.first { $0.rule == "unknown-field-type" }
        #expect(found?.suggestion == meant)
    }

    @Test(
        "what is constant and wrong is found before the first request",
        arguments: [
            ("{id: a, type: rest-api, config: {url: \"ftp://a.example/x\"}}", "An address to call begins with https:// or http://"),
            ("{id: a, type: rest-api, config: {url: /relative}}", "An address to call"),
            (
                "{id: a, type: rest-api, config: {url: \"https://a.example\", method: POST, body: {type: json, contentTemplate: '{\"a\": }'}}}",
                "The body is declared as JSON"
            ),
            ("{id: a, type: rest-api, config: {url: \"https://a.example\"}, outputs: {id: \"$..[\"}}", "is neither a JSON path"),
            ("{id: a, type: rest-api, config: {url: \"https://a.example\"}, outputs: {id: \"a b\"}}", "is neither a JSON path"),
            ("{id: a, type: jira-ticket, config: {ticket: {project: A, summary: \" \"}}}", "summary must not be empty"),
            ("{id: a, type: email, config: {to: [ops], subject: x, body: x}}", "A mail address has a name and a domain"),
            ("{id: a, type: terraform, config: {moduleSource: \" \"}}", "moduleSource must not be empty"),
            ("{id: a, type: terraform, config: {moduleSource: ./m, variables: {1a: x}}}", "A variable of Terraform"),
            ("{id: a, type: terraform, config: {moduleSource: ./m, workspace: \"a/b c\"}}", "A workspace is"),
        ])
    func constants(_ action: String, _ message: String) {
        let errors = Draft(actions: action).findings.filter { $0.contains("error") }
        #expect(errors.count == 1 && errors[0].hasPrefix("document.yaml:9:") && errors[0].contains(message), "\(errors)")
    }

    @Test("what a template decides is left to the run")
    func templated() {
        let action =
            "{id: a, type: rest-api, config: {url: \"{{fields.name}}\", method: POST, body: {type: json, contentTemplate: '{{fields.name}}'}}}"
        #expect(Draft(actions: action).findings == [])
    }

    @Test("an optional field that is needed is a warning where it is read")
    func mayBeEmpty() {
        let action = "{id: a, type: rest-api, config: {url: \"https://a.example/x\", query: {q: \"{{fields.note}}\"}}}"
        let found = Draft(actions: action).findings
        #expect(found.count == 1 && found[0].contains("note may be left empty") && found[0].hasPrefix("document.yaml:9:"), "\(found)")
        for kind in [
            "{{fields.note | default('-')}}", "{{#if fields.note}}{{fields.note}}{{/if}}", "{{#each fields.note}}{{this}}{{/each}}",
        ] {
            #expect(Draft(actions: action.replacing("{{fields.note}}", with: kind)).findings == [])
        }
        #expect(Draft(actions: action.replacing("type: rest-api,", with: "type: rest-api, if: \"{{fields.note}}\",")).findings == [])
    }

    @Test("a default may hold what the request is called, but not its data")
    func defaults() {
        #expect(Draft(fields: "{id: name, type: string, default: \"{{request.id}}-{{uuid()}}\"}").findings == [])
        let found = Draft(fields: "{id: name, type: string, default: \"{{request.data}}\"}").findings
        #expect(found.count == 1 && found[0].contains("request has no data"), "\(found)")
        #expect(Draft(more: "instance: {name: \"s-{{request.id}}\"}").findings == [])
    }

    @Test(
        "bounds of dates are dates or today, and in their order",
        arguments: [
            ("type: date, validation: {minDate: today}", nil), ("type: date, min: today", nil),
            ("type: date, validation: {minDate: 01.02.2026}", "minDate must be a date"),
            ("type: date, validation: {maxDate: tomorrow}", "maxDate must be a date"),
            ("type: date, validation: {minDate: 2026-02-01, maxDate: 2026-01-01}", "maxDate is before minDate"),
            ("type: time, validation: {minTime: noon}", "minTime must be a time"),
            ("type: datetime, validation: {minDatetime: today}", "minDatetime must be a date and time"),
        ] as [(String, String?)])
    func dates(_ field: String, _ message: String?) {
        let errors = Draft(fields: "{id: name, \(field)}").findings
        #expect(errors.count == (message == nil ? 0 : 1) && errors.allSatisfy { $0.contains(message ?? "") }, "\(errors)")
    }

    @Test("the flat dialect's findings name the keys that the author wrote")
    func flatKeys() {
        let text = Self.flat.replacing("min_length: 3", with: "min_length: three").replacing("max_attempts: 3", with: "max_attempts: 0")
        let messages = Fixtures.read(text).findings.map(\.message)
        #expect(messages.contains { $0.hasPrefix("min_length must be") }, "\(messages)")
        #expect(messages.contains { $0.hasPrefix("max_attempts must be") }, "\(messages)")
    }

    @Test("a file without a document is a warning", arguments: ["", "---\n---\n", "# nothing\n"])
    func empty(_ text: String) { #expect(Fixtures.read(text).findings.map(\.rule) == ["empty-document"]) }

    @Test("a tab is called a tab")
    func tab() {
        let found = Fixtures.read("kind: CatalogItem\nmetadata:\n\tid: a\n").findings
        #expect(found.map(\.rule) == ["yaml-syntax"])
        #expect(found.first?.message.contains("a tab stands here") == true, "\(found)")
    }

    @Test("an empty option says that it is empty")
    func emptyOption() {
        let found = Draft(fields: "{id: name, type: select, enum: [a, ~]}").findings
        #expect(found.contains { $0.contains("An option is empty") }, "\(found)")
    }

    @Test("a check that is only a text is told to become a question")
    func textCheck() {
        let text = Self.flat.replacing("    steps:", with: "    pre_execution_checks: [the quota is free]\n    steps:")
        #expect(Fixtures.read(text, path: "catalog/a/flat.yaml").findings.map(\.rule) == ["unknown-check"])
    }

    static let flat = """
        name: "flat-service"
        version: "1.0.0"
        description: "A sentence or two that say what one gets and what it is good for"
        owner: "my-team"
        presentation:
          fields:
            - {name: "service_name", type: "string", required: true, min_length: 3}
        fulfillment:
          manual: {system: "jira", template: {project: "A", summary: "x", description: "y"}}
          automation:
            retry_policy: {max_attempts: 3}
            steps:
              - name: "provision"
                type: "HttpPost"
                template: {url: "https://provisioning.example.com/provision"}
        """
}
