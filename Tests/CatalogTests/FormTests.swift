import Base
import Testing

@testable import Catalog
@testable import Documents

struct FormCase: Sendable, CustomTestStringConvertible {
    let json: JSON

    static let all: [FormCase] = ((try? Fixtures.json("Tests/CatalogTests/Fixtures/form-cases.json"))?.array ?? []).map(FormCase.init)

    var testDescription: String { json["name"]?.string ?? "" }

    var form: Form { readForm(json["form"] ?? .null) }

    var wanted: [String] {
        (json["errors"]?.array ?? []).map { "\($0["field"]?.string ?? "") \($0["rule"]?.string ?? "")" }
    }

    var visible: [String] { (json["visible"]?.array ?? []).compactMap(\.string) }
}

/// The form JSON of the API read back, as a document would say it.
func readForm(_ json: JSON) -> Form {
    let report = FindingReport(file: "form.json")
    let templates = TemplateReader(dialect: .canonical, report: report, source: .none)
    guard var map = MappingReader(YAMLNode(json.withoutComponents), report) else { return Form(groups: []) }
    return FormReader(templates: templates).form(&map)
}

extension JSON {
    /// Without the keys that only the form JSON has.
    fileprivate var withoutComponents: JSON {
        switch self {
        case .array(let elements): .array(elements.map(\.withoutComponents))
        case .object(let object): .object(JSONObject(object.filter { $0.key != "component" }.map { ($0.key, $0.value.withoutComponents) }))
        default: self
        }
    }
}

@Suite struct FormTests {
    @Test("the server breaks the same rules as the browser", arguments: FormCase.all)
    func golden(_ one: FormCase) {
        let (_, findings) = one.form.validate(one.json["values"] ?? .null, now: Timestamp("2026-06-15T12:00:00Z"))
        #expect(findings.map { "\($0.field) \($0.rule)" } == one.wanted)
        #expect(one.form.visibleFields(one.json["values"] ?? .null) == one.visible)
    }

    /// A case that says `schemaTakesMore` gives the reason of docs/forms.md why a schema cannot refuse what the service refuses.
    @Test("the JSON Schema of a form takes what the form takes, in every golden case", arguments: FormCase.all)
    func schemaAgrees(_ one: FormCase) throws {
        let faults = try JSONSchema.compile(one.form.jsonSchema).validate(one.json["values"] ?? .null)
        let isTaken = one.wanted.isEmpty || one.json["schemaTakesMore"] != nil
        #expect(faults.isEmpty == isTaken, "\(one.form.jsonSchema) \(faults)")
    }

