import Base
import Documents

@testable import Catalog
@testable import Store

extension FuzzTarget {
    static let catalogTargets = [
        FuzzTarget(
            "document", texts: Starter.allCases.map(\.text),
            files: ["seed/catalog", "Tests/CatalogTests/Fixtures/seeds", "Tests/Behavior/catalog", "Tests/Behavior/others"],
            words: documentWords, document),
        FuzzTarget(
            "backstage", files: ["Tests/CatalogTests/Fixtures/backstage/service-template.yaml"],
            words: documentWords + ["${{ parameters.", " }}", "ui:field: ", "fetch:template", "publish:github", "steps.", ".output."],
            backstage),
        FuzzTarget("form", texts: forms, words: formWords, form),
        FuzzTarget(
            "code-owners",
            texts: ["* @acme/all\n/catalog/**/db/ @acme/data a@b.c # x\ndocs/*.md\n\\#x @y\n", "**/a/*/b? @a/b\r\n/c\\ d @e"],
            files: ["seed/CODEOWNERS"], words: ["*", "**", "/", "?", "@a/b", "#", "\\ ", "\\", "\n", "\r\n", "!", "[a]", " "], codeOwners),
        FuzzTarget(
            "search", texts: ["postgres data", "a\"b* NEAR(c d)", "-x OR y", "é e\u{301} ß"],
            words: ["\"", "*", " OR ", " NEAR/2 ", "^", ":", "-", "(", ")", "name:", "\u{0}", "\u{200D}", "+", "{", "}"], search),
    ]

    private static let documentWords = [
        "\n", "\n  ", ": ", "- ", "{", "}", "[", "]", "{{", "}}", "{{fields.", "kind: CatalogBundle\n", "kind: UpdateItem\n", "metadata:",
        "id: ",
        "version: ", "fulfillment:", "automatic:", "manual:", "actions:", "type: rest-api", "type: terraform", "type: ", "dependsOn: ",
        "if: ", "config: ",
        "conditional: ", "validation: ", "pattern: ", "default: ", "components:", "targets:", "verification: ", "outputs: ", "null", "true",
        "-1", "1e9",
        "99999999999", "30m", "&a ", "*a", "<<: *a", "---\n", "presentation:", "name: ", "fields:", "options: ", "items: ", "properties: ",
        "''",
    ]

    private static let schemas: CatalogSchemas = {
        let names = ["catalog-item", "catalog-bundle", "update-item", "upgrade-item", "flat-item", "definitions"]
        let files = names.map { ("\($0).json", (try? JSON.parse(Corpus.text("schemas/\($0).json"))) ?? .null) }
        return (try? CatalogSchemas(files: Dictionary(uniqueKeysWithValues: files))) ?? .none
    }()

    // MARK: Documents

    private static func read(_ text: [UInt8]) -> FileReading {
        DocumentReader.read(text, path: "catalog/tests/thing/service.yaml", schemas: schemas, owners: CodeOwners("* @acme/data"))
    }

    private static func document(_ input: [UInt8]) throws {
        let reading = read(input)
        for finding in reading.findings {
            try demand(isInside(finding.line, finding.column, of: input), "\(finding.description) is at no place of the text")
            try demand(!finding.message.isEmpty, "a finding says nothing")
        }
        for document in reading.documents {
            try check(document)
            // The flat dialect's templates stay as they were written.
            if document.definition["dialect"] != nil { continue }
            let written = Array(YAML.write(document.definition).utf8)
            let again = read(written)
            let errors = again.findings.filter(\.isError).map(\.description)
            try demand(errors.isEmpty && again.documents.count == 1, "its canonical form has errors: \(errors)\n\(written.text)")
            let definition = again.documents.first?.definition
            try demand(definition == document.definition, "its canonical form is read as another:\n\(written.text)")
        }
    }

    /// A document without errors can be shown, asked for and checked.
    private static func check(_ document: CatalogDocument) throws {
        _ = CatalogPublicJSON.schema(document)
        _ = try JSONSchema.compile(document.form.jsonSchema)
        let (accepted, _) = document.form.validate([:])
        let again = document.form.validate(.object(accepted))
        try demand(again.accepted == accepted, "an accepted entry changes when it is checked again")
        _ = CatalogDiff(from: [document], to: [document])
    }

    private static func backstage(_ input: [UInt8]) throws {
        guard let converted = try? BackstageImport(input) else { return }
        let reading = read(Array(converted.yaml.utf8))
        let unreadable = reading.findings.filter { $0.isError && $0.rule.hasPrefix("yaml-") }.map(\.description)
        try demand(unreadable.isEmpty, "what was made of it is no YAML: \(unreadable)\n\(converted.yaml)")
    }

    // MARK: Forms

