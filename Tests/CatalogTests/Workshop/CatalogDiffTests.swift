import Base
import Testing

@testable import Catalog

private let twoFields = "{id: size, type: select, validation: {enum: [s, m]}}, {id: count, type: integer, validation: {min: 1, max: 9}}"

@Suite struct CatalogDiffTests {
    private func document(_ id: String = "a", version: String = "1.0.0", fields: String = twoFields, rest: String = "") throws
        -> CatalogDocument
    {
        let text = """
            kind: CatalogItem
            metadata: {id: \(id), name: The \(id), version: \(version), owner: {team: t},
              description: A document of the tests that is long enough to say what it is for.}
            presentation: {form: {groups: [{id: basic, fields: [\(fields)]}]}}
            fulfillment: {manual: {actions: [{id: task, type: manual-task, config: {title: Make it}}]}}
            instance: {outputs: {one: "{{fields.size}}", two: "2"}}
            \(rest)
            """
        let reading = Fixtures.read(text, path: "catalog/tests/\(id).yaml")
        return try #require(reading.documents.first, "\(reading.findings)")
    }

    private func details(_ old: CatalogDocument, _ new: CatalogDocument) -> [String] {
        CatalogDiff(from: [old], to: [new]).changes.flatMap(\.details).map { "\($0.weight): \($0.text)" }
    }

    @Test(
        "changes of fields by what they mean for those who fill them in",
        arguments: [
            ("{id: size, type: select, validation: {enum: [s, m]}}", "breaking: field count is gone (it was a integer)"),
            (twoFields + ", {id: name, type: string}", "addition: field name is new"),
            (twoFields + ", {id: name, type: string, required: true}", "breaking: field name is new and required"),
            (twoFields + ", {id: name, type: string, required: true, default: x}", "addition: field name is new"),
            (twoFields.replacing("[s, m]", with: "[s]"), "breaking: field size: takes m no longer"),
            (twoFields.replacing("[s, m]", with: "[s, m, l]"), "addition: field size: takes l, too"),
            (twoFields.replacing("[s, m]", with: "[m, s]"), "wording: field size: the order of its options changed"),
            (twoFields.replacing("min: 1", with: "min: 2"), "breaking: field count: min 1 -> 2"),
            (twoFields.replacing("min: 1", with: "min: 0"), "addition: field count: min 1 -> 0"),
            (twoFields.replacing("max: 9", with: "max: 8"), "breaking: field count: max 9 -> 8"),
            (twoFields.replacing(", max: 9", with: ""), "addition: field count: max 9 -> none"),
            (twoFields.replacing("min: 1", with: "step: 2, min: 1"), "breaking: field count: step none -> 2"),
            (
                twoFields.replacing("id: count, type: integer", with: "id: count, type: number"),
                "breaking: field count: was of type integer and is of type number"
            ),
            (twoFields.replacing("id: size,", with: "id: size, required: true,"), "breaking: field size: is required now"),
            (twoFields.replacing("id: size,", with: "id: size, description: x,"), "wording: field size: description changed"),
            (twoFields.replacing("id: size,", with: "id: size, default: s,"), "addition: field size: default changed"),
        ])
    func fields(_ changed: String, _ expected: String) throws {
        let details = details(try document(), try document(fields: changed))
        #expect(details.filter { !$0.contains("groups of the form") } == [expected])
    }

    @Test(
        "the version says at least as much as the change",
        arguments: [
            ("1.0.0", "1.0.0", "error"), ("1.0.0", "0.9.0", "error"), ("1.0.0", "1.1.0", "warning"), ("1.0.0", "2.0.0", ""),
            ("0.3.0", "0.3.1", "warning"),
            ("0.3.0", "0.4.0", ""), ("2.0.0-rc.1", "2.0.0-rc.2", ""), ("2.0.0-rc.1", "2.0.0-rc.1", "error"),
        ])
    func version(_ old: String, _ new: String, _ severity: String) throws {
        let diff = CatalogDiff(
            from: [try document(version: old)], to: [try document(version: new, fields: twoFields.replacing("[s, m]", with: "[s]"))])
        #expect(diff.changes.flatMap(\.remarks).map(\.severity.rawValue).joined() == severity)
    }

    @Test("documents that are new, gone and equal")
    func documents() throws {
        let diff = CatalogDiff(from: [try document("a"), try document("b")], to: [try document("b"), try document("c")])
        #expect(
            diff.text == """
                - CatalogItem a 1.0.0: withdrawn; its requests and instances go on
                + CatalogItem c 1.0.0
                2 documents changed, 0 errors, 0 warnings

                """)
    }

    @Test("bundles and operations that no longer fit")
    func fit() throws {
        let bundle = try #require(Fixtures.read(bundle("set", of: "a", field: "size"), path: "catalog/tests/set.yaml").documents.first)
        let update = try #require(Fixtures.read(Starter.update.text.replacing("my-service,", with: "a,"), path: "u.yaml").documents.first)
        let changed = try document(version: "2.0.0", fields: twoFields.replacing("[s, m]", with: "[s]"))
        let diff = CatalogDiff(from: [try document(), bundle, update], to: [changed, bundle, update])
        #expect(
            diff.changes.flatMap(\.remarks).map { "\($0.severity): \($0.text)" } == [
                "note: New instances are not eligible for my-service-resize (>=1.0.0 <2).",
                "error: The bundle set asks for >=1.0.0 <2, which 2.0.0 is not in.",
            ])
        let gone = CatalogDiff(from: [try document(), bundle], to: [bundle])
        #expect(gone.changes.flatMap(\.remarks).map(\.text) == ["The bundle set still holds it."])
    }

    @Test("outputs, actions, targets and words")
    func parts() throws {
        let old = try document()
        var definition = old.definition
        definition["instance"] = ["outputs": ["one": "{{fields.count}}", "three": "3"]]
        definition["lifecycle"] = ["status": "deprecated"]
        definition["metadata"]?["tags"] = ["new"]
        definition["fulfillment"]?["manual"] = ["actions": [["id": "task", "type": "manual-task", "config": ["title": "Do it"]]]]
        let details = DocumentComparison(old.definition, definition).details.map { "\($0.weight): \($0.text)" }
        #expect(
            details == [
                "breaking: instance output two is gone", "addition: manual action task: config.title changed",
                "addition: instance output one changed", "addition: instance output three is new", "addition: lifecycle changed",
                "wording: metadata.tags changed",
            ])
    }
}
