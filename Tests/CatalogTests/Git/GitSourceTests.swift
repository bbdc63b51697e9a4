import Base
import Foundation
import Integrations
import Store
import Synchronization
import Testing

@testable import Catalog

/// A catalog that follows a repository.
private final class GitBench {
    let data: Scratch
    let source: GitSource
    let catalog: Catalog
    private let store: Store
    private let server: GitHTTPServer?
    /// The words of every git that was run.
    let commands: Commands

    final class Commands: Sendable {
        private let list = Mutex<[String]>([])
        func add(_ request: ProcessRequest) {
            list.withLock { $0.append(request.arguments.first { !$0.hasPrefix("-") } ?? "") }
        }
        func taken() -> [String] {
            list.withLock { list in
                defer { list = [] }
                return list
            }
        }
    }

    init(
        _ url: String, keeping server: GitHTTPServer? = nil, branch: String? = "main", folder: String = "",
        timeout: Duration = .seconds(30),
        credentials: @escaping GitSource.Credentials = { () throws(PAOError) in nil }
    ) throws {
        self.server = server
        data = try Scratch()
        let commands = Commands()
        self.commands = commands
        let system = ProcessRunner.system()
        let runner = ProcessRunner { (request) async throws(PAOError) in
            commands.add(request)
            return try await system.run(request)
        }
        let remote = try GitRemote.named(url)
        let git = GitClient(runner: runner, egress: try EgressPolicy(reaching: remote), timeout: timeout)
        source = GitSource(
            remote: remote, branch: try branch.map { try GitBranch($0) }, folder: folder, directory: data.path, git: git,
            credentials: credentials)
        store = try Store(
            directory: data.path, migrations: Fixtures.migrations, time: .system, log: .silent)
        catalog = try Catalog(
            store: store, settings: CatalogSettings(source: source), schemas: Fixtures.schemas, time: .system, random: .system, log: .silent
        )
    }

    deinit { store.close() }

    var listed: [String] { catalog.snapshot.entries.map { "\($0.id) \($0.version) \($0.state)" } }
    var findings: [String] { catalog.snapshot.findings.map { "\($0.file) \($0.rule)" } }
    var trees: [String] { FileTree.names(in: data.path + "/catalog-tree").sorted() }
}

@Suite struct GitSourceTests {
    private let repository: GitRepository
    private var url: String { "file://" + repository.remote }

    init() throws {
        repository = try GitRepository(["catalog/tests/a.yaml": item("a"), "README.md": "hello", "other.yaml": "kind: None"])
    }

    @Test("the first sync takes in the documents of the branch's head, a push those of the next")
    func push() async throws {
        let bench = try GitBench(url)
        let first = await bench.catalog.sync()
        #expect(first.counts == [.item: .init(added: 1)])
        #expect(first.commit == (try repository.run("rev-parse", "HEAD")))
        #expect(first.branch == "main" && first.source == url)
        let commit = try repository.push(["catalog/tests/a.yaml": item("a", version: "1.1.0"), "catalog/tests/b.yaml": item("b")])
        let second = await bench.catalog.sync()
        #expect(second.counts == [.item: .init(added: 1, updated: 1)])
        #expect(second.commit == commit)
        #expect(bench.listed == ["a 1.1.0 current", "b 1.0.0 current"])
        #expect(bench.findings == [])
    }

    @Test("a head that has not moved costs one question, and the tree of the sync before goes")
    func unchanged() async throws {
        let bench = try GitBench(url)
        await bench.catalog.sync()
        try repository.push(["catalog/tests/a.yaml": item("a", version: "1.1.0")])
        let moved = await bench.catalog.sync()
        #expect(bench.trees.count == 2)
        _ = bench.commands.taken()
        let sequence = bench.catalog.snapshot.sequence
        let result = await bench.catalog.sync()
        #expect(bench.commands.taken() == ["ls-remote"])
        #expect(result.status == .completed && !result.isChanged && bench.catalog.snapshot.sequence == sequence)
        #expect(bench.trees == [moved.commit])
    }

    @Test("without a branch the default one is followed")
    func defaultBranch() async throws {
        let bench = try GitBench(url, branch: nil)
        #expect(await bench.catalog.sync().commit == (try repository.run("rev-parse", "HEAD")))
    }

