import Base
import Testing

@testable import Documents

private func isValid(_ schema: JSON, _ instance: JSON, resources: [String: JSON] = [:]) throws -> Bool {
    try JSONSchema.compile(schema, resources: resources).validate(instance).isEmpty
}

private let tree: JSON = [
    "$id": "https://example.com/tree", "$dynamicAnchor": "node", "type": "object",
    "properties": ["data": true, "children": ["type": "array", "items": ["$dynamicRef": "#node"]]],
]
private let strictTree: JSON = [
    "$id": "https://example.com/strict-tree", "$dynamicAnchor": "node", "$ref": "tree", "unevaluatedProperties": false,
]

private func big(_ text: String) -> JSON { JSONNumber(text: text).map(JSON.number) ?? nil }

private struct SchemaCase: CustomTestStringConvertible {
    var name: String
    var schema: JSON
    var valid: [JSON]
    var invalid: [JSON]
    var testDescription: String { name }
}

private let cases: [SchemaCase] = [
    SchemaCase(
        name: "recursive $ref to the root", schema: ["properties": ["foo": ["$ref": "#"]], "additionalProperties": false],
        valid: [["foo": ["foo": false]]], invalid: [["bar": 1], ["foo": ["bar": 1]]]),
    SchemaCase(
        name: "pointers with escapes",
        schema: [
            "$defs": ["a~b": ["type": "integer"], "c/d": ["type": "string"], "e%f": ["type": "null"]],
            "properties": ["x": ["$ref": "#/$defs/a~0b"], "y": ["$ref": "#/$defs/c~1d"], "z": ["$ref": "#/$defs/e%25f"]],
        ],
        valid: [["x": 1, "y": "", "z": nil]], invalid: [["x": ""], ["y": 1], ["z": 1]]),
    SchemaCase(
        name: "$ref beside other keywords", schema: ["$defs": ["a": ["type": "array"]], "$ref": "#/$defs/a", "maxItems": 1],
        valid: [[1]], invalid: [[1, 2], "x"]),
    SchemaCase(
        name: "embedded $id and $anchor",
        schema: [
            "$id": "https://example.com/root.json",
            "$defs": ["a": ["$id": "nested/", "$defs": ["b": ["$id": "leaf.json", "$anchor": "here", "type": "integer"]]]],
            "properties": ["p": ["$ref": "nested/leaf.json"], "q": ["$ref": "nested/leaf.json#here"], "r": ["$ref": "/nested/leaf.json#"]],
        ], valid: [["p": 1, "q": 2, "r": 3]], invalid: [["p": ""], ["q": ""], ["r": ""]]),
    SchemaCase(
        name: "urn as $id",
        schema: [
            "$id": "urn:uuid:deadbeef-1234-0000-0000-4321feebdaed", "$defs": ["bar": ["type": "string", "$anchor": "x"]],
            "properties": ["a": ["$ref": "#/$defs/bar"], "b": ["$ref": "urn:uuid:deadbeef-1234-0000-0000-4321feebdaed#x"]],
        ], valid: [["a": "", "b": ""]], invalid: [["a": 1], ["b": 1]]),
    SchemaCase(
        name: "$id in const and unknown keywords names nothing",
        schema: [
            "$defs": [
                "c": ["const": ["$id": "https://example.com/x", "type": "string"]],
                "real": ["$id": "https://example.com/x", "type": "integer"],
            ],
            "$ref": "https://example.com/x",
        ], valid: [1], invalid: [""]),
    SchemaCase(
        name: "$ref into an unknown keyword", schema: ["mine": ["s": ["type": "integer"]], "$ref": "#/mine/s"], valid: [1], invalid: [""]),
    SchemaCase(
        name: "a property called $ref", schema: ["properties": ["$ref": ["type": "string"]]], valid: [["$ref": "a"]], invalid: [["$ref": 2]]
    ),
    SchemaCase(
        name: "$dynamicRef takes the outermost anchor",
        schema: [
            "$id": "https://example.com/strings", "$ref": "list",
            "$defs": [
                "s": ["$dynamicAnchor": "item", "type": "string"],
                "list": ["$id": "list", "type": "array", "items": ["$dynamicRef": "#item"], "$defs": ["any": ["$dynamicAnchor": "item"]]],
            ],
        ], valid: [["a"]], invalid: [[1]]),
    SchemaCase(
        name: "$dynamicRef without a dynamic anchor is a $ref",
        schema: [
            "$id": "https://example.com/strings2", "$ref": "list",
            "$defs": [
                "s": ["$dynamicAnchor": "item", "type": "string"],
                "list": ["$id": "list", "type": "array", "items": ["$dynamicRef": "#item"], "$defs": ["any": ["$anchor": "item"]]],
            ],
        ], valid: [["a"], [1]], invalid: [1]),
    SchemaCase(
        name: "the metaschema", schema: ["$ref": "https://json-schema.org/draft/2020-12/schema"],
        valid: [["minimum": 1], true, ["$defs": ["a": ["type": ["string", "null"]]]]],
        invalid: [
            ["minimum": "1"], ["$defs": ["a": ["type": "strin"]]], 1, ["allOf": []], ["properties": ["a": ["required": ["x", "x"]]]],
            ["pattern": "("],
        ]),
    SchemaCase(
        name: "unevaluatedProperties through applicators",
        schema: [
            "properties": ["a": true], "allOf": [["properties": ["b": true]]],
            "anyOf": [["properties": ["c": ["const": 1]], "required": ["c"]], ["properties": ["d": true]]],
            "if": ["properties": ["e": ["const": 1]], "required": ["e"]], "then": ["properties": ["f": true]],
            "else": ["properties": ["g": true]],
            "dependentSchemas": ["a": ["properties": ["h": true]]], "not": ["not": ["properties": ["i": true]]],
            "unevaluatedProperties": false,
        ], valid: [["a": 1, "b": 1, "c": 1, "d": 1, "g": 1, "h": 1], ["e": 1, "f": 1], ["d": 2]],
        invalid: [["z": 1], ["i": 1], ["h": 1], ["e": 1, "g": 1], ["f": 1], ["c": 2, "d": 1]]),
    SchemaCase(
        name: "unevaluatedItems",
        schema: [
            "prefixItems": [true], "contains": ["type": "string"], "minContains": 0,
            "anyOf": [["prefixItems": [true, ["const": 2]]], true], "unevaluatedItems": ["type": "null"],
        ], valid: [[1], [1, 2], [1, "x", "y"], [1, 2, nil]], invalid: [[1, 3], [1, 2, 3]]),
    SchemaCase(
        name: "unevaluatedProperties with a $ref and a cousin",
        schema: [
            "$defs": ["base": ["properties": ["a": true]]],
            "allOf": [["$ref": "#/$defs/base"], ["properties": ["b": true], "unevaluatedProperties": ["type": "integer"]]],
        ], valid: [["b": ""], ["a": 1]], invalid: [["a": ""]]),
    SchemaCase(
        name: "if without then, then without if",
        schema: [
            "allOf": [
                ["if": ["const": 0]], ["then": ["const": 0]],
                ["if": ["exclusiveMaximum": 0], "then": ["minimum": -10], "else": ["multipleOf": 2]],
            ]
        ],
        valid: [-1, 4, 0], invalid: [-100, 3]),
    SchemaCase(
        name: "dependentSchemas", schema: ["dependentSchemas": ["a": ["required": ["b"]], "x/y": false]], valid: [[:], ["a": 1, "b": 1]],
        invalid: [["a": 1], ["x/y": 1]]),
    SchemaCase(name: "oneOf", schema: ["oneOf": [["type": "integer"], ["minimum": 2]]], valid: [1, 2.5], invalid: [3, 1.5]),
    SchemaCase(
        name: "multipleOf in decimals", schema: ["multipleOf": 0.01], valid: [0.3, 4.02, 1e30, 0, -19.99], invalid: [0.001, 4.025]),
    SchemaCase(
        name: "multipleOf of small steps", schema: ["multipleOf": 1e-8], valid: [12_391_239_123, 1e-8, 0.00000003], invalid: [1e-9]),
    SchemaCase(
        name: "uniqueItems by value", schema: ["uniqueItems": true],
        valid: [[1, true, "1", [1], ["a": 1]], [0, false], [["a": 1, "b": 2], ["a": 2, "b": 1]]],
        invalid: [[1, 1.0], [["a": 1, "b": 2], ["b": 2, "a": 1]]]),
    SchemaCase(
        name: "patternProperties search, not match", schema: ["patternProperties": ["f.*o": ["type": "integer"], "^\\d$": false]],
        valid: [["foo": 1, "12": ""], ["f": ""]], invalid: [["xfoox": ""], ["1": 1]]),
    SchemaCase(name: "propertyNames", schema: ["propertyNames": ["maxLength": 3]], valid: [["abc": 1], 5], invalid: [["abcd": 1]]),
    SchemaCase(
        name: "propertyNames of a schema that names itself",
        schema: ["propertyNames": ["$ref": "#"], "maxLength": 2, "additionalProperties": ["$ref": "#"]], valid: [["ab": ["cd": 1]], "ab"],
        invalid: [["abc": 1], ["ab": ["cde": 1]]]),
    SchemaCase(
        name: "dependencies, as older drafts write them", schema: ["dependencies": ["a": ["b"], "c": ["required": ["d"]], "e": false]],
        valid: [["a": 1, "b": 1], ["c": 1, "d": 1], ["b": 1], 1], invalid: [["a": 1], ["c": 1], ["e": 1]]),
    SchemaCase(
        name: "the same schema twice at one place is no loop",
        schema: [
            "$defs": ["int": ["type": "integer"]],
            "allOf": [["properties": ["a": ["$ref": "#/$defs/int"]]], ["additionalProperties": ["$ref": "#/$defs/int"]]],
        ], valid: [["a": 1]], invalid: [["a": ""]]),
    SchemaCase(
        name: "$dynamicRef through a document that names no resource of its own",
        schema: [
            "$id": "https://example.com/outer", "$dynamicAnchor": "node", "$defs": ["node": ["$anchor": "x", "$dynamicRef": "#node"]],
            "properties": ["next": ["$ref": "#x"]], "required": ["v"],
        ], valid: [["v": 1, "next": ["v": 2]]], invalid: [["v": 1, "next": [:]]]),
    SchemaCase(
        name: "lengths by characters", schema: ["minLength": 2, "maxLength": 2], valid: ["💩💩", "ab"], invalid: ["💩", "e\u{301}x"]),
    SchemaCase(name: "float as integer", schema: ["type": "integer", "minLength": 2.0], valid: [1.0, 1e3], invalid: [1.5]),
    SchemaCase(
        name: "contains with bounds", schema: ["contains": ["const": 1], "minContains": 2, "maxContains": 3],
        valid: [[1, 1], [1, 2, 1, 1]], invalid: [[1], [1, 1, 1, 1], []]),
    SchemaCase(
        name: "big numbers", schema: ["maximum": big("18446744073709551615")], valid: [big("18446744073709551600")],
        invalid: [big("98249283749234923498293171823948729348710298301928331")]),
]

