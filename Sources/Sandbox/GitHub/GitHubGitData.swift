import Base
import Web

// Branches, references and git objects.
extension GitHubRepository {
    func branches(_ call: Call) -> Response {
        let names = git.references.keys.filter { $0.hasPrefix("heads/") }.sorted()
        return GitHubStandIn.page(call, names.compactMap { branchJSON(String($0.dropFirst(6)), call) })
    }

    func branch(_ call: Call) -> Response {
        branchJSON(rest(call, after: 4), call).map { .json($0) } ?? GitHubStandIn.fault(404, "Branch not found")
    }

    private func branchJSON(_ name: String, _ call: Call) -> JSON? {
        guard let sha = git.references["heads/\(name)"] else { return nil }
        return ["name": .string(name), "protected": false, "commit": ["sha": .string(sha), "url": "\(links(call).api)/commits/\(sha)"]]
    }

    func reference(_ call: Call) -> Response {
        let name = rest(call, after: 5)
        return git.references[name].map { .json(referenceJSON(name, $0, call)) } ?? GitHubStandIn.notFound
    }

    func matchingReferences(_ call: Call) -> Response {
        let prefix = rest(call, after: 5)
        let found = git.references.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return GitHubStandIn.page(call, found.map { referenceJSON($0.key, $0.value, call) })
    }

    private func referenceJSON(_ name: String, _ sha: String, _ call: Call) -> JSON {
        [
            "ref": "refs/\(name)", "url": "\(links(call).api)/git/refs/\(name)",
            "object": ["type": "commit", "sha": .string(sha), "url": "\(links(call).api)/git/commits/\(sha)"],
        ]
    }

    mutating func createReference(_ call: Call) -> Response {
        guard let full = call.text("ref"), full.hasPrefix("refs/"), full.split(separator: "/").count >= 3 else {
            return GitHubStandIn.fault(422, "Reference name must start with 'refs/'.")
        }
        let name = String(full.dropFirst(5))
        guard let sha = call.text("sha"), git.commits[sha] != nil else { return GitHubStandIn.fault(422, "Object does not exist") }
        guard git.references[name] == nil else { return GitHubStandIn.fault(422, "Reference already exists") }
        git.references[name] = sha
        return .json(referenceJSON(name, sha, call), status: 201)
    }

    mutating func moveReference(_ call: Call) -> Response {
        let name = rest(call, after: 5)
        guard let old = git.references[name] else { return GitHubStandIn.fault(422, "Reference does not exist") }
        guard let sha = call.text("sha"), git.commits[sha] != nil else { return GitHubStandIn.fault(422, "Object does not exist") }
        guard call.json?["force"]?.bool == true || git.isAncestor(old, of: sha) else {
            return GitHubStandIn.fault(422, "Update is not a fast forward")
        }
        git.references[name] = sha
        return .json(referenceJSON(name, sha, call))
    }

    mutating func deleteReference(_ call: Call) -> Response {
        guard git.references.removeValue(forKey: rest(call, after: 5)) != nil else {
            return GitHubStandIn.fault(422, "Reference does not exist")
        }
        return Response(status: 204)
    }

    func blob(_ call: Call) -> Response {
        guard let bytes = git.blobs[call.path[5]] else { return GitHubStandIn.notFound }
        return .json([
            "sha": .string(call.path[5]), "size": .int(bytes.count), "encoding": "base64", "content": .string(Base64.encode(bytes)),
        ])
    }

    mutating func createBlob(_ call: Call) -> Response {
        guard let bytes = Self.content(call.json) else { return GitHubStandIn.invalid("Blob", field: "content", code: "missing_field") }
        let sha = git.add(blob: bytes)
        return .json(["sha": .string(sha), "url": "\(links(call).api)/git/blobs/\(sha)"], status: 201)
    }

    /// The content of a blob, by its `encoding`.
    private static func content(_ json: JSON?) -> [UInt8]? {
        guard let text = json?["content"]?.string else { return nil }
        return json?["encoding"]?.string == "base64" ? Base64.decode(text.filter { !$0.isWhitespace }) : Array(text.utf8)
    }

