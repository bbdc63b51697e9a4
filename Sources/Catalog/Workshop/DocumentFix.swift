import Base
import Documents

/// Puts right what is only spelled wrongly (`CatalogFinding.correction`): a key one edit away from the only one that it can be, `yes` and
/// `no` where a flag stands, numbers where a text stands, a version without all its numbers. What could change the meaning stays: values,
/// types and verbs of steps, durations without a unit, names that the author chose and paths to them.
package struct DocumentFix: Sendable {
    package struct Result: Sendable {
        package let text: [UInt8]
        /// What was replaced, in order.
        package let fixed: [Replacement]
    }

    package struct Replacement: Sendable {
        package let finding: CatalogFinding
        package let was: String
        package let became: String
    }

    /// A correction may bring to light what the mistake hid.
    private static let rounds = 10

    private let schemas: CatalogSchemas
    private let owners: CodeOwners?

    package init(schemas: CatalogSchemas, owners: CodeOwners? = nil) {
        self.schemas = schemas
        self.owners = owners
    }

    package func fixed(_ text: [UInt8], path: String) -> Result {
        var (text, fixed) = (text, [Replacement]())
        var findings = read(text, path)
        for _ in 0..<Self.rounds {
            let before = fixed.count
            // From the end, so that the places before stay right.
            for finding in findings.reversed() where !fixed.contains(where: { $0.finding == finding }) {
                guard let (next, was, became) = Self.applying(finding, to: text) else { continue }
                let after = read(next, path)
                guard after.count < findings.count || !after.contains(where: finding.isSame) else { continue }
                guard after.count(where: \.isError) <= findings.count(where: \.isError) else { continue }
                (text, findings) = (next, after)
                fixed.append(Replacement(finding: finding, was: was, became: became))
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
    private static func applying(_ finding: CatalogFinding, to text: [UInt8]) -> (text: [UInt8], was: String, became: String)? {
        guard let correction = finding.correction else { return nil }
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).map {
            Array(String(decoding: $0, as: UTF8.self).unicodeScalars)
        }
        guard lines.indices.contains(finding.line - 1) else { return nil }
        let line = lines[finding.line - 1]
        guard let word = word(in: line, from: finding.column - 1), !word.isEmpty else { return nil }
        lines[finding.line - 1].replaceSubrange(word, with: correction.unicodeScalars)
        let next = Array(lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n").utf8)
        return (next, String(String.UnicodeScalarView(line[word])), correction)
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
