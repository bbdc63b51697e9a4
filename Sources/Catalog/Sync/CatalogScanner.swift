// DESIGN: what an unchanged tree costs.
//
// - A folder whose stamp is what it was has the entries that it had: it is not opened, its names are not read, its paths not made anew.
//   Files are asked for their stamps alone. So an unchanged tree costs one system call per folder and one per file.
// - A stamp tells nothing where the last change is so recent that a further one might leave the same stamp (git calls such an entry
//   racy): no stamp is kept then, and the folder or file is read again.
// - A folder that holds links is listed anew each time, since what they lead to may change without it.

import Base
import Documents
import Glibc

enum FileKind: Equatable {
    case folder, file, link, other

    /// Without following a link.
    static func of(_ path: String) -> FileKind? {
        var status = stat()
        return lstat(path, &status) == 0 ? FileKind(status) : nil
    }

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .folder
        case S_IFREG: self = .file
        case S_IFLNK: self = .link
        default: self = .other
        }
    }
}

/// What tells that a file or folder has changed without reading it.
struct FileStamp: Equatable, Sendable {
    let size: Int
    let modified: Int
    let changed: Int
    let inode: UInt
    let device: UInt

    init(_ status: stat) {
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
        inode = UInt(status.st_ino)
        device = UInt(status.st_dev)
    }

    /// nil where it was written so recently that a later write might leave the same stamp.
    func settled(at now: Timestamp) -> FileStamp? { max(modified, changed) / 1_000_000 > now.milliseconds - 2000 ? nil : self }
}

struct ScannedFile: Sendable {
    /// Relative to the root.
    let path: String
    /// Where a link leads; nil for a file that lies at its path.
    let target: String?
    let stamp: FileStamp
    /// Whether no other document lies in its folder.
    var isAlone = false
}

/// A folder as it was listed.
final class KnownFolder: Sendable {
    /// nil where another listing is needed next time.
    fileprivate let stamp: FileStamp?
    fileprivate let entries: [FolderEntry]

    fileprivate init(stamp: FileStamp?, entries: [FolderEntry]) {
        self.stamp = stamp
        self.entries = entries
    }
}

/// What the folder's own listing says, which saves asking for each entry; some file systems tell no types.
private struct FolderEntry: Sendable {
    /// Relative to the root.
    let path: String
    let isFolder: Bool
    let isFile: Bool
    /// What is known of a folder.
    var known: KnownFolder?
}

struct Scan: Sendable {
    /// By path.
    var files: [ScannedFile] = []
    var findings: [CatalogFinding] = []
    /// For the next scan.
    var folder: KnownFolder?
}

/// Finds the documents of a tree: `.yaml` and `.yml` at any depth below `catalog/`, or below the root where there is no `catalog/`.
/// Links are followed inside the root only; hidden folders are left out.
struct CatalogScanner {
    static let largestFile = 1 << 20
    private static let mostFiles = 100_000
    private static let deepest = 32

    private let root: String
    private let realRoot: String
    private let now: Timestamp

    /// nil where the root cannot be resolved.
    init?(root: String, now: Timestamp) {
        guard let real = Self.resolved(root) else { return nil }
        self.root = root
        self.now = now
        realRoot = real
    }

    /// `known` is what a scan before gave; of another tree it does no harm.
    func scan(_ known: KnownFolder? = nil) -> Scan {
        var scan = Scan()
        var seen: Set<UInt> = []
        let start = FileKind.of(realRoot + "/catalog") == .folder ? "catalog" : ""
        scan.folder = visit(start, known, depth: 0, &seen, &scan)
        scan.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return scan
    }

    /// Where a path of the scan lies.
    private func location(of path: String) -> String { path.isEmpty ? realRoot : "\(realRoot)/\(path)" }

    /// Each folder once, however many links lead to it. Gives what is to be known of it.
    private func visit(_ folder: String, _ known: KnownFolder?, depth: Int, _ seen: inout Set<UInt>, _ scan: inout Scan) -> KnownFolder? {
        var status = stat()
        guard depth <= Self.deepest, stat(location(of: folder), &status) == 0, seen.insert(UInt(status.st_ino)).inserted else { return nil }
        let stamp = FileStamp(status)
        guard let listed = known?.stamp == stamp ? known : listing(of: folder, stamp) else {
            report(&scan, .fileUnreadable, "The folder cannot be read.", folder)
            return nil
        }
        var entries = listed.entries
        let isKnown = visit(&entries, depth, &seen, &scan)
        return isKnown ? listed : KnownFolder(stamp: listed.stamp, entries: entries)
    }