    @Test("the golden cases are there")
    func casesAreThere() { #expect(FormCase.all.count > 350) }

    /// A field of the type that has the rule; `isBroken` where a finding is about it.
    private static let ruleCases: [(type: String, rule: String, isBroken: Bool)] = FormCase.all.flatMap { one in
        let broken = Set((one.json["errors"]?.array ?? []).compactMap { $0["field"]?.string })
        return one.form.fields.flatMap { field in
            let own = ["email", "url"].contains(field.type) ? ["format"] : []
            return (field.validation.keys + own).map { (field.type, $0, broken.contains(field.id)) }
        }
    }

    @Test("a golden case keeps and one breaks each rule of each type", arguments: FieldTypes.names)
    func coverage(type: String) {
        for rule in FieldTypes.named(type)?.rules ?? [] {
            let cases = Self.ruleCases.filter { $0.type == type && $0.rule == rule }
            // No whole number has decimals; what is allowed besides, and how many lines are shown, cannot be broken.
            let canBreak = (type, rule) != ("integer", "precision") && !["allowCustom", "rows"].contains(rule)
            if canBreak { #expect(Set(cases.map(\.isBroken)) == [true, false], "\(type) \(rule)") }
        }
    }

    @Test("a golden case shows and one hides a field by each condition", arguments: FieldCondition.Operation.allCases)
    func conditionCoverage(operation: FieldCondition.Operation) {
        var outcomes: Set<Bool> = []
        for one in FormCase.all {
            for field in one.form.fields {
                guard case .test(_, operation, _)? = field.conditional else { continue }
                outcomes.insert(one.visible.contains(field.id))
            }
        }
        #expect(outcomes == [true, false])
    }

    static let form = exampleForm()

    @Test("what is kept has defaults applied and hidden fields dropped")
    func accepted() {
        let (kept, findings) = Self.form.validate(["name": "orders", "key": "unused", "encrypted": false])
        #expect(findings == [])
        #expect(JSON.object(kept) == ["name": "orders", "encrypted": false, "size": 20])
    }

    @Test("every broken rule is reported at once")
    func everything() {
        let (_, findings) = Self.form.validate(["name": "O", "size": 25, "extra": 1, "login": [["password": 7]]])
        #expect(
            findings.map { "\($0.field) \($0.rule)" } == [
                "name pattern", "name minLength", "size step", "key required", "login[0].user required", "login[0].password type",
                "extra unknown",
            ])
    }

    @Test("an unknown field is told the nearest name")
    func nearest() {
        let (_, findings) = Self.form.validate(["nmae": "orders", "key": "k"])
        #expect(findings.first { $0.rule == "unknown" }?.message == "There is no such field. Did you mean name?")
    }

    @Test("data that is no object is one finding", arguments: [JSON.null, 7, "text", []])
    func notAnObject(_ data: JSON) { #expect(Self.form.validate(data).findings.map(\.rule) == ["type"]) }

    @Test("secrets inside lists are masked and sealed, and nothing else")
    func secrets() {
        let sensitive = SensitiveFields(Self.form)
        let data: JSON = ["name": "orders", "login": [["user": "ada", "password": "s3cret"], ["user": "bob"]]]
        #expect(sensitive.paths == ["login[].password"])
        #expect(sensitive.masked(data) == ["name": "orders", "login": [["user": "ada", "password": "***"], ["user": "bob"]]])
        let sealed = sensitive.sealing(data) { .string("sealed:" + ($0.string ?? "")) }
        #expect(sealed["login"]?[0]?["password"] == "sealed:s3cret")
    }

    static let answers: [(JSON, Bool)] = [
        (["name": "orders", "key": "k"], true), (["name": "orders", "encrypted": false], true), (["name": "O", "key": "k"], false),
        (["name": "orders", "size": 5, "key": "k"], false), (["name": "orders", "encrypted": true], false), (["key": "k"], false),
        (["name": "orders", "key": "k", "extra": 1], false), (["name": "orders", "key": "k", "login": [["user": "a"]]], true),
    ]

    @Test("the JSON Schema of a form accepts what the form accepts and refuses what it refuses", arguments: answers)
    func schema(_ data: JSON, _ isValid: Bool) throws {
        let schema = try JSONSchema.compile(Self.form.jsonSchema)
        #expect(schema.validate(data).isEmpty == isValid)
        if data["encrypted"] != nil || isValid { #expect(Self.form.validate(data).findings.isEmpty == isValid) }
    }

    @Test("the form JSON names the components of S2")
    func components() {
        let fields = Self.form.json["groups"]?[0]?["fields"]?.array ?? []
        #expect(fields.map { $0["component"]?.string } == ["text-input", "number-input", "checkbox", "text-input", "list"])
        #expect(fields[3]["conditional"] == ["dependsOn": "encrypted", "condition": "equals", "value": true])
        #expect(fields[4]["items"]?["properties"]?[1]?["component"] == "password-input")
    }

    @Test("every type of field has its own schema and component")
    func types() {
        #expect(FieldTypes.names.count == 17)
        #expect(Set(FieldTypes.names).count == 17)
    }
}

private func exampleForm() -> Form {
    readForm([
        "groups": [
            [
                "id": "basic",
                "fields": [
                    ["id": "name", "type": "string", "required": true, "validation": ["pattern": "^[a-z]+$", "minLength": 3]],
                    ["id": "size", "type": "number", "default": 20, "validation": ["min": 10, "step": 10]],
                    ["id": "encrypted", "type": "boolean", "default": true],
                    [
                        "id": "key", "type": "string", "required": true,
                        "conditional": ["dependsOn": "encrypted", "condition": "equals", "value": true],
                    ],
                    [
                        "id": "login", "type": "list",
                        "items": [
                            "type": "object",
                            "properties": [
                                ["id": "user", "type": "string", "required": true], ["id": "password", "type": "password"],
                            ],
                        ],
                    ],
                ],
            ]
        ]
    ])
}