@Suite struct JSONSchemaTests {
    @Test("follows the standard", arguments: cases)
    fileprivate func standard(schemaCase: SchemaCase) throws {
        for instance in schemaCase.valid { #expect(try isValid(schemaCase.schema, instance), "\(instance)") }
        for instance in schemaCase.invalid { #expect(try !isValid(schemaCase.schema, instance), "\(instance)") }
    }

    @Test("follows references into given documents only")
    func remote() throws {
        let resources: [String: JSON] = [
            "https://example.com/tree": tree,
            "http://other.example/a.json": ["$id": "https://example.com/named", "$defs": ["i": ["type": "integer"]]],
        ]
        #expect(try isValid(strictTree, ["children": [["data": 1]]], resources: resources))
        #expect(try !isValid(strictTree, ["children": [["daat": 1]]], resources: resources))
        #expect(try isValid(["$ref": "http://other.example/a.json#/$defs/i"], 1, resources: resources))
        #expect(try !isValid(["$ref": "https://example.com/named#/$defs/i"], "", resources: resources))
        #expect { try JSONSchema.compile(["properties": ["a": ["$ref": "https://example.com/none"]]]) } throws: { error in
            (error as? PAOError)?.findings.first?.field == "/properties/a/$ref"
        }
    }

    @Test("obeys the vocabularies of a given metaschema, and refuses unknown languages")
    func languages() throws {
        let metaschema: JSON = [
            "$id": "https://example.com/meta", "$schema": "https://json-schema.org/draft/2020-12/schema", "$dynamicAnchor": "meta",
            "$vocabulary": [
                "https://json-schema.org/draft/2020-12/vocab/core": true, "https://json-schema.org/draft/2020-12/vocab/applicator": true,
            ],
            "allOf": [
                ["$ref": "https://json-schema.org/draft/2020-12/meta/core"],
                ["$ref": "https://json-schema.org/draft/2020-12/meta/applicator"],
            ],
        ]
        let schema: JSON = ["$schema": "https://example.com/meta", "properties": ["bad": false, "n": ["minimum": 10]]]
        let resources = ["https://example.com/meta": metaschema]
        #expect(try isValid(schema, ["n": 1], resources: resources))
        #expect(try !isValid(schema, ["bad": 1], resources: resources))
        for language in ["http://json-schema.org/draft-07/schema#", "https://example.com/meta"] {
            #expect(throws: PAOError.self) { try JSONSchema.compile(["$schema": .string(language)]) }
        }
        #expect(try isValid(["$schema": "https://json-schema.org/draft/2020-12/schema#"], 1))
    }

    @Test(
        "names an older draft before anything that follows from it",
        arguments: [
            ("http://json-schema.org/draft-07/schema#", "draft-07"), ("https://json-schema.org/draft/2019-09/schema", "draft 2019-09"),
            ("http://json-schema.org/draft-04/schema", "draft-04"),
        ])
    func olderDrafts(uri: String, name: String) {
        let schema: JSON = ["$schema": .string(uri), "items": [["type": "integer"]], "definitions": ["a": ["id": "#a"]]]
        let embedded: JSON = ["$defs": ["a": ["$id": "https://example.com/a", "$schema": .string(uri), "type": "integer"]]]
        for (schema, place) in [(schema, "/$schema"), (embedded, "/$defs/a/$schema")] {
            #expect { try JSONSchema.compile(schema) } throws: { error in
                guard let error = error as? PAOError else { return false }
                return error.findings.map(\.field) == [place] && error.message.contains("it is written for \(name), and only draft 2020-12")
            }
        }
    }