    /// Whether all that is known of the folders among them was known before.
    private func visit(_ entries: inout [FolderEntry], _ depth: Int, _ seen: inout Set<UInt>, _ scan: inout Scan) -> Bool {
        var isKnown = true
        var documents: [Int] = []
        for index in entries.indices where scan.files.count < Self.mostFiles {
            let entry = entries[index]
            if entry.isFolder {
                let found = visit(entry.path, entry.known, depth: depth + 1, &seen, &scan)
                if found !== entry.known {
                    entries[index].known = found
                    isKnown = false
                }
            } else if let file = visitEntry(entry, depth, &seen, &scan) {
                documents.append(scan.files.count)
                scan.files.append(file)
            }
        }
        if documents.count == 1 { scan.files[documents[0]].isAlone = true }
        return isKnown
    }

    /// The document that the entry is; what a link to a folder leads to is visited.
    private func visitEntry(_ entry: FolderEntry, _ depth: Int, _ seen: inout Set<UInt>, _ scan: inout Scan) -> ScannedFile? {
        var status = stat()
        guard lstat(location(of: entry.path), &status) == 0 else { return nil }
        var target: String?
        if FileKind(status) == .link {
            target = followed(entry.path, &status, &scan)
            if target == nil { return nil }
        }
        switch FileKind(status) {
        case .folder: _ = visit(entry.path, nil, depth: depth + 1, &seen, &scan)
        case .file where Self.isDocument(entry.path): return file(entry.path, target, status, &scan)
        default: break
        }
        return nil
    }

    /// Where a link inside of the root leads; nil, reported, for others.
    private func followed(_ path: String, _ status: inout stat, _ scan: inout Scan) -> String? {
        guard let real = Self.resolved(location(of: path)), stat(real, &status) == 0 else {
            if Self.isDocument(path) { report(&scan, .fileUnreadable, "The link leads nowhere.", path) }
            return nil
        }
        if real.hasPrefix(realRoot + "/") { return real }
        report(&scan, .fileOutside, "The link leads out of the catalog; it is not followed.", path)
        return nil
    }

    private func file(_ path: String, _ target: String?, _ status: stat, _ scan: inout Scan) -> ScannedFile? {
        guard status.st_size <= Self.largestFile else {
            report(&scan, .fileTooLarge, "The file is larger than 1 MiB.", path)
            return nil
        }
        return ScannedFile(path: path, target: target, stamp: FileStamp(status))
    }

    private func report(_ scan: inout Scan, _ rule: CatalogRule, _ message: String, _ path: String) {
        scan.findings.append(CatalogFinding(file: path, line: 1, column: 1, severity: .error, rule: rule.rawValue, message: message))
    }

    /// Expected renderings lie beside their document and are none.
    static func isDocument(_ path: String) -> Bool {
        (path.hasSuffix(".yaml") || path.hasSuffix(".yml")) && !path.hasSuffix(RenderingTest.suffix)
    }
}

extension CatalogScanner {
    /// One file of a tree, links followed inside of it only; nil where it is gone.
    static func text(of path: String, below root: String) -> [UInt8]? {
        guard let root = resolved(root), let file = resolved(root + "/" + path), file.hasPrefix(root + "/") else { return nil }
        return read(file)
    }

    /// The first CODEOWNERS that GitHub would take, with its path.
    func codeOwners() -> (path: String, text: [UInt8])? {
        for path in CodeOwners.places {
            guard let real = Self.resolved(realRoot + "/" + path), real.hasPrefix(realRoot + "/"), let text = Self.read(real) else {
                continue
            }
            return (path, text)
        }
        return nil
    }

    func read(_ file: ScannedFile) -> [UInt8]? { Self.read(file.target ?? location(of: file.path)) }

    /// At most 1 MiB of a regular file; nil where it cannot be read. The last link of the path is not followed.
    static func read(_ location: String) -> [UInt8]? {
        let descriptor = open(location, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, FileKind(status) == .file, status.st_size <= largestFile else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: max(1, min(Int(status.st_size) + 1, largestFile + 1)))
        while bytes.count <= largestFile {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 { return nil }
            bytes += buffer[..<count]
        }
        return nil
    }

    /// Folders, documents and what may be either, by path; hidden ones are left out. nil where the folder cannot be read.
    private func listing(of folder: String, _ stamp: FileStamp) -> KnownFolder? {
        guard let directory = opendir(location(of: folder)) else { return nil }
        defer { closedir(directory) }
        var entries: [FolderEntry] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name, !name.hasPrefix(".") else { continue }
            let type = Int(entry.pointee.d_type)
            if type == Int(DT_REG), !Self.isDocument(name) { continue }
            entries.append(
                FolderEntry(
                    path: folder.isEmpty ? name : "\(folder)/\(name)", isFolder: type == Int(DT_DIR), isFile: type == Int(DT_REG)))
        }
        entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        let isPlain = entries.allSatisfy { $0.isFolder || $0.isFile }
        return KnownFolder(stamp: isPlain ? stamp.settled(at: now) : nil, entries: entries)
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(validatingCString: real)
    }
}
