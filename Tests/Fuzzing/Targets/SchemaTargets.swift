import Base

@testable import Documents

extension FuzzTarget {
    static let schemaTargets = [
        FuzzTarget("schema", texts: schemas, files: ["Tests/DocumentsTests/Fixtures/json-schema-test-suite"], words: schemaWords, schema),
        FuzzTarget(
            "schema-instance",
            texts: [#"{"a":"x","b":0.3,"q1":"http://x"}"#, "[1,[1,1],[1,2]]", #"{"tree":{"tree":{"v":1}}}"#, "3", "null"],
            words: ["{", "}", "[", "]", ",", ":", "\"a\":", "\"b\":", "\"tree\":", "\"q1\":", "null", "1e308", "1e-300", "0.1", "\"\""],
            instance),
        FuzzTarget(
            "format",
            texts: [
                "2026-11-21T10:00:00Z", "joe@[IPv6:::1]", "실례.테스트", "xn--ihqwcrb4cv8a8dqg056pqjye", "::ffff:192.168.0.1",
                "http://a/{b*}?c#d",
                "P1Y2M3DT4H", "/a~0b", "2/0/a#", "{+path:3}/x{?q*,r}", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "ゝ・l·l", "([abc])+\\s+$",
            ],
            words: [
                "xn--", "-", ".", "@", "[", "]", ":", "::", "%", "/", "?", "#", "{", "}", "{+", "*", "T", "Z", "\u{3002}", "\u{200D}",
                "\u{94D}",
                "\u{B7}", "\u{30FB}", "\u{660}", "\u{375}", "\u{5F3}", "~", "PT", "\u{AD}", "\u{FF41}", "xn--zzzzzzzzz-99999999",
            ], format),
    ]

    private static let schemas = [
        ##"{"$id":"http://a/b","$defs":{"x":{"$anchor":"q","type":["string","null"]}},"properties":{"a":{"$ref":"#q"},"b":{"multipleOf":0.1,"maximum":1e5}},"patternProperties":{"^[a-z]\\d*$":{"format":"uri"}},"unevaluatedProperties":false}"##,
        ##"{"type":"array","prefixItems":[{"const":1}],"items":{"$dynamicRef":"#n"},"$dynamicAnchor":"n","contains":true,"minContains":2,"uniqueItems":true,"oneOf":[{"maxItems":3},{"if":true,"then":false}]}"##,
        ##"{"$schema":"https://json-schema.org/draft/2020-12/schema","dependentSchemas":{"a":{"required":["b"]}},"propertyNames":{"maxLength":3},"unevaluatedItems":{"not":{}},"enum":[{},[]],"minProperties":1}"##,
    ]

    private static let schemaWords = [
        "\"$ref\":\"#\",", "\"$id\":\"../\",", "\"$anchor\":\"q\",", "\"$dynamicRef\":\"#n\",", "\"$defs\":{", "\"allOf\":[", "\"not\":",
        "true", "{}",
        "[", "]", "-1", "1e300", "1e-999999999", "\"\"", "~1", "\\\\", "(?:", "{2,}", "null", "\"unevaluatedItems\":false", "#/$defs/x",
        "%25",
        "\"multipleOf\":", "\"pattern\":", "\"format\":", "\"idn-hostname\"", "\"$schema\":",
    ]

    private static let instances: [JSON] = [["a": "x", "b": 0.3, "q1": "http://x"], [1, [1, 1], [1, 2]], "x", 3, 1e308, nil]

    private static func schema(_ input: [UInt8]) throws {
        guard let value = try? JSON.parse(input), let schema = try? JSONSchema.compile(value) else { return }
        for instance in instances + [value] { try validate(instance, schema) }
    }

    private static func validate(_ instance: JSON, _ schema: JSONSchema) throws {
        let findings = schema.validate(instance)
        try demand(findings.count <= 200, "has \(findings.count) findings")
        try demand(
            findings.map(\.message) == schema.validate(instance).map(\.message), "finds something else the second time in \(instance)")
        for finding in findings {
            let place = JSONPointer.tokens(finding.instancePath).map { JSONPointer.value(at: $0, in: instance) }
            try demand(place != nil && place != .some(nil), "\(finding.instancePath) leads nowhere in \(instance)")
        }
    }

    /// Every kind of keyword, and references in circles.
    private static let everything = try? JSONSchema.compile(
        JSON.parse(
            ##"""
            {"$id": "https://x.example/all", "$defs": {"tree": {"$dynamicAnchor": "t", "properties": {"tree": {"$dynamicRef": "#t"}}}},
             "$ref": "#/$defs/tree", "properties": {"a": {"type": ["string", "null"], "minLength": 1, "format": "hostname"},
             "b": {"multipleOf": 0.01, "exclusiveMinimum": -1, "maximum": 1e300}}, "patternProperties": {"^q\\d": {"format": "iri"}},
             "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"b": {"maxProperties": 4}}, "propertyNames": {"pattern": "^[a-z0-9]*$"},
             "unevaluatedProperties": {"type": "integer"}, "items": {"uniqueItems": true, "contains": {"type": "number"}, "maxContains": 2},
             "unevaluatedItems": false, "if": {"type": "object"}, "then": {"minProperties": 1}, "else": {"not": {"const": 0}},
             "anyOf": [{"type": ["object", "array"]}, {"enum": [1, "x", null]}], "oneOf": [{"type": "array"}, {"type": ["object", "number"]}]}
            """##))

    private static func instance(_ input: [UInt8]) throws {
        guard let value = try? JSON.parse(input), let everything else { return }
        try validate(value, everything)
        let root: JSON = ["const": value]
        try demand(try JSONSchema.compile(root).validate(value).isEmpty, "\(value) is not the constant \(value)")
        try demand(try !JSONSchema.compile(["not": root]).validate(value).isEmpty, "\(value) is not the constant \(value)")
    }

    private static let formats: [(String, JSONSchema)] = [
        "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6", "uri", "uri-reference",
        "iri",
        "iri-reference", "uuid", "uri-template", "json-pointer", "relative-json-pointer", "regex",
    ].compactMap { name in (try? JSONSchema.compile(["format": .string(name)])).map { (name, $0) } }

    /// What is of a narrower format is of the wider one.
    private static func format(_ input: [UInt8]) throws {
        let text = input.text
        let held = Set(formats.filter { $0.1.validate(.string(text)).isEmpty }.map(\.0))
        for (narrow, wide) in [
            ("uri", "iri"), ("uri", "uri-reference"), ("iri", "iri-reference"), ("uri-reference", "iri-reference"), ("email", "idn-email"),
        ] {
            try demand(!held.contains(narrow) || held.contains(wide), "\(text.debugDescription) is \(narrow), not \(wide)")
        }
        if held.contains("date-time") {
            try demand(text.utf8.count >= 20, "\(text.debugDescription) is a date-time")
        }
    }
}
