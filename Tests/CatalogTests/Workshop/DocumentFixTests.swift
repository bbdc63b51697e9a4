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
        #expect(fixed >= 60, "\(fixed) were put right")
    }

    @Test(
        "puts right what is mechanical",
        arguments: [
            ("fulfillment:", "fulfilment:"), ("required: true,\n", "required: yes,\n"), ("timeout: 30m", "timeout: 30"),
            ("attempts: 3", "atempts: 3"), ("{{request.user.email}}", "{{request.user.emial}}"), ("type: jira-ticket", "type: jira-tiket"),
            ("dependsOn: [provision]", "dependsOn: [provison]"), ("backoff: exponential", "backoff: exponental"),
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
