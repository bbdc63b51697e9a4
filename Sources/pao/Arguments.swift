import Base
import Synchronization

/// The words after a command: operands, `--name value`, `--name=value` and `--flag`.
struct Arguments: Sendable {
    private(set) var operands: [String] = []
    private var options: [String: [String]] = [:]
    private var flags: Set<String> = []
    private let usage: String

    /// What the usage text names as `--name VALUE` takes a value, as `--name` alone none; anything else is refused.
    init(_ words: [String], for usage: String) throws(PAOError) {
        self.usage = usage
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                operands.append(word)
                continue
            }
            let (name, inline) = String(word.dropFirst(2)).splitOnce("=")
            switch Self.kind(of: name, in: usage) {
            case .flag where inline == nil: flags.insert(name)
            case .value:
                guard let value = inline ?? rest.popFirst() else { throw PAOError(.usage, "--\(name) needs a value.\n\(usage)") }
                options[name, default: []].append(value)
            default: throw PAOError(.usage, "There is no option \(word) here.\n\(usage)")
            }
        }
    }

    private enum Kind { case flag, value, unknown }

    private static func kind(of name: String, in usage: String) -> Kind {
        for word in usage.split(whereSeparator: { $0 == " " || $0 == "[" || $0 == "\n" }).indexed where word.text.hasPrefix("--") {
            guard word.text.drop(while: { $0 == "-" }).prefix(while: { $0 != "]" }) == name else { continue }
            return !word.text.hasSuffix("]")
                && word.next.map({ $0.first?.isUppercase == true || $0.first == "<" || $0.contains("|") }) == true ? .value : .flag
        }
        return .unknown
    }

    /// The last one given.
    subscript(name: String) -> String? { options[name]?.last }
    func all(_ name: String) -> [String] { options[name] ?? [] }
    func has(_ flag: String) -> Bool { flags.contains(flag) }

    func required(_ name: String) throws(PAOError) -> String {
        guard let value = self[name] else { throw PAOError(.usage, "--\(name) is missing.\n\(usage)") }
        return value
    }

    /// The directory of `--data`, which holds a database. Throws `usage`, `configuration`.
    func dataDirectory() throws(PAOError) -> String {
        let directory = try required("data")
        try Files.requireDatabase(in: directory)
        return directory
    }

    func requireNoOperands() throws(PAOError) {
        guard let surplus = operands.first else { return }
        throw PAOError(.usage, "\(surplus) is not expected here.\n\(usage)")
    }

    /// Exactly that many operands.
    func operands(_ count: Int) throws(PAOError) -> [String] {
        guard operands.count == count else {
            throw PAOError(.usage, "Expected \(count) operand\(count == 1 ? "" : "s"), found \(operands.count).\n\(usage)")
        }
        return operands
    }
}

extension Sequence where Element == Substring {
    /// Each word with the one after it.
    fileprivate var indexed: [(text: Substring, next: Substring?)] {
        let words = Array(self)
        return words.indices.map { (words[$0], $0 + 1 < words.count ? words[$0 + 1] : nil) }
    }
}
