import Store
import Testing

@testable import Base
@testable import Identity

@Suite("Tokens")
struct TokenTests {
    @Test("a token's text has its form and reads back", arguments: Token.Kind.allCases)
    func form(kind: Token.Kind) throws {
        let text = TokenText(kind: kind, random: .system).text
        #expect(try /pao_(user|service|device|agent)_[a-z2-7]{26}_[a-z2-7]{6}/.wholeMatch(in: text) != nil)
        #expect(TokenText(text)?.text == text)
    }

    @Test("a fixed token keeps its checksum from version to version")
    func checksum() {
        let zero = TokenText(kind: .user, random: RandomSource { [UInt8](repeating: 0, count: $0) })
        #expect(zero.text == "pao_user_aaaaaaaaaaaaaaaaaaaaaaaaaa_yattyt")
    }

    @Test("any single changed, missing or extra character is noticed without a look-up")
    func mutations() {
        let text = TokenText(kind: .user, random: .system).text
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: text[index] == "b" ? "c" : "b")
            #expect(TokenText(changed) == nil, "\(changed)")
            var cut = text
            cut.remove(at: index)
            #expect(TokenText(cut) == nil, "\(cut)")
        }
        for other in ["", "pao", "pao___", text + "a", text.uppercased(), "Bearer \(text)", String(repeating: "_", count: 1000)] {
            #expect(TokenText(other) == nil)
        }
    }

    @Test("a token lets its user in with its scopes, as long as the user has them")
    func scopes() async throws {
        let world = try await World()
        let ann = try await world.user("ann", roles: ["developer"])
        let (tokens, actor) = (world.services.tokens, try world.actor("ann"))
        let text = try await tokens.mint(
            NewToken(name: "ci", scopes: [.catalogRead, .requestsCreate], lifetime: .seconds(3600)), by: actor
        ).text
        let principal = try tokens.authenticate(text)
        #expect(principal.kind == .token && principal.user == ann)
        #expect(principal.permissions == [.catalogRead, .requestsCreate])
        try await world.services.roles.assign("viewer", to: ann.id, by: world.system)
        try await world.services.roles.withdraw("developer", from: ann.id, by: world.system)
        #expect(try tokens.authenticate(text).permissions == [.catalogRead])
    }

    @Test("a token mints no wider token, and only administrators mint for others")
    func minting() async throws {
        let world = try await World()
        try await world.user("ann", roles: ["developer"])
        let boss = try await world.user("boss", roles: ["admin"])
        let (tokens, actor) = (world.services.tokens, try world.actor("ann"))
        let narrow = try await tokens.mint(NewToken(name: "ci", scopes: [.catalogRead]), by: actor).text
        let holder = try tokens.authenticate(narrow).actor(correlationID: "c")
        #expect(
            await code { _ = try await tokens.mint(NewToken(name: "x", scopes: [.catalogRead, .requestsCreate]), by: holder) } == .forbidden
        )
        #expect(await code { _ = try await tokens.mint(NewToken(name: "x", scopes: [.catalogRead]), by: holder) } == nil)
        #expect(
            await code { _ = try await tokens.mint(NewToken(name: "x", scopes: [.catalogRead], userID: boss.id), by: actor) } == .forbidden)
        #expect(await code { _ = try await tokens.mint(NewToken(name: "x", scopes: []), by: actor) } == .invalid)
        #expect(
            await code {
                _ = try await tokens.mint(NewToken(name: "x", scopes: [.catalogRead], lifetime: .seconds(400 * 86_400)), by: actor)
            } == .invalid)
    }

    @Test("an expired, a revoked and an unknown token let nobody in, known before or not")
    func endings() async throws {
        let world = try await World()
        try await world.user("ann", roles: ["viewer"])
        let (tokens, actor) = (world.services.tokens, try world.actor("ann"))
        let short = try await tokens.mint(NewToken(name: "short", scopes: [.catalogRead], lifetime: .seconds(60)), by: actor)
        world.clock.advance(.milliseconds(1))
        let long = try await tokens.mint(NewToken(name: "long", scopes: [.catalogRead]), by: actor)
        for text in [short.text, long.text] { _ = try tokens.authenticate(text) }
        world.clock.advance(.seconds(60))
        #expect(await code { _ = try tokens.authenticate(short.text) } == .unauthenticated)
        try await tokens.revoke(long.token.id, by: actor)
        #expect(await code { _ = try tokens.authenticate(long.text) } == .unauthenticated)
        #expect(await code { _ = try tokens.authenticate(TokenText(kind: .user, random: .system).text) } == .unauthenticated)
        #expect(try tokens.list(of: actor.userID, by: actor).map(\.name) == ["long", "short"])
        #expect(try tokens.list(of: actor.userID, by: actor).first?.revokedAt != nil)
    }

    @Test("somebody else's token is not found, and a deactivated user's lets nobody in")
    func others() async throws {
        let world = try await World()
        let ann = try await world.user("ann", roles: ["viewer"])
        try await world.user("bob", roles: ["viewer"])
        let minted = try await world.services.tokens.mint(NewToken(name: "ci", scopes: [.catalogRead]), by: try world.actor("ann"))
        let bob = try world.actor("bob")
        #expect(await code { try await world.services.tokens.revoke(minted.token.id, by: bob) } == .notFound)
        #expect(await code { _ = try world.services.tokens.list(of: ann.id, by: bob) } == .forbidden)
        _ = try world.services.tokens.authenticate(minted.text)
        try await world.services.users.setActive(false, of: ann.id, by: world.system)
        #expect(await code { _ = try world.services.tokens.authenticate(minted.text) } == .unauthenticated)
    }

    @Test("a known token costs no SQL, and its last use is written at the next round")
    func lastUse() async throws {
        let world = try await World()
        try await world.user("ann", roles: ["viewer"])
        let (tokens, actor) = (world.services.tokens, try world.actor("ann"))
        let minted = try await tokens.mint(NewToken(name: "ci", scopes: [.catalogRead]), by: actor)
        _ = try tokens.authenticate(minted.text)
        world.clock.advance(.seconds(5))
        try world.store.read { _ throws(PAOError) in _ = try tokens.authenticate(minted.text) }
        #expect(try tokens.list(of: actor.userID, by: actor).first?.lastUsedAt == nil)
        try await world.services.maintain()
        #expect(try tokens.list(of: actor.userID, by: actor).first?.lastUsedAt == world.clock.source.now())
        for hours in [1, 1, 25] {
            world.clock.advance(.seconds(hours * 3600))
            _ = try tokens.authenticate(minted.text)
            try await world.services.maintain()
        }
        #expect(try world.audited("use").map(\.entityID) == [minted.token.id, minted.token.id])
    }

    @Test("only the hash is stored")
    func hashed() async throws {
        let world = try await World()
        try await world.user("ann", roles: ["viewer"])
        let minted = try await world.services.tokens.mint(NewToken(name: "ci", scopes: [.catalogRead]), by: try world.actor("ann"))
        let row = try world.store.read { connection throws(PAOError) in
            try connection.first("SELECT * FROM api_tokens")
        }
        let values = try #require(row).values
        #expect(values.contains(.blob(Hash.sha256(Array(minted.text.utf8)))))
        #expect(!values.contains { if case .text(let text) = $0 { text.contains(minted.text.dropFirst(9).prefix(26)) } else { false } })
    }
}
