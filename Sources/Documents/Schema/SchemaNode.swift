import Base

/// One schema or subschema, ready to be evaluated. Other nodes are named by their index.
struct SchemaNode: Sendable {
    /// The schema resource it belongs to.
    var resource: Int
    var keywords: [SchemaKeyword] = []
    /// The schema `false`.
    var isFalse = false
}

struct SchemaBounds: Sendable {
    var minimum: Int?
    var maximum: Int?
}

struct SchemaPattern: Sendable {
    var pattern: Pattern
    var node: Int
}

enum SchemaKeyword: Sendable {
    case type([String])
    case enumeration([JSON])
    case const(JSON)
    case multipleOf(JSONNumber)
    case maximum(JSONNumber)
    case exclusiveMaximum(JSONNumber)
    case minimum(JSONNumber)
    case exclusiveMinimum(JSONNumber)
    case maxLength(Int)
    case minLength(Int)
    case pattern(Pattern)
    case format(String, SchemaFormat)
    case maxItems(Int)
    case minItems(Int)
    case uniqueItems
    case maxProperties(Int)
    case minProperties(Int)
    /// `known`: the names of `properties` beside it.
    case required([String], known: [String])
    /// With the keyword as written: `dependencies` is the one name that older drafts had for this and for `dependentSchemas`.
    case dependentRequired([(key: String, needs: [String])], String)
    case reference(Int)
    /// `anchor` is nil where the reference is no dynamic one after all.
    case dynamicReference(Int, anchor: String?)
    case allOf([Int])
    case anyOf([Int])
    case oneOf([Int])
    case not(Int)
    case condition(test: Int, then: Int?, otherwise: Int?)
    case dependentSchemas([(key: String, node: Int)], String)
    case prefixItems([Int])
    /// `from`: the items that `prefixItems` has taken.
    case items(Int, from: Int)
    case contains(Int, SchemaBounds)
    case properties([ExactString: Int], names: [String])
    case patternProperties([SchemaPattern])
    case additionalProperties(Int, names: Set<ExactString>, patterns: [Pattern], known: [String])
    case propertyNames(Int)
    case unevaluatedItems(Int)
    case unevaluatedProperties(Int)
}

/// Which items or members of one instance a schema has looked at.
struct EvaluatedMembers {
    private(set) var all = false
    private(set) var indices: Set<Int> = []

    static let everything: EvaluatedMembers = {
        var members = EvaluatedMembers()
        members.all = true
        return members
    }()

    func contains(_ index: Int) -> Bool { all || indices.contains(index) }
    mutating func insert(_ index: Int) { if !all { indices.insert(index) } }

    mutating func formUnion(_ other: EvaluatedMembers) {
        if other.all { all = true }
        if !other.indices.isEmpty { indices.formUnion(other.indices) }
    }
}
