import Base
import Documents

/// Builds a canonical mapping out of flat keys; every key and value keeps the place where it was written.
struct FlatMapping {
    /// What becomes of one flat key.
    struct Key {
        var canonical: String
        var value: (YAMLNode) -> YAMLNode = { $0 }

        init(_ canonical: String, _ value: @escaping (YAMLNode) -> YAMLNode = { $0 }) {
            self.canonical = canonical
            self.value = value
        }
    }

    private(set) var pairs: [(key: YAMLNode, value: YAMLNode)] = []
    let place: Position

    init(at place: Position) { self.place = place }

    var node: YAMLNode { YAMLNode(.mapping(pairs), at: place) }

    mutating func put(_ key: String, _ value: YAMLNode, keyAt place: Position? = nil) {
        pairs.append((key: YAMLNode(text: key, at: place ?? value.position), value: value))
    }

    mutating func put(_ key: String, text: String) { put(key, YAMLNode(text: text, at: place)) }

    /// Takes over the keys of `node` that are in `keys`. Those in neither `keys` nor `others` are reported.
    mutating func take(_ keys: KeyValuePairs<String, Key>, from node: YAMLNode, others: [String] = [], _ report: FindingReport) {
        guard var map = MappingReader(node, report) else { return }
        map.allow(others)
        map.refuseCanonical(except: keys.map(\.key) + others)
        for (flat, key) in keys {
            report.spell(key.canonical, as: flat, at: self.place)
            guard let value = map.node(flat) else { continue }
            report.spell(key.canonical, as: flat, at: value.position)
            put(key.canonical, key.value(value), keyAt: node.keyPosition(flat))
        }
        map.finish()
    }
}

extension YAMLNode {
    func keyPosition(_ key: String) -> Position? { members?.first { $0.key.utf8.elementsEqual(key.utf8) }?.keyPosition }

    /// A list with each element changed; anything else as it is.
    func mapElements(_ change: (YAMLNode) -> YAMLNode) -> YAMLNode {
        elements.map { YAMLNode(.sequence($0.map(change)), at: position) } ?? self
    }

    /// Every string of the tree changed.
    func mapStrings(_ change: (String) -> String) -> YAMLNode {
        switch content {
        case .scalar(.string(let text), _, let isPlain):
            let changed = change(text)
            return YAMLNode(.scalar(.string(changed), text: changed, isPlain: isPlain), at: position)
        case .scalar: return self
        case .sequence(let nodes): return YAMLNode(.sequence(nodes.map { $0.mapStrings(change) }), at: position)
        case .mapping(let pairs):
            return YAMLNode(.mapping(pairs.map { (key: $0.key, value: $0.value.mapStrings(change)) }), at: position)
        }
    }

    var strings: [String] {
        switch content {
        case .scalar(.string(let text), _, _): [text]
        case .scalar: []
        case .sequence(let nodes): nodes.flatMap(\.strings)
        case .mapping(let pairs): pairs.flatMap(\.value.strings)
        }
    }

    /// Keys from `snake_case` to `camelCase`, also below.
    var camelCased: YAMLNode {
        switch content {
        case .scalar: self
        case .sequence(let nodes): YAMLNode(.sequence(nodes.map(\.camelCased)), at: position)
        case .mapping(let pairs):
            YAMLNode(
                .mapping(
                    pairs.map { (key: YAMLNode(text: ($0.key.text ?? "").camelCased, at: $0.key.position), value: $0.value.camelCased) }),
                at: position)
        }
    }
}

extension String {
    /// `expected_status` becomes `expectedStatus`.
    var camelCased: String {
        let words = split(separator: "_")
        return words.enumerated().map { $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst() }.joined()
    }
}
