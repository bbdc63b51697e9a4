import Base
import Catalog
import Web

/// Where catalogs and their schemas are found.
enum CatalogLocation {
    /// A directory: its `catalog` where it has one, else itself. Without a source an empty catalog.
    static func source(_ text: String?) throws(PAOError) -> any CatalogSource {
        guard let text else { return EmptySource() }
        guard !text.contains("://") else {
            throw PAOError(.configuration, "This version reads catalogs from directories only; clone \(text) and name the clone.")
        }
        return DirectorySource(root(of: text))
    }

    static func root(of directory: String) -> String {
        let inner = directory + "/catalog"
        return Files.isDirectory(inner) ? inner : directory
    }

    /// The schemas that the binary carries.
    static func schemas() throws(PAOError) -> CatalogSchemas {
        var files: [String: JSON] = [:]
        for asset in Assets.list(under: "schemas/") where asset.path.hasSuffix(".json") {
            files[String(asset.path.dropFirst("schemas/".count))] = try JSON.parse(Array(asset.bytes.buffer))
        }
        return try CatalogSchemas(files: files)
    }

    /// Writes the demo catalog that the binary carries; files that are there already stay.
    static func writeDemo(to directory: String) throws(PAOError) {
        for asset in Assets.list(under: "seed/") {
            let path = directory + "/" + asset.path.dropFirst("seed/".count)
            if Files.exists(path) { continue }
            if let slash = path.lastIndex(of: "/") { try Files.makeDirectory(String(path[..<slash]), mode: 0o755) }
            try Files.write(Array(asset.bytes.buffer), to: path)
        }
    }
}

/// Nothing to read yet.
struct EmptySource: CatalogSource {
    let name = "none"
    let branch = ""

    func tree() throws(PAOError) -> CatalogTree {
        throw PAOError(.unavailable, "No catalog is configured.", hint: "Start with --catalog DIR, or set catalog.source.")
    }
}

/// `/schemas/<kind>.json`: what editors check documents against.
enum SchemaFiles {
    static var routes: [Route] {
        [
            Route(
                "GET", "/schemas/{name}",
                .immediate { request throws(PAOError) in
                    guard let asset = Assets.file("schemas/" + (request.parameters["name"] ?? "")) else {
                        throw PAOError(.notFound, "There is no such schema.")
                    }
                    return .json(bytes: Array(asset.bytes.buffer), headers: ["ETag": "\"\(asset.digest)\""])
                })
        ]
    }
}
