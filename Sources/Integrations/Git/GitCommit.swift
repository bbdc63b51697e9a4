package import Base

/// A change to be committed. The same draft on the same base makes the same commit id, since nothing in it is taken from the moment or the
/// machine: a repeated push finds its work done.
package struct GitDraft: Sendable {
    /// nil removes the file.
    package var changes: [(path: String, bytes: [UInt8]?)]
    /// With its trailers, such as `Request-Key: ...`.
    package var message: String
    package var authorName: String
    package var authorEmail: String
    /// Whole seconds count.
    package var date: Timestamp

    package init(changes: [(path: String, bytes: [UInt8]?)], message: String, authorName: String, authorEmail: String, date: Timestamp) {
        self.changes = changes
        self.message = message
        self.authorName = authorName
        self.authorEmail = authorEmail
        self.date = date
    }
}

extension GitClient {
    /// Makes the commit in the cache and returns its id; `push` publishes it. Throws `git_failed`.
    package func commit(_ draft: GitDraft, on base: String, in cache: String) async throws(PAOError) -> String {
        guard let base = Self.commit(Substring(base)) else { throw PAOError(.gitFailed, "\"\(base)\" is no commit.") }
        let index = ["GIT_INDEX_FILE": "\(cache)/pao-index"]
        _ = try await run(["read-tree", "--end-of-options", base], in: cache, environment: index)
        var records: [UInt8] = []
        for (path, bytes) in draft.changes { records += try await record(path, bytes, in: cache) }
        _ = try await run(["update-index", "-z", "--index-info"], in: cache, input: records, environment: index)
        let tree = try await object(["write-tree"], in: cache, environment: index)
        return try await object(
            ["commit-tree", tree, "-p", base], in: cache, input: Array(draft.message.utf8), environment: draft.identity)
    }

    /// One line of `update-index --index-info`; mode 0 removes.
    private func record(_ path: String, _ bytes: [UInt8]?, in cache: String) async throws(PAOError) -> [UInt8] {
        guard Self.isSafe(path) else { throw PAOError(.gitFailed, "\"\(path)\" is no path in a repository.") }
        guard let bytes else { return Array("0 \(String(repeating: "0", count: 40))\t\(path)\u{0}".utf8) }
        let blob = try await object(["hash-object", "-w", "--stdin", "--no-filters"], in: cache, input: bytes)
        return Array("100644 \(blob)\t\(path)\u{0}".utf8)
    }

    private func object(
        _ arguments: [String], in cache: String, input: [UInt8] = [], environment: [String: String] = [:]
    ) async throws(PAOError) -> String {
        let result = try await run(arguments, in: cache, input: input, environment: environment)
        guard let object = Self.commit(Substring(result.text)) else { throw Self.failed("git \(arguments[0]) answered no object.", result) }
        return object
    }
}

extension GitDraft {
    fileprivate var identity: [String: String] {
        let moment = "@\(date.unixSeconds) +0000"
        return [
            "GIT_AUTHOR_NAME": authorName, "GIT_AUTHOR_EMAIL": authorEmail, "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_NAME": authorName, "GIT_COMMITTER_EMAIL": authorEmail, "GIT_COMMITTER_DATE": moment,
        ]
    }
}
