import Base

/// What the keywords of draft 2020-12 hold, and which vocabulary they belong to.
enum SchemaVocabulary {
    private static let prefix = "https://json-schema.org/draft/2020-12/vocab/"
    static let all = Set(
        ["core", "applicator", "unevaluated", "validation", "meta-data", "format-annotation", "format-assertion", "content"].map {
            prefix + $0
        })

    static let single = [
        "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedItems",
        "unevaluatedProperties",
    ]
    static let lists = ["allOf", "anyOf", "oneOf", "prefixItems"]
    /// `definitions` and `dependencies` are names of older drafts, which the metaschema still reads as schemas.
    static let maps = ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"]

    private static let validation: Set = [
        "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength",
        "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties", "minProperties", "required",
        "dependentRequired",
    ]

    /// Whether a metaschema with these vocabularies gives the keyword its meaning.
    static func isActive(_ keyword: String, in vocabularies: Set<String>?) -> Bool {
        guard let vocabularies else { return true }
        if validation.contains(keyword) { return vocabularies.contains(prefix + "validation") }
        if keyword == "format" { return !vocabularies.isDisjoint(with: [prefix + "format-annotation", prefix + "format-assertion"]) }
        if keyword.hasPrefix("unevaluated") { return vocabularies.contains(prefix + "unevaluated") }
        if keyword.hasPrefix("$") { return true }
        return vocabularies.contains(prefix + "applicator")
    }

    /// The subschemas right below one, with their pointers from it.
    static func children(of schema: JSON) -> [(pointer: String, schema: JSON)] {
        guard let object = schema.object else { return [] }
        var children: [(String, JSON)] = []
        for (keyword, value) in object {
            let pointer = "/" + JSONPointer.escape(keyword)
            if single.contains(keyword) {
                children.append((pointer, value))
            } else if lists.contains(keyword), let elements = value.array {
                for (index, element) in elements.enumerated() { children.append(("\(pointer)/\(index)", element)) }
            } else if maps.contains(keyword), let members = value.object {
                for (name, member) in members { children.append((pointer + "/" + JSONPointer.escape(name), member)) }
            }
        }
        return children.filter { $0.1.object != nil || $0.1.bool != nil }
    }
}
