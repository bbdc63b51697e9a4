/// A version by Semantic Versioning 2.0.0. Build metadata is kept but does not count in comparisons.
package struct SemanticVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    package enum Identifier: Sendable, Hashable, Comparable {
        case number(Int)
        case text(String)

        /// Numbers come before texts; texts compare by ASCII.
        package static func < (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.number(let a), .number(let b)): a < b
            case (.number, .text): true
            case (.text, .number): false
            case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
            }
        }
    }

    package let major: Int
    package let minor: Int
    package let patch: Int
    package let preRelease: [Identifier]
    package let build: String?

    package init(_ major: Int, _ minor: Int, _ patch: Int, preRelease: [Identifier] = [], build: String? = nil) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
        self.preRelease = preRelease
        self.build = build
    }

    /// nil where the text is not exactly a version (`1.2`, `v1.2.3` and `01.2.3` are not).
    package init?(_ text: String) {
        let (main, build) = text.splitOnce("+")
        let (core, pre) = main.splitOnce("-")
        let numbers = core.split(separator: ".", omittingEmptySubsequences: false).map { Self.number(String($0)) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else { return nil }
        var identifiers: [Identifier] = []
        if let pre {
            for part in pre.split(separator: ".", omittingEmptySubsequences: false) {
                guard let identifier = Self.identifier(String(part)) else { return nil }
                identifiers.append(identifier)
            }
        }
        if let build {
            let parts = build.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.allSatisfy({ Self.isIdentifierText($0.utf8) }) else { return nil }
        }
        self.init(major, minor, patch, preRelease: identifiers, build: build)
    }

    private static func number(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text).flatMap { $0 < .max ? $0 : nil }
    }

    private static func identifier(_ text: String) -> Identifier? {
        guard isIdentifierText(text.utf8) else { return nil }
        if text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return number(text).map(Identifier.number) }
        return .text(text)
    }

    private static func isIdentifierText(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy {
                ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x61 && $0 <= 0x7A) || $0 == 0x2D
            }
    }

    package static func == (left: Self, right: Self) -> Bool { !(left < right) && !(right < left) }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(major)
        hasher.combine(minor)
        hasher.combine(patch)
        hasher.combine(preRelease)
    }

    package static func < (left: Self, right: Self) -> Bool {
        let (a, b) = ((left.major, left.minor, left.patch), (right.major, right.minor, right.patch))
        if a != b { return a < b }
        if left.preRelease.isEmpty || right.preRelease.isEmpty { return !left.preRelease.isEmpty && right.preRelease.isEmpty }
        return left.preRelease.lexicographicallyPrecedes(right.preRelease)
    }

    package var description: String {
        var text = "\(major).\(minor).\(patch)"
        if !preRelease.isEmpty {
            text +=
                "-"
                + preRelease.map { if case .number(let n) = $0 { "\(n)" } else if case .text(let t) = $0 { t } else { "" } }.joined(
                    separator: ".")
        }
        if let build { text += "+" + build }
        return text
    }

    var core: (Int, Int, Int) { (major, minor, patch) }
}

extension String {
    /// The text before and after the first separator; nil after it where there is none.
    package func splitOnce(_ separator: Character) -> (String, String?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (String(self[..<index]), String(self[self.index(after: index)...]))
    }
}

