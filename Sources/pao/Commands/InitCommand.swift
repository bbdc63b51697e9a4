import Base
import Identity
import Orchestration
import Store

/// `pao init`: a data directory with its first administrator.
enum InitCommand: Command {
    static let name = "init"
    static let summary = "Make a data directory with its first administrator"
    static let usage = """
        Usage: pao init --data DIR --admin NAME [--password-file FILE] [--token-out FILE]

          --data DIR              the directory; made when missing
          --admin NAME            login of the administrator
          --password-file FILE    its first line is the password; without it one is made and printed
          --token-out FILE        write an API token with every permission there (mode 0600); without it the token is printed
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        let directory = try arguments.required("data")
        let admin = try arguments.required("admin")
        var password: String?
        if let file = arguments["password-file"] {
            password = String(decoding: try Files.read(file, limit: 4096), as: UTF8.self).split(separator: "\n").first.map {
                String($0).trimmed
            }
        }
        try Files.makeDirectory(directory)
        let result = try await setUp(directory, admin: admin, password: password)
        Terminal.write("data directory  \(directory)\nuser            \(admin)\n")
        if password == nil { Terminal.write("password        \(result.password)\n") }
        if let file = arguments["token-out"] {
            try Files.write(Array((result.token + "\n").utf8), to: file, mode: 0o600)
            Terminal.write("token           in \(file)\n")
        } else {
            Terminal.write("token           \(result.token)\n")
        }
        return 0
    }

    /// Also on a directory that was set up before: the administrator gets a new password and a new token.
    static func setUp(_ directory: String, admin: String, password: String?) async throws(PAOError) -> Setup.Result {
        let store = try Store(directory: directory, migrations: DatabaseSchema.migrations, time: .system, log: .silent)
        defer { store.close() }
        try MasterKey.create(in: directory, random: .system)
        let identity = IdentityServices(store: store, time: .system, random: .system, redactor: Redactor())
        return try await identity.setup.perform(admin: admin, password: password)
    }
}
