import Base
import Catalog
import Foundation

/// What a test writes into the catalog.
enum Documents {
    static func item(_ id: String, fields: [String] = ["title"], fulfillment: String, extra: String = "") -> String {
        let list = fields.map { $0.contains("{") ? $0 : "{id: \($0), type: string}" }.joined(separator: ", ")
        return """
            kind: CatalogItem
            metadata: {id: \(id), name: The \(id), version: 1.0.0, category: tests, owner: {team: platform},
              description: A document of the tests that is long enough to say what it is for.}
            presentation: {form: {groups: [{id: basic, fields: [\(list)]}]}}
            fulfillment:
            \(fulfillment.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))
            \(extra)
            """
    }

    /// An automatic document; `settings` are lines beside `actions`.
    static func automatic(_ id: String, fields: [String] = ["title"], settings: String = "", actions: String, extra: String = "") -> String
    {
        func indented(_ text: String) -> String { text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n") }
        return item(
            id, fields: fields,
            fulfillment: """
                strategy: {mode: automatic}
                manual: {actions: [{id: by-hand, type: manual-task, config: {title: "Do {{fields.title}} by hand"}}]}
                automatic:
                \(indented(settings))
                  actions:
                \(indented(indented(actions)))
                """, extra: extra)
    }

    /// One `rest-api` step. `host` decides whether the other side honors the key.
    static func post(_ id: String, to host: String = "keyed", after: [String] = [], more: String = "") -> String {
        """
        - id: \(id)
          name: Step \(id)
          type: rest-api
          dependsOn: [\(after.joined(separator: ", "))]
          config:
            endpoint: {url: "https://\(host).test/\(id)", method: POST}
            \(host == "keyed" ? "idempotency: header" : "headers: {}")
            body: {type: json, content: {name: "{{fields.title}}"}}
          outputs: {id: "$.id"}
        """ + (more.isEmpty ? "" : "\n" + more.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
    }
}

/// The schemas that the repository publishes.
enum Published {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let schemas: CatalogSchemas = {
        let folder = root.appending(path: "schemas")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        let files = names.filter { $0.hasSuffix(".json") }.map { name in
            (name, (try? JSON.parse([UInt8](Data(contentsOf: folder.appending(path: name))))) ?? JSON.null)
        }
        do {
            return try CatalogSchemas(files: Dictionary(uniqueKeysWithValues: files))
        } catch {
            fatalError("the published schemas cannot be used: \(error)")
        }
    }()
}