    @Test(
        "refuses schemas that cannot be used, with their place",
        arguments: [
            (["type": "strin"], "/type"), (["properties": ["a": ["minimum": "1"]]], "/properties/a/minimum"),
            (["pattern": "("], "/pattern"),
            (["patternProperties": ["(": true]], "/patternProperties/("), (["multipleOf": 0], "/multipleOf"),
            (["$ref": "#/nowhere"], "/$ref"), (5, ""),
            (["items": [true]], "/items"), (["$id": "a#b"], "/$id"),
            (["$defs": ["a": ["$anchor": "x"], "b": ["$anchor": "x"]]], "/$defs/b/$anchor"),
        ] as [(JSON, String)])
    func unusable(schema: JSON, pointer: String) {
        #expect { try JSONSchema.compile(schema) } throws: { error in
            guard let error = error as? PAOError else { return false }
            return error.code == .invalid && error.findings.contains { $0.field == pointer }
        }
    }

    @Test("tells faults in words, with both places and what was meant")
    func messages() throws {
        let schema = try JSONSchema.compile([
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": [
                "name": ["$ref": "#/$defs/name"], "size": ["type": "integer", "minimum": 20], "kind": ["enum": ["Item", "Bundle"]],
                "pick": [
                    "oneOf": [["type": "string"], ["properties": ["port": ["type": "integer"]], "required": ["port"], "type": "object"]]
                ],
            ],
            "$defs": ["name": ["type": "string", "minLength": 3]],
        ])
        func told(_ instance: JSON) -> [String] { schema.validate(instance).map { "\($0.instancePath) \($0.schemaPath) \($0.message)" } }
        #expect(told([:]) == [" /required is missing the required key \"name\""])
        #expect(
            told(["name": "ab", "size": 5]) == [
                "/name /properties/name/$ref/minLength must have at least 3 characters",
                "/size /properties/size/minimum must be at least 20",
            ])
        #expect(told(["name": "abc", "size": "x"]) == ["/size /properties/size/type must be a whole number, not \"x\""])
        #expect(
            told(["name": "abc", "pick": ["port": "x"]]) == [
                "/pick /properties/pick/oneOf matches none of 2 alternatives; nearest is number 2: /pick/port must be a whole number, not \"x\""
            ])
        let missing = schema.validate(["nmae": "abc"])
        #expect(missing.map(\.misspelledKey) == ["nmae", nil] && missing.first?.suggestion == "name")
        let findings = schema.validate(["name": "abc", "sise": 30, "kind": "Itme"])
        #expect(findings.map(\.suggestion) == ["Item", "size"] || findings.map(\.suggestion) == ["size", "Item"])
        #expect(findings.contains { $0.instancePath == "/sise" && $0.keyword == "additionalProperties" })
    }

    @Test("ends on schemas without end", .timeLimit(.minutes(1)))
    func endless() throws {
        let loops: [JSON] = [
            ["$ref": "#"], ["allOf": [["$ref": "#"]]],
            ["$defs": ["a": ["$ref": "#/$defs/b"], "b": ["$ref": "#/$defs/a"]], "$ref": "#/$defs/a"],
            ["anyOf": [["$ref": "#"], ["$ref": "#"]]], ["not": ["$ref": "#"]],
        ]
        for schema in loops { #expect(try !isValid(schema, 1), "\(schema)") }
        var wide: JSON = ["a0": true]
        for level in 1...40 {
            wide["a\(level)"] = [
                "allOf": [["$ref": .string("#/$defs/a\(level - 1)")], ["$ref": .string("#/$defs/a\(level - 1)")], ["minLength": 0]]
            ]
        }
        let start = processorTime()
        #expect(try !isValid(["$defs": wide, "$ref": "#/$defs/a40"], "x"))
        var chain: JSON = ["a0": true]
        for level in 1...3000 { chain["a\(level)"] = ["$ref": .string("#/$defs/a\(level - 1)")] }
        #expect(try !isValid(["$defs": chain, "$ref": "#/$defs/a3000"], "x"))
        #expect(processorTime() - start < .seconds(5))
    }

    @Test("mutated schemas neither trap nor hang")
    func mutations() {
        let seeds = [
            ##"{"$id":"http://a/b","$defs":{"x":{"$anchor":"q","type":["string","null"]}},"properties":{"a":{"$ref":"#q"},"b":{"multipleOf":0.1,"maximum":1e5}},"patternProperties":{"^[a-z]\\d*$":{"format":"uri"}},"unevaluatedProperties":false}"##,
            ##"{"type":"array","prefixItems":[{"const":1}],"items":{"$dynamicRef":"#n"},"$dynamicAnchor":"n","contains":true,"minContains":2,"uniqueItems":true,"oneOf":[{"maxItems":3},{"if":true,"then":false}]}"##,
        ].map { Array($0.utf8) }
        let instances: [JSON] = [["a": "x", "b": 0.3, "q1": "http://x"], [1, [1, 1], [1, 2]], "x", 3, nil]
        var random = SeededRandom(seed: 3)
        let dictionary = [
            "\"$ref\":\"#\",", "\"$id\":\"../\",", "true", "{}", "[", "]", "-1", "1e300", "1e-999999999", "\"\"", "~", "\\\\", "(?:",
            "{2,}", "null",
        ]
        for _ in 0..<1500 {
            let text = random.mutated(seeds.randomElement(using: &random) ?? [], dictionary: dictionary)
            guard let value = try? JSON.parse(text), let schema = try? JSONSchema.compile(value) else { continue }
            for instance in instances { _ = schema.validate(instance) }
            _ = schema.validate(value)
        }
    }
}
