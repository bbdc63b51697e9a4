import Base
import Glibc
import Identity
import Web

/// `pao serve`: the appliance on a data directory, until SIGTERM.
enum ServeCommand: Command {
    static let name = "serve"
    static let summary = "Run the appliance on a data directory"
    static let usage = """
        Usage: pao serve --data DIR [--config FILE] [--listen ADDR:PORT] [--catalog DIR|GIT-URL] [--sandbox]

          --data DIR            where the database is; made by `pao init`
          --config FILE         pao.yaml; every key is also a PAO_ variable
          --listen ADDR:PORT    instead of the configured address; port 0 picks a free one
          --catalog DIR|URL     where the catalog documents are: a directory, or a Git repository as https://, ssh:// or file://
          --sandbox             answer every outgoing call with the sandbox; nothing leaves the machine
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        try Signals.take()
        let environment = ConfigurationReader.processEnvironment
        var configuration = try ConfigurationReader.read(file: arguments["config"], environment: environment)
        if let listen = arguments["listen"] { configuration.listen = listen }
        if let catalog = arguments["catalog"] { configuration.catalogSource = catalog }
        if arguments.has("sandbox") { configuration.isSandbox = true }
        guard let directory = arguments["data"] ?? configuration.dataDirectory else {
            throw PAOError(.usage, "--data is missing.\n\(usage)")
        }
        try Files.requireDatabase(in: directory)
        let running = try await RunningServer(configuration, directory: directory)
        Terminal.write("listening on \(running.url)\n")
        let notifier = ServiceNotifier(path: environment["NOTIFY_SOCKET"])
        notifier.send("READY=1")
        await Signals.waitForStop()
        notifier.send("STOPPING=1")
        await running.stop()
        return 0
    }
}

/// An appliance with its listeners.
final class RunningServer {
    let appliance: Appliance
    let url: String
    private let server: Server
    private let sandbox: SandboxListener?
    private let control: Server

    init(_ configuration: Configuration, directory: String) async throws(PAOError) {
        let (host, port) = try configuration.address()
        try Self.requireSafeListener(configuration, host: host)
        let log = Log.standardError(minimum: configuration.logLevel)
        sandbox =
            configuration.isSandbox
            ? try SandboxListener(stateFile: directory + "/sandbox.jsonl", host: "127.0.0.1", port: 0, log: log) : nil
        appliance = try Appliance(configuration, directory: directory, sandboxPort: sandbox?.port)
        var options = ServerOptions()
        options.connections = configuration.connectionLimit ?? options.connections
        options.tls = try Self.tls(configuration)
        let hosts = configuration.allowedHosts.isEmpty ? nil : Set(configuration.allowedHosts.map { $0.lowercased() })
        server = try Server(try appliance.application(allowedHosts: hosts), host: host, port: port, options)
        control = try ControlSocket.serve(appliance)
        try await appliance.start()
        let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        url = "\(options.tls == nil ? "http" : "https")://\(shown):\(server.port)"
        if let sandbox { Terminal.write("sandbox on http://127.0.0.1:\(sandbox.port)\n") }
    }

    /// Without TLS passwords and tokens would cross the network in clear.
    private static func requireSafeListener(_ configuration: Configuration, host: String) throws(PAOError) {
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        guard isLoopback || configuration.certificate != nil || configuration.isBehindProxy else {
            throw PAOError(
                .configuration, "Listening on \(host) without TLS would send passwords in clear.",
                hint: "Set tls.certificate and tls.key, or behindProxy: true where a proxy terminates TLS.")
        }
    }

    private static func tls(_ configuration: Configuration) throws(PAOError) -> ServerOptions.TLS? {
        guard let certificate = configuration.certificate else { return nil }
        guard let key = configuration.certificateKey else { throw PAOError(.configuration, "tls.certificate needs tls.key.") }
        return .init(
            certificate: String(decoding: try Files.read(certificate), as: UTF8.self),
            key: String(decoding: try Files.read(key), as: UTF8.self))
    }

    func stop() async {
        await server.stop()
        await control.stop(within: .seconds(1))
        await appliance.stop()
        await sandbox?.server.stop(within: .seconds(1))
        unlink(ControlSocket.path(in: appliance.directory))
    }
}
