import Base
import Testing

@testable import Catalog
@testable import Documents

@Suite struct DocumentFixTests {
    private let fix = DocumentFix(schemas: Fixtures.schemas)

    @Test("every mutation with a suggestion that is mechanical is put right, and no other is made worse")
    func mutations() throws {
        var fixed = 0
        for (_, original, mutations) in MutationTests.all {
            for mutation in mutations {
                let text = Array(try mutation.applied(to: original).text.utf8)
                let before = DocumentReader.read(text, path: "catalog/databases/a/service.yaml", schemas: Fixtures.schemas)
                let result = fix.fixed(text, path: "catalog/databases/a/service.yaml")
                let after = DocumentReader.read(result.text, path: "catalog/databases/a/service.yaml", schemas: Fixtures.schemas)
                #expect(after.findings.count(where: \.isError) <= before.findings.count(where: \.isError), "\(mutation)")
                if !before.findings.isEmpty, after.findings.count(where: \.isError) == 0 { fixed += 1 }
            }
        }
        #expect(fixed >= 20, "\(fixed) were put right")
    }

    @Test(
        "puts right what is mechanical",
        arguments: [
            ("fulfillment:", "fulfilment:"), ("required: true,\n", "required: yes,\n"), ("attempts: 3", "atempts: 3"),
            ("version: 2.1.0 ", "version: v2.1.0 "), ("placeholder: my-database", "placeholdr: my-database"),
        ])
    func mechanical(_ right: String, _ wrong: String) throws {
        let text = MutationTests.original.replacing(right, with: wrong, maxReplacements: 1)
        try #require(text != MutationTests.original)
        let result = fix.fixed(Array(text.utf8), path: "catalog/databases/a/service.yaml")
        let read = DocumentReader.read(result.text, path: "catalog/databases/a/service.yaml", schemas: Fixtures.schemas)
        #expect(read.findings.filter(\.isError) == [])
        #expect(result.fixed.count == 1)
        #expect(String(decoding: result.text, as: UTF8.self).split(separator: "\n").count == text.split(separator: "\n").count)
    }

    @Test(
        "never changes what a document does",
        arguments: [
            ("timeout: 30m", "timeout: 30"), ("{{request.user.email}}", "{{request.user.emial}}"),
            ("type: jira-ticket", "type: jira-tiket"),
            ("dependsOn: [provision]", "dependsOn: [provison]"), ("backoff: exponential", "backoff: exponental"),
            ("method: POST", "method: PSOT"), ("type: string, required: true", "type: sting, required: true"),
        ])
    func meaning(_ right: String, _ wrong: String) {
        let text = Array(MutationTests.original.replacing(right, with: wrong, maxReplacements: 1).utf8)
        let result = fix.fixed(text, path: "catalog/databases/a/service.yaml")
        #expect(result.text == text && result.fixed.isEmpty)
    }

    @Test("says what was and what became")
    func report() {
        let text = Array(MutationTests.original.replacing("fulfillment:", with: "fulfilment:").utf8)
        let fixed = fix.fixed(text, path: "catalog/databases/a/service.yaml").fixed
        #expect(fixed.map { "\($0.was) -> \($0.became)" } == ["fulfilment -> fulfillment"])
    }

    @Test("leaves ids, owners and right documents alone", arguments: ["id: Database_X ", "id: database-postgresql-standard "])
    func others(_ id: String) {
        let text = Array(MutationTests.original.replacing("id: database-postgresql-standard ", with: id).utf8)
        #expect(fix.fixed(text, path: "catalog/databases/a/service.yaml").text == text)
    }
}

@Suite struct RulePageTests {
    @Test("every rule has a heading on the page that explains them")
    func pages() throws {
        let headings = try Fixtures.text("docs/rules.md").split(separator: "\n").filter { $0.hasPrefix("### ") }.map {
            String($0.dropFirst(4))
        }
        let yaml = ["alias", "duplicate-key", "key", "leading-zero", "limit", "merge", "number", "syntax", "tag"].map { "yaml-" + $0 }
        #expect(Set(headings) == Set(CatalogRule.allCases.map(\.rawValue) + yaml))
        #expect(headings.count == Set(headings).count)
    }
}
