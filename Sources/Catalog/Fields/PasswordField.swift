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
