import Base
import Foundation
import Store
import Testing

@testable import Catalog

/// What the specification's own sources give of catalog documents: `seeds/catalog` holds one document for each dialect, kind, step type,
/// field type and variable that their texts and tables name; `seeds/fragments` their YAML blocks as they are.
@Suite struct SeedDocumentTests {
    static let folder = "Tests/CatalogTests/Fixtures/seeds/"

    /// Documents are read from the database when they are asked for: nothing is closed before the test ends.
    private static func catalog(of folder: String) async throws -> (snapshot: CatalogSnapshot, store: Store, data: Scratch) {
        let data = try Scratch()
        let store = try Store(
            directory: data.path, migrations: Fixtures.migrations, time: .system, log: .silent)
        let source = DirectorySource(Fixtures.root.appending(path: folder).path())
        let catalog = try Catalog(
            store: store, settings: CatalogSettings(source: source), schemas: Fixtures.schemas, time: .system, random: .system, log: .silent
        )
        await catalog.sync()
        return (catalog.snapshot, store, data)
    }

    @Test("every example loads with the findings that a person would expect, and no other")
    func examples() async throws {
        let (snapshot, store, data) = try await Self.catalog(of: Self.folder + "catalog")
        defer { withExtendedLifetime(data) { store.close() } }
        #expect(
            snapshot.findings.map(\.description) == [
                "compute/eks-container-app/service.yaml:50:16: warning: No machine can check quota_available: a person will be asked to confirm it."
                    + " [unknown-check]"
            ])
        #expect(
            Set(snapshot.ids) == [
                "aurora-cluster", "aurora-major-upgrade", "database-postgresql-standard", "eks-container-app", "eks-scale-out", "escalated",
                "every-action", "every-field", "every-variable", "firewall-rule", "object-bucket", "orchestrated-platform",
                "web-application",
            ])
        for id in snapshot.ids { #expect(snapshot.document(id: id) != nil, "\(id)") }
        let kinds = Dictionary(grouping: snapshot.entries, by: \.kind).mapValues(\.count)
        #expect(kinds == [.item: 9, .bundle: 2, .update: 1, .upgrade: 1])
    }

    @Test("the two documents of the specification load without a finding", arguments: ["spec-canonical.yaml", "spec-flat.yaml"])
    func specification(_ name: String) throws {
        let reading = Fixtures.read(try Fixtures.text("Tests/CatalogTests/Fixtures/" + name), path: "catalog/databases/x/service.yaml")
        #expect(reading.findings.filter { $0.rule != "short-description" }.map(\.description) == [])
        #expect(reading.documents.count == 1)
    }

    static let fragments: [(String, String)] =
        [
            "request-queue", "field-components", "conditional-fields", "jira-instances", "ticket", "escalation-action", "cache-keys",
            "function-routes", "custom-metrics", "lambda-functions",
        ].map { ($0, "1:1: error: The key kind is missing. [missing-key]") }
        + [("serverless-service", "41:16: error: the tag !GetAtt is not known here [yaml-tag]")]

    @Test("a block that is no document is told as what it lacks, once", arguments: fragments)
    func fragment(_ name: String, _ expected: String) throws {
        let reading = Fixtures.read(try Fixtures.text("\(Self.folder)fragments/\(name).yaml"), path: "a.yaml")
        #expect(reading.documents.isEmpty)
        #expect(reading.findings.map(\.description) == ["a.yaml:" + expected])
    }

    // MARK: Strangers

    private static let strangers = "Tests/CatalogTests/Fixtures/strangers/"

    @Test("a stranger's documents, of each kind, dialect, field type, rule, condition and action type, load with what cannot be checked")
    func strangers() async throws {
        let (snapshot, store, data) = try await Self.catalog(of: Self.strangers + "catalog")
        defer { withExtendedLifetime(data) { store.close() } }
        #expect(snapshot.findings.map(\.rule).filter { $0 != "may-be-empty" } == ["unknown-check", "unknown-check"])
        let kinds = Dictionary(grouping: snapshot.entries, by: \.kind).mapValues(\.count)
        #expect(kinds == [.item: 4, .bundle: 2, .update: 2, .upgrade: 2])
        let documents = snapshot.ids.compactMap { snapshot.document(id: $0) }
        let types = Set(documents.flatMap { $0.form.fields.map(\.type) })
        #expect(types == Set(FieldTypes.names))
        let actions = documents.flatMap { $0.fulfillment.manual + ($0.fulfillment.automatic?.actions ?? []) }.map(\.type)
        #expect(Set(actions) == Set(ActionTypes.names))
    }

    @Test("a stranger's mistakes are told as a person would tell them")
    func mistakes() async throws {
        let (snapshot, store, data) = try await Self.catalog(of: Self.strangers + "mistakes")
        defer { withExtendedLifetime(data) { store.close() } }
        #expect(snapshot.ids.isEmpty)
        try Fixtures.expectGolden(snapshot.findings.map { "\($0)\n" }.joined(), Self.strangers + "findings.txt")
    }
}
