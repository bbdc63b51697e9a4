import Base
import Foundation
import Store
import Synchronization

/// A directory that goes away with the value.
final class Scratch: Sendable {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "store-test-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var data: String { path + "/data" }

    static let notes = Migration(number: 1, name: "notes", sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")

    func store(_ migrations: [Migration] = [notes], options: StoreOptions = .init()) throws -> Store {
        try Store(directory: data, migrations: migrations, options: options, time: .system, log: .silent)
    }

    /// Whatever waits when a batch begins, or comes while it is held open, is part of it, however slow the machine is.
    static var patient: StoreOptions {
        var options = StoreOptions()
        options.batchDuration = .seconds(60)
        return options
    }

    func mode(of name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path + "/" + name)[.posixPermissions] as? Int
    }
}

extension Store {
    func count(_ table: String = "notes") throws -> Int {
        try read { tx throws(PAOError) in try tx.first("SELECT count(*) FROM \(table)")?.int(0) ?? -1 }
    }

    func add(_ text: String) async throws {
        try await write { tx throws(PAOError) in try tx.run("INSERT INTO notes (text) VALUES (?)", text) }
    }
}

/// The code of the error that the body throws; nil when it throws none.
func code<T>(_ body: () async throws -> T) async -> PAOError.Code? {
    do {
        _ = try await body()
        return nil
    } catch {
        return PAOError.wrapping(error).code
    }
}

/// Lets a test hold the writer's thread at a point. Once open it stays open: a closure may run a second time.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func open() { semaphore.signal() }
    func pass() {
        semaphore.wait()
        semaphore.signal()
    }
}

/// What happened on several threads.
final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    var all: [Element] { elements.withLock { $0 } }
    func append(_ element: Element) { elements.withLock { $0.append(element) } }
}
