import API
import Base
import Catalog
import Documents
import Glibc
import Orchestration
import Store

/// `pao sandbox`: the stand-ins alone.
enum SandboxCommand: Command {
    static let name = "sandbox"
    static let summary = "Run the stand-ins of JIRA, GitHub and others alone"
    static let usage = """
        Usage: pao sandbox [--listen ADDR:PORT] [--state FILE]

          --listen ADDR:PORT    127.0.0.1:8090 without it; port 0 picks a free one
          --state FILE          keep its state there
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        try Signals.take()
        var configuration = Configuration()
        configuration.listen = arguments["listen"] ?? "127.0.0.1:8090"
        let (host, port) = try configuration.address()
        let listener = try SandboxListener(stateFile: arguments["state"], host: host, port: port, log: .standardError(minimum: .warning))
        let url = "http://\(host):\(listener.port)"
        Terminal.write("sandbox on \(url)\n")
        for (name, path) in [
            ("provisioning", "/provision"), ("JIRA", "/rest/api/2"), ("GitHub", "/repos"), ("Terraform Cloud", "/api/v2"),
            ("GitLab", "/api/v4"), ("ServiceNow", "/api/now"), ("state", "/_sandbox/state"),
        ] {
            Terminal.write("  \(name.padded(to: 16)) \(url)\(path)\n")
        }
        await Signals.waitForStop()
        await listener.server.stop(within: .seconds(1))
        return 0
    }
}

/// `pao template render`.
enum TemplateCommand: Command {
    static let name = "template"
    static let summary = "Render a template"
    static let usage =
        "Usage: pao template render --scope SCOPE.json [--as text|json|url|hcl|jira] < TEMPLATE\n\n  SCOPE.json holds {\"fields\": {...}, \"request\": {...}, ...}. Exit code 1 with the place of the error."

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands == ["render"] else { throw PAOError(.usage, usage) }
        let scope = try JSON.parse(try Files.read(try arguments.required("scope")))
        guard let context = EscapeContext(rawValue: arguments["as"] ?? "text") else {
            throw PAOError(.usage, "--as is one of \(EscapeContext.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        let bytes = try Files.readStandardInput(limit: 1 << 20)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PAOError(.malformed, "The template is not UTF-8.") }
        do throws(TemplateFault) {
            Terminal.write(try Template.parse(text).render(JSONScope(scope), as: context))
            return 0
        } catch {
            Terminal.error(
                "line \(error.position.line), column \(error.position.column): \(error.message)"
                    + (error.suggestion.map { " Did you mean \($0)?" } ?? ""))
            return 1
        }
    }
}

/// `pao version`.
enum VersionCommand: Command {
    static let name = "version"
    static let summary = "Print the version"
    static let usage = "Usage: pao version"

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        Terminal.write("pao \(Program.version)\n")
        return 0
    }
}

/// `pao backup create|verify`.
enum BackupCommand: Command {
    static let name = "backup"
    static let summary = "Make or check a backup of the database"
    static let usage =
        "Usage: pao backup create FILE --data DIR\n       pao backup verify FILE [--data DIR]\n\n  Works while a server runs on DIR. The master key (DIR/master.key) is not in the backup: keep it elsewhere."

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands.count == 2 else { throw PAOError(.usage, usage) }
        let file = arguments.operands[1]
        switch arguments.operands[0] {
        case "create":
            let directory = try arguments.dataDirectory()
            if try ControlSocket.call("POST", "/backup", body: ["file": .string(Files.absolute(file))], in: directory) == nil {
                let store = try Store(directory: directory, migrations: DatabaseSchema.migrations, time: .system, log: .silent)
                defer { store.close() }
                try store.backup(to: file)
            }
            Terminal.write("backup in \(file)\n")
            return 0
        case "verify": return try verify(file)
        default: throw PAOError(.usage, usage)
        }
    }

    static func verify(_ file: String) throws(PAOError) -> Int32 {
        guard Files.exists(file) else { throw PAOError(.notFound, "There is no file \(file).") }
        let faults = try Store.integrityCheck(file: file)
        for fault in faults { Terminal.write("\(file): \(fault)\n") }
        if faults.isEmpty { Terminal.write("\(file) is whole\n") }
        return faults.isEmpty ? 0 : 1
    }
}

/// `pao restore`.
enum RestoreCommand: Command {
    static let name = "restore"
    static let summary = "Put a backup in place of the database"
    static let usage =
        "Usage: pao restore FILE --data DIR\n\n  Checks the backup before it replaces anything; the database of before stays beside it. No server may run on DIR."

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        let file = try arguments.operands(1)[0]
        let directory = try arguments.required("data")
        guard try BackupCommand.verify(file) == 0 else { return 1 }
        try Files.makeDirectory(directory)
        let database = directory + "/pao.db"
        if try ControlSocket.call("GET", "/migrations", body: nil, in: directory) != nil {
            throw PAOError(.conflict, "A server runs on \(directory).", hint: "Stop it first.")
        }
        if Files.exists(database) {
            let kept = "\(database).before-restore-\(TimeSource.system.now().milliseconds)"
            guard rename(database, kept) == 0 else { throw PAOError(.unavailable, "\(database) cannot be put aside.") }
            unlink(database + "-wal")
            unlink(database + "-shm")
            Terminal.write("the database of before is \(kept)\n")
        }
        try CommandFailpoint.putAside.reach()
        try Files.write(try Files.read(file, limit: Int.max), to: database, mode: 0o600)
        try CommandFailpoint.restored.reach()
        Terminal.write("restored into \(directory)\n")
        return 0
    }
}

/// `pao audit verify`.
enum AuditCommand: Command {
    static let name = "audit"
    static let summary = "Check the audit trail"
    static let usage = "Usage: pao audit verify --data DIR\n\n  Exit code 1 names the first row that is not as it was written."

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands == ["verify"] else { throw PAOError(.usage, usage) }
        let directory = try arguments.dataDirectory()
        let result = try Checks.ask("/audit", in: directory, Checks.audit)
        if let broken = result["firstBroken"]?.int {
            Terminal.write("the audit trail is broken at row \(broken)\n")
            return 1
        }
        Terminal.write("the audit trail is whole: \(result["rows"]?.int ?? 0) rows, head \(result["head"]?.string ?? "")\n")
        return 0
    }
}

/// `pao migrate status`.
enum MigrateCommand: Command {
    static let name = "migrate"
    static let summary = "Show the versions of the database"
    static let usage = "Usage: pao migrate status --data DIR"

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        guard arguments.operands == ["status"] else { throw PAOError(.usage, usage) }
        let directory = try arguments.dataDirectory()
        var options = StoreOptions()
        options.appliesMigrations = false
        let rows = try Checks.ask("/migrations", in: directory, options: options, Checks.migrations)
        for row in rows.array ?? [] {
            let number = String(row["number"]?.int ?? 0)
            Terminal.write(
                "\(number.padded(to: 4)) \((row["name"]?.string ?? "").padded(to: 24)) \(row["appliedAt"]?.string ?? "pending")\n")
        }
        return 0
    }
}

/// `pao openapi`.
enum OpenAPICommand: Command {
    static let name = "openapi"
    static let summary = "Print the API's description (OpenAPI 3.1)"
    static let usage = "Usage: pao openapi"

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        let directory = try Files.makeTemporaryDirectory()
        let appliance = try Appliance(Configuration(), directory: directory, sandboxPort: nil)
        Terminal.write(appliance.openAPI.pretty)
        await appliance.stop()
        return 0
    }
}
