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

/// What tells that a file has changed without reading it.
struct FileStamp: Equatable, Sendable {
    let size: Int
    let modified: Int
    let changed: Int
    let inode: UInt

    init(_ status: stat) {
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        changed = status.st_ctim.tv_sec * 1_000_000_000 + status.st_ctim.tv_nsec
        inode = UInt(status.st_ino)
    }

    /// Written so recently that a later write might leave the same stamp.
    func isFresh(at now: Timestamp) -> Bool { max(modified, changed) / 1_000_000 > now.milliseconds - 2000 }
}

struct ScannedFile: Sendable {
    /// Relative to the root.
    let path: String
    /// To open; links resolved.
    let location: String
    let stamp: FileStamp
}

struct Scan: Sendable {
    /// By path.
    var files: [ScannedFile] = []
    var findings: [CatalogFinding] = []
}

/// Finds the documents of a tree: `.yaml` and `.yml` at any depth below `catalog/`, or below the root where there is no `catalog/`.
/// Links are followed inside the root only; hidden folders are left out.
struct CatalogScanner {
    static let largestFile = 1 << 20
    private static let mostFiles = 100_000
    private static let deepest = 32

    private let root: String
    private let realRoot: String

    /// nil where the root cannot be resolved.
    init?(root: String) {
        guard let real = Self.resolved(root) else { return nil }
        self.root = root
        realRoot = real
    }

    func scan() -> Scan {
        var scan = Scan()
        let start = FileKind.of(realRoot + "/catalog") == .folder ? "catalog" : ""
        var seen: Set<UInt> = []
        var status = stat()
        guard stat(start.isEmpty ? realRoot : realRoot + "/" + start, &status) == 0 else { return scan }
        visit(start, inode: UInt(status.st_ino), depth: 0, &seen, &scan)
        scan.files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        return scan
    }

    /// Each folder once, however many links lead to it.
    private func visit(_ folder: String, inode: UInt, depth: Int, _ seen: inout Set<UInt>, _ scan: inout Scan) {
        guard depth <= Self.deepest, seen.insert(inode).inserted else { return }
        guard let entries = Self.entries(of: folder.isEmpty ? realRoot : realRoot + "/" + folder) else {
            report(&scan, .fileUnreadable, "The folder cannot be read.", folder)
            return
        }
        for entry in entries where scan.files.count < Self.mostFiles {
            let path = folder.isEmpty ? entry.name : folder + "/" + entry.name
            if entry.isFolder {
                visit(path, inode: entry.inode, depth: depth + 1, &seen, &scan)
            } else if !entry.isFile || Self.isDocument(path) {
                visitEntry(path, depth, &seen, &scan)
            }
        }
    }

    private func visitEntry(_ path: String, _ depth: Int, _ seen: inout Set<UInt>, _ scan: inout Scan) {
        var location = realRoot + "/" + path
        var status = stat()
        guard lstat(location, &status) == 0 else { return }
        if FileKind(status) == .link {
            guard let real = Self.resolved(location), stat(real, &status) == 0 else {
                if Self.isDocument(path) { report(&scan, .fileUnreadable, "The link leads nowhere.", path) }
                return
            }
            guard real.hasPrefix(realRoot + "/") else {
                report(&scan, .fileOutside, "The link leads out of the catalog; it is not followed.", path)
                return
            }
            location = real
        }
        switch FileKind(status) {
        case .folder: visit(path, inode: UInt(status.st_ino), depth: depth + 1, &seen, &scan)
        case .file where Self.isDocument(path): add(path, location, status, &scan)
        default: break
        }
    }

    private func add(_ path: String, _ location: String, _ status: stat, _ scan: inout Scan) {
        guard status.st_size <= Self.largestFile else {
            report(&scan, .fileTooLarge, "The file is larger than 1 MiB.", path)
            return
        }
        scan.files.append(ScannedFile(path: path, location: location, stamp: FileStamp(status)))
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

    /// What the folder's own listing says, which saves asking for each entry; some file systems tell no types.
    private struct Entry {
        let name: String
        let inode: UInt
        let isFolder: Bool
        let isFile: Bool
    }

    private static func entries(of folder: String) -> [Entry]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var entries: [Entry] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name, !name.hasPrefix(".") else { continue }
            let type = Int(entry.pointee.d_type)
            entries.append(
                Entry(name: name, inode: UInt(entry.pointee.d_ino), isFolder: type == Int(DT_DIR), isFile: type == Int(DT_REG)))
        }
        return entries
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(validatingCString: real)
    }
}
