import Foundation
import Testing

@testable import Catalog

/// A bare repository with a work tree that pushes to it; real git.
final class GitRepository {
    let folder: Scratch
    var remote: String { folder.path + "/catalog.git" }
    private var work: String { folder.path + "/checkout" }
    /// Where pushes go.
    var address: String

    init(_ files: [String: String] = [:]) throws {
        folder = try Scratch()
        address = folder.path + "/catalog.git"
        try Self.git("init", "-q", "--bare", "-b", "main", remote)
        try Self.git("-C", remote, "config", "http.receivepack", "true")
        try Self.git("init", "-q", "-b", "main", work)
        if !files.isEmpty { try push(files) }
    }

    /// Commits the files (nil removes one) and pushes. Returns the commit.
    @discardableResult
    func push(_ files: [String: String?], to branch: String = "main", force: Bool = false) throws -> String {
        try commit(files)
        try Self.git(["-C", work, "push", "-q"] + (force ? ["--force"] : []) + [address, "HEAD:refs/heads/\(branch)"])
        return try run("rev-parse", "HEAD")
    }

    func commit(_ files: [String: String?]) throws {
        for (name, text) in files {
            if let text { try folder.write(text, to: "checkout/\(name)") } else { try folder.remove("checkout/\(name)") }
        }
        try run("add", "-A")
        try run("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "change")
    }

    @discardableResult
    func run(_ arguments: String...) throws -> String { try Self.git(["-C", work] + arguments) }

    @discardableResult
    static func git(_ arguments: String...) throws -> String { try git(arguments) }

    @discardableResult
    static func git(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/git")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null"]
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "git \(arguments)")
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Serves the folder of a repository over smart HTTP until it is let go.
final class GitHTTPServer {
    private let process = Process()
    let url: String

    init(_ repository: GitRepository) throws {
        let script = Fixtures.root.appending(path: "Tests/CatalogTests/Fixtures/git-http-server.py")
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script.path(), repository.folder.path]
        process.standardOutput = output
        process.standardInput = Pipe()
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        url = "http://127.0.0.1:\(port)/catalog.git"
        repository.address = url
    }

    /// SIGTERM would not do: threads of tasks block it, and children inherit that.
    deinit { kill(process.processIdentifier, SIGKILL) }
}
