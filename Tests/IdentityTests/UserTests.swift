import Testing

@testable import Base
@testable import Identity

@Suite("Users and passwords")
struct UserTests {
    @Test(
        "a password is long and not a common one",
        arguments: [
            ("12 characters?", nil), ("elevenchars", "length"), (String(repeating: "abcdef7", count: 18), nil),
            (String(repeating: "abcdef7", count: 40), "length"), ("aaaaaaaaaaaaaa", "variety"), ("ababababababab", "variety"),
            ("passwordpassword", "common"), ("Password2026!", "common"), ("123456789012", "common"), ("qwertyuiop123", "common"),
            ("ann.smith2026", "common"), ("letmein12345!!", "common"), ("пароль-котик-7", nil), ("tr0ub4dor&3xyz", nil),
        ] as [(String, String?)])
    func policy(password: String, rule: String?) {
        do {
            try PasswordPolicy.check(password, login: "ann.smith")
            #expect(rule == nil)
        } catch {
            #expect(error.findings.first?.rule == rule)
        }
    }

    @Test("a login is lower-cased, a taken one refused, a broken one too")
    func create() async throws {
        let world = try await World()
        #expect(try await world.user("Ann").login == "ann")
        #expect(await code { try await world.user("ANN") } == .conflict)
        for login in ["", "a b", "system", "Anonymous", "-a", String(repeating: "a", count: 65), "ä"] {
            #expect(await code { try await world.user(login) } == .invalid, "\(login)")
        }
        #expect(await code { try await world.user("bob", roles: ["nobody"]) } == .invalid)
        #expect(await code { try await world.user("bob", teams: ["nowhere"]) } == .invalid)
        #expect(try world.services.users.find(login: "bob") == nil)
    }

    @Test("two users do not share an address, however it is written")
    func address() async throws {
        let world = try await World()
        let users = world.services.users
        _ = try await users.create(NewUser(login: "ann", email: "Ann@example.org"), by: world.system)
        #expect(await code { _ = try await users.create(NewUser(login: "bob", email: "ann@EXAMPLE.org"), by: world.system) } == .conflict)
        #expect(await code { _ = try await users.create(NewUser(login: "bob", email: "nothing"), by: world.system) } == .invalid)
    }

    @Test("users are listed by login, page after page")
    func pages() async throws {
        let world = try await World()
        for login in ["cleo", "ann", "bob"] { try await world.user(login) }
        let users = world.services.users
        #expect(try users.page(after: "", limit: 2, by: world.system).map(\.login) == ["ann", "bob"])
        #expect(try users.page(after: "bob", limit: 2, by: world.system).map(\.login) == ["cleo"])
        #expect(await code { _ = try users.page(after: "", limit: 2, by: try world.actor("ann")) } == .forbidden)
    }

    @Test("a profile is one's own or for those who administer")
    func profile() async throws {
        let world = try await World()
        try await world.team("search")
        let (ann, bob) = (try await world.user("ann", roles: ["viewer"], teams: ["search"]), try await world.user("bob"))
        let own = try world.services.users.profile(of: ann.id, by: try world.actor("ann"))
        #expect(own.roles == ["viewer"] && own.teams == ["search"])
        #expect(await code { _ = try world.services.users.profile(of: bob.id, by: try world.actor("ann")) } == .forbidden)
    }

    @Test("a hash of another cost is made anew when its owner signs in")
    func rehash() async throws {
        let world = try await World()
        let ann = try await world.user("ann", password: "nine lives of a cat")
        let costly = try await PasswordHasher(cost: PasswordHasher.Cost(passes: 2, memory: 16384)).hash("nine lives of a cat")
        try await world.write { tx throws(PAOError) in try UserStore.setPasswordHash(costly, of: ann.id, in: tx) }
        #expect(try await world.services.users.verify(login: "ann", password: "nine lives of a cat") == ann)
        let stored = try world.store.read { connection throws(PAOError) in try UserStore.passwordHash(of: ann.id, in: connection) }
        #expect(stored != costly && stored?.contains("m=8,t=1") == true)
    }

    @Test("setting up makes an administrator that gets in, and doing it again a new password")
    func setup() async throws {
        let world = try await World()
        let setup = world.services.setup
        let first = try await setup.perform(admin: "admin", password: nil)
        let again = try await setup.perform(admin: "admin", password: nil)
        #expect(first.password != again.password && first.user.id == again.user.id)
        let origin = Origin(address: "192.0.2.1", correlationID: "c")
        #expect(
            await code { _ = try await world.services.sessions.signIn(login: "admin", password: first.password, from: origin) }
                == .unauthenticated)
        _ = try await world.services.sessions.signIn(login: "Admin", password: again.password, from: origin)
        let principal = try world.services.tokens.authenticate(again.token)
        #expect(principal.permissions == Set(Permission.all) && principal.visibleTeams == nil && principal.teams == ["platform"])
        #expect(await code { _ = try await setup.perform(admin: "boss", password: "short") } == .invalid)
    }
}
