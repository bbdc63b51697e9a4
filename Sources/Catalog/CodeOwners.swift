import Base
import Documents

/// GitHub's CODEOWNERS: who owns which path. The last pattern that matches wins; a pattern without owners takes ownership away.
/// Patterns are those of gitignore without `!`, `[ ]` and an escaped `#`; what cannot be used is skipped, as GitHub does.
package struct CodeOwners: Sendable {
    struct Rule: Sendable {
        var pattern: Glob
        var owners: [String]
        var line: Int
    }

    private let rules: [Rule]
    private let base: [[UInt8]]
    /// Lines that GitHub would skip.
    package let findings: [CatalogFinding]

    /// Where GitHub looks, in its order.
    package static let places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"]

    /// `folder` is where the paths asked for begin, from the root of the repository.
    package init(_ text: String, file: String = "CODEOWNERS", folder: String = "") {
        base = folder.split(separator: "/").map { Array($0.utf8) }
        var rules: [Rule] = []
        let report = FindingReport(file: file)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = Self.words(line)
            guard let pattern = words.first else { continue }
            guard let glob = Glob(pattern) else {
                report.warning(
                    .badCodeOwners, "The pattern \(pattern) is not one that CODEOWNERS knows; the line is skipped.",
                    at: Position(line: index + 1, column: 1))
                continue
            }
            if let stranger = words.dropFirst().first(where: { !Self.isOwner($0) }) {
                report.warning(
                    .badCodeOwners, "\(stranger) is neither @user, @organization/team nor an address; the line is skipped.",
                    at: Position(line: index + 1, column: 1))
                continue
            }
            rules.append(Rule(pattern: glob, owners: Array(words.dropFirst()), line: index + 1))
        }
        self.rules = rules
        findings = report.findings
    }

    private static func isOwner(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return false }
        if !parts[0].isEmpty { return parts[1].contains(".") }
        let names = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        return names.count <= 2
            && names.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { PercentEncoding.isUnreserved($0) } && !$0.hasPrefix("-") }
    }

    /// Split at white space; `#` begins a comment, `\ ` is a space of the pattern.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = [""]
        var isEscaped = false
        for character in line {
            if isEscaped {
                words[words.count - 1] += character == " " ? " " : "\\\(character)"
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == " " || character == "\t" || character == "\r" {
                if words.last != "" { words.append("") }
            } else if character == "#", words.last == "" {
                break
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words.filter { !$0.isEmpty }
    }

    /// As written: `@user`, `@org/team`, an address. Empty where nobody owns the path.
    package func owners(of path: String) -> [String] {
        let segments = base + path.split(separator: "/").map { Array($0.utf8) }
        return rules.last { $0.pattern.matches(segments) }?.owners ?? []
    }

    /// The slugs of the teams among the owners: `@org/platform-team` is `platform-team`.
    package func teams(of path: String) -> [String] {
        owners(of: path).compactMap { owner in
            guard owner.hasPrefix("@"), let slash = owner.firstIndex(of: "/") else { return nil }
            return String(owner[owner.index(after: slash)...])
        }
    }
}

/// One pattern, by path segments.
struct Glob: Sendable {
    private enum Segment: Sendable {
        case name([UInt8])
        /// `**`: any number of folders.
        case anyDepth
    }

    private let segments: [Segment]
    /// The pattern names a folder, or ends in what may be one: everything below matches too.
    private let matchesBelow: Bool
    /// `docs/`: what is itself called so does not match, only what is below it.
    private let isFolder: Bool

    init?(_ pattern: String) {
        guard !pattern.hasPrefix("!"), !pattern.contains("["), !pattern.contains("]"), !pattern.contains("\\") else { return nil }
        var parts = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        isFolder = parts.last == ""
        if isFolder { parts.removeLast() }
        let isAnchored = parts.count > 1 || pattern.hasPrefix("/")
        parts.removeAll(where: \.isEmpty)
        if parts.isEmpty {
            guard pattern == "/" else { return nil }
            parts = ["**"]
        }
        matchesBelow = isFolder || !(parts.last == "*" && parts.count > 1)
        let written = parts.map { $0 == "**" ? Segment.anyDepth : .name(Array($0.utf8)) }
        segments = isAnchored ? written : [.anyDepth] + written
    }

    func matches(_ path: [[UInt8]]) -> Bool { matches(segments[...], path[...], budget: 10_000).isMatch }

    /// Two `**` in one pattern try each way of dividing the path; the budget keeps a hostile pattern quick.
    private func matches(_ pattern: ArraySlice<Segment>, _ path: ArraySlice<[UInt8]>, budget: Int) -> (isMatch: Bool, budget: Int) {
        guard budget > 0 else { return (false, 0) }
        guard let first = pattern.first else {
            return (path.isEmpty ? !isFolder : matchesBelow, budget - 1)
        }
        switch first {
        case .name(let name):
            guard let segment = path.first, Self.matches(name, segment) else { return (false, budget - 1) }
            return matches(pattern.dropFirst(), path.dropFirst(), budget: budget - 1)
        case .anyDepth:
            var left = budget - 1
            for start in path.startIndex...path.endIndex {
                let rest = matches(pattern.dropFirst(), path[start...], budget: left)
                if rest.isMatch { return rest }
                left = rest.budget
            }
            return (false, left)
        }
    }

    /// `*` and `?` inside one segment, without backtracking over more than the last `*`.
    private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (at, position) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                star = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == text[position] || pattern[at] == UInt8(ascii: "?") {
                at += 1
                position += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                (at, position) = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
