package import Base
import Documents

/// One mistake in a catalog, at its place.
package struct CatalogFinding: Sendable, Equatable {
    package enum Severity: String, Sendable { case error, warning }

    /// Relative to the catalog's root, with `/`.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters.
    package var column: Int
    package var severity: Severity
    /// Kebab-case; the heading of the page that explains it.
    package var rule: String
    package var message: String
    package var suggestion: String?
    /// What a tool may write in its place without asking: only the spelling changes, never what it means.
    package var correction: String?

    package init(
        file: String, line: Int, column: Int, severity: Severity, rule: String, message: String, suggestion: String? = nil,
        correction: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.rule = rule
        self.message = message
        self.suggestion = suggestion
        self.correction = correction
    }

    package var isError: Bool { severity == .error }

    package var json: JSON {
        [
            "file": .string(file), "line": .int(line), "column": .int(column), "severity": .string(severity.rawValue),
            "rule": .string(rule), "message": .string(message), "suggestion": .optional(suggestion),
        ]
    }
}

extension CatalogFinding: CustomStringConvertible {
    /// `file:line:column: severity: message [rule]`, as compilers write it.
    package var description: String {
        let hint = suggestion.map { " (did you mean \($0)?)" } ?? ""
        return "\(file):\(line):\(column): \(severity.rawValue): \(message)\(hint) [\(rule)]"
    }
}

/// What can be wrong with a document or with the catalog as a whole. What the YAML reader finds has rules of its own (`yaml-...`).
package enum CatalogRule: String, Sendable, CaseIterable {
    // shape of a document
    case unknownKind = "unknown-kind"
    case unknownKey = "unknown-key"
    case missingKey = "missing-key"
    case wrongType = "wrong-type"
    case badValue = "bad-value"
    case schema = "schema"
    case emptyDocument = "empty-document"
    // names and versions
    case badID = "bad-id"
    case duplicateID = "duplicate-id"
    case badVersion = "bad-version"
    case badRange = "bad-range"
    case unsatisfiableRange = "unsatisfiable-range"
    case categoryMismatch = "category-mismatch"
    case shortDescription = "short-description"
    // ownership and lifecycle
    case missingOwner = "missing-owner"
    case ownerMismatch = "owner-mismatch"
    case badCodeOwners = "bad-codeowners"
    case lifecycle = "lifecycle"
    // forms
    case unknownFieldType = "unknown-field-type"
    case ruleNotForType = "rule-not-for-type"
    case badPattern = "bad-pattern"
    case badDefault = "bad-default"
    case noOptions = "no-options"
    case emptyBounds = "empty-bounds"
    // actions
    case unknownActionType = "unknown-action-type"
    case unknownVerification = "unknown-verification"
    case unknownCheck = "unknown-check"
    case dependencyCycle = "dependency-cycle"
    case missingReference = "missing-reference"
    // templates
    case badTemplate = "bad-template"
    case unescapedValue = "unescaped-value"
    case unknownScope = "unknown-scope"
    case unknownField = "unknown-field"
    case unknownOutput = "unknown-output"
    case outputTooEarly = "output-too-early"
    case unknownPath = "unknown-path"
    case mayBeEmpty = "may-be-empty"
    // files
    case fileTooLarge = "file-too-large"
    case fileOutside = "file-outside"
    case fileUnreadable = "file-unreadable"
}

/// Collects the findings of one document, or of what else has findings.
final class FindingReport {
    private static let mostOfASeverity = 500

    let file: String
    private(set) var findings: [CatalogFinding] = []
    private var counts: [CatalogFinding.Severity: Int] = [:]
    /// How the keys of the canonical dialect are called where the author wrote in the flat one, by the place of the key's value or of its map.
    private var spellings: [Position: [(canonical: String, written: String)]] = [:]

    init(file: String) { self.file = file }

    var hasErrors: Bool { counts[.error] != nil }

    /// Nobody reads more errors; a document that is wrong throughout costs no more than this.
    var isFull: Bool { isBeyondLimits || counts[.error, default: 0] >= Self.mostOfASeverity }

    /// The document has more of something than anybody writes; nothing more is looked for.
    private(set) var isBeyondLimits = false

    /// From now on messages about that place call the key by the name that the author knows.
    func spell(_ canonical: String, as written: String, at place: Position) {
        if canonical != written { spellings[place, default: []].append((canonical, written)) }
    }

    private func respelled(_ message: String, at place: Position) -> String {
        guard let spellings = spellings[place] else { return message }
        let words = message.split(separator: " ", omittingEmptySubsequences: false)
        let index = words.firstIndex { word in spellings.contains { $0.canonical == word } }
        guard let index, let spelling = spellings.last(where: { $0.canonical == words[index] }) else { return message }
        return (words[..<index] + [Substring(spelling.written)] + words[(index + 1)...]).joined(separator: " ")
    }

    func beyondLimit(_ what: String, _ count: Int, _ limit: Int, at place: Position) {
        error(.badValue, "There are \(count) \(what); at most \(limit) are allowed.", at: place)
        isBeyondLimits = true
    }

    func error(_ rule: CatalogRule, _ message: String, at place: Position, suggestion: String? = nil, correction: String? = nil) {
        add(.error, rule.rawValue, message, place, suggestion ?? correction, correction)
    }

    /// `home` is the key beside it below which it belongs.
    func unknownKey(_ key: String, at place: Position, suggestion: String?, home: String?, correction: String? = nil) {
        let hint = home.map { "; it belongs below \($0)" } ?? ""
        error(.unknownKey, "The key \(key) is not known here\(hint).", at: place, suggestion: suggestion, correction: correction)
    }

    /// A name that there is not, with all that there are.
    func unknownName(_ rule: CatalogRule, _ message: String, near: String?, among names: [String], at place: Position) {
        error(rule, "\(message); there are \(names.joined(separator: ", ")).", at: place, suggestion: near)
    }

    func warning(_ rule: CatalogRule, _ message: String, at place: Position, suggestion: String? = nil) {
        add(.warning, rule.rawValue, message, place, suggestion)
    }

    func add(
        _ severity: CatalogFinding.Severity, _ rule: String, _ message: String, _ place: Position, _ suggestion: String? = nil,
        _ correction: String? = nil
    ) {
        guard counts[severity, default: 0] < Self.mostOfASeverity else { return }
        let finding = CatalogFinding(
            file: file, line: place.line, column: place.column, severity: severity, rule: rule, message: respelled(message, at: place),
            suggestion: suggestion,
            correction: correction)
        guard !findings.contains(finding) else { return }
        findings.append(finding)
        counts[severity, default: 0] += 1
    }

    /// By place; the order in which a person reads.
    var sorted: [CatalogFinding] { findings.sorted { ($0.line, $0.column) < ($1.line, $1.column) } }
}