    @Test("a forced push is the next state like any other")
    func forcedPush() async throws {
        let bench = try GitBench(url)
        await bench.catalog.sync()
        try repository.run("checkout", "-q", "--orphan", "fresh")
        try repository.run("rm", "-qrf", ".")
        try repository.push(["catalog/tests/c.yaml": item("c")], force: true)
        #expect(await bench.catalog.sync().counts == [.item: .init(added: 1, removed: 1)])
        #expect(bench.listed == ["c 1.0.0 current"])
    }

    @Test("a folder of the repository, with the CODEOWNERS of its root")
    func folder() async throws {
        try repository.push([
            "platform/catalog/tests/p.yaml": item("p").replacingOccurrences(of: "  owner: {team: platform}\n", with: ""),
            "platform/CODEOWNERS": "* @org/nobody\n", "CODEOWNERS": "/catalog/ @org/others\n/platform/catalog/ @org/data-team\n",
        ])
        let bench = try GitBench(url, folder: "/platform/")
        await bench.catalog.sync()
        #expect(bench.listed == ["p 1.0.0 current"])
        #expect(bench.catalog.snapshot.entry("p")?.ownerTeam == "data-team")
        #expect(bench.catalog.snapshot.entry("p")?.source.path == "catalog/tests/p.yaml")
        let reserved = try GitBench(url, folder: "nowhere")
        #expect(await reserved.catalog.sync().message?.hasSuffix("has no documents in the folder nowhere.") == true)
    }

    @Test("links are not followed and files too large not read; what they held stays, with a finding")
    func skipped() async throws {
        try repository.push(["catalog/tests/b.yaml": item("b"), "catalog/tests/c.yaml": item("c")])
        let bench = try GitBench(url)
        await bench.catalog.sync()
        try repository.run("rm", "-q", "catalog/tests/a.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: repository.folder.path + "/checkout/catalog/tests/a.yaml", withDestinationPath: "/elsewhere/secret")
        try repository.push(["catalog/tests/b.yaml": "# " + String(repeating: "x", count: 2 << 20)])
        let result = await bench.catalog.sync()
        #expect(result.status == .completed && result.errors == 2)
        #expect(bench.listed == ["a 1.0.0 stale", "b 1.0.0 stale", "c 1.0.0 current"])
        #expect(bench.findings == ["catalog/tests/a.yaml file-outside", "catalog/tests/b.yaml file-too-large"])
    }

    @Test("a cache that is damaged is fetched anew")
    func damagedCache() async throws {
        let bench = try GitBench(url)
        await bench.catalog.sync()
        let objects = bench.data.path + "/catalog-git/objects"
        for folder in FileTree.names(in: objects) { FileTree.remove(objects + "/" + folder) }
        try repository.push(["catalog/tests/b.yaml": item("b")])
        #expect(await bench.catalog.sync().status == .completed)
        #expect(bench.listed == ["a 1.0.0 current", "b 1.0.0 current"])
    }

    @Test("trees of a process that is gone are neither used nor kept")
    func leftovers() async throws {
        let bench = try GitBench(url)
        let head = try repository.run("rev-parse", "HEAD")
        try bench.data.write("kind: [", to: "catalog-tree/\(head)/catalog/tests/a.yaml")
        try bench.data.write("old", to: "catalog-tree/0000/a.yaml")
        await bench.catalog.sync()
        #expect(bench.listed == ["a 1.0.0 current"] && bench.findings == [])
        #expect(bench.trees == [head])
    }

    @Test("readers see exactly one commit, whatever is pushed meanwhile")
    func oneCommit() async throws {
        let names = ["a", "b", "c"]
        func files(_ version: Int) -> [String: String?] {
            Dictionary(uniqueKeysWithValues: names.map { ("catalog/tests/\($0).yaml", item($0, version: "1.\(version).0")) })
        }
        try repository.push(files(0))
        let bench = try GitBench(url)
        await bench.catalog.sync()
        let catalog = bench.catalog
        let reader = Task.detached {
            var mixed = 0
            while !Task.isCancelled {
                for _ in 0..<100 where Set(catalog.snapshot.entries.map(\.version)).count != 1 { mixed += 1 }
                await Task.yield()
            }
            return mixed
        }
        for version in 1...5 {
            try repository.push(files(version))
            #expect(await catalog.sync().counts == [.item: .init(updated: 3)])
        }
        reader.cancel()
        #expect(await reader.value == 0)
    }
}

/// Whatever goes wrong, the last good catalog stays and the reason is in the history.
@Suite struct GitSourceFaultTests {
    private let repository: GitRepository
    private let bench: GitBench

