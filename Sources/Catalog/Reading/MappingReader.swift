import Base
import Documents

/// Reads one mapping key by key and reports what is missing, of another type or unknown, each at its place. A key whose value is
/// null counts as absent.
struct MappingReader {
    let node: YAMLNode
    let report: FindingReport
    private let keys: [String]
    /// Which of `keys` were asked for.
    private var isTaken: [Bool]
    /// Every key that may stand here, for suggestions.
    private var asked: [String] = []
    private var missing: [String] = []
    private var isOfOtherDialect = false

    /// nil, reported, where the node is no mapping.
    ///
    /// `shorthand` is the key that a text in its place most likely stands for: `owner: data` for `owner: {team: data}`.
    init?(_ node: YAMLNode, _ report: FindingReport, shorthand: String? = nil) {
        guard case .mapping(let pairs) = node.content else {
            let meant = node.plainWord.flatMap { word in shorthand.map { "{\($0): \(word)}" } }
            report.error(
                .wrongType, "This must be a map of keys and values, not \(node.typeName).", at: node.position, suggestion: meant)
            return nil
        }
        if pairs.count > Self.mostKeys { report.beyondLimit("keys", pairs.count, Self.mostKeys, at: node.position) }
        self.node = node
        self.report = report
        keys = pairs.map { $0.key.text ?? "" }
        isTaken = Array(repeating: false, count: pairs.count)
    }

    /// More than any map of a document has; look-ups walk over them.
    private static let mostKeys = 1000

    /// Keys that are read elsewhere or free.
    mutating func allow(_ keys: [String]) {
        for key in keys { _ = take(key) }
    }

    /// In a document of the flat dialect: keys of the canonical one are told as what they are, and what is missing follows from them.
    /// Gives whether there are any.
    @discardableResult
    mutating func refuseCanonical(except known: [String] = []) -> Bool {
        for key in keys where KeySuggestion.canonicalOnly.contains(key) && !known.contains(key) {
            guard let index = take(key), case .mapping(let pairs) = node.content else { continue }
            isOfOtherDialect = true
            report.error(
                .unknownKey,
                "The key \(key) is of the canonical dialect, and a document with its name at the top and without a kind is read in the flat one.",
                at: pairs[index].key.position)
        }
        return isOfOtherDialect
    }

    mutating func node(_ key: String) -> YAMLNode? {
        guard let index = take(key), case .mapping(let pairs) = node.content, !pairs[index].value.isNull else { return nil }
        return pairs[index].value
    }

    private mutating func take(_ key: String) -> Int? {
        asked.append(key)
        guard let index = keys.firstIndex(of: key) else { return nil }
        isTaken[index] = true
        return index
    }

    func holds(_ key: String) -> Bool { keys.contains(key) }

    mutating func required(_ key: String) -> YAMLNode? {
        if let value = node(key) { return value }
        if !missing.contains(key) { missing.append(key) }
        return nil
    }

    mutating func mapping(_ key: String, shorthand: String? = nil) -> MappingReader? {
        node(key).flatMap { MappingReader($0, report, shorthand: shorthand) }
    }

    mutating func elements(_ key: String, isOfTexts: Bool = false) -> [YAMLNode] {
        guard let value = node(key) else { return [] }
        guard let elements = value.elements else {
            report.error(
                .wrongType, "\(key) must be a list, not \(value.typeName).", at: value.position,
                suggestion: isOfTexts ? value.plainWord.map { "[\($0)]" } : nil)
            return []
        }
        return elements
    }

    mutating func text(_ key: String) -> String? { node(key).flatMap { text(of: $0, key) } }

    mutating func requiredText(_ key: String) -> String? {
        guard let text = required(key).flatMap({ text(of: $0, key) }) else { return nil }
        if text.isEmpty, let node = node[key] { report.error(.badValue, "\(key) must not be empty.", at: node.position) }
        return text
    }

    func text(of value: YAMLNode, _ key: String) -> String? {
        if let text = value.string { return text }
        let hint = value.text.map { "\"\($0)\"" }
        report.error(.wrongType, "\(key) must be text, not \(value.typeName).", at: value.position, correction: hint)
        return nil
    }

    /// At most `limit` of them: lists that are walked once for each of their elements.
    mutating func texts(_ key: String, atMost limit: Int) -> [String] {
        let nodes = elements(key, isOfTexts: true)
        if nodes.count <= limit { return texts(key) }
        report.beyondLimit("entries of \(key)", nodes.count, limit, at: nodes[limit].position)
        return []
    }

