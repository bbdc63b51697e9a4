import Base

/// Makes nodes of the schemas that can be reached from a root. A node has the index of its entry in the registry.
struct SchemaCompiler {
    private var registry: SchemaRegistry
    private var nodes: [SchemaNode?] = []
    private var queue: [Int] = []
    private var dynamicNames: Set<String> = []
    private var tracksEvaluation = false

    init(resources: [String: JSON]) { registry = SchemaRegistry(remote: resources) }

    mutating func compile(_ schema: JSON, baseURI: String) throws(PAOError) -> JSONSchema {
        guard schema.object != nil || schema.bool != nil else {
            throw SchemaFault.unusable("a schema is an object or a boolean", at: "")
        }
        let root = try registry.add(schema, uri: baseURI)
        queue = [root]
        repeat {
            while let entry = queue.popLast() { try compileEntry(entry) }
            queueDynamicAnchors()
        } while !queue.isEmpty
        let unused = SchemaNode(resource: 0)
        return JSONSchema(
            nodes: nodes.map { $0 ?? unused }, root: root, dynamicAnchors: registry.resources.map(\.dynamicAnchors),
            tracksEvaluation: tracksEvaluation)
    }

    /// A dynamic reference may end at any anchor of its name.
    private mutating func queueDynamicAnchors() {
        for resource in registry.resources {
            for (name, entry) in resource.dynamicAnchors where dynamicNames.contains(name) && !isCompiled(entry) { queue.append(entry) }
        }
    }

    private func isCompiled(_ entry: Int) -> Bool { entry < nodes.count && nodes[entry] != nil }

    private mutating func compileEntry(_ index: Int) throws(PAOError) {
        if isCompiled(index) { return }
        let entry = registry.entries[index]
        var node = SchemaNode(resource: entry.resource)
        node.isFalse = entry.schema == false
        if let object = entry.schema.object {
            let vocabularies = registry.resources[entry.resource].vocabularies
            let active = JSONObject(object.filter { SchemaVocabulary.isActive($0.key, in: vocabularies) }.map { ($0.key, $0.value) })
            node.keywords += try assertions(active, entry)
            node.keywords += try references(active, index)
            node.keywords += applicators(active, index)
            node.keywords += try itemApplicators(active, index)
            node.keywords += try memberApplicators(active, index)
            node.keywords += unevaluated(active, index)
        }
        if nodes.count <= index { nodes += Array(repeating: nil, count: registry.entries.count - nodes.count) }
        nodes[index] = node
    }

    /// The subschema at a pointer below an entry, to be compiled.
    private mutating func child(_ pointer: String, _ entry: Int) -> Int? {
        guard let child = registry.child(pointer, of: entry) else { return nil }
        queue.append(child)
        return child
    }

    private mutating func children(_ keyword: String, _ object: JSONObject, _ entry: Int) -> [Int]? {
        guard let count = object[keyword]?.array?.count else { return nil }
        var list: [Int] = []
        for index in 0..<count { if let node = child("/\(keyword)/\(index)", entry) { list.append(node) } }
        return list
    }

    private mutating func members(_ keyword: String, _ object: JSONObject, _ entry: Int) -> [(key: String, node: Int)]? {
        guard let members = object[keyword]?.object else { return nil }
        var list: [(key: String, node: Int)] = []
        for key in members.keys {
            if let node = child("/\(keyword)/" + JSONPointer.escape(key), entry) { list.append((key, node)) }
        }
        return list
    }
}

// References and applicators in place.
extension SchemaCompiler {
    private mutating func references(_ object: JSONObject, _ entry: Int) throws(PAOError) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        if let reference = object["$ref"]?.string {
            keywords.append(.reference(try target(reference, "$ref", entry)))
        }
        if let reference = object["$dynamicRef"]?.string {
            let target = try target(reference, "$dynamicRef", entry)
            let anchor = URIReference(reference).fragment.flatMap { PercentEncoding.decode(Array($0.utf8)) }
            let isDynamic = anchor.map { registry.dynamicAnchor($0, of: target) } ?? false
            if isDynamic, let anchor { dynamicNames.insert(anchor) }
            keywords.append(.dynamicReference(target, anchor: isDynamic ? anchor : nil))
        }
        return keywords
    }

    private mutating func target(_ reference: String, _ keyword: String, _ entry: Int) throws(PAOError) -> Int {
        guard let target = try registry.resolve(reference, from: entry) else {
            throw SchemaFault.unusable(
                "the reference \(reference.prefix(200)) leads nowhere; nothing is fetched from the network",
                at: registry.entries[entry].place.pointer + "/" + keyword, keyword: keyword)
        }
        queue.append(target)
        return target
    }

    private mutating func applicators(_ object: JSONObject, _ entry: Int) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        if let nodes = children("allOf", object, entry) { keywords.append(.allOf(nodes)) }
        if let nodes = children("anyOf", object, entry) { keywords.append(.anyOf(nodes)) }
        if let nodes = children("oneOf", object, entry) { keywords.append(.oneOf(nodes)) }
        if let node = child("/not", entry) { keywords.append(.not(node)) }
        if let test = child("/if", entry) {
            keywords.append(.condition(test: test, then: child("/then", entry), otherwise: child("/else", entry)))
        }
        for keyword in ["dependentSchemas", "dependencies"] {
            if let nodes = members(keyword, object, entry) { keywords.append(.dependentSchemas(nodes, keyword)) }
        }
        return keywords.filter { Self.isActive($0, in: object) }
    }

    /// A subschema is registered by its place even where its vocabulary is off.
    private static func isActive(_ keyword: SchemaKeyword, in object: JSONObject) -> Bool {
        switch keyword {
        case .not: object.contains("not")
        case .condition: object.contains("if")
        default: true
        }
    }
}

