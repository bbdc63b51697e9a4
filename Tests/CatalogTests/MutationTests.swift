import Base
import Foundation
import Testing

@testable import Catalog
@testable import Documents

/// One change to a valid document that makes it wrong. `¦` in the new text marks where the finding must point.
struct Mutation: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let rule: String
    var suggestion: String?
    /// Other findings follow from the same mistake.
    private(set) var breaksMore = false
    /// The place is the template parser's to say; its own tests hold it.
    private(set) var isAnywhere = false
    private var pointer: String?

    init(_ old: String, _ new: String, _ rule: String, _ suggestion: String? = nil) {
        self.old = old
        self.new = new
        self.rule = rule
        self.suggestion = suggestion
    }

    var alsoBreaking: Mutation { changed { $0.breaksMore = true } }
    var anywhere: Mutation { changed { $0.isAnywhere = true } }

    /// For a finding outside of the new text: the text at whose start it must point.
    func pointing(at text: String) -> Mutation { changed { $0.pointer = text } }

    private func changed(_ change: (inout Mutation) -> Void) -> Mutation {
        var copy = self
        change(&copy)
        return copy
    }

    var testDescription: String { "\(rule): \(new)" }

    /// The changed document, and the place of the mark.
    func applied(to text: String) throws -> (text: String, place: String) {
        let range = try #require(text.range(of: old), "the document does not hold \(old)")
        var marked = text.replacingCharacters(in: range, with: new)
        if let pointer {
            marked = marked.replacingOccurrences(of: "¦", with: "")
            let start = try #require(marked.range(of: pointer)?.lowerBound)
            marked.insert("¦", at: start)
        }
        if isAnywhere, !marked.contains("¦") { marked = "¦" + marked }
        let lines = marked.components(separatedBy: "\n")
        let line = try #require(lines.firstIndex { $0.contains("¦") }, "no mark in \(new)")
        let column = lines[line].unicodeScalars.prefix { $0 != "¦" }.count
        return (marked.replacingOccurrences(of: "¦", with: ""), "\(line + 1):\(column + 1)")
    }
}

@Suite struct MutationTests {
    static let shape: [Mutation] = [
        Mutation("kind: CatalogItem", "kind: ¦CatalogItm", "unknown-kind", "CatalogItem"),
        Mutation("kind: CatalogItem\n", "¦", "missing-key"),
        Mutation("metadata:\n  id: database-postgresql-standard ", "metadata:\n ", "missing-key").pointing(at: "name: PostgreSQL"),
        Mutation("  name: PostgreSQL Database ", "  ¦nmae: PostgreSQL Database ", "unknown-key", "name"),
        Mutation("id: database-postgresql-standard ", "id: ¦Database_PostgreSQL ", "bad-id", "database-postgre-sql"),
        Mutation("id: database-postgresql-standard ", "id: ¦\(String(repeating: "a", count: 101)) ", "bad-id"),
        Mutation("id: database-postgresql-standard ", "id: ¦[a] ", "wrong-type"),
        Mutation("version: 2.1.0 ", "version: ¦\"2.1\" ", "bad-version", "2.1.0"),
        Mutation("version: 2.1.0 ", "version: ¦2.1 ", "wrong-type"),
        Mutation("version: 2.1.0 ", "version: ¦v2.1.0 ", "bad-version", "2.1.0"),
        Mutation("owner: {team: platform-data-team, ", "owner: ¦{", "missing-key"),
        Mutation("tags: [database, postgres]", "tags: ¦database", "wrong-type"),
        Mutation("tags: [database, postgres]", "tags: [database, ¦7]", "wrong-type"),
        Mutation("presentation:", "¦presentaton:", "unknown-key", "presentation"),
        Mutation("    groups:", "    ¦grups:", "unknown-key", "groups"),
        Mutation("      - id: basic\n        name: Basic", "      - ¦name: Basic", "missing-key"),
        Mutation("fulfillment:", "¦fulfilment:", "unknown-key", "fulfillment"),
        Mutation("strategy: {mode: automatic}", "strategy: {mode: ¦automatc}", "bad-value", "automatic"),
        Mutation("strategy: {mode: automatic}", "strategy: ¦automatic", "wrong-type"),
        Mutation("    mode: sequential ", "    mode: ¦serial ", "bad-value"),
        Mutation("    timeout: 30m", "    timeout: ¦30", "bad-value", "30s"),
        Mutation("    timeout: 30m", "    timeout: ¦half an hour", "bad-value"),
        Mutation("policy: queue", "policy: ¦que", "bad-value"),
        Mutation("attempts: 3", "attempts: ¦0", "bad-value"),
        Mutation("attempts: 3", "attempts: ¦three", "wrong-type"),
        Mutation("backoff: exponential", "backoff: ¦exponental", "bad-value", "exponential"),
        Mutation("initialDelay: 1s", "initialDelay: ¦1 second", "bad-value"),
        Mutation("fallbackOnFailure: false", "fallbackOnFailure: ¦no", "wrong-type", "false"),
        Mutation("lifecycle: {status: active", "lifecycle: {status: ¦activ", "bad-value", "active"),
        Mutation(
            "lifecycle: {status: active, deprecatedSince: null", "lifecycle: {status: deprecated, deprecatedSince: ¦soon", "bad-value"),
        Mutation(
            "{status: active, deprecatedSince: null, sunset: null", "{status: deprecated, deprecatedSince: 2026-05-01, sunset: ¦2026-04-01",
            "lifecycle"),
        Mutation("interval: 60s", "interval: ¦often", "bad-value"),
        Mutation("failuresToDegrade: 3", "¦failuresToDegrad: 3", "unknown-key", "failuresToDegrade"),
        Mutation("failuresToDegrade: 3", "failuresToDegrade: ¦0", "bad-value"),
    ]

