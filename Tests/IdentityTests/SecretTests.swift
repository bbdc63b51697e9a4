import Foundation
import Store
import Testing

@testable import Base
@testable import Identity

@Suite("Secrets")
struct SecretTests {
    private func sealer(_ bytes: UInt8...) throws -> Sealer {
        let keys = try bytes.map { try #require(SealingKey([UInt8](repeating: $0, count: 32))) }
        return Sealer(current: keys[0], older: Array(keys.dropFirst()), random: .system)
    }

    private func secrets(_ world: World, _ sealer: Sealer, also providers: [SecretProvider] = []) -> Secrets {
        Secrets(
            store: world.store, audit: world.services.audit, sealer: sealer,
            providers: [.database(world.store, sealer: sealer)] + providers,
            redactor: world.redactor)
    }

    @Test("a stored secret comes back, is blotted out from then on, and is nowhere in clear")
    func roundTrip() async throws {
        let world = try await World()
        let secrets = secrets(world, try sealer(1))
        try await secrets.set("DB_PASSWORD", to: "first value", by: world.system)
        try await secrets.set("DB_PASSWORD", to: "päßword", by: world.system)
        #expect(try await secrets.value("DB_PASSWORD") == "päßword")
        #expect(world.redactor.redact("it is päßword") == "it is ***")
        let row = try world.store.read { connection throws(PAOError) in try connection.first("SELECT * FROM secrets") }
        #expect(!"\(try #require(row).values)".contains("word"))
        #expect(try secrets.list(by: world.system).map(\.version) == [2])
        #expect(try world.audited("update").map(\.new) == [nil])
        try await secrets.remove("DB_PASSWORD", by: world.system)
        #expect(await code { _ = try await secrets.value("DB_PASSWORD") } == .notFound)
    }

    @Test("a sealed value does not open in another row or as an older version")
    func bound() async throws {
        let world = try await World()
        let secrets = secrets(world, try sealer(1))
        try await secrets.set("LOW", to: "low", by: world.system)
        try await secrets.set("HIGH", to: "high", by: world.system)
        try await world.write { tx throws(PAOError) in
            try tx.run("UPDATE secrets SET value = (SELECT value FROM secrets WHERE name = 'HIGH') WHERE name = 'LOW'")
            try tx.run("UPDATE secrets SET version = 9 WHERE name = 'HIGH'")
        }
        for name in ["LOW", "HIGH"] { #expect(await code { _ = try await secrets.value(name) } == .data) }
    }

    @Test("after rotation the old key is not needed")
    func rotation() async throws {
        let world = try await World()
        try await secrets(world, try sealer(1)).set("A", to: "value", by: world.system)
        #expect(await code { _ = try await secrets(world, try sealer(2)).value("A") } == .data)
        #expect(try await secrets(world, try sealer(2, 1)).rotate(by: world.system) == 1)
        #expect(try await secrets(world, try sealer(2, 1)).rotate(by: world.system) == 0)
        #expect(try await secrets(world, try sealer(2)).value("A") == "value")
    }

    @Test("providers are asked in turn: database, files, environment, sandbox")
    func providers() async throws {
        let world = try await World()
        let directory = world.directory + "/credentials"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data("from file\n".utf8).write(to: URL(filePath: directory + "/FILE"))
        try Data("from file".utf8).write(to: URL(filePath: directory + "/BOTH"))
        try Data([0xFF, 0xFE]).write(to: URL(filePath: directory + "/BROKEN"))
        try Data(repeating: 65, count: Secrets.valueLimit + 1).write(to: URL(filePath: directory + "/LARGE"))
        let environment = SecretProvider.environment(allowing: ["ENV"]) { ["ENV": "from env", "PATH": "/bin"][$0] }
        let strict = secrets(world, try sealer(1), also: [.files(in: directory), environment])
        try await strict.set("BOTH", to: "from database", by: world.system)
        for (name, value) in [("BOTH", "from database"), ("FILE", "from file"), ("ENV", "from env")] {
            #expect(try await strict.value(name) == value)
        }
        for name in ["PATH", "NOWHERE", "LARGE"] { #expect(await code { _ = try await strict.value(name) } == .notFound) }
        #expect(await code { _ = try await strict.value("BROKEN") } == .configuration)
        let sandboxed = secrets(world, try sealer(1), also: [.files(in: directory), .sandbox])
        #expect(try await sandboxed.value("API_KEY") == "sandbox-API_KEY")
    }

    @Test("names that could be paths are refused", arguments: ["", ".", "..", "../x", "a/b", ".hidden", "a b", "ä", "a\u{0}b"])
    func names(name: String) async throws {
        let world = try await World()
        let secrets = secrets(world, try sealer(1), also: [.files(in: "/"), .sandbox])
        #expect(await code { _ = try await secrets.value(name) } == .invalid)
        #expect(await code { try await secrets.set(name, to: "value", by: world.system) } == .invalid)
    }

    @Test("only who has admin.secrets looks after them, and nobody reads them")
    func permission() async throws {
        let world = try await World()
        try await world.user("ann", roles: ["platform-engineer"])
        let (secrets, ann) = (secrets(world, try sealer(1)), try world.actor("ann"))
        #expect(await code { try await secrets.set("A", to: "x", by: ann) } == .forbidden)
        #expect(await code { _ = try secrets.list(by: ann) } == .forbidden)
        #expect(await code { try await secrets.remove("A", by: ann) } == .forbidden)
        #expect(await code { try await secrets.set("A", to: "", by: world.system) } == .invalid)
        #expect(await code { try await secrets.remove("A", by: world.system) } == .notFound)
    }

    @Test("the master key is made once, for its owner only, and must be whole")
    func masterKey() async throws {
        let world = try await World()
        let path = world.directory + "/" + MasterKey.fileName
        #expect(await code { _ = try MasterKey.load(path: path, random: .system) } == .configuration)
        try MasterKey.create(in: world.directory, random: .system)
        let sealed = try MasterKey.load(path: path, random: .system).seal([1], context: "x")
        try MasterKey.create(in: world.directory, random: .system)
        #expect(try MasterKey.load(path: path, random: .system).open(sealed, context: "x") == [1])
        var keys = try Data(contentsOf: URL(filePath: path))
        keys.insert(contentsOf: [UInt8](repeating: 9, count: 32), at: 0)
        try keys.write(to: URL(filePath: path))
        #expect(try MasterKey.load(path: path, random: .system).open(sealed, context: "x") == [1])
        chmod(path, 0o640)
        #expect(await code { _ = try MasterKey.load(path: path, random: .system) } == .configuration)
        chmod(path, 0o600)
        try keys.dropLast().write(to: URL(filePath: path))
        #expect(await code { _ = try MasterKey.load(path: path, random: .system) } == .configuration)
        try Data().write(to: URL(filePath: path))
        #expect(await code { _ = try MasterKey.load(path: path, random: .system) } == .configuration)
    }
}
