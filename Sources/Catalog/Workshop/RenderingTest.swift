package import Base
import Documents

/// Expected renderings, kept beside a document in `<name>.expected.yaml`:
///
///     cases:
///       - name: production
///         document: database-postgresql      # where the file holds several
///         requestData: {instanceName: orders}
///         scope: {request: {team: shop}}     # added to the sample values
///         expected: {automatic: {provision: {...}}, instance: {...}}
///
/// `expected` is compared where it says something: sections and actions that it does not name are free, a configuration that it names must
/// be equal as a whole. `findings: ["size: enum"]` expects the form to refuse.
package struct RenderingTest: Sendable {
    package static let suffix = ".expected.yaml"

    /// Of `a/b.yaml` it is `a/b.expected.yaml`.
    package static func path(for document: String) -> String {
        (document.lastIndex(of: ".").map { String(document[..<$0]) } ?? document) + suffix
    }

    package struct Difference: Sendable, Equatable {
        /// `automatic.provision.body.size`
        package let path: String
        /// nil: nothing was expected here.
        package let expected: JSON?
        /// nil: nothing was rendered here.
        package let rendered: JSON?
    }

    package struct Outcome: Sendable {
        package let name: String
        package let differences: [Difference]
    }

    private struct Case: Sendable {
        var written: JSON
        var name: String
        var document: CatalogDocument
        var rehearsal: @Sendable (@escaping Rehearsal.Context) -> Rehearsal
    }

    private let cases: [Case]

    /// Throws `malformed` for what is no YAML, `invalid` for what are no cases of these documents.
    package init(_ text: [UInt8], of documents: [CatalogDocument]) throws(PAOError) {
        let file = try YAML.parse(text).documents.first?.json ?? .null
        guard let list = file["cases"]?.array, !list.isEmpty else { throw PAOError(.invalid, "The file has no list of cases.") }
        var cases: [Case] = []
        for (index, written) in list.enumerated() { cases.append(try Self.read(written, index, documents)) }
        self.cases = cases
    }

    private static func read(_ written: JSON, _ index: Int, _ documents: [CatalogDocument]) throws(PAOError) -> Case {
        let name = written["name"]?.string ?? "case \(index + 1)"
        let known = ["name", "document", "requestData", "scope", "findings", "expected"]
        if let key = written.object?.keys.first(where: { !known.contains($0) }) {
            let near = NearestName.suggestion(for: key, among: known).map { " Did you mean \($0)?" } ?? ""
            throw PAOError(.invalid, "\(name): there is no key \(key).\(near)")
        }
        let id = written["document"]?.string
        guard let document = id == nil && documents.count == 1 ? documents.first : documents.first(where: { $0.id == id }) else {
            throw PAOError(.invalid, "\(name): document must be one of \(documents.map(\.id).joined(separator: ", ")).")
        }
        let (data, scope) = (written["requestData"] ?? [:], written["scope"] ?? [:])
        return Case(written: written, name: name, document: document) { context in
            Rehearsal(document, data: data, scope: scope, context: context)
        }
    }

    package func run(context: @escaping Rehearsal.Context) -> [Outcome] {
        cases.map { test in
            let rehearsal = test.rehearsal(context)
            var differences: [Difference] = []
            let refusals = JSON.array(rehearsal.findings.map(JSON.string))
            Self.compare(test.written["findings"] ?? [], refusals, "findings", &differences)
            Self.compareNamed(test.written["expected"] ?? [:], rehearsal.rendered, "", depth: 0, &differences)
            return Outcome(name: test.name, differences: differences)
        }
    }

    /// The file with what is rendered now as what is expected; comments go.
    package func updated(context: @escaping Rehearsal.Context) -> String {
        let rewritten: [JSON] = cases.map { test in
            let rehearsal = test.rehearsal(context)
            var written = test.written
            written["findings"] = rehearsal.findings.isEmpty ? Optional.none : .array(rehearsal.findings.map(JSON.string))
            written["expected"] = rehearsal.rendered
            return written
        }
        return YAML.write(["cases": .array(rewritten)])
    }

    // MARK: Comparing

    /// The first two levels (section, action) are compared where they are named.
    private static func compareNamed(_ expected: JSON, _ rendered: JSON, _ path: String, depth: Int, _ found: inout [Difference]) {
        guard depth < 2, let members = expected.object, rendered.object != nil else { return compare(expected, rendered, path, &found) }
        for (key, value) in members {
            let place = path.isEmpty ? key : "\(path).\(key)"
            if let member = rendered[key] {
                compareNamed(value, member, place, depth: depth + 1, &found)
            } else {
                found.append(Difference(path: place, expected: value, rendered: nil))
            }
        }
    }

    private static func compare(_ expected: JSON, _ rendered: JSON, _ path: String, _ found: inout [Difference]) {
        if expected == rendered { return }
        switch (expected, rendered) {
        case (.object(let before), .object(let after)):
            for key in before.keys + after.keys.filter({ before[$0] == nil }) {
                compareMember(before[key], after[key], "\(path).\(key)", &found)
            }
        case (.array(let before), .array(let after)) where before.count == after.count:
            for index in before.indices { compare(before[index], after[index], "\(path)[\(index)]", &found) }
        default: found.append(Difference(path: path, expected: expected, rendered: rendered))
        }
    }

    private static func compareMember(_ expected: JSON?, _ rendered: JSON?, _ path: String, _ found: inout [Difference]) {
        if let expected, let rendered { return compare(expected, rendered, path, &found) }
        found.append(Difference(path: path, expected: expected, rendered: rendered))
    }
}
