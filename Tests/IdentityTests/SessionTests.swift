import Store
import Testing

@testable import Base
@testable import Identity

@Suite("Sessions and signing in")
struct SessionTests {
    private let password = "nine lives of a cat"
    private let home = Origin(address: "192.0.2.1", agent: "test", correlationID: "c")

    private func world() async throws -> World {
        let world = try await World()
        try await world.user("ann", roles: ["viewer"], password: password)
        return world
    }

    @Test("the right password opens a session, everything else the same refusal")
    func signIn() async throws {
        let world = try await world()
        try await world.user("token-only")
        let sessions = world.services.sessions
        let (cookie, principal) = try await sessions.signIn(login: "Ann", password: password, from: home)
        #expect(cookie.utf8.count == 43 && principal.user.login == "ann" && principal.kind == .user)
        #expect(principal.permissions.contains(.catalogRead))
        for (login, word) in [("ann", "wrong password"), ("nobody", password), ("token-only", password), ("ann", ""), ("", "")] {
            #expect(await code { _ = try await sessions.signIn(login: login, password: word, from: home) } == .unauthenticated)
        }
        let id = principal.user.id
        try await world.services.users.setActive(false, of: id, by: world.system)
        #expect(await code { _ = try await sessions.signIn(login: "ann", password: password, from: home) } == .unauthenticated)
        #expect(try world.audited("login").map(\.result) == ["failure", "failure", "failure", "failure", "failure", "failure", "success"])
        #expect(try world.audited("login").allSatisfy { $0.address == "192.0.2.1" && $0.actorLogin != "nobody" })
    }

    @Test("a session ends after 8 idle hours and after 7 days however busy")
    func expiry() async throws {
        let world = try await world()
        let sessions = world.services.sessions
        let idle = try await sessions.signIn(login: "ann", password: password, from: home).cookie
        world.clock.advance(Session.idleLimit)
        #expect(await code { _ = try sessions.authenticate(idle) } == .unauthenticated)
        let busy = try await sessions.signIn(login: "ann", password: password, from: home).cookie
        for _ in 0..<23 {
            world.clock.advance(.seconds(7 * 3600))
            try await world.services.maintain()
            _ = try sessions.authenticate(busy)
        }
        world.clock.advance(.seconds(7 * 3600))
        #expect(await code { _ = try sessions.authenticate(busy) } == .unauthenticated)
    }

    @Test("use is remembered over a restart once it is written")
    func restart() async throws {
        let world = try await world()
        let cookie = try await world.services.sessions.signIn(login: "ann", password: password, from: home).cookie
        world.clock.advance(.seconds(7 * 3600))
        _ = try world.services.sessions.authenticate(cookie)
        try await world.services.maintain()
        world.clock.advance(.seconds(7 * 3600))
        let restarted = IdentityServices(
            store: world.store, time: world.clock.source, random: .system, redactor: Redactor(), hasher: PasswordHasher(cost: .least))
        _ = try restarted.sessions.authenticate(cookie)
    }

    @Test("signing out ends a session at once, and maintenance removes the dead")
    func revoke() async throws {
        let world = try await world()
        let sessions = world.services.sessions
        let (cookie, principal) = try await sessions.signIn(login: "ann", password: password, from: home)
        _ = try await sessions.signIn(login: "ann", password: password, from: home)
        let actor = principal.actor(correlationID: "c")
        #expect(try sessions.list(of: actor.userID, by: actor).count == 2)
        try await world.user("bob", roles: ["viewer"])
        #expect(await code { try await sessions.revoke(principal.credentialID, by: try world.actor("bob")) } == .notFound)
        try await sessions.revoke(principal.credentialID, by: actor)
        #expect(await code { _ = try sessions.authenticate(cookie) } == .unauthenticated)
        world.clock.advance(Session.idleLimit)
        try await world.services.maintain()
        #expect(try sessions.list(of: actor.userID, by: actor).isEmpty)
    }

