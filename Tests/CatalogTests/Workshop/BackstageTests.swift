import Base
import Foundation
import Testing

@testable import Catalog

@Suite struct BackstageTests {
    private func imported(parameters: String = "[]", steps: String = "[]", output: String = "{}") throws -> BackstageImport {
        let text = """
            {apiVersion: scaffolder.backstage.io/v1beta3, kind: Template, metadata: {name: t}, spec: {type: service,
             parameters: \(parameters), steps: \(steps), output: \(output)}}
            """
        return try BackstageImport(Array(text.utf8))
    }

    private func golden(_ name: String, _ actual: String) throws {
        let path = "Tests/CatalogTests/Fixtures/backstage/\(name)"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try Data(actual.utf8).write(to: Fixtures.root.appending(path: path))
        }
        #expect(actual == (try Fixtures.text(path)))
    }

    /// `UPDATE_GOLDEN=1` rewrites both files.
    @Test("a whole template becomes an item and a report of what it is not")
    func whole() throws {
        let imported = try BackstageImport(try Fixtures.bytes("Tests/CatalogTests/Fixtures/backstage/service-template.yaml"))
        try golden("service-item.yaml", imported.yaml)
        try golden("service-report.txt", imported.report.map { $0 + "\n" }.joined())
    }

    @Test("what is imported is a document without findings")
    func valid() throws {
        let imported = try BackstageImport(try Fixtures.bytes("Tests/CatalogTests/Fixtures/backstage/service-template.yaml"))
        #expect(Fixtures.read(imported.yaml, path: "service.yaml").findings.map(\.description) == [])
    }

    @Test(
        "expressions",
        arguments: [
            ("${{ parameters.name }}", "{{fields.name}}"), ("a ${{parameters['my-name']}} b", "a {{fields.my-name}} b"),
            ("${{ parameters.a.b[0].c }}", "{{fields.a.b.0.c}}"), ("${{ steps['x-1'].output.id }}", "{{outputs.x-1.id}}"),
            ("${{ parameters.a | upper }}", "{{fields.a | upper}}"), ("${{ parameters.a | dump }}", "{{fields.a | json}}"),
            ("${{ parameters.a === 'it' and not parameters.b }}", "{{fields.a == \"it\" && ! fields.b}}"),
            ("${{ user.ref }}", "{{request.user.login}}"), ("${{ secrets.key }}", "{{secrets.key}}"),
            ("${{ parameters.where }}", "github.com?owner={{fields.whereOwner}}&repo={{fields.whereName}}"),
            ("${{ (parameters.where | parseRepoUrl).owner }}", "{{fields.whereOwner}}"),
            ("${{ parameters.where | projectSlug }}", "{{fields.whereOwner}}/{{fields.whereName}}"),
        ])
    func expressions(_ source: String, _ expected: String) {
        let report = BackstageReport()
        let translation = BackstageTranslation(fields: [:], repositories: ["where"], report: report)
        #expect(translation.template(source, at: "x") == expected)
        #expect(report.lines == [])
    }

    @Test(
        "expressions without an equivalent stay as words and are reported",
        arguments: [
            ("${{ each.value }}", "(each.value)"),
            ("${{ parameters.a if parameters.b else 'c' }}", "(parameters.a if parameters.b else 'c')"),
            ("${{ parameters.a | custom }}", "(parameters.a | custom)"), ("${{ 'open }}", "('open)"), ("${{ }}", "()"),
            ("x {{ y", "x ( y"), ("${{ a", " a"),
        ])
    func noEquivalent(_ source: String, _ expected: String) {
        let report = BackstageReport()
        let translation = BackstageTranslation(fields: [:], repositories: [], report: report)
        #expect(translation.template(source, at: "x") == expected)
        #expect(report.lines.count == 1)
    }

    @Test(
        "types of parameters",
        arguments: [
            ("{type: string}", "string"), ("{type: string, format: uri}", "url"), ("{type: string, ui:widget: password}", "password"),
            ("{type: string, ui:options: {widget: textarea}}", "textarea"), ("{type: number, enum: [1, 2]}", "select"),
            ("{type: integer}", "integer"),
            ("{type: boolean}", "boolean"), ("{type: array, items: {type: string}}", "list"),
            ("{type: array, items: {enum: [a]}}", "multiselect"),
            ("{type: object, properties: {a: {type: string}}}", "object"), ("{type: string, format: date-time}", "datetime"),
            ("{}", "string"),
            ("{type: array, ui:field: EntityTagsPicker}", "list"),
        ])
    func types(_ schema: String, _ type: String) throws {
        let imported = try imported(parameters: "[{title: P, properties: {a: \(schema)}}]")
        #expect(imported.document["presentation"]?["form"]?["groups"]?[0]?["fields"]?[0]?["type"]?.string == type)
        let findings = Fixtures.read(imported.yaml, path: "t.yaml").findings.filter(\.isError)
        #expect(findings.map(\.description) == [])
    }

    @Test(
        "what is no such template is refused",
        arguments: ["", "a: 1", "kind: Template", "[", "apiVersion: backstage.io/v1alpha1\nkind: Template"])
    func refused(_ text: String) {
        #expect(throws: PAOError.self) { try BackstageImport(Array(text.utf8)) }
    }

    @Test(
        "steps of any shape do no harm",
        arguments: [
            "[1, null, {}]", "[{action: fetch:plain, input: x}]", "[{action: publish:github, input: {repoUrl: 3}}]", "{}",
            "[{id: 'é ü', action: http:backstage:request, input: {path: a, body: text}}]",
        ])
    func odd(_ steps: String) throws {
        let imported = try imported(steps: steps)
        #expect(imported.document["fulfillment"]?["manual"] != nil)
    }
}
