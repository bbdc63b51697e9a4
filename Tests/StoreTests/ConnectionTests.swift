import Base
import Store
import Testing

@Suite struct ConnectionTests {
    let scratch = Scratch()

    @Test("every kind of value comes back as it was bound")
    func values() throws {
        let store = try scratch.store()
        let at = Timestamp(milliseconds: 1_790_000_000_123)
        let absent: String? = nil
        let row = try store.read { tx throws(PAOError) in
            try tx.rows(
                "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?", "a\u{0}é", -7, true, 1.5, [0, 255] as [UInt8], [] as [UInt8], "", at,
                ["k": [1, nil]] as JSON, nil, absent)[0]
        }
        #expect(row.text(0).utf8.elementsEqual("a\u{0}é".utf8))
        #expect(row.int(1) == -7)
        #expect(row.bool(2))
        #expect(row.double(3) == 1.5)
        #expect(row[4] == .blob([0, 255]))
        #expect(row[5] == .blob([]))
        #expect(row[6] == .text(""))
        #expect(row.timestamp(7) == at)
        #expect(row.json(8) == ["k": [1, nil]])
        #expect(row[9] == .null && row[10] == .null)
    }

    @Test("the plain readers give a zero value for NULL, a wrong type or an absent column")
    func zeroValues() {
        let row = Row(values: [.null, .text("no time")])
        #expect(row.text(0) == "" && row.int(0) == 0 && row.int(9) == 0 && row.blob(-1) == [] && row.json(1) == .null)
        #expect(row.optionalText(0) == nil && row.optionalInt(1) == nil && row.optionalTimestamp(1) == nil)
        #expect(row.timestamp(1) == Timestamp(milliseconds: 0))
    }

    @Test("run counts the rows it changed, and none for statements that change nothing")
    func changes() throws {
        let store = try scratch.store()
        let counts = try store.writeAndWait { tx throws(PAOError) in
            [
                try tx.run("INSERT INTO notes (text) VALUES ('a'), ('b')"),
                try tx.run("UPDATE notes SET text = 'c' WHERE text = 'none'"),
                try tx.run("DELETE FROM notes"),
                try tx.run("SELECT 1"),
            ]
        }
        #expect(counts == [2, 0, 2, 0])
    }

    @Test("a statement can be run inside the loop over its own rows")
    func reentrance() throws {
        let store = try scratch.store()
        let seen = try store.read { tx throws(PAOError) in
            var seen: [Int] = []
            try tx.forEach(Self.numbers, 2) { outer throws(PAOError) in
                try tx.forEach(Self.numbers, 2) {
                    seen.append(outer.int(0) * 10 + $0.int(0))
                }
            }
            return seen
        }
        #expect(seen == [0, 1, 10, 11])
    }

    private static let numbers = "SELECT value FROM (SELECT 0 AS value UNION ALL SELECT 1 UNION ALL SELECT 2) WHERE value < ?"

    @Test(
        "mistakes of ours are errors, not traps",
        arguments: ["SELECT 1; DELETE FROM notes", "SELECT ?", "SELEC", "", "SELECT \"text in wrong quotes\""])
    func mistakes(sql: String) async throws {
        let store = try scratch.store()
        #expect(await code { _ = try store.read { tx throws(PAOError) in try tx.rows(sql) } } == .internal)
    }

    @Test("a refused constraint is a conflict that keeps the database's words")
    func constraints() async throws {
        let guarded = Migration(
            number: 2, name: "guard",
            sql: """
                CREATE TRIGGER no_deletes BEFORE DELETE ON notes BEGIN SELECT RAISE(ABORT, 'notes are kept'); END;
                INSERT INTO notes (text) VALUES ('x');
                """)
        let store = try scratch.store([Scratch.notes, guarded])
        do throws(PAOError) {
            try await store.write { tx throws(PAOError) in try tx.run("DELETE FROM notes") }
            Issue.record("the trigger did not fire")
        } catch {
            #expect(error.code == .conflict && error.detail == "notes are kept")
        }
        #expect(
            await code { try await store.write { tx throws(PAOError) in try tx.run("INSERT INTO notes (text) VALUES (NULL)") } }
                == .conflict)
    }

    @Test("reads cannot write")
    func readOnly() async throws {
        let store = try scratch.store()
        #expect(await code { _ = try store.read { tx throws(PAOError) in try tx.run("DELETE FROM notes") } } == .unavailable)
    }

    @Test("the plan of a statement names the index it uses")
    func plan() throws {
        let store = try scratch.store()
        #expect(try store.queryPlan("SELECT * FROM notes WHERE id = ?") == ["SEARCH notes USING INTEGER PRIMARY KEY (rowid=?)"])
    }
}
