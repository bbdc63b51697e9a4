import Base
import Testing

@testable import Catalog
@testable import Documents

/// What documents of one file say of each other.
@Suite struct CrossFindingTests {
    private static let about =
        "description: \"A description that is long enough for nobody to complain about it.\", version: 1.0.0, owner: {team: t}"

    private static let item = """
        kind: CatalogItem
        metadata: {id: store, name: Store, \(about)}
        presentation: {form: {groups: [{id: g, fields: [{id: name, type: string, required: true}, {id: size, type: select, enum: [small, large], required: true}, {id: gb, type: integer}]}]}}
        fulfillment:
          strategy: {mode: automatic}
          manual: {actions: [{id: t, type: manual-task, config: {title: t}}]}
          automatic: {actions: [{id: make, type: rest-api, config: {url: "https://a.example/x"}, outputs: {id: $.id}}]}
        instance: {outputs: {address: "{{outputs.make.id}}"}}
        """

    private static func bundle(_ component: String, more: String = "") -> String {
        """
        kind: CatalogBundle
        metadata: {id: pack, name: Pack, \(about)}
        presentation: {form: {groups: [{id: g, fields: [{id: x, type: string, required: true}]}]}}
        components:
          - {id: a, catalogItem: store, \(component)}
        \(more)
        """
    }

    private static func update(_ target: String, title: String = "x") -> String {
        """
        kind: UpdateItem
        metadata: {id: grow, name: Grow, \(about)}
        targets: {catalogItems: [{id: store, \(target)}]}
        fulfillment: {manual: {actions: [{id: t, type: manual-task, config: {title: "\(title)"}}]}}
        """
    }

    private static func check(_ documents: String...) -> LooseDocuments {
        LooseDocuments([Fixtures.read(documents.joined(separator: "\n---\n"), path: "all.yaml")])
    }

    static let whole = "config: {name: \"{{fields.x}}\", size: small}"

    @Test("a component fits its item")
    func fits() {
        let found = Self.check(Self.bundle(Self.whole + ", outputs: [address, id]"), Self.item).findings
        #expect(found == [], "\(found)")
    }

    @Test(
        "a component is held against the form and the outputs of its item",
        arguments: [
            ("config: {name: a}", "store needs a value for size"), ("config: {name: a, size: small, nme: b}", "store has no field nme"),
            ("config: {name: a, size: tiny}", "is none of \"small\", \"large\""),
            ("config: {name: a, size: small, gb: \"12\"}", "Enter a whole number"),
            (whole + ", outputs: [adress]", "have no output adress"), (whole + ", version: \">=3\"", "is at 1.0.0, which is not in >=3"),
        ])
    func components(_ component: String, _ message: String) {
        let errors = Self.check(Self.bundle(component), Self.item).findings.filter(\.isError)
        #expect(errors.count == 1 && errors[0].line == 5 && errors[0].message.contains(message), "\(errors)")
    }

    @Test("an output that a template reads of a component is one of its item")
    func reads() {
        let second = "  - {id: b, catalogItem: store, dependsOn: [a], config: {name: \"{{components.a.outputs.adress}}\", size: small}}"
        let errors = Self.check(Self.bundle(Self.whole, more: second), Self.item).findings.filter(\.isError)
        #expect(errors.map(\.rule) == ["unknown-output"] && errors[0].line == 6 && errors[0].suggestion == "address", "\(errors)")
    }

    @Test(
        "an operation is held against what it applies to",
        arguments: [
            ("requiredParameters: [nmae]", "x", "have no parameter nmae", true),
            ("optionalParameters: [nmae]", "x", "have no parameter nmae", true),
            ("versionRange: \">=9\"", "x", "begins after that", false), ("versionRange: \"<1\"", "x", nil, false),
            ("requiredParameters: [name]", "{{instance.parameters.zz}}", "instance.parameters has no zz", true),
            ("requiredParameters: [name]", "{{instance.outputs.adress}}", "instance.outputs has no adress", true),
            ("requiredParameters: [name]", "{{instance.outputs.address}} {{instance.parameters.gb}} {{instance.version}}", nil, false),
        ] as [(String, String, String?, Bool)])
    func operations(_ target: String, _ title: String, _ message: String?, _ isError: Bool) {
        let found = Self.check(Self.update(target, title: title), Self.item).findings
        #expect(found.count == (message == nil ? 0 : 1), "\(found)")
        #expect(found.allSatisfy { $0.message.contains(message ?? "") && $0.isError == isError }, "\(found)")
    }

    @Test("a document with errors of its own is held against the others all the same")
    func atOnce() {
        let broken = Self.item.replacing("type: integer", with: "type: intger")
        let found = Self.check(Self.bundle("config: {name: a, size: tiny}, bogus: 1"), broken).findings.filter(\.isError)
        #expect(Set(found.map(\.rule)) == ["unknown-key", "bad-value", "unknown-field-type"], "\(found)")
    }

    @Test("what was not given is not looked for, and named")
    func loose() {
        let checked = Self.check(Self.bundle(Self.whole), "kind: Nothing\n")
        #expect(checked.unknownNames == ["store"])
        #expect(checked.unread == 1)
        #expect(checked.findings.map(\.rule) == ["unknown-kind"])
    }

    @Test("an id that stands twice in what was given is told")
    func twice() {
        let found = Self.check(Self.item, Self.item).findings
        #expect(found.map(\.rule) == ["duplicate-id"])
    }

    @Test("a sync tells what a broken document says of others, and does not serve what refers to it")
    func sync() async throws {
        let bench = try Bench([
            "catalog/a/pack.yaml": Self.bundle("config: {name: a, size: tiny}"),
            "catalog/a/store.yaml": Self.item.replacing("type: integer", with: "type: intger"),
        ])
        await bench.catalog.sync()
        let messages = bench.catalog.snapshot.findings.filter(\.isError).map(\.message)
        #expect(messages.count == 3, "\(messages)")
        #expect(messages.contains { $0.contains("has errors of its own and cannot be used") })
        #expect(messages.contains { $0.contains("does not take this value") })
        #expect(bench.catalog.snapshot.entries.isEmpty)
    }
}
