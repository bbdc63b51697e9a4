import Base
import Documents

/// What the flat dialect's templates mean beyond their own grammar.
enum FlatTemplates {
    /// The outputs that templates read, by step, in the order in which they are met.
    static func outputs(readBy root: YAMLNode) -> [String: [String]] {
        var outputs: [String: [String]] = [:]
        for reference in root.strings.flatMap(references) where reference.path.first == .key("outputs") {
            guard reference.path.count > 2, case .key(let step) = reference.path[1], case .key(let name) = reference.path[2],
                outputs[step]?.contains(name) != true
            else { continue }
            outputs[step, default: []].append(name)
        }
        return outputs
    }

    /// Bare names that are parameters of the instance, and `catalog_item.owner` (a name here, a map in the canonical model), are
    /// written out.
    static func respelled(_ root: YAMLNode, parameters: [String]) -> YAMLNode {
        root.mapStrings { text in
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
            for reference in references(text).reversed() {
                guard let new = replacement(for: reference.path, parameters) else { continue }
                replace(at: reference.position, by: new, in: &lines)
            }
            return lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
        }
    }

    private static func references(_ text: String) -> [TemplateReference] {
        guard TemplateReader.holdsTags(text, .flat) else { return [] }
        return (try? Template.parse(text, dialect: .flat))?.references ?? []
    }

    private static func replacement(for path: [PathComponent], _ parameters: [String]) -> String? {
        if path == [.key("metadata"), .key("owner")] { return "metadata.owner.team" }
        guard path.count == 2, path[0] == .key("fields"), case .key(let name) = path[1], parameters.contains(name) else { return nil }
        return "instance.parameters." + name
    }

    private static func replace(at place: Position, by new: String, in lines: inout [[Unicode.Scalar]]) {
        guard lines.indices.contains(place.line - 1), place.column <= lines[place.line - 1].count else { return }
        let line = lines[place.line - 1]
        let old = line[(place.column - 1)...].prefix {
            $0 == "_" || $0 == "." || $0 == "-" || $0.properties.isAlphabetic || ("0"..."9").contains($0)
        }
        lines[place.line - 1] = Array(line[..<(place.column - 1)] + Array(new.unicodeScalars) + line[(place.column - 1 + old.count)...])
    }
}
