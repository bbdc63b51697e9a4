import Base
import Testing

@testable import Catalog

@Suite struct HostileDocumentTests {
    private static func document(fields: String, actions: String = "") -> String {
        """
        kind: CatalogItem
        metadata: {id: big, name: Big, version: 1.0.0, owner: {team: a}}
        presentation: {form: {groups: [{id: g, fields: [\(fields)]}]}}
        fulfillment:
          manual: {actions: [\(actions.isEmpty ? "{id: t, type: manual-task, config: {title: T}}" : actions)]}
        """
    }

    static let documents: [(String, String)] = [
        (
            "a long chain of conditions",
            document(
                fields: (0..<9000).map { "{id: f\($0), type: string, conditional: {dependsOn: f\($0 + 1), value: 1}}" }.joined(
                    separator: ","))
        ),
        ("many unknown keys", document(fields: "{" + (0..<40_000).map { "k\($0): 1" }.joined(separator: ",") + "}")),
        (
            "many actions",
            document(
                fields: "",
                actions: (0..<9000).map { "{id: a\($0), type: manual-task, dependsOn: [a\($0 + 1)], config: {title: T}}" }.joined(
                    separator: ","))
        ),
        (
            "many dependencies",
            document(
                fields: "",
                actions: "{id: a, type: manual-task, config: {title: T}, dependsOn: ["
                    + Array(repeating: "a", count: 60_000).joined(separator: ",") + "]}")
        ),
        (
            "many wrong paths",
            document(
                fields: "",
                actions: "{id: a, type: manual-task, config: {title: \"" + String(repeating: "{{fields.x}}", count: 15_000) + "\"}}")
        ),
        (
            "a long range",
            "kind: CatalogBundle\nmetadata: {id: b, name: B, version: 1.0.0}\ncomponents: [{id: a, catalogItem: a, version: \""
                + String(repeating: ">1 ", count: 100_000) + "\"}]"
        ),
    ]

    @Test("a hostile document is refused in bounded time", arguments: documents)
    func bounded(_ name: String, _ text: String) {
        let time = ContinuousClock().measure { #expect(!Fixtures.read(text).findings.isEmpty) }
        #expect(time < .seconds(20), "\(name) took \(time)")
    }

    @Test("data that is wrong throughout is refused in bounded time")
    func data() {
        let form = readForm([
            "groups": [["id": "g", "fields": [["id": "a", "type": "list", "items": ["type": "string", "pattern": "^(a+)+$"]]]]]
        ])
        let list = JSON.array(Array(repeating: .string(String(repeating: "a", count: 30) + "!"), count: 300))
        let keys = JSON.object(JSONObject((0..<30_000).map { ("k\($0)", JSON.null) }))
        let time = ContinuousClock().measure {
            #expect(form.validate(["a": list]).findings.count == 200)
            #expect(form.validate(keys).findings.count == 200)
        }
        #expect(time < .seconds(20), "took \(time)")
    }
}
