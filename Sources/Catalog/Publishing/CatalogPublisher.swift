// DESIGN: a change of one document as a branch and a pull request.
//
// - The change is made on the tip of the followed branch, in a cache of its own (DATA/catalog-publish); a sync is never in its way.
// - Nothing is pushed before the document has been read as a sync would read it, with the repository's own CODEOWNERS.
// - The branch is named after path and content, and looked for first: the same change published twice is one branch and one pull request.
// - Who owns the path by CODEOWNERS may publish it, and whoever sees everything; a path that nobody owns is open to all publishers. The
//   pull request asks the owners all the same: GitHub's branch protection has the last word.

package import Base
package import Identity
import Integrations
package import Store
import Synchronization

package final class CatalogPublisher: Sendable {
    package struct Change: Sendable {
        /// From the root of the catalog: `catalog/databases/redis/service.yaml`.
        package var path: String
        /// nil removes the document.
        package var text: [UInt8]?
        /// Of the commit and the pull request; made from the path without it.
        package var title: String?

        package init(path: String, text: [UInt8]?, title: String? = nil) {
            self.path = path
            self.text = text
            self.title = title
        }
    }

    private let source: GitSource
    private let catalog: Catalog
    private let schemas: CatalogSchemas
    private let github: GitHubRepository?
    private let store: Store
    private let audit: AuditLog
    private let cache: String
    private let time: TimeSource
    private let running = Mutex<Task<Void, Never>?>(nil)

    /// `directory` is the data directory. Without `github` a branch is all that is made.
    package init(
        source: GitSource, catalog: Catalog, schemas: CatalogSchemas, github: GitHubRepository?, store: Store, audit: AuditLog,
        directory: String, time: TimeSource
    ) {
        self.source = source
        self.catalog = catalog
        self.schemas = schemas
        self.github = github
        self.store = store
        self.audit = audit
        cache = directory + "/catalog-publish"
        self.time = time
    }

    /// `{path, branch, commit, base, owners, pullRequestUrl, warnings}`. Throws `invalid` with the findings, `forbidden` for those whom
    /// CODEOWNERS does not name, `unavailable` with git's or GitHub's words.
    package func publish(_ change: Change, by actor: Actor) async throws(PAOError) -> JSON {
        let (before, done) = takeTurn()
        await before?.value
        defer { done() }
        return try await perform(change, actor)
    }

    /// Publications follow one another, since they share the cache: what to wait for, and what to call at the end.
    private func takeTurn() -> (before: Task<Void, Never>?, done: @Sendable () -> Void) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let turn = Task { for await _ in stream {} }
        let before = running.withLock { running in
            defer { running = turn }
            return running
        }
        return (before, { continuation.finish() })
    }

    private func perform(_ change: Change, _ actor: Actor) async throws(PAOError) -> JSON {
        let path = try Self.checked(change.path)
        var remote = source.remote
        remote.credentials = try await source.credentials()
        let base = try await source.git.fetch(remote, branch: source.fetchedBranch, into: cache)
        let repositoryPath = source.folder.isEmpty ? path : "\(source.folder)/\(path)"
        let owners = try await codeOwners(of: base)
        let owning = owners?.owners(of: path) ?? []
        try authorize(actor, owning, path)
        let warnings = try check(change, path, owners)
        let branch = try Self.branch(for: change, path)
        let title = change.title ?? "\(change.text == nil ? "Withdraw" : "Publish") \(path)"
        var commit = try await source.git.head(of: remote, branch: branch)
        if commit == nil {
            let draft = GitDraft(
                changes: [(path: repositoryPath, bytes: change.text)], message: "\(title)\n\nPublished-by: \(actor.login)\n",
                authorName: actor.login, authorEmail: actor.email ?? "\(actor.login)@localhost", date: time.now())
            let made = try await source.git.commit(draft, on: base, in: cache)
            try await source.git.push(made, from: cache, to: branch, of: remote)
            commit = made
        }
        let pull = try await pullRequest(branch, title, actor, owning)
        var answer: JSON = [
            "path": .string(path), "branch": .string(branch.name), "commit": .optional(commit), "base": .string(base),
            "owners": .array(owning.map(JSON.string)), "pullRequestUrl": .optional(pull), "warnings": .array(warnings.map(\.json)),
        ]
        try await record(answer, path, actor)
        if pull == nil { answer["hint"] = "No GitHub is configured for this repository: open the pull request by hand." }
        return answer
    }

    private func pullRequest(
        _ branch: GitBranch, _ title: String, _ actor: Actor, _ owners: [String]
    ) async throws(PAOError) -> String? {
        guard let github else { return nil }
        let asked = owners.isEmpty ? "Nobody owns this path by CODEOWNERS." : "Owners by CODEOWNERS: \(owners.joined(separator: " "))"
        return try await github.pullRequest(
            branch, onto: source.fetchedBranch, title: title, body: "Published by \(actor.login) through the service catalog.\n\n\(asked)")
    }

    private func record(_ answer: JSON, _ path: String, _ actor: Actor) async throws(PAOError) {
        let entry = AuditEntry(actor, "publish", "catalog", path, new: answer)
        let audit = self.audit
        try await store.write { tx throws(PAOError) in try audit.append(entry, in: tx) }
    }
}

