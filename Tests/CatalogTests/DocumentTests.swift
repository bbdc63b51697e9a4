import Base
import Testing

@testable import Catalog
@testable import Documents

@Suite struct DocumentTests {
    @Test("the canonical example of the specification loads without a finding")
    func canonical() throws {
        let text = try Fixtures.text("Tests/CatalogTests/Fixtures/spec-canonical.yaml")
        let reading = Fixtures.read(text, path: "catalog/databases/postgresql/service.yaml")
        #expect(reading.findings.filter(\.isError) == [])
        #expect(reading.documents.count == 1)
    }

    @Test("the flat example of the specification loads without an error")
    func flat() throws {
        let text = try Fixtures.text("Tests/CatalogTests/Fixtures/spec-flat.yaml")
        let reading = Fixtures.read(text, path: "catalog/databases/redis-cache/service.yaml")
        #expect(reading.findings.filter(\.isError) == [])
        #expect(reading.documents.first?.id == "redis-cache")
    }

    @Test("a document reads back the same from its stored definition", arguments: ["spec-canonical.yaml", "spec-flat.yaml"])
    func readBack(_ name: String) throws {
        let reading = Fixtures.read(try Fixtures.text("Tests/CatalogTests/Fixtures/" + name), path: "catalog/databases/x/service.yaml")
        let document = try #require(reading.documents.first)
        let stored = try JSON.parse(document.definition.description)
        let back = try DocumentDecoder.decode(definition: stored, source: document.source)
        #expect(back.digest == document.digest)
        #expect(back.fulfillment.actions.map(\.id) == document.fulfillment.actions.map(\.id))
        #expect(back.form.json == document.form.json)
    }
}

@Suite struct ReportTests {
    @Test("many warnings hide no error, in this document or the next")
    func warnings() {
        let tags = (0..<400).map { "{id: f\($0), type: select}" }.joined(separator: ",")
        func document(_ id: String, _ rest: String) -> String {
            """
            kind: CatalogItem
            metadata: {id: \(id), name: Name, version: 1.0.0, owner: {team: a}}
            presentation: {form: {groups: [{id: g, fields: [\(tags)]}]}}
            fulfillment: {manual: {actions: [{id: t, type: manual-task, config: {title: T}\(rest)}]}}
            """
        }
        let reading = Fixtures.read([document("a", ""), document("b", ", dependsOn: [x]"), document("c", "")].joined(separator: "\n---\n"))
        #expect(reading.documents.map(\.id) == ["a", "c"])
        #expect(reading.findings.filter(\.isError).map(\.rule) == ["missing-reference"])
        #expect(reading.brokenIDs == ["b"])
    }
}