/// A set of versions in the notation of npm: comparators joined by spaces or commas (and), alternatives by `||`;
/// `^`, `~`, `x` ranges, hyphen ranges, `*`. A pre-release matches only where a comparator names a pre-release of the same
/// major.minor.patch.
package struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    enum Operation: String, Sendable { case equal = "=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=" }

    struct Comparator: Sendable, Hashable {
        let operation: Operation
        let version: SemanticVersion

        func matches(_ other: SemanticVersion) -> Bool {
            switch operation {
            case .equal: other == version
            case .less: other < version
            case .lessOrEqual: other <= version
            case .greater: other > version
            case .greaterOrEqual: other >= version
            }
        }
    }

    private let alternatives: [[Comparator]]
    package let description: String

    /// nil where the text is not a range.
    package init?(_ text: String) {
        var alternatives: [[Comparator]] = []
        for part in Self.alternativesOf(text) {
            guard let comparators = Self.comparators(part) else { return nil }
            alternatives.append(comparators)
        }
        self.alternatives = alternatives
        description = text
    }

    package func contains(_ version: SemanticVersion) -> Bool {
        alternatives.contains { comparators in
            guard comparators.allSatisfy({ $0.matches(version) }) else { return false }
            if version.preRelease.isEmpty { return true }
            return comparators.contains { !$0.version.preRelease.isEmpty && $0.version.core == version.core }
        }
    }

    private static func alternativesOf(_ text: String) -> [String] {
        var parts: [String] = [""]
        var rest = text[...]
        while let character = rest.first {
            if rest.hasPrefix("||") {
                parts.append("")
                rest = rest.dropFirst(2)
            } else {
                parts[parts.count - 1].append(character)
                rest = rest.dropFirst()
            }
        }
        return parts
    }

    private static func comparators(_ text: String) -> [Comparator]? {
        let words = text.split { $0 == " " || $0 == "," }.map(String.init)
        if words.count == 3, words[1] == "-" { return hyphen(words[0], words[2]) }
        var result: [Comparator] = []
        var pending = ""
        for word in words {
            let token = pending + word
            if ["<", "<=", ">", ">=", "=", "^", "~"].contains(token) {
                pending = token
                continue
            }
            pending = ""
            guard let comparators = comparator(token) else { return nil }
            result += comparators
        }
        return pending.isEmpty ? result : nil
    }

    private static func hyphen(_ low: String, _ high: String) -> [Comparator]? {
        guard let from = Partial(low), let to = Partial(high) else { return nil }
        let upper =
            to.isFull ? Comparator(operation: .lessOrEqual, version: to.floor) : to.next.map { Comparator(operation: .less, version: $0) }
        return [Comparator(operation: .greaterOrEqual, version: from.floor)] + (upper.map { [$0] } ?? [])
    }

    private static func comparator(_ token: String) -> [Comparator]? {
        let prefix = ["<=", ">=", "<", ">", "=", "^", "~"].first { token.hasPrefix($0) } ?? ""
        guard let partial = Partial(String(token.dropFirst(prefix.count))) else { return nil }
        let floor = Comparator(operation: .greaterOrEqual, version: partial.floor)
        func between(_ ceiling: SemanticVersion?) -> [Comparator] {
            [floor] + (ceiling.map { [Comparator(operation: .less, version: $0)] } ?? [])
        }
        switch prefix {
        case "^": return between(partial.caretCeiling)
        case "~": return between(partial.tildeCeiling)
        case "<": return [Comparator(operation: .less, version: partial.floor)]
        case ">=": return [floor]
        case "<=":
            if partial.isFull { return [Comparator(operation: .lessOrEqual, version: partial.floor)] }
            return partial.next.map { [Comparator(operation: .less, version: $0)] } ?? []
        case ">":
            if partial.isFull { return [Comparator(operation: .greater, version: partial.floor)] }
            guard let next = partial.next else { return [Comparator(operation: .less, version: SemanticVersion(0, 0, 0))] }
            return [Comparator(operation: .greaterOrEqual, version: next)]
        default:
            return partial.isFull ? [Comparator(operation: .equal, version: partial.floor)] : between(partial.next)
        }
    }

    /// `1`, `1.2`, `1.x`, `*` or a whole version.
    private struct Partial {
        var numbers: [Int] = []
        var floor: SemanticVersion

        init?(_ text: String) {
            if let version = SemanticVersion(text) {
                numbers = [version.major, version.minor, version.patch]
                floor = version
                return
            }
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard (1...3).contains(parts.count) else { return nil }
            var wild = false
            for part in parts {
                if ["x", "X", "*"].contains(part) {
                    wild = true
                } else {
                    guard !wild, let number = Int(part), number >= 0, number < .max, String(number) == part else { return nil }
                    numbers.append(number)
                }
            }
            guard numbers.count < 3 else { return nil }
            let padded = numbers + Array(repeating: 0, count: 3 - numbers.count)
            floor = SemanticVersion(padded[0], padded[1], padded[2])
        }

        var isFull: Bool { numbers.count == 3 }

        /// The first version after all that this stands for; nil where it stands for all.
        var next: SemanticVersion? {
            switch numbers.count {
            case 0: nil
            case 1: SemanticVersion(numbers[0] + 1, 0, 0)
            case 2: SemanticVersion(numbers[0], numbers[1] + 1, 0)
            default: SemanticVersion(numbers[0], numbers[1], numbers[2] + 1)
            }
        }

        var tildeCeiling: SemanticVersion? { numbers.count > 2 ? SemanticVersion(numbers[0], numbers[1] + 1, 0) : next }

        var caretCeiling: SemanticVersion? {
            guard let firstNonZero = numbers.firstIndex(where: { $0 > 0 }) else { return next }
            switch firstNonZero {
            case 0: return SemanticVersion(numbers[0] + 1, 0, 0)
            case 1: return SemanticVersion(0, numbers[1] + 1, 0)
            default: return SemanticVersion(0, 0, numbers[2] + 1)
            }
        }
    }
}
