// DESIGN: a schema document holds resources (by `$id`), which hold subschemas and anchors. The registry walks a document once through
// the keywords that hold subschemas, and only those: an `$id` inside of `const` or of an unknown keyword names nothing. A reference by
// JSON pointer may still lead into such a place; it is then walked from there, with the base of the nearest schema above.

import Base

/// Where a subschema stands: a document and the pointer in it.
struct SchemaPlace: Hashable {
    var document: Int
    var pointer: String
}

struct SchemaRegistry {
    struct Resource {
        var uri: URIReference
        var place: SchemaPlace
        var anchors: [String: Int] = [:]
        var dynamicAnchors: [String: Int] = [:]
        /// The vocabularies of its metaschema; nil for all of the standard.
        var vocabularies: Set<String>?
    }

    struct Entry {
        var schema: JSON
        var resource: Int
        var place: SchemaPlace
    }

    private(set) var resources: [Resource] = []
    private(set) var entries: [Entry] = []
    private var documents: [JSON] = []
    private var resourceByURI: [String: Int] = [:]
    private var entryByPlace: [SchemaPlace: Int] = [:]
    /// Documents that are walked only when something refers to them.
    private var remote: [String: JSON]

    init(remote: [String: JSON]) {
        self.remote = [:]
        for (uri, schema) in remote { self.remote[URIReference(uri).withoutFragment] = schema }
    }

    /// Walks a document and everything given that it could name by an embedded `$id`; gives the entry of its root.
    mutating func add(_ schema: JSON, uri: String) throws(PAOError) -> Int {
        documents.append(schema)
        let place = SchemaPlace(document: documents.count - 1, pointer: "")
        let base = addResource(URIReference(uri), at: place, schema)
        return try walk(schema, at: place, resource: base)
    }

    private mutating func addResource(_ uri: URIReference, at place: SchemaPlace, _ schema: JSON) -> Int {
        resources.append(Resource(uri: uri, place: place))
        if resourceByURI[uri.withoutFragment] == nil { resourceByURI[uri.withoutFragment] = resources.count - 1 }
        return resources.count - 1
    }

    private mutating func walk(_ schema: JSON, at place: SchemaPlace, resource: Int) throws(PAOError) -> Int {
        if let known = entryByPlace[place] { return known }
        var resource = resource
        if let id = schema["$id"]?.string {
            let uri = resources[resource].uri.resolving(URIReference(id))
            let isRoot = resources[resource].place == place
            if isRoot, resources[resource].uri.withoutFragment == uri.withoutFragment {
                resources[resource].uri = uri
            } else {
                resource = addResource(uri, at: place, schema)
            }
            resources[resource].uri.fragment = nil
        }
        if resources[resource].place == place { try readMetaschema(schema, resource, place) }
        entries.append(Entry(schema: schema, resource: resource, place: place))
        let entry = entries.count - 1
        entryByPlace[place] = entry
        try addAnchors(schema, entry: entry, resource: resource)
        for child in SchemaVocabulary.children(of: schema) {
            let childPlace = SchemaPlace(document: place.document, pointer: place.pointer + child.pointer)
            _ = try walk(child.schema, at: childPlace, resource: resource)
        }
        return entry
    }

    private mutating func addAnchors(_ schema: JSON, entry: Int, resource: Int) throws(PAOError) {
        for keyword in ["$anchor", "$dynamicAnchor"] {
            guard let name = schema[keyword]?.string else { continue }
            if let other = resources[resource].anchors[name], other != entry {
                throw SchemaFault.unusable(
                    "the anchor \(name) stands twice in one resource", at: entries[entry].place.pointer + "/" + keyword)
            }
            resources[resource].anchors[name] = entry
            if keyword == "$dynamicAnchor" { resources[resource].dynamicAnchors[name] = entry }
        }
    }

