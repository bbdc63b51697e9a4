import Base
import Documents

/// A text that a catalog author's pattern accepts, for the answers that the sandbox makes up and the data that a rendering test begins with. Usual words are tried first, then one is
/// built from the pattern: its first alternative, each repetition as often as it must. What is built is held against the pattern; nil
/// where it does not match (look-arounds, back references).
package enum PatternSample {
    private static let usual = [
        "ready", "active", "available", "running", "succeeded", "success", "completed", "created", "ok", "true", "1", "sandbox",
        "https://sandbox.example", "sandbox.example", "10.0.0.1", "2026-01-01T00:00:00Z", "00000000-0000-4000-8000-000000000000",
    ]

    package static func text(matching pattern: String) -> String? {
        guard let compiled = try? Pattern(pattern) else { return nil }
        let accepts = { (text: String) in compiled.matches(text) }
        if let word = usual.first(where: accepts) { return word }
        var builder = SampleBuilder(pattern)
        let built = builder.alternatives()
        return accepts(built) ? built : nil
    }
}

/// Reads the usual grammar of regular expressions and writes the shortest text it can. Never deeper than `deepest`.
private struct SampleBuilder {
    private var rest: Substring.UnicodeScalarView
    private var depth = 0
    private static let deepest = 50
    private static let mostRepeats = 100

    init(_ pattern: String) { rest = pattern.unicodeScalars[...] }

    mutating func alternatives() -> String {
        depth += 1
        defer { depth -= 1 }
        let first = sequence()
        while rest.first == "|" {
            rest.removeFirst()
            _ = sequence()
        }
        return first
    }

    private mutating func sequence() -> String {
        var text = ""
        while let scalar = rest.first, scalar != "|", scalar != ")", depth < Self.deepest {
            let piece = atom()
            text += String(repeating: piece, count: repeats())
        }
        return text
    }

    private mutating func atom() -> String {
        switch rest.removeFirst() {
        case "^", "$": return ""
        case ".": return "a"
        case "[": return characterClass()
        case "\\": return escape()
        case "(":
            skipGroupPrefix()
            let text = alternatives()
            if rest.first == ")" { rest.removeFirst() }
            return text
        case let scalar: return String(scalar)
        }
    }

    /// `?:` and names.
    private mutating func skipGroupPrefix() {
        guard rest.first == "?" else { return }
        rest.removeFirst()
        if rest.first == ":" {
            rest.removeFirst()
        } else if rest.first == "<" || rest.first == "P" {
            while let scalar = rest.popFirst(), scalar != ">" {}
        }
    }

    private mutating func escape() -> String {
        guard let scalar = rest.popFirst() else { return "" }
        switch scalar {
        case "d": return "1"
        case "w": return "a"
        case "s": return " "
        case "b", "B", "A", "z", "Z": return ""
        case "D", "W", "S": return scalar == "W" ? "-" : "a"
        default: return String(scalar)
        }
    }

    private mutating func characterClass() -> String {
        let isNegated = rest.first == "^"
        if isNegated { rest.removeFirst() }
        var members: [String] = []
        while let scalar = rest.first, scalar != "]" || members.isEmpty {
            rest.removeFirst()
            members.append(scalar == "\\" ? escape() : String(scalar))
        }
        if rest.first == "]" { rest.removeFirst() }
        if !isNegated { return members.first ?? "" }
        return ["a", "1", "-", "_", " "].first { !members.contains($0) } ?? ""
    }

    private mutating func repeats() -> Int {
        let count: Int
        switch rest.first {
        case "*", "?": (count, _) = (0, rest.removeFirst())
        case "+": (count, _) = (1, rest.removeFirst())
        case "{":
            let inside = rest.dropFirst().prefix { $0 != "}" }
            guard let least = Int(String(inside.prefix { $0 != "," })) else { return 1 }
            rest = rest[inside.endIndex...].dropFirst()
            count = min(max(0, least), Self.mostRepeats)
        default: return 1
        }
        if rest.first == "?" || rest.first == "+" { rest.removeFirst() }
        return count
    }
}