// What must hold before anything is pushed.
extension CatalogPublisher {
    private static func checked(_ path: String) throws(PAOError) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && part.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" }
        }
        if isPlain, CatalogScanner.isDocument(path), path.utf8.count <= 500 { return path }
        throw PAOError(
            .invalid, "The path must be one of a document, such as catalog/databases/redis/service.yaml.",
            findings: [.init(field: "path", rule: "path", message: "A relative path that ends in .yaml or .yml.")])
    }

    private static func branch(for change: Change, _ path: String) throws(PAOError) -> GitBranch {
        let digest = Hash.sha256(Array(path.utf8) + [0] + (change.text ?? [0])).hex.prefix(10)
        let words = path.split(separator: "/").dropLast().last.map { Identifiers.kebabCase(String($0)) } ?? ""
        return try GitBranch("catalog/\(words.isEmpty ? "document" : words)-\(digest)")
    }

    private func codeOwners(of commit: String) async throws(PAOError) -> CodeOwners? {
        let places = CodeOwners.places
        let tree = try await source.git.files(of: commit, in: cache, only: places) { places.contains($0) }
        let file = places.lazy.compactMap { place in tree.files.first { $0.path == place } }.first
        return file.map { CodeOwners(String(decoding: $0.bytes, as: UTF8.self), file: $0.path, folder: source.folder) }
    }

    private func authorize(_ actor: Actor, _ owners: [String], _ path: String) throws(PAOError) {
        if owners.isEmpty || actor.visibleTeams == nil || owners.contains(where: { actor.isNamed($0) }) { return }
        throw PAOError(
            .forbidden, "\(path) belongs to \(owners.joined(separator: ", ")) by CODEOWNERS.",
            hint: "Ask one of them to publish it, or propose the change in the repository.")
    }

    private func check(_ change: Change, _ path: String, _ owners: CodeOwners?) throws(PAOError) -> [CatalogFinding] {
        guard let text = change.text else {
            if catalog.snapshot.entries.contains(where: { $0.source.path == path }) { return [] }
            throw PAOError(.notFound, "The catalog has no document in \(path).")
        }
        let reading = DocumentReader.read(text, path: path, schemas: schemas, owners: owners)
        var findings = reading.findings
        let (good, drafts) = reading.entries(fileHash: "")
        let entries = good + drafts
        let others = catalog.snapshot.entries.filter { other in other.source.path != path }
        for entry in entries {
            if let taken = others.first(where: { $0.id == entry.id }) {
                let report = FindingReport(file: path)
                report.error(.duplicateID, "The id \(entry.id) belongs to \(taken.source.path).", at: entry.links.idPlace)
                findings += report.findings
            }
            findings += CrossCheck(others + entries).findings(of: entry)
        }
        let errors = findings.filter(\.isError)
        if errors.isEmpty { return findings }
        throw PAOError(
            .invalid, "The document has \(errors.count == 1 ? "an error" : "\(errors.count) errors"); nothing was published.",
            findings: errors.map { .init(field: "\($0.line):\($0.column)", rule: $0.rule, message: $0.message) })
    }
}

extension Actor {
    /// As CODEOWNERS names people and teams: `@login`, `@org/team`, an address.
    fileprivate func isNamed(_ owner: String) -> Bool {
        guard owner.hasPrefix("@") else { return email == owner }
        let name = owner.dropFirst()
        guard let slash = name.firstIndex(of: "/") else { return login == name }
        return teams.contains(String(name[name.index(after: slash)...]))
    }
}
