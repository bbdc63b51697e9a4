import Base
import Foundation
import Testing

@testable import Documents

/// The examples of docs/templates.md: rows of two cells in backquotes.
@Suite struct TemplateReferenceTests {
    private static let page: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return (try? String(contentsOf: root.appending(path: "docs/templates.md"), encoding: .utf8)) ?? ""
    }()

    static let examples: [(String, String)] = page.split(separator: "\n").compactMap { line in
        guard line.hasPrefix("| `"), line.hasSuffix("` |"), line.contains("{{") else { return nil }
        let cells = line.dropFirst(3).dropLast(3).components(separatedBy: "` | `")
        return cells.count == 2 ? (cells[0].replacing("\\|", with: "|"), cells[1]) : nil
    }

    @Test("every example of the reference gives what it says", arguments: examples)
    func example(_ template: String, _ expected: String) throws {
        let fence = Self.page.components(separatedBy: "```")
        let scope = JSONScope(try JSON.parse(String(try #require(fence.first { $0.hasPrefix("json") }).dropFirst(4))))
        #expect(try Template.parse(template).render(scope, as: .text) == expected)
    }

    @Test("every function has an example or a sentence")
    func functions() {
        #expect(Self.examples.count >= 35)
        let unnamed = TemplateFunction.names.filter { !Self.page.contains("\($0)(") && !Self.page.contains("`\($0)`") }
        #expect(unnamed == [])
    }
}
