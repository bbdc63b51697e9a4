import Base
import Foundation
import Testing

@testable import Catalog
@testable import Documents

extension MutationTests {
    /// Further places of the canonical item.
    static let rules: [Mutation] = [
        Mutation("  id: database-postgresql-standard ", "  id: ¦-database ", "bad-id", "database"),
        Mutation("  id: database-postgresql-standard ", "  id: ¦a--b ", "bad-id", "a-b"),
        Mutation("  id: database-postgresql-standard ", "  id: ¦7 ", "wrong-type", "\"7\""),
        Mutation("  name: PostgreSQL Database ", "  name: ¦\"\" ", "bad-value"),
        Mutation("  name: PostgreSQL Database ", "  name: ¦true ", "wrong-type", "\"true\""),
        Mutation("description: Managed PostgreSQL with", "description: ¦[Managed] #", "wrong-type"),
        Mutation("version: 2.1.0 ", "version: ¦2.1.0.4 ", "bad-version"),
        Mutation("version: 2.1.0 ", "version: ¦2.01.0 ", "bad-version"),
        Mutation("version: 2.1.0 ", "version: ¦2.1.0-b_1 ", "bad-version"),
        Mutation("contact: data@example.com", "contact: ¦[data@example.com]", "wrong-type"),
        Mutation("sla: {provisioning: 30m", "sla: ¦30m #", "wrong-type"),
        Mutation("  form:\n", "  ¦from:\n", "unknown-key", "form").alsoBreaking,
        Mutation("      - id: basic\n", "      - id: ¦\"1 basic\"\n", "bad-id"),
        Mutation("        fields:\n", "        fields: ¦{}\n        felds:\n", "wrong-type").alsoBreaking,
        Mutation("{id: network, name: Network, type: string,", "{id: network, name: Network, ¦typ: string,", "unknown-key", "type"),
        Mutation("name: Network, type: string", "name: Network, type: ¦int", "unknown-field-type", "integer"),
        Mutation("name: Network, type: string", "name: Network, type: string, validation: {minLength: ¦-1}", "wrong-type"),
        Mutation("name: Network, type: string", "name: Network, type: string, validation: {minLength: 9, maxLength: ¦3}", "empty-bounds"),
        Mutation("name: Network, type: string", "name: Network, type: string, validation: {pattern: ¦\"(a\"}", "bad-pattern"),
        Mutation("name: Network, type: string", "name: Network, type: string, validation: {pattern: ¦7}", "wrong-type"),
        Mutation("name: Network, type: string", "name: Network, type: string, pattern: ¦\"a++\"", "bad-pattern"),
        Mutation("name: Network, type: string", "name: Network, type: password, validation: {strength: ¦huge}", "wrong-type"),
        Mutation("name: Network, type: string", "name: Network, type: file, validation: {maxSize: ¦large}", "wrong-type"),
        Mutation("name: Network, type: string", "name: Network, type: date, default: ¦\"2026-02-30\"", "bad-default"),
        Mutation("name: Network, type: string", "name: Network, type: email, default: ¦nobody", "bad-default"),
        Mutation("name: Network, type: string", "name: Network, type: integer, default: ¦1.5", "bad-default"),
        Mutation(
            "name: Network, type: string", "name: Network, type: multiselect, validation: {enum: [a], maxSelections: ¦one}", "wrong-type"),
        Mutation(
            "name: Network, type: string",
            "name: Network, type: multiselect, validation: {enum: [a, b], minSelections: 2, maxSelections: ¦1}", "empty-bounds"),
        Mutation("name: Network, type: string", "name: Network, type: list, items: {type: ¦strng}", "unknown-field-type", "string"),
        Mutation(
            "name: Network, type: string", "name: Network, type: object, properties: [{id: a, type: string}, {id: ¦a, type: string}]",
            "duplicate-id"),
        Mutation("default: 20,", "default: ¦2000,", "bad-default"),
        Mutation("step: 10", "step: ¦ten", "wrong-type"),
        Mutation("step: 10", "¦stp: 10", "unknown-key", "step"),
        Mutation("condition: equals, value: true", "condition: matches, value: ¦\"(\"", "bad-pattern"),
        Mutation("dependsOn: encrypted", "dependsOn: ¦[encrypted]", "wrong-type").alsoBreaking,
        Mutation("strategy: {mode: automatic}", "strategy: {¦mod: automatic}", "unknown-key", "mode").alsoBreaking,
        Mutation("{name: data team lead, role", "{name: data team lead, ¦rol", "unknown-key", "role"),
        Mutation("role: approver", "role: approver, required: ¦0", "bad-value"),
        Mutation("role: approver", "role: approver, timeout: ¦soon", "bad-value"),
        Mutation("role: approver", "role: approver, onTimeout: ¦rejct", "bad-value", "reject"),
        Mutation("concurrency: {key: \"{{fields.instanceName}}\"", "concurrency: ¦{x: 1", "missing-key").alsoBreaking,
        Mutation("nonRetryable: [http_4xx]", "nonRetryable: ¦http_4xx", "wrong-type"),
        Mutation("maxDelay: 5m", "maxDelay: ¦5 minutes", "bad-value"),
        Mutation("attempts: 3", "attempts: ¦101", "bad-value"),
        Mutation("attempts: 3", "¦atempts: 3", "unknown-key", "attempts"),
        Mutation("      - id: provision\n", "      - id: ¦\"pro vision\"\n", "bad-id").alsoBreaking,
        Mutation("        type: rest-api\n", "        type: ¦rest\n", "unknown-action-type").alsoBreaking,
        Mutation("type: bearer, token", "type: ¦berer, token", "bad-value", "bearer").alsoBreaking,
        Mutation("verification: [{type: http-status", "verification: [¦{typ: http-status", "missing-key").alsoBreaking,
        Mutation("outputs: {id: \"$.id\"", "outputs: {id: ¦7", "wrong-type").alsoBreaking,
        Mutation("cleanup: \"Delete", "cleanup: ¦7 #", "wrong-type"),
        Mutation("if: \"{{fields.environment == 'prod'}}\"", "if: ¦[a]", "wrong-type"),
        Mutation("          repository: example/monitoring\n", "          ¦repositry: example/monitoring\n", "unknown-key", "repository"),
        Mutation("instance:  ", "¦instanc:  ", "unknown-key", "instance").alsoBreaking,
        Mutation("  dependencies: [{on: \"{{fields.network}}\", type", "  dependencies: [¦{type", "missing-key"),
        Mutation("required: true}]\n", "required: ¦maybe}]\n", "wrong-type"),
        Mutation("healthCheck: {url: \"{{instance.outputs.endpoint}}/health\", ", "healthCheck: ¦{", "missing-key"),
        Mutation("lifecycle: {status: active", "lifecycle: {¦stat: active", "unknown-key", "status"),
    ]

