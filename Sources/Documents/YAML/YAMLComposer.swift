// DESIGN: events become nodes in one pass. An alias shares the anchored node (arrays are copied on write), so memory does not grow
// with expansion; but whoever walks the tree pays for every copy. So each alias is charged with the size and the height of what it
// stands for, against the same limits as written nodes: a "billion laughs" stops at the alias that would pass the limit, before
// anything is walked. An anchor is known only once its node is complete; an alias inside of its own anchor is thus refused.

import Base

struct YAMLComposer {
    private struct Composed {
        var node: YAMLNode
        /// Nodes in it, expanded.
        var size: Int
        /// Levels of collections in it; 0 for a scalar.
        var height: Int
    }

    private let events: YAMLEventReader
    private let limits: YAMLLimits
    private var anchors: [ExactString: Composed] = [:]
    private var openAnchors: Set<ExactString> = []
    private var nodes = 0
    private var warnings: [YAMLWarning] = []

    init(events: YAMLEventReader, limits: YAMLLimits) {
        self.events = events
        self.limits = limits
    }

    mutating func composeStream() throws(YAMLFault) -> YAMLStream {
        var documents: [YAMLNode] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return YAMLStream(documents: documents, warnings: warnings)
            case .documentStart:
                if documents.count >= limits.documents {
                    throw YAMLFault(position: event.position, rule: "yaml-limit", message: "more than \(limits.documents) documents")
                }
                anchors = [:]
                documents.append(try compose(events.next(), depth: 0).node)
            default: continue
            }
        }
    }

    private mutating func compose(_ event: YAMLEvent, depth: Int) throws(YAMLFault) -> Composed {
        if case .alias(let name) = event.kind { return try expand(name, at: event.position, depth: depth) }
        try charge(1, at: event.position)
        let anchor = event.anchor.map { ExactString($0) }
        if let anchor { openAnchors.insert(anchor) }
        let composed: Composed
        switch event.kind {
        case .scalar(let text, let isPlain): composed = try scalar(text, isPlain: isPlain, event)
        case .sequenceStart: composed = try sequence(event, depth: depth + 1)
        case .mappingStart: composed = try mapping(event, depth: depth + 1)
        default: throw YAMLFault(position: event.position, rule: "yaml-syntax", message: "a value was expected")
        }
        if let anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = composed
        }
        return composed
    }

    private mutating func charge(_ count: Int, at position: Position) throws(YAMLFault) {
        nodes += count
        if nodes > limits.nodes {
            throw YAMLFault(
                position: position, rule: "yaml-limit", message: "more than \(limits.nodes) values, aliases expanded")
        }
    }

    private func checkDepth(_ depth: Int, at position: Position) throws(YAMLFault) {
        if depth > limits.depth {
            throw YAMLFault(position: position, rule: "yaml-limit", message: "nested deeper than \(limits.depth) levels")
        }
    }

    private mutating func expand(_ name: String, at position: Position, depth: Int) throws(YAMLFault) -> Composed {
        let anchor = ExactString(name)
        if openAnchors.contains(anchor) {
            throw YAMLFault(position: position, rule: "yaml-alias", message: "the alias *\(name) stands inside of its own anchor")
        }
        guard let composed = anchors[anchor] else {
            throw YAMLFault(position: position, rule: "yaml-alias", message: "there is no anchor &\(name) before this alias")
        }
        try charge(composed.size, at: position)
        try checkDepth(depth + composed.height, at: position)
        return composed
    }

    private mutating func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(YAMLFault) -> Composed {
        let resolved = YAMLScalar.resolve(text, isPlain: isPlain, tag: event.tag)
        let value: JSON
        switch resolved {
        case .value(let resolvedValue): value = resolvedValue
        case .doubtful(let resolvedValue, let message):
            value = resolvedValue
            warnings.append(YAMLWarning(position: event.position, rule: "yaml-leading-zero", message: message))
        case .refused(let rule, let message): throw YAMLFault(position: event.position, rule: rule, message: message)
        }
        let isPlain = isPlain && event.tag == nil
        return Composed(node: YAMLNode(.scalar(value, text: text, isPlain: isPlain), at: event.position), size: 1, height: 0)
    }

    private mutating func sequence(_ event: YAMLEvent, depth: Int) throws(YAMLFault) -> Composed {
        try checkDepth(depth, at: event.position)
        try checkTag(event, is: "seq")
        var elements: [YAMLNode] = []
        var (size, height) = (1, 0)
        while true {
            let next = try events.next()
            if case .sequenceEnd = next.kind { break }
            let element = try compose(next, depth: depth)
            elements.append(element.node)
            size += element.size
            height = max(height, element.height)
        }
        return Composed(node: YAMLNode(.sequence(elements), at: event.position), size: size, height: height + 1)
    }

    private mutating func mapping(_ event: YAMLEvent, depth: Int) throws(YAMLFault) -> Composed {
        try checkDepth(depth, at: event.position)
        try checkTag(event, is: "map")
        var pairs = YAMLMappingBuilder()
        var (size, height) = (1, 0)
        while true {
            let next = try events.next()
            if case .mappingEnd = next.kind { break }
            let key = try compose(next, depth: depth)
            let value = try compose(events.next(), depth: depth)
            try pairs.add(key: key.node, value: value.node)
            size += key.size + value.size
            height = max(height, value.height)
        }
        return Composed(node: YAMLNode(.mapping(pairs.merged()), at: event.position), size: size, height: height + 1)
    }

    private func checkTag(_ event: YAMLEvent, is name: String) throws(YAMLFault) {
        guard let tag = event.tag, tag != "!", tag != YAMLScalar.corePrefix + name else { return }
        throw YAMLFault(position: event.position, rule: "yaml-tag", message: YAMLScalar.refusal(ofTag: tag))
    }
}

/// Collects the pairs of one mapping and merges what `<<` names: own keys win, of several merged mappings the first wins.
private struct YAMLMappingBuilder {
    private typealias Pair = (key: YAMLNode, value: YAMLNode)

    private var pairs: [Pair] = []
    private var keys: Set<ExactString> = []
    private var mergeIndex: Int?
    private var sources: [[Pair]] = []

    mutating func add(key: YAMLNode, value: YAMLNode) throws(YAMLFault) {
        guard case .scalar(_, let text, let isPlain) = key.content else {
            throw YAMLFault(position: key.position, rule: "yaml-key", message: "a key must be a scalar")
        }
        guard keys.insert(ExactString(text)).inserted else {
            throw YAMLFault(
                position: key.position, rule: "yaml-duplicate-key", message: "the key \"\(text.prefix(60))\" stands twice in one mapping")
        }
        if text == "<<", isPlain {
            mergeIndex = pairs.count
            sources = try Self.mappings(value)
        } else {
            pairs.append((key, value))
        }
    }

    private static func mappings(_ value: YAMLNode) throws(YAMLFault) -> [[Pair]] {
        var sources: [[Pair]] = []
        for node in value.elements ?? [value] {
            guard case .mapping(let pairs) = node.content else {
                throw YAMLFault(position: node.position, rule: "yaml-merge", message: "<< takes a mapping or a list of mappings")
            }
            sources.append(pairs)
        }
        return sources
    }

    /// The merged pairs stand where `<<` stood.
    mutating func merged() -> [(key: YAMLNode, value: YAMLNode)] {
        guard let mergeIndex else { return pairs }
        var added: [Pair] = []
        for pair in sources.joined() where keys.insert(ExactString(pair.key.text ?? "")).inserted { added.append(pair) }
        pairs.insert(contentsOf: added, at: mergeIndex)
        return pairs
    }
}
