import Base
import Testing

@testable import Catalog
@testable import Documents

@Suite struct FlatDialectTests {
    private func read(_ text: String, path: String = "catalog/compute/eks-container-app/service.yaml") -> FileReading {
        Fixtures.read(text, path: path)
    }

    @Test("the flat example becomes this canonical document")
    func golden() throws {
        let text = try Fixtures.text("Tests/CatalogTests/Fixtures/spec-flat.yaml")
        let document = try #require(read(text, path: "catalog/databases/redis-cache/service.yaml").documents.first)
        #expect(document.definition == (try Fixtures.json("Tests/CatalogTests/Fixtures/spec-flat.canonical.json")))
    }

    static let names: [(String, String, String)] = [
        ("redis-cache", "catalog/databases/x/service.yaml", "redis-cache"),
        ("Redis Cache", "catalog/databases/redis/service.yaml", "redis"),
        ("Redis Cache", "catalog/databases/service.yaml", "redis-cache"),
        ("EKS Container App", "catalog/compute/eks-container-app/service.yaml", "eks-container-app"),
    ]

    @Test("the id is the name, else the folder, else the name in kebab-case", arguments: names)
    func id(_ name: String, _ path: String, _ id: String) {
        #expect(read("name: \(name)\n" + Self.rest, path: path).documents.map(\.id) == [id])
    }

    @Test("a folder of several documents gives no id")
    func sharedFolder() {
        let text = Array(("name: Redis Cache\n" + Self.rest).utf8)
        let reading = DocumentReader.read(text, path: "catalog/databases/shared/a.yaml", isAloneInFolder: false)
        #expect(reading.documents.map(\.id) == ["redis-cache"])
    }

    static let rest = """
        version: "1.0.0"
        description: "A flat document of the tests that is long enough to say what it is for"
        owner: "platform-team"
        fulfillment:
          manual: {system: "jira", template: {project: "OPS", summary: "For {{ requester.team }}"}}

        """

    @Test("an update: bare names are fields or parameters of the instance")
    func update() throws {
        let reading = read(
            """
            name: "grow-volume"
            tags: ["day-2"]
            \(Self.rest)
              automation:
                steps:
                  - name: "grow"
                    type: "HttpPut"
                    template: {url: "https://x.example/{{ instance_name }}/{{ size }}", body: {owner: "{{ catalog_item.owner }}"}}
            presentation: {fields: [{name: "size", type: "int", required: true}]}
            targets:
              catalog_items: [{name: "volume", version_range: ">=1.0.0", required_parameters: ["instance_name", "size"]}]
            """)
        #expect(reading.findings.filter(\.isError) == [])
        let document = try #require(reading.documents.first)
        #expect(document.kind == .update)
        #expect(document.targets?.isDestructive == false)
        let config = try #require(document.fulfillment.actions.first?.config)
        #expect(
            config.templates.map(\.template.source) == [
                "https://x.example/{{ instance.parameters.instance_name }}/{{ size }}", "{{ metadata.owner.team }}",
            ])
        #expect(config["endpoint"]?["method"].flatMap(Form.constantDefault) == "PUT")
    }

    @Test(
        "an operation that destroys or is tagged so is an upgrade",
        arguments: [
            "targets: {catalog_items: [{name: v}], destructive: true}", "destructive: true\ntargets: {catalog_items: [{name: v}]}",
            "tags: [upgrade]\ntargets: {catalog_items: [{name: v}]}",
        ])
    func upgrade(_ extra: String) throws {
        let document = try #require(read("name: \"new-engine\"\n" + Self.rest + extra).documents.first)
        #expect(document.kind == .upgrade)
        #expect(document.targets?.downtimeRequired == true)
    }

    @Test("a bundle: items become components, the same item twice two of them")
    func bundle() throws {
        let reading = read(
            """
            name: "web-stack"
            \(Self.rest)
            presentation: {bundle_fields: [{name: "app", type: "string", required: true}]}
            bundle:
              required_items: [{catalog_item: "redis-cache", version: "^1.0.0", parameters: {cache_name: "{{ app }}"}}]
              optional_items: [{catalog_item: "redis-cache", default_enabled: true}]
            """)
        #expect(reading.findings.filter(\.isError) == [])
        let components = try #require(reading.documents.first).components
        #expect(components.map(\.id) == ["redis-cache", "redis-cache-2"])
        #expect(components.map(\.isRequired) == [true, false])
        #expect(components.map(\.enabledByDefault) == [true, true])
    }

    @Test("outputs that others read are declared")
    func outputs() throws {
        let reading = read(
            """
            name: "chain"
            \(Self.rest)
              automation:
                steps:
                  - {name: "one", type: "HttpPost", template: {url: "https://x.example/one"}}
                  - {name: "two", type: "HttpPost", depends_on: ["one"], template: {url: "https://x.example/{{ steps.one.outputs.id }}"}}
            """)
        #expect(reading.findings.filter(\.isError) == [])
        #expect(reading.documents.first?.fulfillment.actions.first?.outputs.map(\.name) == ["id"])
    }

    static let mistakes: [(String, String, String)] = [
        ("owner:", "ownr:", "unknown-key"), ("system: \"jira\"", "system: \"jra\"", "bad-value"),
        ("summary: \"For {{ requester.team }}\"", "summary: \"For {{ requester.tem }}\"", "unknown-path"),
        ("summary: \"For {{ requester.team }}\"", "summary: \"For {{ app_name }}\"", "unknown-field"),
        ("project: \"OPS\"", "projct: \"OPS\"", "unknown-key"), ("version: \"1.0.0\"", "version: \"1.0\"", "bad-version"),
        ("summary: \"For {{ requester.team }}\"", "summary: \"{% if x %}\"", "bad-template"),
    ]

    @Test("a mistake is found by its flat name", arguments: mistakes)
    func mistake(_ old: String, _ new: String, _ rule: String) {
        let text = ("name: \"redis\"\n" + Self.rest).replacing(old, with: new)
        let errors = read(text).findings.filter(\.isError)
        #expect(errors.map(\.rule).contains(rule), "\(errors.map(\.description))")
    }
}
