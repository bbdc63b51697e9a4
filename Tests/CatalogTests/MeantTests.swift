import Testing

@testable import Catalog

/// What people write who know other products, or who trust that a machine will guess: the finding says what was most likely meant.
@Suite struct MeantTests {
    static let errors: [Mutation] = [
        Mutation("kind: CatalogItem", "¦Kind: CatalogItem", "unknown-key", "kind"),
        Mutation("condition: equals", "condition: ¦eq", "bad-value", "equals"),
        Mutation("condition: equals", "condition: ¦==", "bad-value", "equals"),
        Mutation("condition: equals", "¦operator: equals", "unknown-key", "condition"),
        Mutation("sensitive: true}", "¦secret: true}", "unknown-key", "sensitive"),
        Mutation("attempts: 3", "¦max_attempts: 3", "unknown-key", "attempts"),
        Mutation("initialDelay: 1s", "¦InitialDelay: 1s", "unknown-key", "initialDelay"),
        Mutation("path: \"$.id\", exists: true", "path: ¦\"$.[id\", exists: true", "bad-value"),
        Mutation("\"Provision {{fields.instanceName}}\"", "\"Provision {{¦instanceName}}\"", "unknown-scope", "fields.instanceName"),
        Mutation("\"Provision {{fields.instanceName}}\"", "\"Provision {{fields.instanceName | ¦uper}}\"", "bad-template", "upper"),
        Mutation("{{fields.environment == 'prod'}}", "{{fields.environment ¦= 'prod'}}", "bad-template", "=="),
        Mutation("type: number, default: 20", "type: ¦nmber, default: 20", "unknown-field-type", "number"),
    ]

    static let warnings: [Mutation] = [
        Mutation("{{fields.environment == 'prod'}}", "{{¦fields.environment == 'production'}}", "bad-value"),
        Mutation("{{fields.environment == 'prod'}}", "{{¦fields.environment != 'Prod'}}", "bad-value", "prod"),
        Mutation(
            "conditional: {dependsOn: encrypted, condition: equals, value: true}",
            "conditional: {dependsOn: environment, condition: in, value: [dev, ¦stagin]}", "bad-value", "staging"),
        Mutation("message: 4 to 30", "format: ¦hostnme, message: 4 to 30", "bad-value", "hostname"),
    ]

    private static let path = "catalog/databases/postgresql/service.yaml"

    @Test("a mistake of habit is told with what was meant", arguments: errors)
    func error(_ mutation: Mutation) throws { try mutation.check(on: MutationTests.original, path: Self.path) }

    @Test("what can never be so is a warning at its place", arguments: warnings)
    func warning(_ mutation: Mutation) throws {
        let (text, place) = try mutation.applied(to: MutationTests.original)
        let found = Fixtures.read(text, path: Self.path).findings.filter { $0.rule == mutation.rule && !$0.isError }
        #expect(found.map { "\($0.line):\($0.column)" } == [place])
        #expect(found.first?.suggestion == mutation.suggestion)
    }

    static let bodies: [(template: String, isJSON: Bool)] = [
        (#"{"a": "{{fields.instanceName}}", "b": {{fields.storageGb}}}"#, true), (#"{"a": "{{fields.instanceName}}" "b": 1}"#, false),
        (#"{"a": "{{fields.instanceName}}, "b": 1}"#, false), (#"{"a": {{fields.instanceName}},}"#, false),
        (#"{{{fields.instanceName}}}"#, true), (#"{"a": [{{#if fields.encrypted}}1,{{/if}} 2]}"#, true),
        (#"{"v": {{fields.storageGb}}.{{fields.storageGb}}}"#, true), (#"{ {{fields.instanceName}}: 1}"#, true),
        (#"{"a\"{{fields.instanceName}}": 1}"#, true),
    ]

    @Test("a body that no value makes JSON of is found before anybody orders it", arguments: bodies)
    func body(template: String, isJSON: Bool) throws {
        let document = """
            kind: CatalogItem
            metadata: {id: one, name: One, description: An item with a body that is or is not JSON whatever its tags give, version: 1.0.0, \
            category: databases, owner: {team: data}}
            presentation:
              form:
                groups:
                - id: main
                  fields:
                  - {id: instanceName, type: string, required: true}
                  - {id: storageGb, type: number, required: true}
                  - {id: encrypted, type: boolean, default: true}
            fulfillment:
              manual: {actions: [{id: task, type: manual-task, config: {title: Do it}}]}
              automatic:
                actions:
                - id: call
                  type: rest-api
                  config:
                    endpoint: {url: "https://x.example", method: PUT}
                    body:
                      type: json
                      contentTemplate: '\(template)'
            """
        let errors = Fixtures.read(document, path: Self.path).findings.filter(\.isError)
        #expect(errors.map(\.rule) == (isJSON ? [] : ["bad-value"]), "\(errors.map(\.description))")
    }

    static let spellings: [(line: String, words: String)] = [
        ("name: \"^\\d+$\"", "in single quotes a backslash is just that"),
        ("name: Managed: PostgreSQL", "quote a text that has a colon in it"),
        ("name: @postgres", "write it in quotes"), ("tags: [a, b", "the closing ]"),
    ]

    @Test("what is wrong with the YAML is said in words that help", arguments: spellings)
    func yaml(line: String, words: String) {
        let reading = Fixtures.read("kind: CatalogItem\nmetadata:\n  id: one\n  \(line)\n  version: 1.0.0\n", path: Self.path)
        #expect(reading.findings.map(\.rule) == ["yaml-syntax"])
        #expect(reading.findings.first?.message.contains(words) == true, "\(reading.findings.map(\.description))")
    }
}
