import Base
import Catalog
import Glibc
import Integrations
import Orchestration
import Store

/// Checks documents as a sync would, without a server: a file by itself, a directory with all that its documents say of each other.
enum CatalogCheck {
    struct Result {
        var findings: [CatalogFinding]
        var documents: Int
    }

    static func check(_ path: String, schemas: CatalogSchemas) async throws(PAOError) -> Result {
        guard Files.isDirectory(path) else {
            let reading = DocumentReader.read(try Files.read(path, limit: 2 << 20), path: path, schemas: schemas)
            return Result(findings: reading.findings, documents: reading.documents.count)
        }
        let directory = try Files.makeTemporaryDirectory()
        defer { FileTree.remove(directory) }
        let store = try Store(directory: directory, migrations: DatabaseSchema.migrations, time: .system, log: .silent)
        defer { store.close() }
        let catalog = try Catalog(
            store: store, settings: CatalogSettings(source: DirectorySource(path)), schemas: schemas, time: .system, random: .system,
            log: .silent)
        let result = await catalog.sync()
        if result.status == .failed { throw PAOError(.unavailable, result.message ?? "\(path) cannot be read.") }
        let findings = catalog.snapshot.findings.map { finding in
            var named = finding
            named.file = path + "/" + finding.file
            return named
        }
        return Result(findings: findings, documents: catalog.snapshot.entries.count)
    }
}

/// How findings are written out.
enum FindingsFormat: String {
    case text, json, sarif, github

    func text(_ findings: [CatalogFinding], documents: Int) -> String {
        switch self {
        case .text: plain(findings, documents)
        case .json: JSON.array(findings.map(\.json)).pretty
        case .github: findings.map(Self.annotation).joined()
        case .sarif: Self.sarif(findings).pretty
        }
    }

    private func plain(_ findings: [CatalogFinding], _ documents: Int) -> String {
        let errors = findings.count(where: \.isError)
        let summary = "\(documents) documents, \(errors) errors, \(findings.count - errors) warnings\n"
        return findings.map { "\($0)\n" }.joined() + summary
    }

    /// A workflow command of GitHub Actions.
    private static func annotation(_ finding: CatalogFinding) -> String {
        func escaped(_ text: String) -> String {
            text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
        }
        let message = finding.message + (finding.suggestion.map { " Did you mean \($0)?" } ?? "")
        return
            "::\(finding.severity.rawValue) file=\(finding.file),line=\(finding.line),col=\(finding.column),title=\(finding.rule)::\(escaped(message))\n"
    }

    /// SARIF 2.1.0.
    private static func sarif(_ findings: [CatalogFinding]) -> JSON {
        let rules = Set(findings.map(\.rule)).sorted()
        let results: [JSON] = findings.map { finding in
            let region: JSON = ["startLine": .int(finding.line), "startColumn": .int(finding.column)]
            let location: JSON = ["physicalLocation": ["artifactLocation": ["uri": .string(finding.file)], "region": region]]
            return [
                "ruleId": .string(finding.rule), "level": .string(finding.severity.rawValue), "message": ["text": .string(finding.message)],
                "locations": [location],
            ]
        }
        let driver: JSON = [
            "name": "pao", "version": .string(Program.version), "rules": .array(rules.map { ["id": .string($0)] }),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
    }
}
