import Base
import Testing

@testable import Catalog

@Suite struct StarterTests {
    @Test("starters of all kinds are one catalog without a finding")
    func together() async throws {
        let bench = try Bench(Dictionary(uniqueKeysWithValues: Starter.allCases.map { ("catalog/examples/\($0.fileName)", $0.text) }))
        let result = await bench.catalog.sync()
        #expect(bench.catalog.snapshot.findings.map(\.description) == [])
        #expect(result.counts.values.reduce(0) { $0 + $1.added } == Starter.allCases.count)
    }
}

@Suite struct RenderingTestTests {
    private let documents = Fixtures.read(Starter.item.text, path: "my-service.yaml").documents

    private func differences(_ cases: String) throws -> [String] {
        try RenderingTest(Array(cases.utf8), of: documents).run { _, _ in .text }.flatMap(\.differences).map {
            "\($0.path) \($0.expected?.description ?? "-") \($0.rendered?.description ?? "-")"
        }
    }

    @Test(
        "what is expected is compared where it says something",
        arguments: [
            ("expected: {}", []),
            ("expected: {instance: {name: orders}}", []),
            ("expected: {instance: {name: other}}", [#"instance.name "other" "orders""#]),
            (
                "expected: {manual: {task: {title: Make orders (small), instructions: x}}}",
                [#"manual.task.instructions "x" "Asked for by sample@example.com. Enter the id of what was made.""#]
            ),
            (
                "expected: {manual: {task: {title: Make orders (small)}}}",
                [#"manual.task.instructions - "Asked for by sample@example.com. Enter the id of what was made.""#]
            ),
            ("expected: {manual: {nothing: 1}}", ["manual.nothing 1 -"]),
            ("expected: {instance: {outputs: {endpoint: <provision.endpoint>}}}", []),
            ("scope: {outputs: {provision: {endpoint: https://x}}}, expected: {instance: {outputs: {endpoint: https://x}}}", []),
        ] as [(String, [String])])
    func compare(_ rest: String, _ expected: [String]) throws {
        #expect(try differences("cases: [{requestData: {instanceName: orders}, \(rest)}]") == expected)
    }

    @Test("what the form refuses is a difference, unless it is expected")
    func findings() throws {
        #expect(try differences("cases: [{requestData: {}}]") == [#"findings [] ["instanceName: required"]"#])
        #expect(try differences(#"cases: [{requestData: {}, findings: ["instanceName: required"]}]"#) == [])
    }

    @Test("an updated file has no differences and keeps its cases")
    func updated() throws {
        let cases = "cases: [{name: one, requestData: {instanceName: orders}}, {requestData: {instanceName: x, size: large}}]"
        let text = try RenderingTest(Array(cases.utf8), of: documents).updated { _, _ in .text }
        #expect(try differences(text) == [])
        #expect(text.contains("name: one"))
        #expect(text.contains("token: \"<secrets.provisioning_token>\""))
    }

    @Test(
        "what are no cases is refused",
        arguments: [
            "", "cases: []", "cases: [{document: other}]", "cases: [{requestdata: {}}]", "cases: {", "- 1",
        ])
    func refused(_ text: String) {
        #expect(throws: PAOError.self) { try RenderingTest(Array(text.utf8), of: documents) }
    }

    @Test("expected renderings are no documents of the catalog")
    func beside() async throws {
        let bench = try Bench(["catalog/tests/a.yaml": item("a"), "catalog/tests/a.expected.yaml": "cases: []"])
        #expect(await bench.catalog.sync().errors == 0)
    }
}
