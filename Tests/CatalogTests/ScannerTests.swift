import Base
import Foundation
import Testing

@testable import Catalog

/// Scans of one folder, one after another. Their time is that of a reader who comes so late that every stamp counts.
private final class ScanBench {
    let folder: Scratch
    private let delay: Duration
    private var known: KnownFolder?

    init(_ files: [String], delay: Duration = .seconds(60)) throws {
        folder = try Scratch()
        self.delay = delay
        for file in files { try folder.write("a: 1", to: file) }
    }

    /// The documents that are there, those alone in their folder with a star.
    func scan() throws -> [String] {
        let now = TimeSource.system.now().milliseconds + delay.milliseconds
        let scanner = try #require(CatalogScanner(root: folder.path, now: Timestamp(milliseconds: now)))
        let scan = scanner.scan(known)
        isUnchanged = scan.folder === known
        known = scan.folder
        return scan.files.map { $0.isAlone ? $0.path + "*" : $0.path }
    }

    /// Whether the last scan used every listing of the one before.
    private(set) var isUnchanged = false
}

@Suite struct ScannerTests {
    @Test("documents come in the order of their paths, and it is said which are alone in their folder")
    func order() throws {
        let bench = try ScanBench([
            "catalog/b/z.yaml", "catalog/b/a/x.yml", "catalog/b.yaml", "catalog/b-c/y.yaml", "catalog/b/.hidden/x.yaml",
        ])
        #expect(try bench.scan() == ["catalog/b-c/y.yaml*", "catalog/b.yaml*", "catalog/b/a/x.yml*", "catalog/b/z.yaml*"])
    }

    @Test("an unchanged tree is not listed again")
    func unchanged() throws {
        let bench = try ScanBench(["a/b/c.yaml", "a/d.yaml"])
        let first = try bench.scan()
        #expect(!bench.isUnchanged)
        #expect(try bench.scan() == first && bench.isUnchanged)
    }

    @Test("a folder that was written just now is listed again, whatever its stamp says")
    func fresh() throws {
        let bench = try ScanBench(["a/b.yaml"], delay: .zero)
        _ = try bench.scan()
        _ = try bench.scan()
        #expect(!bench.isUnchanged)
    }

    @Test("what is new, gone, renamed or turned into something else is seen at any depth")
    func changes() throws {
        let bench = try ScanBench(["a/b/c.yaml", "a/b/d.yaml", "e/f.yaml"])
        #expect(try bench.scan() == ["a/b/c.yaml", "a/b/d.yaml", "e/f.yaml*"])
        try bench.folder.write("a: 1", to: "a/b/new/g.yaml")
        #expect(try bench.scan() == ["a/b/c.yaml", "a/b/d.yaml", "a/b/new/g.yaml*", "e/f.yaml*"])
        try bench.folder.remove("a/b/c.yaml")
        #expect(try bench.scan() == ["a/b/d.yaml*", "a/b/new/g.yaml*", "e/f.yaml*"])
        try FileManager.default.moveItem(atPath: bench.folder.path + "/a/b", toPath: bench.folder.path + "/a/moved")
        #expect(try bench.scan() == ["a/moved/d.yaml*", "a/moved/new/g.yaml*", "e/f.yaml*"])
        try bench.folder.remove("e")
        try bench.folder.write("a: 1", to: "e.yaml")
        #expect(try bench.scan() == ["a/moved/d.yaml*", "a/moved/new/g.yaml*", "e.yaml*"])
        try bench.folder.remove("e.yaml")
        try FileManager.default.createSymbolicLink(atPath: bench.folder.path + "/e.yaml", withDestinationPath: "a/moved/d.yaml")
        #expect(try bench.scan().contains("e.yaml*"))
        try bench.folder.remove("a/moved/d.yaml")
        #expect(try bench.scan() == ["a/moved/new/g.yaml*"], "what a link leads to changes without its folder")
    }

    @Test("a file's stamp tells an edit that keeps its size and its time of modification")
    func stamps() throws {
        let bench = try ScanBench(["a.yaml"])
        let path = bench.folder.path + "/a.yaml"
        func stamp() throws -> FileStamp {
            var status = stat()
            try #require(lstat(path, &status) == 0)
            return FileStamp(status)
        }
        let before = try stamp()
        let modified = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
        usleep(20_000)  // the clock of the file system may be as coarse as 10 ms
        try bench.folder.write("b: 2", to: "a.yaml")
        try FileManager.default.setAttributes([.modificationDate: modified as Any], ofItemAtPath: path)
        let after = try stamp()
        #expect(after.size == before.size && after != before)
        let written = Timestamp(milliseconds: after.changed / 1_000_000)
        #expect(after.settled(at: written) == nil && after.settled(at: Timestamp(milliseconds: written.milliseconds + 2001)) == after)
    }
}