    private static let forms = [
        #"{"form":{"groups":[{"id":"g","fields":[{"id":"a","type":"string","required":true,"pattern":"^x"},{"id":"b","type":"integer","min":1,"max":9,"step":2,"conditional":{"dependsOn":"a","condition":"equals","value":"x"}}]}]},"data":{"a":"x","b":3}}"#,
        #"{"form":{"groups":[{"id":"g","fields":[{"id":"l","type":"list","items":{"type":"object","properties":[{"id":"k","type":"string"},{"id":"v","type":"password","strength":"strong"}]}},{"id":"d","type":"date","minDate":"2026-01-01"}]}]},"data":{"l":[{"k":"a","v":"b"}],"d":"2026-02-30"}}"#,
        #"{"form":{"groups":[{"id":"g","fields":[{"id":"s","type":"select","enum":["a","b"],"allowCustom":true},{"id":"m","type":"multiselect","enum":["a","b"],"minSelections":1},{"id":"f","type":"file","maxSize":10,"accept":[".txt"]},{"id":"c","type":"string","conditional":{"any":[{"dependsOn":"m","condition":"contains","value":"a"},{"all":[{"dependsOn":"s","condition":"in","value":["a"]}]}]}}]}]},"data":{"s":"z","m":["a"],"f":{"name":"a.txt","content":"Zm9v"}}}"#,
        #"{"form":{"groups":[{"id":"g","fields":[{"id":"t","type":"time","minTime":"08:00"},{"id":"z","type":"datetime","maxDatetime":"2027-01-01T00:00:00Z"},{"id":"p","type":"percentage"},{"id":"n","type":"number","precision":2},{"id":"u","type":"url"},{"id":"e","type":"email"},{"id":"o","type":"object","properties":[{"id":"x","type":"boolean","default":true}]}]}]},"data":{"t":"07:59","z":"x","p":101,"n":1.005,"u":"http://","e":"a@","o":{"y":1}}}"#,
    ]

    private static let formWords = [
        "{", "}", "[", "]", ",", ":", "\"id\":\"a\",", "\"type\":\"list\",", "\"type\":\"object\",", "\"type\":\"file\",",
        "\"type\":\"multiselect\",",
        "\"required\":true,", "\"default\":", "\"hidden\":true,", "\"readonly\":true,", "\"condition\":\"matches\",",
        "\"condition\":\"greaterThan\",",
        "\"value\":", "\"all\":[", "\"any\":[", "null", "true", "1e308", "-1", "\"\"", "\"^(a+)+$\"", "\"{{request.user.team}}\"", "0.1",
        "99999999999999999999",
    ]

    private static func form(_ input: [UInt8]) throws {
        guard let value = try? JSON.parse(input), let written = value["form"], let data = value["data"] else { return }
        let report = FindingReport(file: "form.json")
        guard var map = MappingReader(YAMLNode(written), report) else { return }
        let form = FormReader(templates: TemplateReader(dialect: .canonical, report: report, source: .none)).form(&map)
        if report.hasErrors { return }
        let ids = form.fields.map(\.id)
        let (accepted, findings) = form.validate(data)
        try demand(form.visibleFields(data).allSatisfy(ids.contains), "shows what it does not have")
        try demand(accepted.allSatisfy { ids.contains($0.key) }, "keeps what it does not ask for: \(accepted)")
        let schema = try JSONSchema.compile(form.jsonSchema)
        _ = schema.validate(data)
        _ = SensitiveFields(form).masked(data)
        if !findings.isEmpty { return }
        let again = form.validate(.object(accepted))
        try demand(again.findings.isEmpty && again.accepted == accepted, "refuses what it has accepted: \(accepted): \(again.findings)")
    }

    // MARK: Owners and words

    private static func codeOwners(_ input: [UInt8]) throws {
        let owners = CodeOwners(input.text)
        for path in ["catalog/db/a.yaml", "docs/x.md", "a", "a/b/c/d/e/f", input.text] {
            try demand(owners.owners(of: path).allSatisfy { $0.contains("@") }, "\(path) is owned by \(owners.owners(of: path))")
            _ = owners.teams(of: path)
        }
        for finding in owners.findings {
            try demand(isInside(finding.line, 1, of: input), "\(finding.description) is at no place of the text")
        }
    }

    /// For one thread, as every target's run.
    private nonisolated(unsafe) static let words: Connection? = {
        let connection = try? Connection.open(":memory:", as: .copy)
        try? connection?.execute(script: "CREATE VIRTUAL TABLE catalog_search USING fts5(name, words, tags, description)")
        return connection
    }()

    /// Whatever is searched for becomes an expression that SQLite's search can read.
    private static func search(_ input: [UInt8]) throws {
        guard let expression = SearchStore.expression(input.text) else { return }
        guard let words else { throw Unsound("SQLite cannot be opened") }
        _ = try SearchStore.hits(expression, in: words)
    }
}
