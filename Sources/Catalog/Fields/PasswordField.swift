package import Base
import Glibc

/// A secret: sealed at rest, masked wherever it is shown.
package struct PasswordField: TextFieldType {
    package let name = "password"
    package let component = "password-input"
    package var rules: [String] { ["pattern", "minLength", "maxLength", "format", "enum", "strength"] }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        guard let text = value.string else { return [] }
        let format = rules.formatFault(text, rules.string("format"))
        let isWeak = Self.bits(text) < Self.wantedBits(rules["strength"])
        return rules.patternFault(text) + rules.lengthFaults(text) + format + rules.optionFault([value])
            + (isWeak ? [BrokenRule("strength", "Make it longer or mix in other kinds of characters.")] : [])
    }

    package func schema(of field: Field) -> JSON {
        var schema = textSchema(of: field)
        let ways = Self.ways(to: Self.wantedBits(field.validation["strength"]))
        if !ways.isEmpty { FormSchema.add(JSONObject([("anyOf", .array(ways))]), to: &schema) }
        return schema
    }

    package static let strengths = ["weak", "medium", "strong"]

    private static func wantedBits(_ strength: JSON?) -> Double {
        switch strength {
        case .bool(true), .string("medium"): 50
        case .string("weak"): 30
        case .string("strong"): 70
        default: 0
        }
    }

    /// Length times the bits of a character of the classes used (26 lower, 26 upper, 10 digits, 33 others); a character counts
    /// twice at most, so that `aaaaaaaaaaaaaaaa` is no password.
    static func bits(_ text: String) -> Double {
        let scalars = Array(text.unicodeScalars)
        var pool = 0
        if scalars.contains(where: { ("a"..."z").contains($0) }) { pool += 26 }
        if scalars.contains(where: { ("A"..."Z").contains($0) }) { pool += 26 }
        if scalars.contains(where: { ("0"..."9").contains($0) }) { pool += 10 }
        if scalars.contains(where: { !isLetterOrDigit($0) }) { pool += 33 }
        return pool == 0 ? 0 : Double(min(scalars.count, 2 * Set(scalars).count)) * log2(Double(pool))
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}

extension PasswordField {
    private static let classes: [(pattern: String, size: Int)] = [("[a-z]", 26), ("[A-Z]", 26), ("[0-9]", 10), ("[^a-zA-Z0-9]", 33)]

    /// The same as `bits`, for every choice of classes that needs fewer characters than each smaller one: so many characters, half of
    /// them different ones.
    private static func ways(to wanted: Double) -> [JSON] {
        if wanted <= 0 { return [] }
        var lengths: [(choice: Int, length: Int)] = []
        for choice in (1..<16).sorted(by: { $0.nonzeroBitCount < $1.nonzeroBitCount }) {
            let pool = chosen(choice).reduce(0) { $0 + $1.size }
            let length = (1...).first { Double($0) * log2(Double(pool)) >= wanted } ?? 0
            if !lengths.contains(where: { $0.choice & choice == $0.choice && $0.length <= length }) { lengths.append((choice, length)) }
        }
        return lengths.map { choice, length in
            let patterns = chosen(choice).map(\.pattern) + [different((length + 1) / 2)]
            return ["minLength": .int(length), "allOf": .array(patterns.map { ["pattern": .string($0)] })]
        }
    }

    private static func chosen(_ choice: Int) -> [(pattern: String, size: Int)] {
        classes.indices.filter { choice >> $0 & 1 == 1 }.map { classes[$0] }
    }

    /// Each different character is taken where it stands last.
    private static func different(_ count: Int) -> String {
        "^(?:(?:([\\s\\S])(?=[\\s\\S]*\\1))*([\\s\\S])(?![\\s\\S]*\\2)){\(count)}"
    }
}
