import Base
import Glibc
import Integrations

/// `pao demo`: everything at once, with the catalog and the sandbox that the binary carries.
enum DemoCommand: Command {
    static let name = "demo"
    static let summary = "Try everything: demo catalog, sandbox, account; needs nothing else"
    static let usage = """
        Usage: pao demo [--run] [--data DIR] [--listen ADDR:PORT]

          --run                 submit a request, show it through to completed, and end
          --data DIR            keep the data there; else a temporary directory, removed at the end
          --listen ADDR:PORT    127.0.0.1:8080 without it; port 0 picks a free one
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        try arguments.requireNoOperands()
        try Signals.take()
        let isTemporary = arguments["data"] == nil
        let directory = if let given = arguments["data"] { given } else { try Files.makeTemporaryDirectory() }
        try Files.makeDirectory(directory)
        defer { if isTemporary { FileTree.remove(directory) } }
        try CatalogLocation.writeDemo(to: directory + "/demo")
        let account = try await InitCommand.setUp(directory, admin: "demo", password: nil)
        var configuration = try ConfigurationReader.read(file: nil, environment: ConfigurationReader.processEnvironment)
        configuration.isSandbox = true
        configuration.catalogSource = directory + "/demo"
        configuration.catalogPollInterval = .seconds(5)
        configuration.environmentName = configuration.environmentName ?? "demo"
        configuration.logLevel = .warning
        configuration.listen = arguments["listen"] ?? (arguments.has("run") ? "127.0.0.1:0" : configuration.listen)
        let running = try await RunningServer(configuration, directory: directory)
        await running.appliance.syncCatalog()
        Terminal.write("listening on \(running.url)\n")
        Terminal.write(
            """

            PAO demo. Nothing leaves this machine: the sandbox answers every outgoing call.

              URL       \(running.url)
              user      demo
              password  \(account.password)
              token     \(account.token)


            """)
        if arguments.has("run") {
            let code = try await DemoRun(url: running.url, token: account.token).run()
            await running.stop()
            return code
        }
        Terminal.write("Open the URL in a browser. Ctrl-C ends the demo" + (isTemporary ? " and removes its data.\n" : ".\n"))
        await Signals.waitForStop()
        await running.stop()
        return 0
    }
}
