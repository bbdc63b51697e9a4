import Documents

/// The lines of a file, to find where a part of a scalar stands: inside quotes, plain text and block scalars.
final class SourceText {
    private let bytes: [UInt8]
    /// Split when the first place is asked for: most files have no findings.
    private lazy var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map {
        Array(String(decoding: $0, as: UTF8.self).unicodeScalars)
    }

    init(_ text: [UInt8]) { bytes = text }

    /// For documents without a file.
    static var none: SourceText { SourceText([]) }

    /// The place in the file of a place inside the scalar's text. Exact for plain and quoted text without escapes on one line and
    /// for literal blocks; the start of the scalar where it cannot be told.
    func place(of inner: Position, in node: YAMLNode) -> Position {
        guard let start = contentStart(of: node) else { return node.position }
        if let indent = start.blockIndent {
            return Position(line: start.line + inner.line - 1, column: indent + inner.column)
        }
        guard inner.line == 1 else { return continuation(inner, after: start.line) }
        return Position(line: start.line, column: start.column + inner.column - 1)
    }

    private struct Start {
        var line: Int
        var column: Int
        /// Columns before the content of a block scalar; nil for flow scalars.
        var blockIndent: Int?
    }

    private func contentStart(of node: YAMLNode) -> Start? {
        guard lines.indices.contains(node.position.line - 1) else { return nil }
        let line = lines[node.position.line - 1]
        var column = node.position.column - 1
        while line.indices.contains(column), line[column] == "&" || line[column] == "!" {
            column = line[column...].firstIndex(of: " ").map { $0 + 1 } ?? line.count
        }
        guard line.indices.contains(column) else { return nil }
        switch line[column] {
        case "\"", "'": return Start(line: node.position.line, column: column + 2)
        case "|", ">": return block(after: node.position.line, header: line[column...])
        default: return Start(line: node.position.line, column: column + 1)
        }
    }

    private func block(after line: Int, header: ArraySlice<Unicode.Scalar>) -> Start? {
        let content = lines.dropFirst(line).first { $0.contains { $0 != " " && $0 != "\r" } }
        guard let content else { return nil }
        let indent = content.prefix { $0 == " " }.count
        return Start(line: line + 1, column: indent + 1, blockIndent: indent)
    }

    /// A further line of a quoted or plain text that runs over several lines.
    private func continuation(_ inner: Position, after line: Int) -> Position {
        let number = line + inner.line - 1
        guard lines.indices.contains(number - 1) else { return Position(line: line, column: 1) }
        return Position(line: number, column: lines[number - 1].prefix { $0 == " " }.count + inner.column)
    }
}