    static let forms: [Mutation] = [
        Mutation("type: string, required: true", "type: ¦sting, required: true", "unknown-field-type", "string"),
        Mutation("type: string, required: true", "type: ¦selection, required: true", "unknown-field-type", "select"),
        Mutation("type: string, required: true", "type: string, required: ¦yes", "wrong-type", "true"),
        Mutation("type: string, required: true", "type: string, ¦requird: true", "unknown-key", "required"),
        Mutation("{id: instanceName, name", "{¦id: instanceName, id: x, name", "yaml-duplicate-key").pointing(at: "id: x"),
        Mutation("pattern: \"^[a-z][a-z0-9-]{2,28}[a-z0-9]$\"", "pattern: ¦\"^[a-z\"", "bad-pattern"),
        Mutation("validation: {pattern: ", "validation: {¦patern: ", "unknown-key", "pattern"),
        Mutation("{min: 20, max: 1000", "{min: 20, max: ¦10", "empty-bounds").alsoBreaking,
        Mutation("{min: 20, max", "{min: ¦low, max", "wrong-type"),
        Mutation("default: 20,", "default: ¦25,", "bad-default"),
        Mutation("default: 20,", "default: ¦twenty,", "bad-default"),
        Mutation("enum: [dev, staging, prod]", "enum: ¦dev", "wrong-type"),
        Mutation("dependsOn: encrypted", "dependsOn: ¦encypted", "unknown-field", "encrypted"),
        Mutation("dependsOn: encrypted", "dependsOn: kmsKey", "dependency-cycle").pointing(at: "{dependsOn: kmsKey"),
        Mutation("condition: equals", "condition: ¦equal", "bad-value", "equals"),
        Mutation("{dependsOn: encrypted, condition", "¦{condition", "missing-key"),
        Mutation("{id: encrypted,", "{id: ¦storageGb,", "duplicate-id").alsoBreaking,
        Mutation("{id: encrypted,", "{id: ¦en crypted,", "bad-id").alsoBreaking,
    ]

    static let actions: [Mutation] = [
        Mutation("  manual:  ", "  ¦manul:  ", "unknown-key", "manual").alsoBreaking,
        Mutation("{id: ticket, type: jira-ticket,", "¦{type: jira-ticket,", "missing-key"),
        Mutation("type: jira-ticket", "type: ¦jira-tiket", "unknown-action-type", "jira-ticket"),
        Mutation("        type: github-workflow", "        type: ¦github-workflw", "unknown-action-type", "github-workflow"),
        Mutation("id: monitoring\n", "id: ¦provision\n", "duplicate-id").alsoBreaking,
        Mutation("dependsOn: [provision]", "dependsOn: [¦provison]", "missing-reference", "provision"),
        Mutation("dependsOn: [provision]", "dependsOn: ¦provision", "wrong-type"),
        Mutation("dependsOn: [provision]", "dependsOn: [monitoring]", "dependency-cycle").pointing(at: "[monitoring]"),
        Mutation("endpoint: \"$.endpoint\"", "endpoint: ¦\"$..[\"", "bad-value"),
        Mutation("sensitive: true", "¦sensitve: true", "unknown-key", "sensitive"),
        Mutation("idempotency: header", "¦idempotncy: header", "unknown-key", "idempotency"),
        Mutation("method: POST", "method: ¦PSOT", "bad-value"),
        Mutation(
            "endpoint: {url: \"https://provisioning.example.com/provision\", method: POST}", "endpoint: ¦{method: POST}", "missing-key"),
        Mutation("type: http-status, expected: 200", "type: http-status, expected: ¦ok", "bad-value"),
        Mutation("role: approver, ", "", "missing-key").pointing(at: "{name: data team lead"),
        Mutation("resources: [{type: postgres, ", "resources: [¦{", "missing-key"),
    ]