    /// What the YAML reader refuses before anybody looks at the document.
    static let yaml: [Mutation] = [
        Mutation("tags: [database, postgres]", "tags: [database, postgres", "yaml-syntax").anywhere,
        Mutation("  sla: {", "\t¦sla: {", "yaml-syntax").anywhere,
        Mutation("category: databases ", "category: ¦*nothing ", "yaml-alias"),
        Mutation("category: databases ", "category: ¦!secret databases ", "yaml-tag"),
        Mutation("category: databases ", "category: ¦.inf ", "yaml-number"),
        Mutation("  category: databases ", "  ¦<<: databases ", "yaml-merge").anywhere,
        Mutation("  category: databases ", "  version: 2 ", "yaml-duplicate-key").pointing(at: "version: 2 "),
        Mutation("  category: databases ", "  ? ¦[a, b]\n  : databases ", "yaml-key").anywhere,
    ]

    @Test("what is no YAML is told where it is", arguments: yaml)
    func yaml(_ mutation: Mutation) throws {
        try mutation.check(on: Self.original, path: "catalog/databases/postgresql/service.yaml")
    }

    static let bundles: [Mutation] = [
        Mutation("components:\n", "¦componets:\n", "unknown-key", "components").alsoBreaking,
        Mutation("  - id: main\n", "  - id: ¦\"ma in\"\n", "bad-id").alsoBreaking,
        Mutation("  - id: spare\n", "  - id: ¦main\n", "duplicate-id").alsoBreaking,
        Mutation("dependsOn: [main]", "dependsOn: [¦mian]", "missing-reference", "main"),
        Mutation("dependsOn: [main]", "dependsOn: [spare]", "dependency-cycle").pointing(at: "[spare]"),
        Mutation("version: \">=1.0.0 <2\"           #", "version: ¦\"one or two\"           #", "bad-range"),
        Mutation("version: \">=1.0.0 <2\"           #", "version: ¦\">=2.0.0 <1\"           #", "unsatisfiable-range"),
        Mutation("version: \">=1.0.0 <2\"           #", "version: ¦1           #", "wrong-type"),
        Mutation("    required: true\n", "    required: ¦always\n", "wrong-type"),
        Mutation("    enabledByDefault: false\n", "    ¦enabledByDefalt: false\n", "unknown-key", "enabledByDefault"),
        Mutation("    outputs: [endpoint] ", "    outputs: ¦endpoint ", "wrong-type"),
        Mutation(
            "instanceName: \"{{fields.appName}}-spare\"", "instanceName: \"{{¦fields.appNam}}-spare\"", "unknown-field", "fields.appName"),
        Mutation(
            "instanceName: \"{{fields.appName}}-spare\"", "instanceName: \"{{¦components.main.outputs.endpont}}\"", "unknown-output",
            "endpoint"),
        Mutation(
            "instanceName: \"{{fields.appName}}-spare\"", "instanceName: \"{{¦components.mian.outputs.endpoint}}\"", "unknown-output",
            "components.main"),
        Mutation(
            "instanceName: \"{{fields.appName}}\"\n", "instanceName: \"{{¦components.spare.outputs.endpoint}}\"\n", "output-too-early"),
        Mutation("    catalogItem: my-service  ", "    ¦catalogItm: my-service  ", "unknown-key", "catalogItem"),
        Mutation("mode: sequential} #", "mode: ¦serial} #", "bad-value"),
        Mutation("mode: sequential} #", "mode: sequential, jiraLinking: {parentTicket: ¦5}} #", "wrong-type"),
    ]

