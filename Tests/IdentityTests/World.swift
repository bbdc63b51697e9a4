import Foundation
import Store
import Synchronization
import Testing

@testable import Base
@testable import Identity

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let elapsed = Mutex<Duration>(.zero)
    private let start = Timestamp(milliseconds: 1_790_000_000_000)

    func advance(_ duration: Duration) { elapsed.withLock { $0 += duration } }

    var source: TimeSource {
        TimeSource(
            now: { self.start + self.elapsed.withLock { $0 } }, monotonic: { self.elapsed.withLock { $0 } },
            sleep: { _ in Issue.record("nothing here sleeps") })
    }
}

/// The services over a database of their own, with a clock in hand.
final class World: Sendable {
    let directory: String
    let clock = ManualClock()
    let store: Store
    let redactor = Redactor()
    let services: IdentityServices
    let system = Actor.system(correlationID: "test")

    init() async throws {
        initializeCryptography()
        directory = NSTemporaryDirectory() + "identity-" + UUID().uuidString
        store = try Store(
            directory: directory, migrations: [Migration(number: 1, name: "identity", sql: IdentitySchema.sql)], time: clock.source,
            log: .silent)
        services = IdentityServices(
            store: store, time: clock.source, random: .system, redactor: redactor, hasher: PasswordHasher(cost: .least))
        try await services.prepare()
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    @discardableResult
    func team(_ slug: String, under parent: String? = nil) async throws -> Team {
        try await services.teams.create(slug, name: slug, parent: parent, by: system)
    }

    @discardableResult
    func user(_ login: String, roles: [String] = [], teams: [String] = [], password: String? = nil) async throws -> User {
        try await services.users.create(NewUser(login: login, password: password, roles: roles, teams: teams), by: system)
    }

    /// As a call with a token of all scopes would see them.
    func actor(_ login: String) throws -> Actor {
        let access = try store.read { connection throws(PAOError) in
            try UserStore.user(login: login, in: connection).flatMap { user throws(PAOError) in
                try AccessStore.access(userID: user.id, in: connection)
            }
        }
        return Principal(
            kind: .user, credentialID: "", access: try #require(access), scopes: nil, expiresAt: clock.source.now(),
            lastAccessedAt: clock.source.now()
        ).actor(correlationID: "test", address: "192.0.2.1")
    }

    /// A transaction of the test's own.
    @discardableResult
    func write<T: Sendable>(_ body: @escaping @Sendable (Connection) throws(PAOError) -> T) async throws -> T {
        try await store.write(body)
    }

    /// One statement of the test's own.
    func execute(_ sql: String) async throws {
        _ = try await store.write { tx throws(PAOError) in try tx.run(sql) }
    }

    func audited(_ action: String) throws -> [AuditRecord] {
        var query = AuditQuery()
        query.action = action
        return try store.read { connection throws(PAOError) in
            try AuditLog.page(query, limit: 100, for: self.system, in: connection)
        }
    }
}

/// The code of what the body throws; nil when it throws nothing.
func code(_ body: () async throws -> Void) async -> PAOError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PAOError)?.code ?? .internal
    }
}
