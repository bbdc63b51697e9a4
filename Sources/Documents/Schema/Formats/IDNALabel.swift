/// Whether a label of Unicode characters is one of IDNA 2008: RFC 5891 section 4.2.3 and RFC 5892.
enum IDNALabel {
    static func isValid(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, first != "-", label.last != "-", !isMark(first) else { return false }
        if label.count >= 4, label[2] == "-", label[3] == "-" { return false }
        return label.indices.allSatisfy { isAllowed(label, $0) } && isInOneDirection(label)
    }

    /// RFC 5893, section 2, for labels with characters that are written from right to left.
    private static func isInOneDirection(_ label: [Unicode.Scalar]) -> Bool {
        let text = String(String.UnicodeScalarView(label))
        guard label.contains(where: { $0.value >= 0x590 }), rightToLeft?.matches(text) ?? false else { return true }
        return bidirectional?.matches(text) ?? false
    }

    private static let rightToLeft = try? Pattern(engine: "[\\p{bc:R}\\p{bc:AL}\\p{bc:AN}]")

    /// European and Arabic digits do not stand in one label.
    private static let bidirectional = try? Pattern(
        engine: "^(?!.*\\p{bc:EN}.*\\p{bc:AN})(?!.*\\p{bc:AN}.*\\p{bc:EN})[\\p{bc:R}\\p{bc:AL}]"
            + "(?:[\\p{bc:R}\\p{bc:AL}\\p{bc:AN}\\p{bc:EN}\\p{bc:ES}\\p{bc:CS}\\p{bc:ET}\\p{bc:ON}\\p{bc:BN}\\p{bc:NSM}]*"
            + "[\\p{bc:R}\\p{bc:AL}\\p{bc:EN}\\p{bc:AN}])?\\p{bc:NSM}*$")

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func isAllowed(_ label: [Unicode.Scalar], _ index: Int) -> Bool {
        let scalar = label[index]
        switch scalar.value {
        case 0x2D, 0x30...0x39, 0x61...0x7A: return true
        case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007: return true
        case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: return false
        case 0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB, 0x660...0x669, 0x6F0...0x6F9, 0x200C, 0x200D: return isAllowedByContext(label, index)
        case 0x1100...0x11FF, 0xA960...0xA97F, 0xD7B0...0xD7FF: return false
        default: return isLetterOrDigit(scalar)
        }
    }

    /// The class LetterDigits of RFC 5892, without what is unstable under case folding and compatibility forms.
    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        guard !properties.changesWhenNFKCCaseFolded, !properties.isDefaultIgnorableCodePoint, !properties.isWhitespace else { return false }
        switch properties.generalCategory {
        case .lowercaseLetter, .uppercaseLetter, .otherLetter, .decimalNumber, .modifierLetter, .nonspacingMark, .spacingMark: return true
        default: return false
        }
    }

    /// RFC 5892, appendix A.
    private static func isAllowedByContext(_ label: [Unicode.Scalar], _ index: Int) -> Bool {
        let before = index > 0 ? label[index - 1] : nil
        let after = index + 1 < label.count ? label[index + 1] : nil
        switch label[index].value {
        case 0xB7: return before == "l" && after == "l"
        case 0x375: return after.map(isGreek) ?? false
        case 0x5F3, 0x5F4: return before.map(isHebrew) ?? false
        case 0x30FB: return label.contains { isKanaOrHan($0) }
        case 0x660...0x669: return !label.contains { (0x6F0...0x6F9).contains($0.value) }
        case 0x6F0...0x6F9: return !label.contains { (0x660...0x669).contains($0.value) }
        case 0x200C: return before.map(isVirama) ?? false || joins(label, index)
        default: return before.map(isVirama) ?? false
        }
    }

    private static func isVirama(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.canonicalCombiningClass == .virama }

    private static func isGreek(_ scalar: Unicode.Scalar) -> Bool {
        (0x370...0x3FF).contains(scalar.value) || (0x1F00...0x1FFF).contains(scalar.value)
    }

    private static func isHebrew(_ scalar: Unicode.Scalar) -> Bool {
        (0x591...0x5F4).contains(scalar.value) || (0xFB1D...0xFB4F).contains(scalar.value)
    }

    /// Hiragana, Katakana or Han; the middle dot itself is of no script.
    private static func isKanaOrHan(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FD...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF6F, 0xFF71...0xFF9D: true
        case 0x3005, 0x3007, 0x3021...0x3029, 0x3038...0x303A, 0x2E80...0x2FD5, 0xF900...0xFAD9, 0x1B000...0x1B167: true
        default: scalar.properties.isUnifiedIdeograph
        }
    }

    /// Between letters that join to both its sides, marks left out. The joining types are those of the Arabic block.
    private static func joins(_ label: [Unicode.Scalar], _ index: Int) -> Bool {
        let left = label[..<index].last { !isTransparent($0) }
        let right = label[(index + 1)...].first { !isTransparent($0) }
        guard let left, let right else { return false }
        return joinsBothSides(left) && (joinsBothSides(right) || joinsRight(right))
    }

    private static func isTransparent(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .nonspacingMark }

    private static func joinsBothSides(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x620, 0x626, 0x628, 0x62A...0x62E, 0x633...0x63F, 0x641...0x647, 0x649...0x64A, 0x66E...0x66F, 0x678...0x687, 0x69A...0x6BF,
            0x6C1...0x6C2, 0x6CC, 0x6CE, 0x6D0...0x6D1, 0x6FA...0x6FC, 0x6FF:
            true
        default: false
        }
    }

    private static func joinsRight(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x622...0x625, 0x627, 0x629, 0x62F...0x632, 0x648, 0x671...0x673, 0x675...0x677, 0x688...0x699, 0x6C0, 0x6C3...0x6CB, 0x6CD,
            0x6CF, 0x6D2...0x6D3, 0x6D5, 0x6EE...0x6EF:
            true
        default: false
        }
    }
}
