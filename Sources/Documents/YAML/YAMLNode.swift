package import Base

/// A value of a YAML document with the place where it stands. Nodes that come from an alias or a merge keep their own place.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        /// The value by the core schema, the text as written (quotes and escapes resolved), and whether it stood without quotes.
        case scalar(JSON, text: String, isPlain: Bool)
        case sequence([YAMLNode])
        /// Keys are scalars, unique by the bytes of their text.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    package var content: Content
    package var position: Position

    package init(_ content: Content, at position: Position) {
        self.content = content
        self.position = position
    }

    package subscript(key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.text?.utf8.elementsEqual(key.utf8) ?? false }?.value
    }

    package subscript(index: Int) -> YAMLNode? {
        guard case .sequence(let nodes) = content, nodes.indices.contains(index) else { return nil }
        return nodes[index]
    }

    /// The text of any scalar, also of a number: what stands in the document.
    package var text: String? { if case .scalar(_, let text, _) = content { text } else { nil } }

    /// The value of a scalar that is a string.
    package var string: String? { if case .scalar(.string(let value), _, _) = content { value } else { nil } }

    package var elements: [YAMLNode]? { if case .sequence(let nodes) = content { nodes } else { nil } }

    package var members: [(key: String, keyPosition: Position, value: YAMLNode)]? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.map { ($0.key.text ?? "", $0.key.position, $0.value) }
    }

    package var json: JSON {
        switch content {
        case .scalar(let value, _, _): return value
        case .sequence(let nodes): return .array(nodes.map(\.json))
        case .mapping(let pairs):
            var object = JSONObject()
            for (key, value) in pairs { object.append(key.text ?? "", value.json) }
            return .object(object)
        }
    }
}

extension YAMLNode {
    package func node(at path: [PathComponent]) -> YAMLNode? {
        var node = self
        for component in path {
            let next: YAMLNode?
            switch component {
            case .key(let key): next = node[key]
            case .index(let index): next = node[index]
            }
            guard let next else { return nil }
            node = next
        }
        return node
    }

    /// The place of what a JSON pointer names; where it leads nowhere, that of the nearest node above.
    /// With `key`, the place of the mapping key instead of its value.
    package func position(at jsonPointer: String, key: Bool = false) -> Position {
        var node = self
        var place = position
        for token in JSONPointer.tokens(jsonPointer) ?? [] {
            guard let step = node.step(token) else { break }
            node = step.node
            place = key ? step.place : node.position
        }
        return place
    }

    private func step(_ token: String) -> (node: YAMLNode, place: Position)? {
        switch content {
        case .scalar: return nil
        case .sequence: return JSONPointer.index(token).flatMap { self[$0] }.map { ($0, $0.position) }
        case .mapping(let pairs):
            let pair = pairs.first { $0.key.text?.utf8.elementsEqual(token.utf8) ?? false }
            return pair.map { ($0.value, $0.key.position) }
        }
    }
}