    static let updates: [Mutation] = [
        Mutation("targets:\n", "¦target:\n", "unknown-key", "targets").alsoBreaking,
        Mutation("  catalogItems: ", "  ¦catalogItem: ", "unknown-key", "catalogItems").alsoBreaking,
        Mutation("{id: my-service, versionRange", "¦{versionRange", "missing-key"),
        Mutation("versionRange: \">=1.0.0 <2\"", "versionRange: ¦\"^^1\"", "bad-range"),
        Mutation("versionRange: \">=1.0.0 <2\"", "¦versionRang: \">=1.0.0 <2\"", "unknown-key", "versionRange"),
        Mutation("requiredParameters: [instanceName]", "requiredParameters: ¦instanceName", "wrong-type"),
        Mutation("  destructive: false", "  destructive: ¦no", "wrong-type", "false"),
        Mutation("  estimatedDuration: 5m", "  estimatedDuration: ¦five minutes", "bad-value"),
        Mutation("{{instance.name}}", "{{¦instance.nme}}", "unknown-path", "instance.name"),
        Mutation("{{fields.newSize}}", "{{¦fields.newSise}}", "unknown-field", "fields.newSize"),
        Mutation("{{instance.parameters.size}}", "{{¦instanc.parameters.size}}", "unknown-scope", "instance.parameters.size"),
        Mutation("{{request.user.email}}", "{{¦failre.error}}", "unknown-scope", "failure.error"),
        Mutation("kind: UpdateItem", "kind: ¦UpdatItem", "unknown-kind", "UpdateItem"),
    ]

    static let upgrades: [Mutation] = [
        Mutation("  toVersion: 2.0.0 ", "  toVersion: ¦two ", "bad-version"),
        Mutation("  toVersion: 2.0.0 ", "  toVersion: ¦2 ", "wrong-type"),
        Mutation("  prerequisites: ", "  prerequisits: ", "unknown-key", "prerequisites").pointing(at: "prerequisits"),
        Mutation("rollback: ", "¦rolback: ", "unknown-key", "rollback"),
        Mutation("  actions:\n    - id: restore", "  actions: ¦none\n  x:\n    - id: restore", "wrong-type").alsoBreaking,
        Mutation("{{instance.name}} from its backup", "{{¦instance.nam}} from its backup", "unknown-path", "instance.name"),
        Mutation("{{instance.name}} from its backup", "{{¦outputs.task.id}} from its backup", "unknown-output").alsoBreaking,
        Mutation(
            "      type: manual-task\n      config: {title: \"Restore", "      type: ¦manual\n      config: {title: \"Restore",
            "unknown-action-type"
        )
        .alsoBreaking,
        Mutation("    - id: restore\n", "    - ¦ID: restore\n", "unknown-key", "id"),
    ]