    func tree(_ call: Call) -> Response {
        let name = rest(call, after: 5)
        guard let entries = git.trees[name] ?? git.entries(of: name) else { return GitHubStandIn.notFound }
        return .json(treeJSON(git.trees[name] != nil ? name : git.commitSHA(of: name) ?? name, entries))
    }

    private func treeJSON(_ sha: String, _ entries: [String: GitObjects.Entry]) -> JSON {
        let list = entries.sorted { $0.key < $1.key }.map { path, entry -> JSON in
            [
                "path": .string(path), "mode": .string(entry.mode), "type": "blob", "sha": .string(entry.sha),
                "size": .int(git.blobs[entry.sha]?.count ?? 0),
            ]
        }
        return ["sha": .string(sha), "tree": .array(list), "truncated": false]
    }

    mutating func createTree(_ call: Call) -> Response {
        guard let changes = call.json?["tree"]?.array else { return GitHubStandIn.fault(422, "Invalid tree info") }
        var entries: [String: GitObjects.Entry] = [:]
        if let baseTree = call.text("base_tree") {
            guard let tree = git.trees[baseTree] ?? git.entries(of: baseTree) else {
                return GitHubStandIn.fault(422, "base_tree is not a valid tree")
            }
            entries = tree
        }
        for change in changes {
            guard let path = change["path"]?.string, !path.isEmpty else { return GitHubStandIn.fault(422, "tree.path is missing") }
            if change["sha"]?.isNull == true {
                entries[path] = nil
            } else if let sha = change["sha"]?.string {
                guard git.blobs[sha] != nil else { return GitHubStandIn.fault(422, "tree.sha \(sha) is not a valid blob") }
                entries[path] = GitObjects.Entry(mode: change["mode"]?.string ?? "100644", sha: sha)
            } else {
                let sha = git.add(blob: Self.content(change) ?? [])
                entries[path] = GitObjects.Entry(mode: change["mode"]?.string ?? "100644", sha: sha)
            }
        }
        return .json(treeJSON(git.add(tree: entries), entries), status: 201)
    }

    func gitCommit(_ call: Call) -> Response {
        git.commits[call.path[5]].map { .json(commitJSON(call.path[5], $0, call)) } ?? GitHubStandIn.notFound
    }

    func commit(_ call: Call) -> Response {
        guard let sha = git.commitSHA(of: call.path[4]), let commit = git.commits[sha] else {
            return GitHubStandIn.fault(422, "No commit found for SHA: \(call.path[4])")
        }
        return .json(["sha": .string(sha), "commit": commitJSON(sha, commit, call), "html_url": "\(links(call).web)/commit/\(sha)"])
    }

    private func commitJSON(_ sha: String, _ commit: GitObjects.Commit, _ call: Call) -> JSON {
        [
            "sha": .string(sha), "message": .string(commit.message), "author": commit.author, "committer": commit.author,
            "tree": ["sha": .string(commit.tree)], "parents": .array(commit.parents.map { ["sha": .string($0)] }),
            "html_url": "\(links(call).web)/commit/\(sha)",
        ]
    }

    mutating func createCommit(_ call: Call) -> Response {
        guard let message = call.text("message") else {
            return GitHubStandIn.fault(422, "Invalid request.\n\n\"message\" wasn't supplied.")
        }
        guard let tree = call.text("tree"), git.trees[tree] != nil else { return GitHubStandIn.fault(422, "Tree SHA does not exist") }
        let parents = call.json?["parents"]?.array?.compactMap(\.string) ?? []
        guard parents.allSatisfy({ git.commits[$0] != nil }) else {
            return GitHubStandIn.fault(422, "Parent SHA does not exist or is not a commit object")
        }
        let commit = GitObjects.Commit(tree: tree, parents: parents, message: message, author: Self.author(call))
        return .json(commitJSON(git.add(commit: commit), commit, call), status: 201)
    }

    private static func author(_ call: Call) -> JSON {
        let author = call.json?["author"] ?? call.json?["committer"]
        return [
            "name": author?["name"] ?? "Sandbox", "email": author?["email"] ?? "sandbox@example.com",
            "date": author?["date"] ?? .string(call.at.secondsText),
        ]
    }
}

