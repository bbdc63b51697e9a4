/// A strict reader of RFC 8259: UTF-8 only, no duplicate keys, no trailing commas, no lone surrogates, nesting at most 128,
/// no number above the range of a Double. Every refusal says line and column (both from 1, columns in bytes).
package struct JSONParser {
    package static let maximumDepth = 128

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var depth = 0
    /// Values that may still come.
    private var rest: Int

    /// More than `mostValues`, however nested, are refused: a value takes some 50 times the memory of its two bytes of text.
    package init(_ bytes: ArraySlice<UInt8>, mostValues: Int = .max) {
        self.bytes = bytes
        position = bytes.startIndex
        rest = mostValues
    }

    /// Throws `malformed`.
    package mutating func parseDocument() throws(PAOError) -> JSON {
        skipSpace()
        let value = try parseValue()
        skipSpace()
        guard position == bytes.endIndex else { throw fault("unexpected text after the value") }
        return value
    }

    private mutating func parseValue() throws(PAOError) -> JSON {
        guard let byte = peek else { throw fault("unexpected end of text, expected a value") }
        guard rest > 0 else { throw fault("too many values") }
        rest -= 1
        switch byte {
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try parseNumber())
        default: throw fault("unexpected character, expected a value")
        }
    }

    private mutating func parseObject() throws(PAOError) -> JSON {
        try enter()
        var object = JSONObject()
        skipSpace()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return .object(object)
        }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
            let start = position
            let key = try parseString()
            if object.contains(key) { throw fault("the key \(quoted(key)) stands twice in one object", at: start) }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fault("expected ':' after the key") }
            skipSpace()
            object.append(key, try parseValue())
            skipSpace()
            if take(UInt8(ascii: "}")) { break }
            guard take(UInt8(ascii: ",")) else { throw fault("expected ',' or '}'") }
        }
        depth -= 1
        return .object(object)
    }

    private mutating func parseArray() throws(PAOError) -> JSON {
        try enter()
        var elements: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return .array(elements)
        }
        while true {
            skipSpace()
            elements.append(try parseValue())
            skipSpace()
            if take(UInt8(ascii: "]")) { break }
            guard take(UInt8(ascii: ",")) else { throw fault("expected ',' or ']'") }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func enter() throws(PAOError) {
        depth += 1
        if depth > Self.maximumDepth { throw fault("nested deeper than \(Self.maximumDepth) levels") }
        position += 1
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(PAOError) -> JSON {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.endIndex,
            (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
        else { throw fault("unexpected word, expected true, false or null") }
        position += length
        return value
    }

    private mutating func parseNumber() throws(PAOError) -> JSONNumber {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if isDigit(peek) { throw fault("a number must not start with 0") }
        } else if skipDigits() == 0 {
            throw fault("expected a digit")
        }
        if take(UInt8(ascii: ".")), skipDigits() == 0 { throw fault("expected a digit after the point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            if skipDigits() == 0 { throw fault("expected a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if !(Double(text) ?? .infinity).isFinite { throw fault("the number is out of range", at: start) }
        return JSONNumber(checked: text)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while isDigit(peek) { position += 1 }
        return position - start
    }

    private mutating func parseString() throws(PAOError) -> String {
        position += 1
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if peek == UInt8(ascii: "\"") {
            let text = try decode(start..<position)
            position += 1
            return text
        }
        var text = try decode(start..<position)
        while true {
            guard let byte = peek else { throw fault("unexpected end of text inside a string") }
            if byte == UInt8(ascii: "\"") {
                position += 1
                return text
            }
            if byte == UInt8(ascii: "\\") {
                text.unicodeScalars.append(try parseEscape())
            } else if byte < 0x20 {
                throw fault("control character inside a string; write it as \\u00XX")
            } else {
                let runStart = position
                while let next = peek, next != UInt8(ascii: "\""), next != UInt8(ascii: "\\"), next >= 0x20 { position += 1 }
                text += try decode(runStart..<position)
            }
        }
    }

    private func decode(_ range: Range<Int>) throws(PAOError) -> String {
        let text = bytes.withUnsafeBufferPointer { buffer -> String? in
            let offset = range.lowerBound - bytes.startIndex
            return String(validating: UnsafeBufferPointer(rebasing: buffer[offset..<(offset + range.count)]), as: UTF8.self)
        }
        guard let text else { throw fault("the string is not valid UTF-8", at: range.lowerBound) }
        return text
    }

    private mutating func parseEscape() throws(PAOError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let byte = peek else { throw fault("unexpected end of text inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape(start)
        default: throw fault("unknown escape in a string", at: start)
        }
    }

    private mutating func parseUnicodeEscape(_ start: Int) throws(PAOError) -> Unicode.Scalar {
        let unit = try parseHex4()
        if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
        guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw fault("lone surrogate in a string", at: start)
        }
        let low = try parseHex4()
        guard (0xDC00...0xDFFF).contains(low) else { throw fault("lone surrogate in a string", at: start) }
        let value = 0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(low - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw fault("lone surrogate in a string", at: start) }
        return scalar
    }

    private mutating func parseHex4() throws(PAOError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = hexDigit(byte) else { throw fault("expected four hexadecimal digits") }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }

    private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private func fault(_ message: String, at place: Int? = nil) -> PAOError {
        let place = place ?? position
        var line = 1
        var lineStart = bytes.startIndex
        for index in bytes.startIndex..<min(place, bytes.endIndex) where bytes[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        return PAOError(.malformed, "Not valid JSON at line \(line), column \(place - lineStart + 1): \(message).")
    }

    private func quoted(_ key: String) -> String { "\"" + key.prefix(60) + "\"" }
}

/// The value of an ASCII hexadecimal digit.
package func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension JSON {
    /// Throws `malformed` with line and column.
    package static func parse(_ bytes: [UInt8], mostValues: Int = .max) throws(PAOError) -> JSON {
        var parser = JSONParser(bytes[...], mostValues: mostValues)
        return try parser.parseDocument()
    }

    package static func parse(_ text: String) throws(PAOError) -> JSON { try parse(Array(text.utf8)) }
}
