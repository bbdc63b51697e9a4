import Base
import Foundation
import Store
import Testing

@Suite struct MigrationTests {
    let scratch = Scratch()
    private let titles = Migration(
        number: 2, name: "titles", sql: "ALTER TABLE notes ADD COLUMN title TEXT; CREATE INDEX by_title ON notes (title);")

    @Test("a fresh database gets every step, without a backup")
    func fresh() throws {
        let store = try scratch.store([titles, Scratch.notes])
        let status = try store.migrationStatus()
        #expect(status.map(\.number) == [1, 2] && status.allSatisfy { $0.appliedAt != nil })
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.data).filter { $0.contains("before") } == [])
    }

    @Test("an older database is copied aside, keeps its rows and gets the missing steps")
    func upgrade() async throws {
        let old = try scratch.store()
        try await old.add("kept")
        old.close()
        let new = try scratch.store([Scratch.notes, titles])
        let row = try new.read { tx throws(PAOError) in try tx.rows("SELECT text, title FROM notes") }
        #expect(row == [Row(values: [.text("kept"), .null])])
        #expect(try Store.integrityCheck(file: scratch.data + "/pao.db.before-2") == [])
    }

    @Test("a schema can check its JSON")
    func json() async throws {
        let documents = Migration(number: 2, name: "documents", sql: "CREATE TABLE documents (body TEXT CHECK (json_valid(body))) STRICT")
        let store = try scratch.store([Scratch.notes, documents])
        try await store.write { tx throws(PAOError) in try tx.run("INSERT INTO documents VALUES (?)", ["a": 1] as JSON) }
        #expect(
            await code { try await store.write { tx throws(PAOError) in try tx.run("INSERT INTO documents VALUES ('{')") } } == .conflict)
    }

    @Test("with steps left out on purpose the status tells what is to come")
    func status() throws {
        try scratch.store().close()
        var options = StoreOptions()
        options.appliesMigrations = false
        let status = try scratch.store([Scratch.notes, titles], options: options).migrationStatus()
        #expect(status.map { $0.appliedAt == nil } == [false, true])
    }

    @Test("a database of a newer program is refused")
    func newer() async throws {
        try scratch.store([Scratch.notes, titles]).close()
        #expect(await code { _ = try scratch.store([Scratch.notes]) } == .data)
    }

    @Test("a step whose text changed after it was applied is refused")
    func tampered() async throws {
        try scratch.store().close()
        let other = Migration(number: 1, name: "notes", sql: Scratch.notes.sql + " ")
        #expect(await code { _ = try scratch.store([other]) } == .data)
    }

    @Test("a step that was skipped is refused")
    func gap() async throws {
        try scratch.store([Scratch.notes, Migration(number: 3, name: "three", sql: "SELECT 1")]).close()
        #expect(
            await code { _ = try scratch.store([Scratch.notes, titles, Migration(number: 3, name: "three", sql: "SELECT 1")]) } == .data)
    }

    @Test(
        "a step that fails names itself and changes nothing",
        arguments: [
            "ALTER TABLE notes ADD COLUMN extra TEXT; SELECT * FROM absent;",
            "CREATE TABLE links (note INTEGER REFERENCES notes (id)) STRICT; INSERT INTO links VALUES (9);",
        ])
    func failure(sql: String) throws {
        try scratch.store().close()
        do throws(PAOError) {
            _ = try Store(
                directory: scratch.data, migrations: [Scratch.notes, Migration(number: 2, name: "broken", sql: sql)], time: .system,
                log: .silent)
            Issue.record("the step was accepted")
        } catch {
            #expect(error.code == .data && error.message.contains("broken"))
        }
        let store = try scratch.store()
        #expect(try store.migrationStatus().count == 1)
        #expect(try store.read { tx throws(PAOError) in try tx.rows("PRAGMA table_info(notes)").count } == 2)
    }

    @Test("a table that others refer to can be rebuilt")
    func rebuild() async throws {
        let links = Migration(
            number: 2, name: "links", sql: "CREATE TABLE links (note INTEGER REFERENCES notes (id) ON DELETE CASCADE) STRICT")
        let old = try scratch.store([Scratch.notes, links])
        try await old.add("kept")
        try await old.write { tx throws(PAOError) in try tx.run("INSERT INTO links SELECT id FROM notes") }
        old.close()
        let rebuild = Migration(
            number: 3, name: "rebuild",
            sql: """
                CREATE TABLE renewed (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
                INSERT INTO renewed SELECT * FROM notes;
                DROP TABLE notes;
                ALTER TABLE renewed RENAME TO notes;
                """)
        let store = try scratch.store([Scratch.notes, links, rebuild])
        #expect(try store.count("links") == 1)
    }
}