    init() async throws {
        repository = try GitRepository(["catalog/tests/a.yaml": item("a")])
        bench = try GitBench("file://" + repository.remote)
        #expect(await bench.catalog.sync().status == .completed)
    }

    private func expectFailure(_ reason: String) async throws {
        let result = await bench.catalog.sync()
        #expect(result.status == .failed)
        #expect(result.message?.contains(reason) == true, "\(result.message ?? "")")
        #expect(try bench.catalog.history().first?["message"]?.string == result.message)
        #expect(bench.listed == ["a 1.0.0 current"])
    }

    @Test("a branch that is gone")
    func missingBranch() async throws {
        try GitRepository.git("-C", repository.remote, "update-ref", "-d", "refs/heads/main")
        try await expectFailure("The repository has no branch main.")
        try repository.push([:])
        #expect(await bench.catalog.sync().status == .completed)
    }

    @Test("a repository that is gone")
    func missingRepository() async throws {
        FileTree.remove(repository.remote)
        try await expectFailure("does not appear to be a git repository")
    }

    @Test("an object that is damaged there")
    func corruptObject() async throws {
        try repository.push(["catalog/tests/b.yaml": item("b")])
        let blob = try repository.run("rev-parse", "HEAD:catalog/tests/b.yaml")
        let path = "\(repository.remote)/objects/\(blob.prefix(2))/\(blob.dropFirst(2))"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let whole = try Data(contentsOf: URL(filePath: path))
        try Data("no zlib stream".utf8).write(to: URL(filePath: path))
        try await expectFailure("git says:")
        try whole.write(to: URL(filePath: path))
        #expect(await bench.catalog.sync().status == .completed)
        #expect(bench.listed == ["a 1.0.0 current", "b 1.0.0 current"])
    }

    @Test("a commit without documents")
    func empty() async throws {
        try repository.push(["catalog/tests/a.yaml": nil, "README.md": "moved"])
        try await expectFailure("has no documents.")
    }
}

@Suite(.serialized) struct GitOverHTTPTests {
    @Test("a push over HTTP is in the catalog after the next sync")
    func push() async throws {
        let repository = try GitRepository(["catalog/tests/a.yaml": item("a")])
        let server = try GitHTTPServer(repository)
        let bench = try GitBench(server.url, keeping: server)
        #expect(await bench.catalog.sync().status == .completed)
        try repository.push(["catalog/tests/b.yaml": item("b")])
        #expect(await bench.catalog.sync().counts == [.item: .init(added: 1)])
    }

    @Test("credentials are asked for at each sync", arguments: [("right", SyncResult.Status.completed), ("wrong", .failed)])
    func credentials(_ password: String, _ status: SyncResult.Status) async throws {
        let repository = try GitRepository(["catalog/tests/a.yaml": item("a")])
        let server = try GitHTTPServer(repository)
        try repository.folder.write("right", to: "password")
        let bench = try GitBench(server.url, keeping: server) { () throws(PAOError) in ("bot", password) }
        let result = await bench.catalog.sync()
        #expect(result.status == status)
        #expect(result.message?.contains("wrong") != true)
    }

    @Test("a server that does not answer is given up, and asked again by the next sync")
    func hang() async throws {
        let repository = try GitRepository(["catalog/tests/a.yaml": item("a")])
        let server = try GitHTTPServer(repository)
        let bench = try GitBench(server.url, keeping: server, timeout: .seconds(2))
        await bench.catalog.sync()
        try repository.folder.write("", to: "hang")
        let result = await bench.catalog.sync()
        #expect(result.status == .failed && result.message == "git ls-remote took longer than 2s.")
        #expect(bench.listed == ["a 1.0.0 current"])
        try repository.folder.remove("hang")
        #expect(await bench.catalog.sync().status == .completed)
    }

    @Test(
        "plain HTTP is for this machine alone",
        arguments: [
            ("http://127.0.0.1:1/x", true), ("http://localhost/x", true), ("http://[::1]:80/x", true), ("http://git.example.com/x", false),
            ("http://127.0.0.1.example.com/x", false), ("https://git.example.com/x", true), ("ssh://git@git.example.com/x", true),
            ("ext::sh -c id", false), ("git://host/x", false),
        ])
    func named(_ url: String, _ isTaken: Bool) {
        #expect(((try? GitRemote.named(url)) != nil) == isTaken)
    }
}