// Applicators on items and members.
extension SchemaCompiler {
    private mutating func itemApplicators(_ object: JSONObject, _ entry: Int) throws(PAOError) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        let prefix = children("prefixItems", object, entry)
        if let prefix { keywords.append(.prefixItems(prefix)) }
        if object.contains("items"), let node = child("/items", entry) { keywords.append(.items(node, from: prefix?.count ?? 0)) }
        if object.contains("contains"), let node = child("/contains", entry) {
            let bounds = SchemaBounds(minimum: object["minContains"]?.number?.count, maximum: object["maxContains"]?.number?.count)
            keywords.append(.contains(node, bounds))
        }
        return keywords
    }

    private mutating func memberApplicators(_ object: JSONObject, _ entry: Int) throws(PAOError) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        let properties = members("properties", object, entry) ?? []
        let names = properties.map(\.key)
        if !properties.isEmpty {
            let nodes = Dictionary(uniqueKeysWithValues: properties.map { (ExactString($0.key), $0.node) })
            keywords.append(.properties(nodes, names: names))
        }
        var patterns: [SchemaPattern] = []
        for (key, node) in members("patternProperties", object, entry) ?? [] {
            let pointer = registry.entries[entry].place.pointer + "/patternProperties/" + JSONPointer.escape(key)
            patterns.append(SchemaPattern(pattern: try pattern(key, at: pointer), node: node))
        }
        if !patterns.isEmpty { keywords.append(.patternProperties(patterns)) }
        if object.contains("additionalProperties"), let node = child("/additionalProperties", entry) {
            keywords.append(
                .additionalProperties(node, names: Set(names.map(ExactString.init)), patterns: patterns.map(\.pattern), known: names))
        }
        if object.contains("propertyNames"), let node = child("/propertyNames", entry) { keywords.append(.propertyNames(node)) }
        return keywords
    }

    private mutating func unevaluated(_ object: JSONObject, _ entry: Int) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        if object.contains("unevaluatedItems"), let node = child("/unevaluatedItems", entry) { keywords.append(.unevaluatedItems(node)) }
        if object.contains("unevaluatedProperties"), let node = child("/unevaluatedProperties", entry) {
            keywords.append(.unevaluatedProperties(node))
        }
        if !keywords.isEmpty { tracksEvaluation = true }
        return keywords
    }

    private func pattern(_ text: String, at pointer: String) throws(PAOError) -> Pattern {
        do {
            return try Pattern(text)
        } catch {
            throw SchemaFault.unusable(error.message, at: pointer, keyword: "pattern")
        }
    }
}

// Assertions. The metaschema has checked their types.
extension SchemaCompiler {
    private func assertions(_ object: JSONObject, _ entry: SchemaRegistry.Entry) throws(PAOError) -> [SchemaKeyword] {
        var keywords: [SchemaKeyword] = []
        if let names = object["required"]?.array {
            keywords.append(.required(names.compactMap(\.string), known: object["properties"]?.object?.keys ?? []))
        }
        for (keyword, value) in object {
            if let assertion = try assertion(keyword, value, at: entry.place.pointer + "/" + keyword) { keywords.append(assertion) }
        }
        return keywords
    }

    private func assertion(_ keyword: String, _ value: JSON, at pointer: String) throws(PAOError) -> SchemaKeyword? {
        switch keyword {
        case "type": return .type(value.string.map { [$0] } ?? (value.array ?? []).compactMap(\.string))
        case "enum": return value.array.map { .enumeration($0) }
        case "const": return .const(value)
        case "multipleOf": return value.number.flatMap { $0 > JSONNumber(0) ? .multipleOf($0) : nil }
        case "maximum": return value.number.map { .maximum($0) }
        case "exclusiveMaximum": return value.number.map { .exclusiveMaximum($0) }
        case "minimum": return value.number.map { .minimum($0) }
        case "exclusiveMinimum": return value.number.map { .exclusiveMinimum($0) }
        case "pattern":
            guard let text = value.string else { return nil }
            return .pattern(try pattern(text, at: pointer))
        case "format": return value.string.flatMap { name in SchemaFormat.named(name).map { .format(name, $0) } }
        case "uniqueItems": return value == true ? .uniqueItems : nil
        case "dependentRequired", "dependencies":
            return value.object.map { .dependentRequired(Self.lists(in: $0), keyword) }
        default: return value.number?.count.flatMap { Self.sizeAssertion(keyword, $0) }
        }
    }

    /// `dependencies` may hold schemas too.
    private static func lists(in object: JSONObject) -> [(key: String, needs: [String])] {
        object.compactMap { key, value in value.array.map { (key, $0.compactMap(\.string)) } }
    }

    private static func sizeAssertion(_ keyword: String, _ count: Int) -> SchemaKeyword? {
        switch keyword {
        case "maxLength": .maxLength(count)
        case "minLength": .minLength(count)
        case "maxItems": .maxItems(count)
        case "minItems": .minItems(count)
        case "maxProperties": .maxProperties(count)
        case "minProperties": .minProperties(count)
        default: nil
        }
    }
}

extension JSONNumber {
    /// A size: whole and not negative; what no collection can reach is `Int.max`.
    fileprivate var count: Int? {
        guard isInteger, self >= JSONNumber(0) else { return nil }
        return int ?? .max
    }
}
