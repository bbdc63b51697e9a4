import Base
import Testing

@testable import Catalog
@testable import Documents

/// Forms and answers made at random, from few values so that rules and answers meet.
private struct FormMaker {
    var generator: SplitMix

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &generator)] }
    private mutating func happens(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }

    private static let rules: [String: [(String, [JSON])]] = {
        let text: [(String, [JSON])] = [
            ("pattern", ["^[a-z]+$", "b"]), ("minLength", [0, 2, 3]), ("maxLength", [1, 4]), ("enum", [["a", "bcd"], ["", "x"]]),
            ("format", ["hostname", "ipv4", "uuid", "date", "datetime", "email"]),
        ]
        let number: [(String, [JSON])] = [
            ("min", [1, 0, -3, 0.5]), ("max", [5, 0.75, 100]), ("step", [2, 0.25, 0.1, 3]), ("precision", [0, 1, 2]),
            ("enum", [[1, 2.5, 3]]),
        ]
        return [
            "string": text, "textarea": text, "password": text + [("strength", ["weak", "medium", "strong", true])], "email": [], "url": [],
            "number": number, "integer": number, "percentage": number, "boolean": [],
            "select": [("enum", [["a", 1, true], [0.5]]), ("allowCustom", [true])],
            "multiselect": [("enum", [["a", "bcd", 1]]), ("minSelections", [1, 2]), ("maxSelections", [1, 2]), ("allowCustom", [true])],
            "date": [("minDate", ["2026-03-05", "2024-02-29"]), ("maxDate", ["2026-03-31", "9999-12-31"])],
            "time": [("minTime", ["09:30", "09:30:15"]), ("maxTime", ["17:00", "17:00:01"])],
            "datetime": [
                ("minDatetime", ["2026-03-05T10:00:00Z"]), ("maxDatetime", ["2026-03-31T23:59:59Z", "2026-04-01T00:00:00+02:00"]),
            ],
            "file": [("maxSize", [0, 1, 2, 3, 4, "1KB"]), ("accept", [[".pem", "image/*"], "text/plain", [".Tar.GZ"]])],
            "list": [("minItems", [1, 2]), ("maxItems", [1, 2])], "object": [],
        ]
    }()

    private static let values: [JSON] = [
        .null, "", "a", "bcd", "abc", "x", "B9!", [], ["a"], ["a", "bcd"], [1, 2], ["a", ""], [[]], [:], true, false, 0, 1, 2, 3, 2.5, 0.75,
        0.3, 0.35,
        -3, 4.999, 100, 101, "correct horse", "Tr0ub4dor&3", "aaaaaaaaaaaaaaaaaaaa", "a1B2c3D4!e", "zyxwvutsr", "nine.example", "127.0.0.1",
        "ada@example.com",
        "https://example.com/x", "2026-03-05", "2026-03-31", "2023-02-29", "2024-02-29", "1900-02-29", "0000-01-01", "09:30", "09:29:59",
        "17:00", "17:00:01", "24:00", "2026-03-05T09:59:59.999Z", "2026-03-05t10:00:00z", "2026-03-31T23:59:59.000900Z",
        "2026-03-31T23:59:59.01Z",
        "2026-03-31T21:59:59Z", "2026-03-31T22:00:00.00Z", "2026-03-31T22:00:01Z", "2026-05-01T00:00:00+01:00",
        ["name": "a.pem", "content": ""],
        ["name": "b.TAR.gz", "content": "QQ=="], ["name": "c", "mediaType": "IMAGE/png", "content": "QUI="],
        ["name": "d", "mediaType": "text/plain", "content": "QUJDRA=="], ["name": "e", "content": "QR=="], ["name": "", "content": ""],
        ["a": "bcd"], ["a": "", "b": 2], ["c": true], [["a": "a", "b": 1]], [["b": "x"], .null],
    ]

    private static let operations: [(String, [JSON])] = [
        ("equals", ["a", 1, true, .null, "", [], 2.0]), ("notEquals", ["a", 1, .null]), ("in", [["a", 1, .null], [], "a"]),
        ("notIn", [["a", 2]]),
        ("contains", ["a", "b", "", 1, "."]), ("greaterThan", [1, "2026-03-05", "a", "", true]), ("lessThan", [2.5, "abc", "", "17:00"]),
        ("exists", [true, false]), ("matches", ["^b", "(", 7]),
    ]

    private mutating func condition(on ids: [String], depth: Int) -> JSON {
        if depth > 0, happens(3) {
            return [(pick(["all", "any"])): [condition(on: ids, depth: depth - 1), condition(on: ids, depth: depth - 1)]]
        }
        let (operation, values) = pick(Self.operations)
        return ["dependsOn": .string(pick(ids)), "condition": .string(operation), "value": pick(values)]
    }

    private mutating func field(_ id: String, before: [String], depth: Int) -> JSON {
        let types = FieldTypes.names.filter { depth > 0 || ($0 != "list" && $0 != "object") }
        let type = pick(types)
        var field: JSON = ["id": .string(id), "type": .string(type)]
        var validation: JSON = [:]
        for (rule, values) in Self.rules[type] ?? [] where happens(2) { validation[rule] = pick(values) }
        if validation != [:] { field["validation"] = validation }
        if happens(2) { field["required"] = true }
        if happens(4) { field["default"] = pick(Self.values) }
        if happens(8) { field["readonly"] = true }
        if !before.isEmpty, happens(2) { field["conditional"] = condition(on: before, depth: 2) }
        if type == "object" { field["properties"] = .array(fields(["a", "b", "c"], depth: depth - 1)) }
        if type == "list" { field["items"] = self.field("items", before: [], depth: depth - 1) }
        return field
    }

    /// Conditions look back, so that there are no circles.
    private mutating func fields(_ ids: [String], depth: Int) -> [JSON] {
        var made: [JSON] = []
        for (index, id) in ids.enumerated() { made.append(field(id, before: Array(ids[..<index]), depth: depth)) }
        return made
    }

    mutating func form() -> Form { readForm(["groups": [["id": "main", "fields": .array(fields(["a", "b", "c", "d"], depth: 2))]]]) }

    mutating func answer() -> JSON {
        var answer: JSON = [:]
        for id in ["a", "b", "c", "d"] where !happens(4) { answer[id] = pick(Self.values) }
        if happens(20) { answer["unasked"] = 1 }
        return answer
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct FormSchemaTests {
    /// Steps that start elsewhere without an end, and moments with an offset, are in docs/forms.md.
    private static func isLeftToService(_ findings: [PAOError.Finding]) -> Bool {
        findings.contains { $0.rule == "step" || $0.rule == "minDatetime" || $0.rule == "maxDatetime" }
    }

    @Test("the JSON Schema of a form made at random says what the service says", arguments: 0..<40)
    func agrees(seed: Int) throws {
        var maker = FormMaker(generator: SplitMix(state: UInt64(seed)))
        for _ in 0..<25 {
            let form = maker.form()
            let schema = try JSONSchema.compile(form.jsonSchema)
            for _ in 0..<20 {
                let answer = maker.answer()
                let findings = form.validate(answer).findings
                let faults = schema.validate(answer)
                if !findings.isEmpty, faults.isEmpty, Self.isLeftToService(findings) { continue }
                try #require(
                    findings.isEmpty == faults.isEmpty,
                    "\(form.json)\n\(form.jsonSchema)\n\(answer)\nservice: \(findings)\nschema: \(faults)")
            }
        }
    }
}