// Files by their path.
extension GitHubRepository {
    func contents(_ call: Call) -> Response {
        guard let entries = git.entries(of: call.parameter("ref") ?? "main") else {
            return GitHubStandIn.fault(404, "No commit found for the ref \(call.parameter("ref") ?? "")")
        }
        let path = rest(call, after: 4)
        if let entry = entries[path] { return .json(fileJSON(path, entry, call, withContent: true)) }
        let prefix = path.isEmpty ? "" : path + "/"
        let below = entries.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        guard !below.isEmpty else { return GitHubStandIn.notFound }
        var seen: Set<String> = []
        let list = below.compactMap { full, entry -> JSON? in
            let (first, rest) = String(full.dropFirst(prefix.count)).splitOnce("/")
            guard seen.insert(first).inserted else { return nil }
            guard rest != nil else { return fileJSON(full, entry, call, withContent: false) }
            return ["type": "dir", "name": .string(first), "path": .string(prefix + first), "size": 0]
        }
        return .json(.array(list))
    }

    private func fileJSON(_ path: String, _ entry: GitObjects.Entry, _ call: Call, withContent: Bool) -> JSON {
        let bytes = git.blobs[entry.sha] ?? []
        var file: JSON = [
            "type": "file", "name": .string(path.split(separator: "/").last.map { String($0) } ?? path), "path": .string(path),
            "sha": .string(entry.sha), "size": .int(bytes.count), "url": "\(links(call).api)/contents/\(path)",
        ]
        if withContent {
            file["encoding"] = "base64"
            file["content"] = .string(Self.lines(Base64.encode(bytes)))
        }
        return file
    }

    /// Lines of 60 characters, as GitHub breaks base64.
    private static func lines(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: 60)
            .map { String(decoding: bytes[$0..<min($0 + 60, bytes.count)], as: UTF8.self) + "\n" }.joined()
    }

    mutating func putContents(_ call: Call) -> Response {
        let path = rest(call, after: 4)
        guard let text = call.text("content"), let bytes = Base64.decode(text.filter { !$0.isWhitespace }) else {
            return GitHubStandIn.fault(422, "content is not valid Base64")
        }
        return changeFile(path, call) { repository, old in
            let sha = repository.git.add(blob: bytes)
            return (GitObjects.Entry(sha: sha), old == nil ? 201 : 200)
        }
    }

    mutating func deleteContents(_ call: Call) -> Response {
        guard git.entries(of: call.text("branch") ?? "main")?[rest(call, after: 4)] != nil else { return GitHubStandIn.notFound }
        return changeFile(rest(call, after: 4), call) { _, _ in (nil, 200) }
    }

    /// One commit on the branch; whoever replaces a file must name the id it has.
    private mutating func changeFile(
        _ path: String, _ call: Call, _ change: (inout Self, GitObjects.Entry?) -> (GitObjects.Entry?, Int)
    ) -> Response {
        let branch = call.text("branch") ?? "main"
        guard let parent = git.references["heads/\(branch)"], var entries = git.entries(of: parent) else {
            return GitHubStandIn.fault(404, "Branch \(branch) not found")
        }
        guard let message = call.text("message") else {
            return GitHubStandIn.fault(422, "Invalid request.\n\n\"message\" wasn't supplied.")
        }
        let old = entries[path]
        if let old {
            guard let sha = call.text("sha") else { return GitHubStandIn.fault(422, "Invalid request.\n\n\"sha\" wasn't supplied.") }
            guard sha == old.sha else { return GitHubStandIn.fault(409, "\(path) does not match \(sha)") }
        }
        let (new, status) = change(&self, old)
        entries[path] = new
        let tree = git.add(tree: entries)
        let commit = GitObjects.Commit(tree: tree, parents: [parent], message: message, author: Self.author(call))
        let sha = git.add(commit: commit)
        git.references["heads/\(branch)"] = sha
        let file = new.map { fileJSON(path, $0, call, withContent: false) } ?? .null
        return .json(["content": file, "commit": commitJSON(sha, commit, call)], status: status)
    }
}
