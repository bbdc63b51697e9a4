import Base
import Foundation
import Store
import Synchronization
import Testing

@Suite struct WriterTests {
    let scratch = Scratch()

    @Test("what was answered is in the file for another reader, and hooks ran before the answer")
    func answerAfterCommit() async throws {
        let store = try scratch.store()
        let hooked = Record<Int>()
        try await store.write { tx throws(PAOError) in
            try tx.run("INSERT INTO notes (text) VALUES ('a')")
            tx.afterCommit { hooked.append((try? store.count()) ?? -1) }
        }
        #expect(hooked.all == [1])
        #expect(try store.count() == 1)
    }

    @Test("writes that wait together share commits, in the order in which they were queued")
    func groupCommit() async throws {
        let store = try scratch.store(options: Scratch.patient)
        let gate = Gate()
        async let first: Void = store.write { _ in gate.pass() }
        while store.statistics.queueLength < 1 { await Task.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask { try await store.add("\(number)") }
                while store.statistics.queueLength < number + 2 { await Task.yield() }
            }
            gate.open()
            try await group.waitForAll()
        }
        try await first
        let statistics = store.statistics
        #expect(statistics == StoreStatistics(commits: 1, transactions: 101, largestBatch: 101, queueLength: 0))
        let order = try store.read { tx throws(PAOError) in try tx.rows("SELECT text FROM notes ORDER BY id").map { $0.text(0) } }
        #expect(order == (0..<100).map(String.init))
    }

    @Test("in turns nothing is written before one comes; it commits all that waits by then, and closing takes what is left")
    func turns() async throws {
        let turns = Record<@Sendable () -> Void>()
        var options = Scratch.patient
        options.execution = .turns { turns.append($0) }
        let store = try scratch.store(options: options)
        async let first: Void = store.add("a")
        async let second: Void = store.add("b")
        while store.statistics.queueLength < 2 { await Task.yield() }
        #expect(try store.count() == 0)
        for turn in turns.all { turn() }
        _ = try await (first, second)
        #expect(store.statistics == StoreStatistics(commits: 1, transactions: 2, largestBatch: 2, queueLength: 0))
        try store.writeAndWait { tx throws(PAOError) in try tx.run("INSERT INTO notes (text) VALUES ('c')") }
        async let last: Void = store.add("d")
        while store.statistics.queueLength < 1 { await Task.yield() }
        store.close()
        try await last
        #expect(try scratch.store().count() == 4)
    }

    @Test("of background work one closure goes into a commit that others wait for, and all of it where nobody does")
    func standingBack() async throws {
        let turns = Record<@Sendable () -> Void>()
        var options = Scratch.patient
        options.execution = .turns { turns.append($0) }
        let store = try scratch.store(options: options)
        var writes: [Task<Void, any Error>] = []
        for number in 0..<8 {
            let priority: TaskPriority = number < 5 ? .background : .high
            writes.append(Task.detached(priority: priority) { try await store.add("\(number)") })
            while store.statistics.queueLength < number + 1 { await Task.yield() }
        }
        turns.all[0]()
        #expect(store.statistics == StoreStatistics(commits: 1, transactions: 4, largestBatch: 4, queueLength: 4))
        turns.all[1]()
        #expect(store.statistics == StoreStatistics(commits: 2, transactions: 8, largestBatch: 4, queueLength: 0))
        for write in writes { try await write.value }
        let order = try store.read { tx throws(PAOError) in try tx.rows("SELECT text FROM notes ORDER BY id").map { $0.text(0) } }
        #expect(order == ["5", "6", "7", "0", "1", "2", "3", "4"])
    }

    @Test(
        "four writes of people in one commit are pressure, which lasts 20 ms",
        arguments: [(3, TaskPriority.high, false), (4, .high, true), (8, .background, false)])
    func pressure(_ count: Int, _ priority: TaskPriority, _ isPressed: Bool) async throws {
        let clock = Mutex<Duration>(.seconds(1))
        let turns = Record<@Sendable () -> Void>()
        var options = Scratch.patient
        options.execution = .turns { turns.append($0) }
        let store = try Store(
            directory: scratch.data, migrations: [Scratch.notes], options: options,
            time: TimeSource(now: TimeSource.system.now, monotonic: { clock.withLock { $0 } }, sleep: { _ in }), log: .silent)
        var writes: [Task<Void, any Error>] = []
        for number in 0..<count {
            writes.append(Task.detached(priority: priority) { try await store.add("\(number)") })
            while store.statistics.queueLength < number + 1 { await Task.yield() }
        }
        #expect(!store.isPressed)
        turns.all[0]()
        #expect(store.isPressed == isPressed)
        clock.withLock { $0 += .milliseconds(20) }
        #expect(!store.isPressed)
        for write in writes { try await write.value }
    }

    @Test("a closure that throws is undone alone, with its hooks, while the rest of its batch is stored")
    func isolation() async throws {
        let store = try scratch.store(options: Scratch.patient)
        let hooks = Record<Int>()
        let gate = Gate()
        async let first: Void = store.write { _ in gate.pass() }
        let codes = await withTaskGroup(of: (Int, PAOError.Code?).self) { group in
            for number in 0..<10 {
                group.addTask {
                    let outcome = await code {
                        try await store.write { tx throws(PAOError) in
                            try tx.run("INSERT INTO notes (text) VALUES (?)", "\(number)")
                            tx.afterCommit { hooks.append(number) }
                            if number == 4 { throw PAOError(.forbidden, "no") }
                            if number == 5 { try tx.run("INSERT INTO notes (id, text) VALUES (1, 'a'), (1, 'b')") }
                        }
                    }
                    return (number, outcome)
                }
            }
            while store.statistics.queueLength < 11 { await Task.yield() }
            gate.open()
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        try await first
        #expect(codes == [4: .forbidden, 5: .conflict])
        #expect(try store.count() == 8)
        #expect(Set(hooks.all) == [0, 1, 2, 3, 6, 7, 8, 9])
    }

    @Test("a deferred foreign key fails its own closure, not the batch")
    func deferredForeignKey() async throws {
        let links = Migration(
            number: 2, name: "links",
            sql: "CREATE TABLE links (note INTEGER NOT NULL REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED) STRICT")
        let store = try scratch.store([Scratch.notes, links], options: Scratch.patient)
        let gate = Gate()
        async let first: Void = store.write { tx throws(PAOError) in
            gate.pass()
            try tx.run("INSERT INTO notes (text) VALUES ('kept')")
        }
        async let second = code { try await store.write { tx throws(PAOError) in try tx.run("INSERT INTO links (note) VALUES (77)") } }
        while store.statistics.queueLength < 2 { await Task.yield() }
        gate.open()
        try await first
        #expect(await second == .conflict)
        #expect(try store.count() == 1)
        #expect(try store.count("links") == 0)
    }

    @Test("a transaction that SQLite gives up fails every closure of its batch, and the next one works")
    func lostTransaction() async throws {
        let store = try scratch.store(options: Scratch.patient)
        let gate = Gate()
        async let first = code {
            try await store.write { tx throws(PAOError) in
                gate.pass()
                try tx.run("INSERT INTO notes (id, text) VALUES (1, 'lost')")
            }
        }
        while store.statistics.queueLength < 1 { await Task.yield() }
        async let second = code {
            try await store.write { tx throws(PAOError) in try tx.run("INSERT OR ROLLBACK INTO notes (id, text) VALUES (1, 'clash')") }
        }
        while store.statistics.queueLength < 2 { await Task.yield() }
        gate.open()
        #expect(await [first, second] == [.conflict, .conflict])
        try await store.add("next")
        #expect(try store.count() == 1)
    }

    @Test("a full disk is storage_full; what fits afterwards is stored")
    func storageFull() async throws {
        var options = StoreOptions()
        options.maximumPages = 16
        let store = try scratch.store(options: options)
        #expect(await code { try await store.add(String(repeating: "x", count: 100_000)) } == .storageFull)
        try await store.add("small")
        #expect(try store.count() == 1)
    }

    @Test("one timestamp per transaction, from the time source")
    func timestamp() async throws {
        let ticks = Atomic(0)
        let time = TimeSource(
            now: { Timestamp(milliseconds: ticks.add(1, ordering: .relaxed).newValue) }, monotonic: TimeSource.system.monotonic,
            sleep: TimeSource.system.sleep)
        let store = try Store(directory: scratch.data, migrations: [], time: time, log: .silent)
        let times = try await store.write { tx in [tx.timestamp, tx.timestamp] }
        let later = try await store.write { tx in tx.timestamp }
        #expect(times[0] == times[1] && times[1] < later)
    }

    @Test("close stores what was accepted and refuses what comes later")
    func close() async throws {
        let store = try scratch.store()
        let gate = Gate()
        async let first: Void = store.write { _ in gate.pass() }
        while store.statistics.queueLength < 1 { await Task.yield() }
        let writes = (0..<20).map { number in Task { try await store.add("\(number)") } }
        while store.statistics.queueLength < 21 { await Task.yield() }
        let closing = Thread { store.close() }
        closing.start()
        gate.open()
        try await first
        for write in writes { try await write.value }
        store.close()
        #expect(await code { try await store.add("late") } == .unavailable)
        #expect(await code { _ = try store.count() } == .unavailable)
        #expect(try scratch.store().count() == 20)
    }

    @Test("a blocking write inside a write is refused instead of waiting for ever")
    func nestedBlockingWrite() async throws {
        let store = try scratch.store()
        let outcome = await code {
            try await store.write { _ throws(PAOError) in try store.writeAndWait { tx throws(PAOError) in try tx.run("DELETE FROM notes") }
            }
        }
        #expect(outcome == .internal)
    }
}
