import Base
import Foundation
import Integrations
import Testing

/// Real git on repositories in a temporary directory.
struct GitClientTests {
    private let temporary: TemporaryDirectory
    private var directory: URL { temporary.url }
    private let remote: GitRemote
    private let git: GitClient
    private var cache: String { directory.appending(path: "cache.git").path }
    private var work: URL { directory.appending(path: "work") }

    init() throws {
        temporary = try TemporaryDirectory()
        let directory = temporary.url
        try FileManager.default.createDirectory(at: directory.appending(path: "work/catalog/db"), withIntermediateDirectories: true)
        remote = try GitRemote("file://" + [directory.path, "work", ".git"].joined(separator: "/"), schemes: [.file])
        git = GitClient(runner: .system(), egress: try EgressPolicy())
        try run("init", "-q", "-b", "main")
        try run("config", "receive.denyCurrentBranch", "ignore")
        try write("catalog/db/service.yaml", "name: db\n")
        try write("README.md", "hello\n")
        try commit()
    }

    private func write(_ path: String, _ text: String) throws { try Data(text.utf8).write(to: work.appending(path: path)) }

    private func commit() throws {
        try run("add", "-A")
        try run("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "change")
    }

    @discardableResult
    private func run(_ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = ["-C", work.path] + arguments
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("a branch is fetched and its files are read, all or those of a folder")
    func fetch() async throws {
        let commit = try await git.fetch(remote, branch: GitBranch("main"), into: cache)
        #expect(commit == (try run("rev-parse", "HEAD")))
        #expect(try await git.files(of: commit, in: cache).files.map(\.path) == ["README.md", "catalog/db/service.yaml"])
        let folder = try await git.files(of: commit, in: cache, under: "/catalog/")
        #expect(folder.files == [GitTree.File(path: "db/service.yaml", bytes: Array("name: db\n".utf8))])
    }

    @Test("a later fetch, also after a forced push and with locks of a killed git, brings the new tip")
    func refetch() async throws {
        let first = try await git.fetch(remote, branch: nil, into: cache)
        try run("checkout", "-q", "--orphan", "fresh")
        try write("README.md", "rewritten\n")
        try commit()
        try run("branch", "-q", "-M", "fresh", "main")
        for lock in ["shallow.lock", "refs/pao/fetched.lock"] { try Data().write(to: URL(filePath: "\(cache)/\(lock)")) }
        let second = try await git.fetch(remote, branch: nil, into: cache)
        #expect(first != second)
        #expect(try await git.head(of: remote, branch: GitBranch("main")) == second)
        #expect(try await git.files(of: second, in: cache).files.first?.bytes == Array("rewritten\n".utf8))
    }

    @Test("a missing branch is not found")
    func missingBranch() async {
        await #expect { _ = try await git.fetch(remote, branch: GitBranch("nowhere"), into: cache) } throws: {
            ($0 as? PAOError)?.code == .notFound
        }
    }

    @Test("links, submodules, big files and hostile attributes are left alone")
    func hostile() async throws {
        let canary = directory.appending(path: "canary").path
        try FileManager.default.createSymbolicLink(atPath: work.appending(path: "link").path, withDestinationPath: "/etc/passwd")
        try run("update-index", "--add", "--cacheinfo", "160000,\(String(repeating: "1", count: 40)),module")
        try run("config", "filter.evil.clean", "cat")
        try write(".gitattributes", "* filter=evil\n")
        try write("big", String(repeating: "x", count: 2 << 20))
        try run("config", "filter.evil.smudge", "touch \(canary)")
        try run("add", ".gitattributes", "link", "big")
        try run("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "hostile")
        let commit = try await git.fetch(remote, branch: nil, into: cache)
        let tree = try await git.files(of: commit, in: cache)
        #expect(tree.skipped.map { "\($0.path) \($0.reason)" } == ["big tooLarge", "link symbolicLink", "module submodule"])
        let target = directory.appending(path: "out").path
        try tree.write(to: target)
        #expect(try String(contentsOfFile: "\(target)/catalog/db/service.yaml", encoding: .utf8) == "name: db\n")
        #expect(!FileManager.default.fileExists(atPath: "\(target)/link") && !FileManager.default.fileExists(atPath: canary))
        #expect(throws: PAOError.self) { try tree.write(to: target) }
    }

    private func draft(_ text: String = "size = 3\n") -> GitDraft {
        GitDraft(
            changes: [("env/prod/db.tf", Array(text.utf8)), ("README.md", nil)], message: "Add db\n\nRequest-Key: k\n", authorName: "PAO",
            authorEmail: "pao@example.com", date: Timestamp(milliseconds: 1_700_000_000_000))
    }

    @Test("the same draft makes the same commit, which is pushed once")
    func push() async throws {
        let base = try await git.fetch(remote, branch: nil, into: cache)
        let first = try await git.commit(draft(), on: base, in: cache)
        #expect(try await git.commit(draft(), on: base, in: cache) == first)
        let branch = try GitBranch("pao/k")
        for _ in 0..<2 { try await git.push(first, from: cache, to: branch, of: remote) }
        #expect(try await git.head(of: remote, branch: branch) == first)
        #expect(
            try run("show", "--format=%an|%ae|%B", "--name-status", "pao/k")
                == "PAO|pao@example.com|Add db\n\nRequest-Key: k\n\n\nD\tREADME.md\nA\tenv/prod/db.tf")
        #expect(try run("show", "pao/k:env/prod/db.tf") == "size = 3")
    }

    @Test("a branch that has gone another way is not overwritten")
    func rejectedPush() async throws {
        let base = try await git.fetch(remote, branch: nil, into: cache)
        let branch = try GitBranch("pao/k")
        try await git.push(try await git.commit(draft(), on: base, in: cache), from: cache, to: branch, of: remote)
        let other = try await git.commit(draft("size = 4\n"), on: base, in: cache)
        await #expect { try await git.push(other, from: cache, to: branch, of: remote) } throws: { ($0 as? PAOError)?.code == .gitRejected }
    }

    @Test(
        "a draft cannot leave the repository or reach into git",
        arguments: ["../out", "a/../../b", "/etc/x", ".git/config", "a/.GIT/x", "a\u{0}b", "", "a//b"])
    func badPath(_ path: String) async throws {
        let base = try await git.fetch(remote, branch: nil, into: cache)
        var draft = draft()
        draft.changes = [(path, [1])]
        await #expect(throws: PAOError.self) { _ = try await git.commit(draft, on: base, in: cache) }
    }

    @Test(
        "only plain URLs are taken",
        arguments: [
            "--upload-pack=touch /tmp/x", "ext::sh -c id", "file:///etc", "host:path", "git://host/x", "http://host/x", "https://",
            "https://user:p@host/x",
            "https://host/a b", "ssh://-oProxyCommand=id/x", "ssh://host/-x\n", "ssh://a@-b/x", "ssh://a@b@c/x", "ssh://host",
            "ssh://host:0/x", "SSH://host/x",
            "https:host/x\u{0}", "/etc", "",
        ])
    func badURL(_ url: String) {
        #expect { try GitRemote(url) } throws: { ($0 as? PAOError)?.code == .configuration }
    }

    @Test("good URLs are taken", arguments: ["https://github.com/a/b.git", "ssh://git@host.example:2222/a/b.git", "ssh://host/~a/b"])
    func goodURL(_ url: String) throws {
        #expect(try GitRemote(url).url == url)
    }

    @Test(
        "names of branches cannot be options or leave their place",
        arguments: ["-x", "a/-b", "a..b", "a/", "/a", "a//b", ".a", "a.lock", "a b", "a@{1}", "a:b", "", "a\n", "é", "refs/heads/x."])
    func badBranch(_ name: String) {
        #expect(throws: PAOError.self) { try GitBranch(name) }
    }

    @Test("a denied address is not connected to, and in sandbox mode none is")
    func egress() async throws {
        let canary = try FaultyServer()
        let remote = try GitRemote("http://localhost:\(canary.port)/x.git", schemes: [.http])
        var sandbox = try EgressPolicy(allow: ["localhost"])
        sandbox.redirectAllTo = ("127.0.0.1", canary.port)
        for policy in [try EgressPolicy(), sandbox] {
            let git = GitClient(runner: .system(), egress: policy)
            await #expect { _ = try await git.head(of: remote, branch: nil) } throws: { ($0 as? PAOError)?.code == .egressDenied }
        }
        #expect(canary.seen.connections == 0)
    }

    @Test("a web server is asked at the checked address, with the credentials, and its redirects are not followed")
    func web() async throws {
        let server = try FaultyServer()
        let canary = try FaultyServer()
        let remote = try GitRemote(
            "http://localhost:\(server.port)/redirect-away?\(canary.base)/", schemes: [.http], credentials: ("bot", "token"))
        let git = GitClient(runner: .system(), egress: try EgressPolicy(allow: ["localhost", "127.0.0.1"]))
        await #expect { _ = try await git.head(of: remote, branch: nil) } throws: { ($0 as? PAOError)?.code == .gitFailed }
        #expect(server.seen.requests.first?.contains("Authorization: Basic Ym90OnRva2Vu\r\n") == true)
        #expect(canary.seen.connections == 0)
    }
}
