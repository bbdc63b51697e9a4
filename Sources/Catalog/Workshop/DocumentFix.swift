import Base
import Documents

/// Puts right what is mechanical: a misspelled key, name or path of a template for which there is one suggestion, a text where a flag or
/// a duration was meant, a version without all its numbers. What a change of meaning could be (ids, owners, categories) stays.
package struct DocumentFix: Sendable {
    package struct Result: Sendable {
        package let text: [UInt8]
        /// What was replaced, in order.
        package let fixed: [CatalogFinding]
    }

    private static let rules: Set<CatalogRule> = [
        .unknownKind, .unknownKey, .wrongType, .badValue, .badVersion, .unknownFieldType, .unknownActionType, .unknownVerification,
        .missingReference, .unknownField, .unknownScope, .unknownPath, .unknownOutput,
    ]
    /// A correction may bring to light what the mistake hid.
    private static let rounds = 10

    private let schemas: CatalogSchemas
    private let owners: CodeOwners?

    package init(schemas: CatalogSchemas, owners: CodeOwners? = nil) {
        self.schemas = schemas
        self.owners = owners
    }

    package func fixed(_ text: [UInt8], path: String) -> Result {
        var (text, fixed) = (text, [CatalogFinding]())
        var findings = read(text, path)
        for _ in 0..<Self.rounds {
            let before = fixed.count
            // From the end, so that the places before stay right.
            for finding in findings.reversed() where !fixed.contains(finding) {
                guard let next = Self.applying(finding, to: text) else { continue }
                let after = read(next, path)
                guard after.count < findings.count || !after.contains(where: finding.isSame) else { continue }
                guard after.count(where: \.isError) <= findings.count(where: \.isError) else { continue }
                (text, findings) = (next, after)
                fixed.append(finding)
                break
            }
            if fixed.count == before { break }
        }
        return Result(text: text, fixed: fixed)
    }

    private func read(_ text: [UInt8], _ path: String) -> [CatalogFinding] {
        DocumentReader.read(text, path: path, schemas: schemas, owners: owners).findings
    }

    /// nil where the finding is not mechanical, or its place holds something else than one word.
    private static func applying(_ finding: CatalogFinding, to text: [UInt8]) -> [UInt8]? {
        guard let rule = CatalogRule(rawValue: finding.rule), rules.contains(rule), let suggestion = finding.suggestion else { return nil }
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            Array(String(decoding: $0, as: UTF8.self).unicodeScalars)
        }
        guard lines.indices.contains(finding.line - 1) else { return nil }
        let line = lines[finding.line - 1]
        guard let word = word(in: line, from: finding.column - 1), !word.isEmpty else { return nil }
        lines[finding.line - 1].replaceSubrange(word, with: suggestion.unicodeScalars)
        return Array(lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n").utf8)
    }

    /// The name, path or plain value that begins there; inside its quotes where it has some.
    private static func word(in line: [Unicode.Scalar], from start: Int) -> Range<Int>? {
        guard line.indices.contains(start) else { return nil }
        if line[start] == "\"" || line[start] == "'" {
            guard let end = line[(start + 1)...].firstIndex(of: line[start]) else { return nil }
            return start + 1..<end
        }
        let end = line[start...].firstIndex { !isWordScalar($0) } ?? line.count
        return start..<end
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_-.".unicodeScalars.contains(scalar)
    }
}

extension CatalogFinding {
    /// The same mistake, wherever it stands now.
    fileprivate func isSame(_ other: CatalogFinding) -> Bool { rule == other.rule && message == other.message }
}
