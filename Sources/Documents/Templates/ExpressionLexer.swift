import Base

struct ExpressionToken: Sendable {
    enum Kind: Sendable, Equatable {
        case path([PathComponent])
        case string(String)
        case number(JSONNumber)
        /// An operator, a parenthesis, a comma or a filter's `|`.
        case symbol(String)
        case end
    }

    let kind: Kind
    let position: Position
}

/// Moves forward through a text and knows line and column; a later place costs only the way to it.
struct PlaceFinder {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var place = Position.start

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    mutating func position(at target: Int) -> Position {
        if target < offset { (offset, place) = (bytes.startIndex, .start) }
        while offset < target, offset < bytes.endIndex {
            if bytes[offset] == 0x0A {
                place = Position(line: place.line + 1, column: 1)
            } else if bytes[offset] & 0xC0 != 0x80 {
                place.column += 1
            }
            offset += 1
        }
        return place
    }
}

/// Cuts the inside of a tag into tokens. A whole path (`a.b[0]['c']`) is one token.
struct ExpressionLexer {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    private var places: PlaceFinder

    /// `places` is one over the whole template, already moved to the slice's start.
    init(_ bytes: ArraySlice<UInt8>, places: PlaceFinder) {
        self.bytes = bytes
        self.places = places
        offset = bytes.startIndex
    }

    mutating func tokens() throws(TemplateFault) -> [ExpressionToken] {
        var tokens: [ExpressionToken] = []
        repeat {
            skipSpace()
            let position = places.position(at: offset)
            if tokens.count >= TemplateLimits.expressionTokens {
                throw TemplateFault(.limit, "an expression has at most \(TemplateLimits.expressionTokens) words", at: position)
            }
            tokens.append(ExpressionToken(kind: try next(), position: position))
        } while tokens.last?.kind != .end
        return tokens
    }

    private var current: UInt8? { offset < bytes.endIndex ? bytes[offset] : nil }
    private var following: UInt8? { offset + 1 < bytes.endIndex ? bytes[offset + 1] : nil }

    private mutating func next() throws(TemplateFault) -> ExpressionToken.Kind {
        guard let byte = current else { return .end }
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "-") where following.map(Self.isDigit) ?? false: return .number(try number())
        case _ where Self.isNameStart(byte) || byte == UInt8(ascii: "@"): return .path(try path())
        default: return .symbol(try symbol())
        }
    }

    private mutating func symbol() throws(TemplateFault) -> String {
        for symbol in ["==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", ",", "|"]
        where bytes[offset...].starts(with: symbol.utf8) {
            offset += symbol.utf8.count
            return symbol
        }
        if current == UInt8(ascii: "=") { throw fault("= compares nothing", suggestion: "==") }
        throw fault("unexpected character \(character)")
    }

    private var character: String {
        let length = bytes[offset...].dropFirst().prefix { $0 & 0xC0 == 0x80 }.count + 1
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    /// In either quotes; `\n`, `\t`, `\\` and escaped quotes are read, any other backslash stands for itself.
    private mutating func string() throws(TemplateFault) -> String {
        let (start, quote) = (offset, bytes[offset])
        var text: [UInt8] = []
        offset += 1
        while let byte = current, byte != quote {
            offset += 1
            guard byte == UInt8(ascii: "\\"), let escaped = current else {
                text.append(byte)
                continue
            }
            offset += 1
            switch escaped {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): text.append(escaped)
            default: text += [byte, escaped]
            }
        }
        guard current == quote else { throw fault("the text in quotes does not end", at: start) }
        offset += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func number() throws(TemplateFault) -> JSONNumber {
        let start = offset
        offset += 1
        while let byte = current {
            let isSign = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            let afterExponent = bytes[offset - 1] | 0x20 == UInt8(ascii: "e")
            guard Self.isNameStart(byte) || Self.isDigit(byte) || byte == UInt8(ascii: ".") || (isSign && afterExponent) else { break }
            offset += 1
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard let number = JSONNumber(text: text) else { throw fault("\(text.prefix(60)) is not a number", at: start) }
        return number
    }

    private mutating func path() throws(TemplateFault) -> [PathComponent] {
        var components: [PathComponent] = [.key(name())]
        while true {
            if current == UInt8(ascii: ".") {
                offset += 1
                components.append(try dotted())
            } else if current == UInt8(ascii: "[") {
                offset += 1
                components.append(try bracketed())
            } else {
                return components
            }
        }
    }

    /// A dash belongs to a name where a name goes on after it.
    private mutating func name() -> String {
        let start = offset
        offset += 1
        while let byte = current {
            let isDash = byte == UInt8(ascii: "-") && following.map { Self.isNameStart($0) || Self.isDigit($0) || $0 == byte } ?? false
            guard isDash || Self.isNameStart(byte) || Self.isDigit(byte) else { break }
            offset += 1
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func dotted() throws(TemplateFault) -> PathComponent {
        guard let byte = current, Self.isNameStart(byte) || Self.isDigit(byte) else { throw fault("a name was expected after the dot") }
        let name = name()
        return JSONPointer.index(name).map { .index($0) } ?? .key(name)
    }

    private mutating func bracketed() throws(TemplateFault) -> PathComponent {
        skipSpace()
        var component: PathComponent?
        if current == UInt8(ascii: "'") || current == UInt8(ascii: "\"") {
            component = .key(try string())
        } else if let byte = current, Self.isDigit(byte) {
            component = JSONPointer.index(name()).map { .index($0) }
        }
        skipSpace()
        guard let component, current == UInt8(ascii: "]") else { throw fault("an index or a key in quotes was expected, then ]") }
        offset += 1
        return component
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private mutating func fault(_ message: String, at place: Int? = nil, suggestion: String? = nil) -> TemplateFault {
        TemplateFault(.syntax, message, at: places.position(at: place ?? offset), suggestion: suggestion)
    }
}
