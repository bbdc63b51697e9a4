import Base
import Catalog

/// `pao catalog`: the workshop of those who write documents. Needs no server.
enum CatalogCommand: Command {
    static let name = "catalog"
    static let summary = "Check, begin, compare, try and import catalog documents"
    static let usage = """
        Usage: pao catalog validate PATH... [--format text|json|sarif|github] [--fix]
               pao catalog init item|bundle|update|upgrade|flat [DIR]
               pao catalog diff REF|DIR [DIR] [--format text|json]
               pao catalog diff [DIR] --live --url URL [--token TOKEN] [--format text|json]
               pao catalog publish FILE --url URL [--token TOKEN] [--path PATH] [--title TEXT]
               pao catalog test PATH... [--update]
               pao catalog import backstage FILE [--output FILE]

          validate   checks files and directories as a sync would: directories as whole catalogs, files with what they say of each other.
                     Exit code 0: no errors, 1: errors, 2: a path cannot be read.
                     --fix first puts right what is only spelled wrongly: keys, yes and no as flags, unquoted texts, versions; it says what.
          init       writes a commented document to begin with; an existing file stays.
          diff       says what changed since REF (a commit, branch or tag) or in comparison with another directory, whether the versions say so,
                     and which bundles and operations no longer fit. Exit code 1: errors.
                     --live compares with the catalog of a server, and says which instances and requests a change concerns.
          publish    lets the server check FILE, push it to a branch of the catalog's repository and open a pull request. PATH is its place in
                     the catalog, from catalog/ on without it. TOKEN and URL also by PAO_TOKEN and PAO_URL.
          test       renders documents with the data of NAME.expected.yaml beside them and compares; --update takes what is rendered as what is
                     expected (and begins the file of a document that is named). Exit code 1: a difference.
          backstage  import makes an item of a software template; what could not be carried over goes to standard error.
        """

    static func run(_ arguments: Arguments) async throws(PAOError) -> Int32 {
        let operands = Array(arguments.operands.dropFirst())
        switch (arguments.operands.first, operands.count) {
        case ("validate"?, 1...): return try await validate(operands, arguments)
        case ("diff"?, 0...1) where arguments.has("live"):
            return try await LiveDifferences.run(operands.first ?? ".", arguments)
        case ("publish"?, 1): return try await CatalogPublish.run(operands[0], arguments)
        case ("init"?, 1...2): return try CatalogInit.run(operands)
        case ("diff"?, 1...2): return try await CatalogDifferences.run(operands, format: arguments["format"] ?? "text")
        case ("test"?, 1...): return try CatalogTest.run(operands, updates: arguments.has("update"))
        case ("import"?, 2) where operands[0] == "backstage": return try CatalogImport.run(operands[1], output: arguments["output"])
        default: throw PAOError(.usage, usage)
        }
    }

    private static func validate(_ paths: [String], _ arguments: Arguments) async throws(PAOError) -> Int32 {
        let format = arguments["format"] ?? "text"
        guard let writer = FindingsFormat(rawValue: format) else {
            throw PAOError(.usage, "--format is text, json, sarif or github.\n\(usage)")
        }
        for path in paths {
            guard Files.exists(path) else {
                Terminal.error("pao catalog: \(path) cannot be read.")
                return 2
            }
            if arguments.has("fix") { try CatalogFixes.apply(to: path) }
        }
        let check = try await CatalogCheck(paths, schemas: CatalogLocation.schemas())
        Terminal.write(writer.text(check))
        return check.findings.contains(where: \.isError) ? 1 : 0
    }
}
