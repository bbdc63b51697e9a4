import Base
import Foundation
import Testing

@testable import Documents

private let schemaSuiteFolder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/json-schema-test-suite/draft2020-12")

private let schemaSuiteFiles: [String] = {
    let all = FileManager.default.enumerator(atPath: schemaSuiteFolder.path())?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".json") }.sorted()
}()

/// The official suite: every group of every file that is here. The cases that take formats for annotations do not hold for us, since
/// formats are asserted.
@Suite struct JSONSchemaSuiteTests {
    @Test("agrees with the official suite", arguments: schemaSuiteFiles)
    func suite(file: String) throws {
        let groups = try JSON.parse([UInt8](Data(contentsOf: schemaSuiteFolder.appending(path: file))))
        for group in groups.array ?? [] {
            let name = group["description"]?.string ?? ""
            let schema = try JSONSchema.compile(group["schema"] ?? .null)
            for test in group["tests"]?.array ?? [] {
                let description = test["description"]?.string ?? ""
                if description.hasSuffix("is only an annotation by default") { continue }
                let findings = schema.validate(test["data"] ?? .null)
                #expect(findings.isEmpty == test["valid"]?.bool, "\(name): \(description): \(findings)")
            }
        }
    }

    @Test("the suite is there")
    func isThere() { #expect(schemaSuiteFiles.count >= 39) }
}

/// `Fixtures/schema-cases`: what the suite's other parts ask about (ECMA-262 patterns, formats, numbers, references, every keyword), in our own cases.
/// Tests/Behavior/test_schema.py asks the command the same.
@Suite struct JSONSchemaCaseTests {
    static let groups: [JSON] = ["patterns", "formats", "numbers", "references", "keywords"].flatMap { name in
        let file = schemaSuiteFolder.appending(path: "../../schema-cases/\(name).json")
        return (try? JSON.parse([UInt8](Data(contentsOf: file))))?.array ?? []
    }

    @Test("says of each case what the standard says", arguments: groups.map { $0["description"]?.string ?? "" })
    func group(name: String) throws {
        let group = try #require(Self.groups.first { $0["description"]?.string == name })
        let resources = Dictionary(uniqueKeysWithValues: (group["resources"]?.object ?? JSONObject()).map { ($0.key, $0.value) })
        let schema = try JSONSchema.compile(group["schema"] ?? .null, resources: resources)
        for value in group["valid"]?.array ?? [] { #expect(schema.validate(value).isEmpty, "\(value) is valid: \(schema.validate(value))") }
        for value in group["invalid"]?.array ?? [] { #expect(!schema.validate(value).isEmpty, "\(value) is not valid") }
    }

    @Test("the cases are there")
    func areThere() { #expect(Set(Self.groups.compactMap { $0["description"]?.string }).count > 250) }
}