    static let templates: [Mutation] = [
        Mutation("\"Provision {{fields.instanceName}}\"", "\"Provision {{¦field.instanceName}}\"", "unknown-scope", "fields.instanceName"),
        Mutation("\"Provision {{fields.instanceName}}\"", "\"Provision {{¦fields.instanceNam}}\"", "unknown-field", "fields.instanceName"),
        Mutation(
            "{\"name\": \"{{fields.instanceName}}\"", "{\"name\": \"{{¦fields.instancName}}\"", "unknown-field", "fields.instanceName"),
        Mutation(
            "\"environment\": \"{{fields.environment}}\"", "\"environment\": \"{{ upper(¦fields.envronment) }}\"", "unknown-field",
            "fields.environment"),
        Mutation("{{request.user.email}}", "{{¦request.user.emial}}", "unknown-path", "request.user.email"),
        Mutation("{{request.user.email}}", "{{¦request.usr.email}}", "unknown-path", "request.user"),
        Mutation("{{request.user.email}}", "{{¦metadata.nme}}", "unknown-path", "metadata.name"),
        Mutation("\"Provision {{fields.instanceName}}\"", "\"Provision {{fields.instanceName\"", "bad-template").anywhere,
        Mutation("{{fields.environment == 'prod'}}", "{{fields.environment == ¦}}", "bad-template").anywhere,
        Mutation("{{fields.environment == 'prod'}}", "{{¦fields.enviroment == 'prod'}}", "unknown-field", "fields.environment"),
        Mutation("{{fields.storageGb > 500}}", "{{¦outputs.provision.id > 500}}", "unknown-scope"),
        Mutation("{{fields.storageGb > 500}}", "¦large {{fields.storageGb}}", "bad-template").anywhere,
        Mutation(
            "endpoint: \"{{outputs.provision.endpoint}}\"}\ninstance", "endpoint: \"{{¦outputs.provison.endpoint}}\"}\ninstance",
            "unknown-output", "outputs.provision"),
        Mutation(
            "endpoint: \"{{outputs.provision.endpoint}}\"}\ninstance", "endpoint: \"{{¦outputs.provision.endpont}}\"}\ninstance",
            "unknown-output", "outputs.provision.endpoint"),
        Mutation(
            "endpoint: \"{{outputs.provision.endpoint}}\"}\ninstance", "endpoint: \"{{¦outputs.monitoring.runId}}\"}\ninstance",
            "output-too-early"),
        Mutation("headers: {Accept: application/json}", "headers: {Accept: \"{{¦outputs.monitoring.runId}}\"}", "output-too-early"),
        Mutation("  name: \"{{fields.instanceName}}\"", "  name: \"{{¦outputs.provision.id}}\"", "unknown-scope"),
        Mutation("{{instance.outputs.endpoint}}", "{{¦instance.outputs.endpont}}", "unknown-output", "instance.outputs.endpoint"),
        Mutation("on: \"{{fields.network}}\"", "on: \"{{¦fields.netwrk}}\"", "unknown-field", "fields.network"),
        Mutation("default: true}", "default: \"{{¦fields.network}}\"}", "unknown-scope"),
        Mutation("Provision {{fields.instanceName}}", "Provision {{¦uper(fields.instanceName)}}", "bad-template").anywhere,
    ]

    static let original = (try? Fixtures.text("Tests/CatalogTests/Fixtures/spec-canonical.yaml")) ?? ""

    @Test("a mistake gives the right rule at the right place", arguments: shape + forms + actions + templates + rules)
    func mutation(_ mutation: Mutation) throws {
        try mutation.check(on: Self.original, path: "catalog/databases/postgresql/service.yaml")
    }
}

extension Mutation {
    func check(on original: String, path: String) throws {
        let (text, place) = try applied(to: original)
        let reading = Fixtures.read(text, path: path)
        let errors = reading.findings.filter(\.isError)
        let found = errors.first { $0.rule == rule && (isAnywhere || "\($0.line):\($0.column)" == place) }
        #expect(found != nil, "wanted \(rule) at \(place), found \(errors.map(\.description))")
        #expect(reading.documents.isEmpty)
        if let suggestion { #expect(found?.suggestion == suggestion) }
        if !breaksMore { #expect(errors.count == 1, "\(errors.map(\.description))") }
    }
}