    static let flat: [Mutation] = [
        Mutation("version: \"1.0.0\"", "version: ¦\"1.0\"", "bad-version", "1.0.0"),
        Mutation("version: \"1.0.0\"", "version: ¦1.0", "wrong-type"),
        Mutation("version: \"1.0.0\"\n", "", "missing-key").pointing(at: "name: \"my-flat-service\""),
        Mutation("owner: \"my-team\"", "owner: ¦[my-team]", "wrong-type"),
        Mutation("tags: [\"example\"]", "tags: ¦example", "wrong-type"),
        Mutation("presentation:\n", "¦presentaton:\n", "unknown-key", "presentation").alsoBreaking,
        Mutation("  fields:\n", "  ¦field:\n", "unknown-key", "fields").alsoBreaking,
        Mutation("required: true, min_length", "¦requird: true, min_length", "unknown-key", "required"),
        Mutation("min_length: 3", "¦min_lenght: 3", "unknown-key", "min_length"),
        Mutation("min_length: 3, max_length: 30", "min_length: 3, max_length: ¦2", "empty-bounds"),
        Mutation("regexp: \"^[a-z][a-z0-9-]*$\"", "regexp: ¦\"[\"", "bad-pattern"),
        Mutation("type: \"selection\"", "type: ¦\"selecton\"", "unknown-field-type").alsoBreaking,
        Mutation("oneof: [\"dev\", \"prod\"]", "oneof: ¦\"dev\"", "wrong-type"),
        Mutation("min_value: 1, max_value: 5", "min_value: 1, max_value: ¦0", "empty-bounds").alsoBreaking,
        Mutation("default: 1}", "default: ¦9}", "bad-default"),
        Mutation("{name: \"replicas\"", "{name: ¦\"environment\"", "duplicate-id").alsoBreaking,
        Mutation("system: \"jira\"", "system: ¦\"jra\"", "bad-value", "jira").alsoBreaking,
        Mutation("    system: \"jira\"\n", "", "missing-key").pointing(at: "template:\n      project").alsoBreaking,
        Mutation("      project: \"PLATFORM\"\n", "      ¦projct: \"PLATFORM\"\n", "unknown-key", "project").alsoBreaking,
        Mutation("{{ service_name }} for", "{{ ¦service_nam }} for", "unknown-field", "fields.service_name"),
        Mutation("{{ requester.team }}", "{{ ¦requester.tem }}", "unknown-path").alsoBreaking,
        Mutation("        {% endfor %}\n", "", "bad-template").anywhere,
        Mutation("retry_policy: {max_attempts: 3", "retry_policy: {max_attempts: ¦\"3\"", "wrong-type"),
        Mutation("backoff_strategy: \"exponential\"", "backoff_strategy: ¦\"exponentially\"", "bad-value", "exponential").alsoBreaking,
        Mutation("max_delay: \"60s\"", "max_delay: ¦60", "bad-value", "60s"),
        Mutation("fallback_on_failure: true", "fallback_on_failure: ¦yes", "wrong-type", "true"),
        Mutation("type: \"HttpPost\" ", "type: ¦\"HttpPst\" ", "unknown-action-type", "HttpPost").alsoBreaking,
        Mutation("          url: \"https", "          ¦ulr: \"https", "unknown-key", "url").alsoBreaking,
        Mutation("replicas: \"{{ replicas }}\"", "replicas: \"{{ ¦replica }}\"", "unknown-field", "fields.replicas"),
        Mutation(
            "replicas: \"{{ replicas }}\"", "replicas: \"{{ ¦steps.provison.outputs.id }}\"", "unknown-output", "outputs.provision"
        )
        .alsoBreaking,
        Mutation("type: \"http_status\", expected", "type: ¦[http_status], expected", "wrong-type").alsoBreaking,
        Mutation("expected_status: 201", "expected_status: ¦\"created\"", "bad-value").alsoBreaking,
    ]

    @Test("a mistake in a bundle", arguments: bundles)
    func bundle(_ mutation: Mutation) throws { try mutation.check(on: Starter.bundle.text, path: "catalog/tests/a.yaml") }

    @Test("a mistake in an update", arguments: updates)
    func update(_ mutation: Mutation) throws { try mutation.check(on: Starter.update.text, path: "catalog/tests/a.yaml") }

    @Test("a mistake in an upgrade", arguments: upgrades)
    func upgrade(_ mutation: Mutation) throws { try mutation.check(on: Starter.upgrade.text, path: "catalog/tests/a.yaml") }

    @Test("a mistake in the flat dialect", arguments: flat)
    func flat(_ mutation: Mutation) throws { try mutation.check(on: Starter.flat.text, path: "catalog/tests/a.yaml") }

    /// Each with the document that it changes; `golden` has the same for tools outside of these tests.
    static var all: [(document: String, original: String, mutations: [Mutation])] {
        [
            ("spec-canonical", original, shape + forms + actions + templates + rules + yaml), ("bundle", Starter.bundle.text, bundles),
            ("update", Starter.update.text, updates), ("upgrade", Starter.upgrade.text, upgrades), ("flat", Starter.flat.text, flat),
        ]
    }

    @Test("two hundred mutations have the findings of the golden file")
    func golden() throws {
        var entries: [JSON] = []
        for (document, original, mutations) in Self.all {
            for mutation in mutations {
                let reading = Fixtures.read(try mutation.applied(to: original).text, path: "catalog/databases/a/service.yaml")
                let findings = reading.findings.filter(\.isError).map {
                    JSON.string($0.description.replacingOccurrences(of: $0.file, with: ""))
                }
                let new = mutation.new.replacingOccurrences(of: "¦", with: "")
                entries.append([
                    "document": .string(document), "old": .string(mutation.old), "new": .string(new), "errors": .array(findings),
                ])
            }
        }
        #expect(entries.count >= 200)
        try Fixtures.expectGolden(JSON.array(entries).pretty, "Tests/CatalogTests/Fixtures/mutations.json")
    }
}
