import Base

/// Blobs, trees, commits and references. Ids are the first 40 digits of SHA-256 where git has SHA-1: equal content still gives
/// equal ids. A tree is kept flat, by full path.
struct GitObjects: Sendable {
    struct Entry: Sendable, Equatable {
        var mode = "100644"
        let sha: String
    }

    struct Commit: Sendable {
        let tree: String
        let parents: [String]
        let message: String
        let author: JSON
    }

    private(set) var blobs: [String: [UInt8]] = [:]
    private(set) var trees: [String: [String: Entry]] = [:]
    private(set) var commits: [String: Commit] = [:]
    /// `heads/main` to the id of its commit.
    var references: [String: String] = [:]

    init() {
        let readme = add(blob: Array("# Sandbox\n".utf8))
        let tree = add(tree: ["README.md": Entry(sha: readme)])
        let author: JSON = ["name": "Sandbox", "email": "sandbox@example.com", "date": "2024-01-01T00:00:00Z"]
        references["heads/main"] = add(commit: Commit(tree: tree, parents: [], message: "Initial commit", author: author))
    }

    mutating func add(blob bytes: [UInt8]) -> String {
        let sha = Self.identifier("blob", bytes)
        blobs[sha] = bytes
        return sha
    }

    mutating func add(tree entries: [String: Entry]) -> String {
        let lines = entries.sorted { $0.key < $1.key }.map { "\($0.value.mode) \($0.value.sha)\t\($0.key)\n" }
        let sha = Self.identifier("tree", Array(lines.joined().utf8))
        trees[sha] = entries
        return sha
    }

    mutating func add(commit: Commit) -> String {
        let text = "\(commit.tree)\n\(commit.parents)\n\(commit.author)\n\(commit.message)"
        let sha = Self.identifier("commit", Array(text.utf8))
        commits[sha] = commit
        return sha
    }

    private static func identifier(_ kind: String, _ bytes: [UInt8]) -> String {
        String(Hash.sha256(Array("\(kind) \(bytes.count)\u{0}".utf8) + bytes).hex.prefix(40))
    }

    /// Of a branch, a tag, a full reference or a commit id.
    func commitSHA(of name: String) -> String? {
        if commits[name] != nil { return name }
        let short = name.hasPrefix("refs/") ? String(name.dropFirst(5)) : name
        return references["heads/\(short)"] ?? references["tags/\(short)"] ?? references[short]
    }

    func entries(of name: String) -> [String: Entry]? { commitSHA(of: name).flatMap { commits[$0] }.flatMap { trees[$0.tree] } }

    func isAncestor(_ old: String, of new: String) -> Bool {
        var pending = [new]
        var seen: Set<String> = []
        while let sha = pending.popLast() {
            if sha == old { return true }
            if seen.insert(sha).inserted { pending += commits[sha]?.parents ?? [] }
        }
        return false
    }
}