    @Test("a new password ends the other sessions and needs the old one")
    func changePassword() async throws {
        let world = try await world()
        let (sessions, users) = (world.services.sessions, world.services.users)
        let (mine, principal) = try await sessions.signIn(login: "ann", password: password, from: home)
        let other = try await sessions.signIn(login: "ann", password: password, from: home).cookie
        let actor = principal.actor(correlationID: "c")
        let new = "ten lives of a cat"
        #expect(await code { try await users.changePassword(old: "wrong", new: new, keeping: nil, by: actor) } == .forbidden)
        try await users.changePassword(old: password, new: new, keeping: principal.credentialID, by: actor)
        _ = try sessions.authenticate(mine)
        #expect(await code { _ = try sessions.authenticate(other) } == .unauthenticated)
        _ = try await sessions.signIn(login: "ann", password: new, from: home)
    }

    @Test("the cookie is not in the database")
    func hashed() async throws {
        let world = try await world()
        let cookie = try await world.services.sessions.signIn(login: "ann", password: password, from: home).cookie
        let row = try world.store.read { connection throws(PAOError) in try connection.first("SELECT * FROM user_sessions") }
        #expect(try #require(row).values.allSatisfy { $0 != .text(cookie) && $0 != .blob(Array(cookie.utf8)) })
    }
}

@Suite("Throttle of signing in")
struct SignInThrottleTests {
    private let clock = ManualClock()

    private func wait(_ throttle: SignInThrottle, _ account: String, _ address: String) -> Int? {
        do {
            try throttle.begin(account: account, address: address)
            return nil
        } catch { return error.code == .rateLimited ? error.retryAfter : -1 }
    }

    @Test("five tries, then pauses that double up to fifteen minutes")
    func growing() {
        let throttle = SignInThrottle(time: clock.source)
        for pause in [60, 120, 240, 480, 900, 900] {
            for _ in 0..<5 { #expect(wait(throttle, "ann", "a") == nil) }
            #expect(wait(throttle, "ann", "b") == pause)
            clock.advance(.seconds(pause - 1))
            #expect(wait(throttle, "ann", "a") == 1)
            clock.advance(.seconds(1))
        }
    }

    @Test("slow tries are never stopped, and a quiet quarter of an hour forgives the pauses")
    func slow() {
        let throttle = SignInThrottle(time: clock.source)
        for _ in 0..<50 {
            #expect(wait(throttle, "ann", "a") == nil)
            clock.advance(.seconds(16))
        }
        for _ in 0..<10 where wait(throttle, "ann", "a") == nil {}
        clock.advance(.seconds(60 + 900))
        for _ in 0..<5 { #expect(wait(throttle, "ann", "a") == nil) }
        #expect(wait(throttle, "ann", "a") == 60)
    }

    @Test("an address gets twenty tries over all accounts, and success gives its try back")
    func address() {
        let throttle = SignInThrottle(time: clock.source)
        for index in 0..<100 {
            #expect(wait(throttle, "good\(index)", "a") == nil)
            throttle.succeeded(account: "good\(index)", address: "a")
        }
        for index in 0..<20 { #expect(wait(throttle, "bad\(index)", "a") == nil) }
        #expect(wait(throttle, "bad20", "a") == 60)
        #expect(wait(throttle, "bad20", "b") == nil)
    }

    @Test("success starts the account afresh")
    func success() {
        let throttle = SignInThrottle(time: clock.source)
        for _ in 0..<4 { #expect(wait(throttle, "ann", "a") == nil) }
        throttle.succeeded(account: "ann", address: "a")
        for _ in 0..<5 { #expect(wait(throttle, "ann", "a") == nil) }
        #expect(wait(throttle, "ann", "a") == 60)
    }

    @Test("strangers cannot keep the owner out")
    func owner() {
        let throttle = SignInThrottle(time: clock.source)
        #expect(wait(throttle, "ann", "home") == nil)
        throttle.succeeded(account: "ann", address: "home")
        for address in 0..<5 { #expect(wait(throttle, "ann", "bot\(address)") == nil) }
        #expect(wait(throttle, "ann", "bot9") == 60)
        #expect(wait(throttle, "ann", "home") == nil)
    }
}
