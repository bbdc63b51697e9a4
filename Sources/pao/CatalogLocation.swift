import Base
import Catalog
import Identity
import Integrations
import Orchestration
import Web

/// Where catalogs and their schemas are found.
enum CatalogLocation {
    /// A directory or the URL of a Git repository; nothing where none is configured. `directory` is the data directory. Throws
    /// `configuration`.
    static func source(_ configuration: Configuration, directory: String, secrets: Secrets) throws(PAOError) -> any CatalogSource {
        guard let text = configuration.catalogSource else { return EmptySource() }
        guard text.contains("://") else { return DirectorySource(text) }
        let remote = try GitRemote.named(text)
        let git = GitClient(runner: .system(), egress: try EgressPolicy(reaching: remote), timeout: .seconds(60))
        return GitSource(
            remote: remote, branch: try configuration.catalogBranch.map { (name) throws(PAOError) in try GitBranch(name) },
            folder: configuration.catalogPath ?? "", directory: Files.absolute(directory), git: git
        ) { () throws(PAOError) in
            try await credentials(configuration.catalogCredentials, secrets)
        }
    }

    /// The catalog's repository on the configured GitHub; nil where there is none or it has no token.
    static func github(
        _ source: GitSource, _ services: ExternalServices, _ http: HTTPTransport
    ) -> GitHubRepository? {
        guard let service = services.github, let token = service.token else { return nil }
        return GitHubRepository(source.remote, apiURL: service.apiURL, token: token, http: http)
    }

    /// Of the secret `USER:PASSWORD` or a token alone, which goes with the user name that GitHub expects and others do not look at.
    private static func credentials(_ secret: String?, _ secrets: Secrets) async throws(PAOError) -> (user: String, password: String)? {
        guard let secret else { return nil }
        let (user, password) = try await secrets.value(secret).splitOnce(":")
        return password.map { (user, $0) } ?? ("x-access-token", user)
    }

    /// The schemas that the binary carries.
    static func schemas() -> CatalogSchemas {
        CatalogSchemas(embedded: { () throws(PAOError) -> [String: JSON] in
            var files: [String: JSON] = [:]
            for asset in Assets.list(under: "schemas/") where asset.path.hasSuffix(".json") {
                files[String(asset.path.dropFirst("schemas/".count))] = try JSON.parse(Array(asset.bytes.buffer))
            }
            return files
        })
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
