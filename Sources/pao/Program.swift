import Base
import Glibc

/// The program: finds the command and runs it. Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 not reachable, 4 not allowed; a server
/// that cannot start ends with 78 (configuration) or 65 (data), as sysexits.h has them.
@main
struct Program {
    static let version = "0.1.0"

    static var commands: [any Command.Type] {
        [
            ServeCommand.self, DemoCommand.self, InitCommand.self, SandboxCommand.self, CatalogCommand.self, SchemaCommand.self,
            TemplateCommand.self, BackupCommand.self, RestoreCommand.self, AuditCommand.self, MigrateCommand.self, FreezeCommand.self,
            OpenAPICommand.self,
            VersionCommand.self,
        ]
    }

    #if DEBUG
        static var developerCommands: [any Command.Type] { [FailpointsCommand.self] }

        private static func armFailpoints() throws(PAOError) {
            guard let setting = ConfigurationReader.processEnvironment["PAO_FAILPOINT"], !setting.isEmpty else { return }
            try ArmedFailpoints.arm(setting, among: FailpointsCommand.names)
        }
    #else
        static var developerCommands: [any Command.Type] { [] }

        private static func armFailpoints() throws(PAOError) {}
    #endif

    static func main() async {
        Footprint.returnLargeBlocks()
        initializeCryptography()
        signal(SIGPIPE, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        exit(await run(words))
    }

    static func run(_ words: [String]) async -> Int32 {
        guard let name = words.first, !["-h", "--help", "help"].contains(name) else {
            Terminal.write(help)
            return words.isEmpty ? 2 : 0
        }
        if name == "--version" { return await run(["version"]) }
        guard let command = (commands + developerCommands).first(where: { $0.name == name }) else {
            let near = commands.map { $0.name }.filter { $0.hasPrefix(String(name.prefix(2))) }.first
            Terminal.error("pao: there is no command \(name)." + (near.map { " Did you mean \($0)?" } ?? "") + " `pao --help` lists them.")
            return 2
        }
        if words.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) {
            Terminal.write(command.usage + "\n")
            return 0
        }
        do throws(PAOError) {
            try armFailpoints()
            return try await command.run(Arguments(Array(words.dropFirst()), for: command.usage))
        } catch {
            Terminal.error("pao \(name): \(error.message)")
            for finding in error.findings { Terminal.error("  \(finding.field): \(finding.message)") }
            if let detail = error.detail { Terminal.error("  \(detail)") }
            if let hint = error.hint { Terminal.error("  \(hint)") }
            return exitCode(of: error, isServer: isServer(command))
        }
    }

    private static func isServer(_ command: any Command.Type) -> Bool {
        command == ServeCommand.self || command == DemoCommand.self || command == SandboxCommand.self
    }

    static func exitCode(of error: PAOError, isServer: Bool) -> Int32 {
        switch error.code {
        case .configuration where isServer: 78
        case .data where isServer: 65
        case .usage: 2
        case .forbidden, .unauthenticated: 4
        default: 1
        }
    }

    static var help: String {
        """
        pao \(version): a self-service catalog for platform teams.

        Usage: pao COMMAND [OPTIONS]

        \(commands.map { "  " + $0.name.padded(to: 10) + $0.summary }.joined(separator: "\n"))

        `pao COMMAND --help` says more. `pao demo` needs nothing else.

        """
    }
}

protocol Command {
    static var name: String { get }
    static var summary: String { get }
    static var usage: String { get }
    /// Returns the exit code.
    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32
}

extension PAOError.Code {
    static let usage = Self(rawValue: "usage")
}

/// Writing to the terminal.
enum Terminal {
    static func write(_ text: String) { put(text, to: 1) }
    static func error(_ line: String) { put(line + "\n", to: 2) }

    private static func put(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    static var isInteractive: Bool { isatty(1) == 1 }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
