import Base

/// The metaschema of draft 2020-12 and its vocabularies, built in: `$schema` and references to them need no network.
enum MetaSchema {
    static let uri = "https://json-schema.org/draft/2020-12/schema"

    /// Checks schemas; compiled when first used.
    static let validator: Result<JSONSchema, PAOError> = {
        var compiler = SchemaCompiler(resources: [:])
        do throws(PAOError) {
            return .success(try compiler.compile(documents[uri] ?? .null, baseURI: uri))
        } catch {
            return .failure(error)
        }
    }()

    /// By URI.
    static let documents: [String: JSON] = {
        var documents: [String: JSON] = [uri: schema]
        for (name, body) in vocabularies {
            let metaURI = "https://json-schema.org/draft/2020-12/meta/\(name)"
            var document: JSON = [
                "$schema": .string(uri), "$id": .string(metaURI), "$dynamicAnchor": "meta",
                "$vocabulary": .object(JSONObject([("https://json-schema.org/draft/2020-12/vocab/" + name, true)])),
                "title": .string("Vocabulary \(name) of draft 2020-12"), "type": ["object", "boolean"],
            ]
            for (key, value) in body.object ?? JSONObject() { document[key] = value }
            documents[metaURI] = document
        }
        return documents
    }()

    private static let schema: JSON = [
        "$schema": .string(uri), "$id": .string(uri),
        "$vocabulary": [
            "https://json-schema.org/draft/2020-12/vocab/core": true,
            "https://json-schema.org/draft/2020-12/vocab/applicator": true,
            "https://json-schema.org/draft/2020-12/vocab/unevaluated": true,
            "https://json-schema.org/draft/2020-12/vocab/validation": true,
            "https://json-schema.org/draft/2020-12/vocab/meta-data": true,
            "https://json-schema.org/draft/2020-12/vocab/format-annotation": true,
            "https://json-schema.org/draft/2020-12/vocab/content": true,
        ],
        "$dynamicAnchor": "meta", "title": "Core and Validation specifications meta-schema",
        "allOf": [
            ["$ref": "meta/core"], ["$ref": "meta/applicator"], ["$ref": "meta/unevaluated"], ["$ref": "meta/validation"],
            ["$ref": "meta/meta-data"], ["$ref": "meta/format-annotation"], ["$ref": "meta/content"],
        ],
        "type": ["object", "boolean"],
        "properties": [
            "definitions": ["type": "object", "additionalProperties": meta, "deprecated": true, "default": [:]],
            "dependencies": [
                "type": "object", "additionalProperties": ["anyOf": [meta, ["$ref": "meta/validation#/$defs/stringArray"]]],
                "deprecated": true, "default": [:],
            ],
            "$recursiveAnchor": ["$ref": "meta/core#/$defs/anchorString", "deprecated": true],
            "$recursiveRef": ["$ref": "meta/core#/$defs/uriReferenceString", "deprecated": true],
        ],
    ]

    private static let meta: JSON = ["$dynamicRef": "#meta"]
    private static let schemaArray: JSON = ["type": "array", "minItems": 1, "items": meta]
    private static let schemaMap: JSON = ["type": "object", "additionalProperties": meta, "default": [:]]
    private static let size: JSON = ["type": "integer", "minimum": 0]
    private static let names: JSON = ["type": "array", "items": ["type": "string"], "uniqueItems": true, "default": []]

    private static let vocabularies: [(name: String, body: JSON)] = [
        ("core", core), ("applicator", applicator),
        ("unevaluated", ["properties": ["unevaluatedItems": meta, "unevaluatedProperties": meta]]),
        ("validation", validation), ("meta-data", metaData), ("format-annotation", ["properties": ["format": ["type": "string"]]]),
        ("format-assertion", ["properties": ["format": ["type": "string"]]]),
        (
            "content",
            ["properties": ["contentEncoding": ["type": "string"], "contentMediaType": ["type": "string"], "contentSchema": meta]]
        ),
    ]

    private static let core: JSON = [
        "properties": [
            "$id": ["$ref": "#/$defs/uriReferenceString", "$comment": "Non-empty fragments not allowed.", "pattern": "^[^#]*#?$"],
            "$schema": ["$ref": "#/$defs/uriString"], "$ref": ["$ref": "#/$defs/uriReferenceString"],
            "$anchor": ["$ref": "#/$defs/anchorString"], "$dynamicRef": ["$ref": "#/$defs/uriReferenceString"],
            "$dynamicAnchor": ["$ref": "#/$defs/anchorString"],
            "$vocabulary": [
                "type": "object", "propertyNames": ["$ref": "#/$defs/uriString"], "additionalProperties": ["type": "boolean"],
            ],
            "$comment": ["type": "string"], "$defs": ["type": "object", "additionalProperties": meta],
        ],
        "$defs": [
            "anchorString": ["type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"],
            "uriString": ["type": "string", "format": "uri"], "uriReferenceString": ["type": "string", "format": "uri-reference"],
        ],
    ]

    private static let applicator: JSON = [
        "properties": [
            "prefixItems": schemaArray, "items": meta, "contains": meta, "additionalProperties": meta, "properties": schemaMap,
            "patternProperties": [
                "type": "object", "additionalProperties": meta, "propertyNames": ["format": "regex"], "default": [:],
            ],
            "dependentSchemas": schemaMap, "propertyNames": meta, "if": meta, "then": meta, "else": meta, "allOf": schemaArray,
            "anyOf": schemaArray, "oneOf": schemaArray, "not": meta,
        ],
        "$defs": ["schemaArray": schemaArray],
    ]

    private static let simpleTypes: JSON = ["array", "boolean", "integer", "null", "number", "object", "string"]

    private static let validation: JSON = [
        "properties": [
            "type": [
                "anyOf": [
                    ["$ref": "#/$defs/simpleTypes"],
                    ["type": "array", "items": ["$ref": "#/$defs/simpleTypes"], "minItems": 1, "uniqueItems": true],
                ]
            ],
            "const": true, "enum": ["type": "array", "items": true], "multipleOf": ["type": "number", "exclusiveMinimum": 0],
            "maximum": ["type": "number"], "exclusiveMaximum": ["type": "number"], "minimum": ["type": "number"],
            "exclusiveMinimum": ["type": "number"], "maxLength": size, "minLength": size,
            "pattern": ["type": "string", "format": "regex"], "maxItems": size, "minItems": size,
            "uniqueItems": ["type": "boolean", "default": false], "maxContains": size, "minContains": size, "maxProperties": size,
            "minProperties": size, "required": names, "dependentRequired": ["type": "object", "additionalProperties": names],
        ],
        "$defs": [
            "nonNegativeInteger": size, "nonNegativeIntegerDefault0": ["$ref": "#/$defs/nonNegativeInteger", "default": 0],
            "simpleTypes": ["enum": simpleTypes], "stringArray": names,
        ],
    ]

    private static let metaData: JSON = [
        "properties": [
            "title": ["type": "string"], "description": ["type": "string"], "default": true,
            "deprecated": ["type": "boolean", "default": false], "readOnly": ["type": "boolean", "default": false],
            "writeOnly": ["type": "boolean", "default": false], "examples": ["type": "array", "items": true],
        ]
    ]
}
