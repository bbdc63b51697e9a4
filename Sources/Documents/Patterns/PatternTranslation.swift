// DESIGN: PCRE2 knows all that ECMA-262 knows, but reads some of it differently and knows much more. The translation walks the
// pattern once: it rewrites what differs (`\s`, `.`, `\u`, `\cX`, property names, `[` inside of a class), and refuses what
// ECMA-262 does not have (inline options, atomic groups, possessive quantifiers, `\A`, `\Q` and the like), so that a pattern means the
// same here and in a browser.

import Base

struct PatternTranslation {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var result = ""
    /// The groups that are open, by whether each is an assertion.
    private var open: [Bool] = []
    private var endsInAssertion = false
    /// Names of groups may hold any letter and $; PCRE2's may not.
    private var names: [String] = []

    init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    /// The pattern as PCRE2 reads it. Throws `invalid`.
    mutating func translate() throws(PAOError) -> String {
        while let scalar = current {
            index += 1
            let wasAssertion = endsInAssertion
            endsInAssertion = false
            switch scalar {
            case "\\": try translateEscape(inClass: false)
            case "[": try translateClass()
            case "(": try translateGroup()
            case ")":
                result += ")"
                endsInAssertion = open.popLast() ?? false
            case "*" where wasAssertion, "+" where wasAssertion, "?" where wasAssertion, "{" where wasAssertion && quantifierLength != nil:
                throw fault("an assertion cannot be repeated")
            case ".": result += "[^\\n\\r\\x{2028}\\x{2029}]"
            case "*", "+", "?": try translateQuantifier(scalar)
            case "{" where quantifierLength != nil: try translateBraces()
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func fault(_ message: String) -> PAOError { PAOError(.invalid, "Not a regular expression: \(message).") }

    private mutating func translateQuantifier(_ scalar: Unicode.Scalar) throws(PAOError) {
        result.unicodeScalars.append(scalar)
        try endQuantifier()
    }

    /// A lazy mark may follow; PCRE2's possessive mark may not.
    private mutating func endQuantifier() throws(PAOError) {
        if current == "?" {
            result += "?"
            index += 1
        }
        if current == "+" || current == "*" || current == "?" { throw fault("nothing to repeat before \(scalars[index])") }
    }

    /// Of `2}`, `2,}` or `2,3}` after an opening brace.
    private var quantifierLength: Int? {
        let rest = scalars[index...]
        let low = rest.prefix { ("0"..."9").contains($0) }
        guard !low.isEmpty else { return nil }
        var length = low.count
        if rest.dropFirst(length).first == "," {
            length += 1
            length += rest.dropFirst(length).prefix { ("0"..."9").contains($0) }.count
        }
        return rest.dropFirst(length).first == "}" ? length + 1 : nil
    }

    private mutating func translateBraces() throws(PAOError) {
        result += "{"
        for scalar in scalars[index..<index + (quantifierLength ?? 0)] { result.unicodeScalars.append(scalar) }
        index += quantifierLength ?? 0
        try endQuantifier()
    }

    private mutating func translateGroup() throws(PAOError) {
        result += "("
        open.append(["?=", "?!", "?<=", "?<!"].contains { scalars[index...].starts(with: $0.unicodeScalars) })
        if current == "*" { throw fault("nothing to repeat before *") }
        guard current == "?" else { return }
        let known = ["?:", "?=", "?!", "?<=", "?<!"]
        if let kind = known.first(where: { scalars[index...].starts(with: $0.unicodeScalars) }) {
            result += kind
            index += kind.unicodeScalars.count
        } else if scalars[index...].starts(with: "?<".unicodeScalars) {
            index += 2
            result += "?<\(try groupName())>"
        } else {
            throw fault("unknown kind of group")
        }
    }

    /// What stands up to `>`, as a name that PCRE2 takes.
    private mutating func groupName() throws(PAOError) -> String {
        let name = scalars[index...].prefix { $0 != ">" }
        let isName = name.enumerated().allSatisfy { place, scalar in
            let properties = scalar.properties
            if scalar == "$" || scalar == "_" || properties.isIDStart { return true }
            return place > 0 && (properties.isIDContinue || scalar.value == 0x200C || scalar.value == 0x200D)
        }
        guard !name.isEmpty, isName, name.endIndex < scalars.endIndex else { throw fault("a name of a group was expected") }
        index = name.endIndex + 1
        let text = String(String.UnicodeScalarView(name))
        if !names.contains(text) { names.append(text) }
        return "n\(names.firstIndex(of: text) ?? 0)"
    }

    private mutating func translateClass() throws(PAOError) {
        // PCRE2 does not repeat an empty class.
        if current == "]" {
            index += 1
            result += "(?:(?!))"
            return
        }
        result += "["
        if current == "^" {
            result += "^"
            index += 1
        }
        while let scalar = current {
            index += 1
            switch scalar {
            case "]":
                result += "]"
                return
            case "[": result += "\\["
            case "\\": try translateEscape(inClass: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        throw fault("the class is not closed by ]")
    }

    private static let space = "\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
    private static let nonSpace =
        "\\x00-\\x08\\x0e-\\x1f!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}"
        + "\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

    private mutating func translateEscape(inClass: Bool) throws(PAOError) {
        guard let scalar = current else { throw fault("it ends in a backslash") }
        index += 1
        switch scalar {
        case "s": result += inClass ? Self.space : "[\(Self.space)]"
        case "S": result += inClass ? Self.nonSpace : "[\(Self.nonSpace)]"
        case "d", "D", "w", "W", "t", "n", "r", "f": result += "\\\(scalar)"
        case "v": result += "\\x0b"
        case "b": result += inClass ? "\\x08" : "\\b"
        case "B" where !inClass: result += "\\B"
        case "c": try translateControl()
        case "0":
            if current.map({ ("0"..."9").contains($0) }) ?? false { throw fault("octal escapes are not known") }
            result += "\\x00"
        case "1"..."9" where !inClass: translateBackReference(scalar)
        case "x": result += "\\x{\(try hex(2))}"
        case "u": try translateUnicode()
        case "p", "P": try translateProperty(scalar)
        case "k" where !inClass:
            guard current == "<" else { throw fault("\\k needs the name of a group") }
            index += 1
            result += "\\k<\(try groupName())>"
        case _ where scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)):
            throw fault("\\\(scalar) is not known")
        default: result += scalar.isASCII ? "\\\(scalar)" : String(scalar)
        }
    }

    private mutating func translateControl() throws(PAOError) {
        guard let letter = current, letter.isASCII, letter.properties.isAlphabetic else { throw fault("\\c needs a letter") }
        index += 1
        result += "\\x{\(String(letter.value & 31, radix: 16))}"
    }

    private mutating func translateBackReference(_ first: Unicode.Scalar) {
        var number = String(first)
        while let digit = current, ("0"..."9").contains(digit) {
            number.unicodeScalars.append(digit)
            index += 1
        }
        result += "\\g{\(number)}"
    }

    private mutating func hex(_ length: Int) throws(PAOError) -> String {
        let digits = scalars[index...].prefix(length)
        guard digits.count == length, digits.allSatisfy({ $0.properties.isASCIIHexDigit }) else {
            throw fault("\(length) hexadecimal digits were expected")
        }
        index += length
        return String(String.UnicodeScalarView(digits))
    }

    private mutating func translateUnicode() throws(PAOError) {
        let value: UInt32?
        if current == "{" {
            let digits = scalars[(index + 1)...].prefix { $0.properties.isASCIIHexDigit }
            index += digits.count + 1
            guard current == "}", !digits.isEmpty else { throw fault("\\u{ is not closed by }") }
            index += 1
            value = UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        } else {
            value = try codeUnits()
        }
        guard let value, Unicode.Scalar(value) != nil else { throw fault("\\u names no character") }
        result += "\\x{\(String(value, radix: 16))}"
    }

    /// Four digits, or two times four for a surrogate pair.
    private mutating func codeUnits() throws(PAOError) -> UInt32? {
        guard let high = UInt32(try hex(4), radix: 16) else { return nil }
        guard (0xD800..<0xDC00).contains(high), scalars[index...].starts(with: "\\u".unicodeScalars) else { return high }
        index += 2
        guard let low = UInt32(try hex(4), radix: 16), (0xDC00..<0xE000).contains(low) else { return nil }
        return 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
    }

    private mutating func translateProperty(_ kind: Unicode.Scalar) throws(PAOError) {
        guard current == "{", let end = scalars[index...].firstIndex(of: "}") else { throw fault("\\\(kind) needs a property in braces") }
        let written = String(String.UnicodeScalarView(scalars[(index + 1)..<end]))
        index = end + 1
        guard
            written.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || $0 == "=" || ("0"..."9").contains($0))
            })
        else { throw fault("\(written) is not a property") }
        let (name, value) = written.splitOnce("=")
        switch (name, value) {
        // PCRE2 has no name for it.
        case ("Assigned", nil): result += kind == "p" ? "\\P{Cn}" : "\\p{Cn}"
        case (_, nil):
            guard let known = Self.category(name) ?? (Self.properties.contains(name) ? name : nil) else { throw unknownProperty(written) }
            result += "\\\(kind){\(known)}"
        case ("General_Category", let value?), ("gc", let value?):
            guard let known = Self.category(value) else { throw unknownProperty(written) }
            result += "\\\(kind){\(known)}"
        case ("Script", let value?), ("sc", let value?): result += "\\\(kind){sc:\(try script(value, written))}"
        case ("Script_Extensions", let value?), ("scx", let value?): result += "\\\(kind){scx:\(try script(value, written))}"
        default: throw unknownProperty(written)
        }
    }

    private func unknownProperty(_ written: String) -> PAOError { fault("\(written) is not a property") }

    /// PCRE2 knows which there are, and takes their names in any case.
    private func script(_ name: String, _ written: String) throws(PAOError) -> String {
        guard let first = name.utf8.first, (0x41...0x5A).contains(first) else { throw unknownProperty(written) }
        return name
    }

    /// By the long or the short name of ECMA-262, in its spelling; PCRE2 would take more.
    private static func category(_ name: String) -> String? { categories[name] ?? (shortCategories.contains(name) ? name : nil) }

    private static let shortCategories = Set(categories.values.filter { $0 != "L&" })

    /// The binary properties of ECMA-262 that PCRE2 has (all but Changes_When_NFKC_Casefolded), with their short names.
    private static let properties: Set<String> = [
        "ASCII", "ASCII_Hex_Digit", "AHex", "Alphabetic", "Alpha", "Any", "Bidi_Control", "Bidi_C", "Bidi_Mirrored", "Bidi_M",
        "Case_Ignorable", "CI", "Cased", "Changes_When_Casefolded", "CWCF", "Changes_When_Casemapped", "CWCM", "Changes_When_Lowercased",
        "CWL", "Changes_When_Titlecased", "CWT", "Changes_When_Uppercased", "CWU", "Dash", "Default_Ignorable_Code_Point", "DI",
        "Deprecated", "Dep", "Diacritic", "Dia", "Emoji", "Emoji_Component", "EComp", "Emoji_Modifier", "EMod", "Emoji_Modifier_Base",
        "EBase", "Emoji_Presentation", "EPres", "Extended_Pictographic", "ExtPict", "Extender", "Ext", "Grapheme_Base", "Gr_Base",
        "Grapheme_Extend", "Gr_Ext", "Hex_Digit", "Hex", "IDS_Binary_Operator", "IDSB", "IDS_Trinary_Operator", "IDST", "ID_Continue",
        "IDC", "ID_Start", "IDS", "Ideographic", "Ideo", "Join_Control", "Join_C", "Logical_Order_Exception", "LOE", "Lowercase", "Lower",
        "Math", "Noncharacter_Code_Point", "NChar", "Pattern_Syntax", "Pat_Syn", "Pattern_White_Space", "Pat_WS", "Quotation_Mark", "QMark",
        "Radical", "Regional_Indicator", "RI", "Sentence_Terminal", "STerm", "Soft_Dotted", "SD", "Terminal_Punctuation", "Term",
        "Unified_Ideograph", "UIdeo", "Uppercase", "Upper", "Variation_Selector", "VS", "White_Space", "space", "XID_Continue", "XIDC",
        "XID_Start", "XIDS",
    ]

    /// The long names of general categories; PCRE2 knows the short ones.
    private static let categories = [
        "Letter": "L", "Cased_Letter": "L&", "LC": "L&", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
        "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn",
        "Spacing_Mark": "Mc", "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl",
        "Other_Number": "No", "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd",
        "Open_Punctuation": "Ps", "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf",
        "Other_Punctuation": "Po", "Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk",
        "Other_Symbol": "So", "Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp",
        "Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
    ]
}
