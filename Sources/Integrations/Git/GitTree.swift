package import Base
import Glibc

/// The plain files of a commit.
package struct GitTree: Sendable {
    package struct File: Sendable, Equatable {
        /// From the root of what was asked for, without dot segments.
        package var path: String
        package var bytes: [UInt8]

        package init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    /// What is there but was not read.
    package struct Skipped: Sendable, Equatable {
        package enum Reason: String, Sendable {
            case symbolicLink, submodule, tooLarge, unsafePath
        }

        package var path: String
        package var reason: Reason
    }

    package struct Limits: Sendable {
        package var files = 20_000
        package var fileBytes = 1 << 20
        package var totalBytes = 64 << 20

        package init() {}
    }

    /// In the order of their paths' bytes.
    package var files: [File] = []
    package var skipped: [Skipped] = []

    package init() {}

    /// Writes the files below a directory that is made for it. Throws `data` where it exists or cannot be written.
    package func write(to directory: String) throws(PAOError) {
        guard mkdir(directory, 0o700) == 0 else { throw Self.fault(directory) }
        for file in files {
            var place = directory
            for part in file.path.split(separator: "/").dropLast() {
                place += "/\(part)"
                guard mkdir(place, 0o700) == 0 || errno == EEXIST else { throw Self.fault(place) }
            }
            try Self.write(file.bytes, to: "\(directory)/\(file.path)")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(PAOError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault(path) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw fault(path) }
            written += count
        }
    }

    private static func fault(_ path: String) -> PAOError {
        PAOError(.data, "\(path) could not be written: \(String(cString: strerror(errno))).")
    }
}

extension GitClient {
    private struct Entry {
        var object: String
        var size: Int
        var path: String
    }

    /// Reads the files of a commit in a cache, all or those below `folder` (then with paths from there). `only` names files and folders
    /// from the root of the repository; of those, `isWanted` chooses by path. Throws `git_failed`, also above the limits of number and
    /// total.
    package func files(
        of commit: String, in cache: String, under folder: String = "", only paths: [String] = [],
        limits: GitTree.Limits = GitTree.Limits(),
        where isWanted: @Sendable (_ path: String) -> Bool = { _ in true }
    ) async throws(PAOError) -> GitTree {
        guard let commit = Self.commit(Substring(commit)) else { throw PAOError(.gitFailed, "\"\(commit)\" is no commit.") }
        let prefix = folder.split(separator: "/").joined(separator: "/")
        let listing = try await run(
            ["ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", prefix.isEmpty ? commit : "\(commit):\(prefix)"]
                + paths, in: cache,
            outputLimit: 16 << 20)
        var tree = GitTree()
        var entries: [Entry] = []
        for record in listing.output.split(separator: 0) {
            if let entry = Self.entry(record, limits, isWanted, &tree) { entries.append(entry) }
        }
        guard entries.count <= limits.files, entries.reduce(0, { $0 + $1.size }) <= limits.totalBytes else {
            throw PAOError(.gitFailed, "The repository has more than \(limits.files) files or \(limits.totalBytes >> 20) MiB.")
        }
        tree.files = try await contents(entries, in: cache)
        return tree
    }

    /// `<mode> <type> <object> <size>\t<path>`; nil is noted in the tree, if worth it.
    private static func entry(
        _ record: ArraySlice<UInt8>, _ limits: GitTree.Limits, _ isWanted: (String) -> Bool, _ tree: inout GitTree
    ) -> Entry? {
        guard let tab = record.firstIndex(of: 0x09) else { return nil }
        let fields = String(decoding: record[..<tab], as: UTF8.self).split(separator: " ")
        let path = String(decoding: record[(tab + 1)...], as: UTF8.self)
        guard fields.count == 4, isWanted(path) else { return nil }
        let size = Int(fields[3]) ?? 0
        let reason: GitTree.Skipped.Reason? =
            switch fields[0] {
            case "120000": .symbolicLink
            case "160000": .submodule
            case _ where !isSafe(path): .unsafePath
            case _ where size > limits.fileBytes: .tooLarge
            default: nil
            }
        if let reason { tree.skipped.append(GitTree.Skipped(path: path, reason: reason)) }
        return reason == nil ? Entry(object: String(fields[2]), size: size, path: path) : nil
    }

    /// git itself drops some of these without a word.
    static func isSafe(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.lowercased() != ".git" && part.utf8.count <= 255
        } && path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{FFFD}" && $0 != "\\" }
    }

    /// All in one process, by the format of git-cat-file(1): `<object> blob <size>\n<bytes>\n`.
    private func contents(_ entries: [Entry], in cache: String) async throws(PAOError) -> [GitTree.File] {
        if entries.isEmpty { return [] }
        let input = Array(entries.map { $0.object + "\n" }.joined().utf8)
        let room = entries.reduce(0) { $0 + $1.size + 128 }
        let result = try await run(["cat-file", "--batch", "--buffer"], in: cache, input: input, outputLimit: room)
        var files: [GitTree.File] = []
        var rest = result.output[...]
        for entry in entries {
            let head = Array("\(entry.object) blob \(entry.size)\n".utf8)
            guard rest.starts(with: head), rest.count > head.count + entry.size else {
                throw Self.failed("An object of the repository is damaged.", result)
            }
            files.append(GitTree.File(path: entry.path, bytes: Array(rest.dropFirst(head.count).prefix(entry.size))))
            rest = rest.dropFirst(head.count + entry.size + 1)
        }
        return files
    }
}
