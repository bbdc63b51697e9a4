import Base
import Foundation
import Store
import Testing

@Suite struct StoreTests {
    let scratch = Scratch()

    @Test("a read sees one snapshot however much is written meanwhile")
    func snapshot() throws {
        let store = try scratch.store()
        let counts = try store.read { tx throws(PAOError) in
            let before = try tx.first("SELECT count(*) FROM notes")?.int(0)
            try store.writeAndWait { other throws(PAOError) in try other.run("INSERT INTO notes (text) VALUES ('a')") }
            return [before, try tx.first("SELECT count(*) FROM notes")?.int(0)]
        }
        #expect(counts == [0, 0])
        #expect(try store.count() == 1)
    }

    @Test("more threads than readers can read")
    func readers() async throws {
        var options = StoreOptions()
        options.readers = 2
        let store = try scratch.store(options: options)
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try store.count() } }
            return try await group.reduce(0) { $0 + $1 }
        }
        #expect(counts == 0)
    }

    @Test("a second server on the same directory is refused, and allowed after the first has closed")
    func lock() async throws {
        var first: Store? = try scratch.store()
        #expect(await code { _ = try scratch.store() } == .data)
        first?.close()
        first = nil
        #expect(await code { _ = try scratch.store() } == nil)
    }

    @Test("directory and files are for their owner only, and the pragmas are those promised")
    func modesAndPragmas() throws {
        let store = try scratch.store()
        #expect(try scratch.mode(of: "data") == 0o700)
        for name in ["pao.db", "pao.db-wal", "pao.db-shm", "pao.lock"] { #expect(try scratch.mode(of: "data/" + name) == 0o600) }
        let pragmas = ["journal_mode", "synchronous", "foreign_keys", "auto_vacuum", "temp_store", "wal_autocheckpoint"]
        let values = try store.writeAndWait { tx throws(PAOError) in
            var values: [SQLValue] = []
            for name in pragmas { values.append(try tx.rows("PRAGMA \(name)")[0][0]) }
            return values
        }
        #expect(values == [.text("wal"), .integer(2), .integer(1), .integer(2), .integer(2), .integer(0)])
    }

    @Test("the log stays bounded under many writes")
    func checkpoints() async throws {
        let store = try scratch.store()
        for _ in 0..<120 { try await store.add(String(repeating: "x", count: 400_000)) }
        let log = try FileManager.default.attributesOfItem(atPath: scratch.data + "/pao.db-wal")[.size] as? Int
        // 48 MB were written; the log is used again from some 16 MB on.
        #expect(log ?? .max < 24_000_000)
    }

    @Test("closing leaves one file")
    func closing() async throws {
        let store = try scratch.store()
        try await store.add("a")
        store.close()
        #expect(!FileManager.default.fileExists(atPath: scratch.data + "/pao.db-wal"))
    }

    @Test("a backup taken while writes go on is one sound file with all that was answered before")
    func backup() async throws {
        let store = try scratch.store()
        for number in 0..<50 { try await store.add("\(number)") }
        let load = Task { while !Task.isCancelled { try await store.add(String(repeating: "y", count: 5000)) } }
        let path = scratch.path + "/backup.db"
        for _ in 0..<5 { try store.backup(to: path) }
        load.cancel()
        _ = await load.result
        #expect(try Store.integrityCheck(file: path) == [])
        #expect(try scratch.mode(of: "backup.db") == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == ["backup.db", "data"])
        let restored = scratch.path + "/restored"
        try FileManager.default.createDirectory(atPath: restored, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: path, toPath: restored + "/pao.db")
        let copy = try Store(directory: restored, migrations: [Scratch.notes], time: .system, log: .silent)
        #expect(try copy.count() >= 50)
    }

    @Test("a backup that cannot be written is an error and leaves nothing")
    func backupFailure() async throws {
        let store = try scratch.store()
        #expect(await code { try store.backup(to: scratch.path + "/absent/backup.db") } == .unavailable)
    }

    @Test("a sound database has no faults; a damaged one is named, with a hint to restore")
    func damage() async throws {
        let store = try scratch.store()
        for _ in 0..<50 { try await store.add(String(repeating: "z", count: 3000)) }
        #expect(try store.integrityCheck() == [])
        store.close()
        let file = try #require(FileHandle(forUpdatingAtPath: scratch.data + "/pao.db"))
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data(repeating: 7, count: 200))
        try file.close()
        do throws(PAOError) {
            _ = try Store(directory: scratch.data, migrations: [Scratch.notes], time: .system, log: .silent)
            Issue.record("a damaged database was opened")
        } catch {
            #expect(error.code == .data && error.hint?.contains("pao restore") == true)
        }
    }
}