    mutating func texts(_ key: String) -> [String] { elements(key, isOfTexts: true).compactMap { text(of: $0, "An entry of \(key)") } }

    mutating func flag(_ key: String) -> Bool? {
        guard let value = node(key) else { return nil }
        if let flag = value.json.bool { return flag }
        let hint = ["yes": "true", "on": "true", "no": "false", "off": "false"][value.text?.lowercased() ?? ""]
        report.error(.wrongType, "\(key) must be true or false, not \(value.typeName).", at: value.position, correction: hint)
        return nil
    }

    mutating func int(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = node(key) else { return nil }
        guard let number = value.json.int else {
            report.error(.wrongType, "\(key) must be a whole number, not \(value.typeName).", at: value.position)
            return nil
        }
        guard range.contains(number) else {
            report.error(.badValue, "\(key) must be from \(range.lowerBound) to \(range.upperBound).", at: value.position)
            return nil
        }
        return number
    }

    mutating func duration(_ key: String) -> Duration? {
        guard let value = node(key) else { return nil }
        if let text = value.text, text.utf8.count <= 20, let duration = Duration(text: text) { return duration }
        report.error(
            .badValue, "\(key) must be a duration such as 250ms, 30s, 5m, 2h or 90d.", at: value.position,
            suggestion: value.json.int.map { "\($0)s" })
        return nil
    }

    /// `meanings` are what people write who know other products.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, meanings: [String: String] = [:]) -> Choice?
    where Choice.RawValue == String {
        guard let value = node(key), let text = text(of: value, key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        report.error(
            .badValue, "\(key) must be one of \(names.joined(separator: ", ")), not \(text).", at: value.position,
            suggestion: meanings[text] ?? NearestName.suggestion(for: text, among: names))
        return nil
    }

    mutating func json(_ key: String) -> JSON? { node(key)?.json }

    /// Reports every required key that is missing and every key that nobody asked for. A missing key that was only misspelled is
    /// reported once, where it was written. A key without a value is only a warning: in `{description: Fast, and cheap}` it is
    /// half of a text that needs quotes.
    func finish() {
        var misspelled: Set<String> = []
        guard case .mapping(let pairs) = node.content else { return }
        for index in keys.indices where !isTaken[index] && !report.isFull {
            let (key, place, value) = (keys[index], pairs[index].key.position, pairs[index].value)
            let near = KeySuggestion.key(for: key, among: asked, missing: missing)
            if let near { misspelled.insert(near) }
            if value.isNull {
                report.warning(
                    .unknownKey, "\(key) is read as a key without a value; a text with a comma needs quotes.", at: place, suggestion: near)
            } else {
                report.unknownKey(
                    key, at: place, suggestion: near, home: near == nil ? KeySuggestion.home(of: key, among: asked) : nil,
                    correction: NearestName.correction(of: key, among: asked).flatMap { keys.contains($0) ? nil : $0 })
            }
        }
        for key in missing where !misspelled.contains(key) && !isOfOtherDialect {
            report.error(.missingKey, "The key \(key) is missing.", at: node.position)
        }
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool { (0x30...0x39).contains(self) || (0x61...0x7A).contains(self | 0x20) }
}

extension YAMLNode {
    var isNull: Bool { if case .scalar(.null, _, _) = content { true } else { false } }

    /// A text that needs no quotes and is one word; nil for anything else.
    fileprivate var plainWord: String? {
        guard let text = string, !text.isEmpty, text.utf8.count <= 100 else { return nil }
        return text.utf8.allSatisfy { $0.isLetterOrDigit || "-_.".utf8.contains($0) } ? text : nil
    }

    /// With its article, for messages.
    var typeName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a map"
        case .scalar(.null, _, _): "empty"
        case .scalar(.bool(let flag), _, _): "\(flag)"
        case .scalar(.number, let text, _): "the number \(text)"
        case .scalar: "text"
        }
    }

    /// A tree without places, for documents that are read back from the database.
    init(_ json: JSON, at position: Position = .start) {
        switch json {
        case .array(let elements): self.init(.sequence(elements.map { YAMLNode($0, at: position) }), at: position)
        case .object(let object):
            let pairs = object.map { (key: YAMLNode(text: $0.key, at: position), value: YAMLNode($0.value, at: position)) }
            self.init(.mapping(pairs), at: position)
        case .string(let text): self.init(text: text, at: position)
        default: self.init(.scalar(json, text: json.description, isPlain: true), at: position)
        }
    }

    init(text: String, at position: Position) {
        self.init(.scalar(.string(text), text: text, isPlain: false), at: position)
    }
}