    /// The standard's metaschema or one of the given ones; nothing else is known.
    private mutating func readMetaschema(_ schema: JSON, _ resource: Int, _ place: SchemaPlace) throws(PAOError) {
        guard let uri = schema["$schema"]?.string.map({ URIReference($0).withoutFragment }), uri != MetaSchema.uri else { return }
        guard let metaschema = remote[uri] ?? MetaSchema.documents[uri] else {
            throw SchemaFault.unknownLanguage(uri, at: place.pointer + "/$schema")
        }
        guard let vocabularies = metaschema["$vocabulary"]?.object else { return }
        for (name, isRequired) in vocabularies where isRequired == true && !SchemaVocabulary.all.contains(name) {
            throw SchemaFault.unusable("the vocabulary \(name.prefix(200)) is not known", at: place.pointer + "/$schema")
        }
        resources[resource].vocabularies = Set(vocabularies.keys)
    }

    /// The entry that a reference means; walks what it leads to if nobody did before.
    mutating func resolve(_ reference: String, from entry: Int) throws(PAOError) -> Int? {
        let target = resources[entries[entry].resource].uri.resolving(URIReference(reference))
        guard let resource = try resource(named: target.withoutFragment) else { return nil }
        guard let raw = target.fragment, !raw.isEmpty else { return entryByPlace[resources[resource].place] }
        guard let fragment = PercentEncoding.decode(Array(raw.utf8)) else { return nil }
        if !fragment.hasPrefix("/") { return resources[resource].anchors[fragment] }
        return try self.entry(at: fragment, in: resource)
    }

    private mutating func resource(named uri: String) throws(PAOError) -> Int? {
        if let known = resourceByURI[uri] { return known }
        if let schema = remote[uri] ?? MetaSchema.documents[uri] {
            _ = try add(schema, uri: uri)
            return resourceByURI[uri]
        }
        // The name may be the `$id` of a document that was given under another name, or one inside of it.
        for (given, schema) in remote.sorted(by: { $0.key < $1.key }) where resourceByURI[given] == nil {
            _ = try add(schema, uri: given)
            if let found = resourceByURI[uri] { return found }
        }
        return nil
    }

    private mutating func entry(at pointer: String, in resource: Int) throws(PAOError) -> Int? {
        var place = resources[resource].place
        guard let tokens = JSONPointer.tokens(pointer), let root = entryByPlace[place] else { return nil }
        var nearest = entries[root].resource
        var value = entries[root].schema
        for token in tokens {
            guard let next = JSONPointer.value(at: [token], in: value) else { return nil }
            value = next
            place.pointer += "/" + JSONPointer.escape(token)
            if let entry = entryByPlace[place] { nearest = entries[entry].resource }
        }
        guard value.object != nil || value.bool != nil else { return nil }
        return try walk(value, at: place, resource: nearest)
    }

    func dynamicAnchor(_ name: String, of entry: Int) -> Bool { resources[entries[entry].resource].dynamicAnchors[name] == entry }

    func child(_ pointer: String, of entry: Int) -> Int? {
        var place = entries[entry].place
        place.pointer += pointer
        return entryByPlace[place]
    }
}

enum SchemaFault {
    /// An older draft is named, with what changes in it: what else is wrong with such a schema follows from that.
    static func unknownLanguage(_ uri: String, at pointer: String) -> PAOError {
        let drafts = ["2019-09", "draft-07", "draft-06", "draft-05", "draft-04", "draft-03"]
        guard let draft = drafts.first(where: { uri.contains("json-schema.org/") && uri.contains($0) }) else {
            return unusable("the schema language \(uri.prefix(200)) is not known; write \(MetaSchema.uri)", at: pointer)
        }
        return unusable(
            "it is written for \(draft == "2019-09" ? "draft 2019-09" : draft), and only draft 2020-12 is read; write \(MetaSchema.uri), and "
                + "prefixItems for a list in items, $defs for definitions, dependentRequired and dependentSchemas for dependencies",
            at: pointer)
    }

    static func unusable(_ message: String, at pointer: String, keyword: String = "schema") -> PAOError {
        PAOError(
            .invalid, "The schema cannot be used: at \(pointer.isEmpty ? "its root" : pointer): \(message).",
            findings: [PAOError.Finding(field: pointer, rule: keyword, message: message)])
    }
}
