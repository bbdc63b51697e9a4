import Base
import Foundation
import Store
import Testing

@testable import Catalog
@testable import Documents

/// Files of the tests and of the repository, by their paths from its root.
enum Fixtures {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: root.appending(path: path))) }
    static func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
    static func json(_ path: String) throws -> JSON { try JSON.parse(try text(path)) }

    static let migrations = [
        Migration(number: 1, name: "catalog", sql: CatalogSchema.sql + CatalogSchema.search + CatalogSchema.searchByVersion)
    ]

    static let schemas: CatalogSchemas = {
        let folder = root.appending(path: "schemas")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        let files = names.filter { $0.hasSuffix(".json") }.map { ($0, (try? json("schemas/" + $0)) ?? .null) }
        do {
            return try CatalogSchemas(files: Dictionary(uniqueKeysWithValues: files))
        } catch {
            fatalError("the published schemas cannot be used: \(error)")
        }
    }()

    /// Compares with a file that a person reads; `UPDATE_GOLDEN=1` writes it.
    static func expectGolden(_ text: String, _ path: String) throws {
        let file = root.appending(path: path)
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" { try Data(text.utf8).write(to: file) }
        #expect(text == (try? String(contentsOf: file, encoding: .utf8)), "\(path) differs; UPDATE_GOLDEN=1 writes it")
    }

    static func read(_ text: String, path: String = "catalog/databases/service.yaml", owners: CodeOwners? = nil) -> FileReading {
        DocumentReader.read(Array(text.utf8), path: path, schemas: schemas, owners: owners)
    }
}

/// A folder that is gone when the test is.
final class Scratch {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pao-catalog-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        let url = URL(filePath: path).appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(at: URL(filePath: path).appending(path: name)) }
}
