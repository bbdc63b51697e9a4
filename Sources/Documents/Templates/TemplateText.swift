import Base

/// Text functions by bytes and scalars: Swift's own work on graphemes and canonical equivalence.
enum TemplateText {
    static func trim(_ text: String) -> String {
        let start = text.unicodeScalars.drop { $0.properties.isWhitespace }
        guard let end = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
        return String(start[...end])
    }

    /// Lower-case letters and digits of ASCII, everything between them one dash. Latin letters of other alphabets are written as those
    /// languages do without them: `Übung Größe` is `uebung-groesse`.
    static func slug(_ text: String) throws(TemplateFault) -> String {
        var slug: [UInt8] = []
        for byte in text.lowercased().unicodeScalars.lazy.flatMap(plain) {
            let isWord = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
            if isWord { slug.append(byte) } else if slug.last ?? 0x2D != 0x2D { slug.append(0x2D) }
        }
        if slug.last == 0x2D { slug.removeLast() }
        guard !slug.isEmpty else { throw TemplateFault(.type, "slug: \"\(text.prefix(60))\" has no letter or digit") }
        return String(decoding: slug, as: UTF8.self)
    }

    private static func plain(_ scalar: Unicode.Scalar) -> [UInt8] {
        if scalar.isASCII { return [UInt8(scalar.value)] }
        return Array((latin[scalar] ?? "-").utf8)
    }

    private static let latin: [Unicode.Scalar: String] = {
        let spellings: KeyValuePairs = [
            "a": "àáâãāăąǎ", "ae": "äæ", "aa": "å", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı",
            "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŋ", "o": "òóôõōŏő", "oe": "öøœ", "r": "ŕŗř", "s": "śŝşšș", "ss": "ß",
            "t": "ţťŧț", "th": "þ", "u": "ùúûũūŭůűų", "ue": "ü", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
            // Marks that stand behind their letter, as some systems write them.
            "": "\u{300}\u{301}\u{302}\u{303}\u{304}\u{306}\u{307}\u{308}\u{30A}\u{30B}\u{30C}\u{327}\u{328}",
        ]
        return Dictionary(
            spellings.flatMap { plain, letters in letters.unicodeScalars.map { ($0, plain) } }, uniquingKeysWith: { first, _ in first })
    }()

    static func replace(_ wanted: String, in text: String, by replacement: String) throws(TemplateFault) -> String {
        let (bytes, replacement) = (Array(text.utf8), Array(replacement.utf8))
        var result: [UInt8] = []
        var last = 0
        for place in try places(of: wanted, in: bytes) {
            result += bytes[last..<place]
            result += replacement
            last = place + wanted.utf8.count
            if result.count > TemplateLimits.outputBytes { throw TemplateFault(.limit, "replace: the result is longer than 1 MiB") }
        }
        result += bytes[last...]
        return String(decoding: result, as: UTF8.self)
    }

    static func split(_ text: String, at separator: String) throws(TemplateFault) -> [String] {
        let bytes = Array(text.utf8)
        var parts: [String] = []
        var last = 0
        for place in try places(of: separator, in: bytes) {
            parts.append(String(decoding: bytes[last..<place], as: UTF8.self))
            last = place + separator.utf8.count
        }
        parts.append(String(decoding: bytes[last...], as: UTF8.self))
        return parts
    }

    static func contains(_ wanted: String, in text: String) throws(TemplateFault) -> Bool {
        if wanted.isEmpty { return true }
        return try !places(of: wanted, in: Array(text.utf8)).isEmpty
    }

    /// Where the text occurs, from the left, without overlap.
    private static func places(of wanted: String, in bytes: [UInt8]) throws(TemplateFault) -> [Int] {
        let wanted = Array(wanted.utf8)
        guard let first = wanted.first else { throw TemplateFault(.type, "the text to look for is empty") }
        var places: [Int] = []
        var index = 0
        while index + wanted.count <= bytes.count {
            if bytes[index] == first, bytes[index..<index + wanted.count].elementsEqual(wanted) {
                places.append(index)
                index += wanted.count
            } else {
                index += 1
            }
        }
        return places
    }
}

/// `date(value)` and `date(value, format)`.
enum TemplateDate {
    /// The value is ISO 8601 text or Unix seconds; the format knows `%Y %m %d %H %M %S %%` in UTC and is `%Y-%m-%d` without one.
    static func format(_ arguments: [JSON]) throws(TemplateFault) -> JSON {
        guard let value = arguments.first else { throw TemplateFault(.missing, "there is no date here") }
        let instant = try instant(value)
        guard arguments.count > 1 else { return .string(String(instant.description.prefix(10))) }
        guard let format = arguments[1].string else {
            throw TemplateFault(.type, "date takes its format as a text, not \(arguments[1].templateTypeName)")
        }
        return .string(try apply(format, to: Array(instant.description.utf8)))
    }

    private static func instant(_ value: JSON) throws(TemplateFault) -> Timestamp {
        if let seconds = value.int, (-62_000_000_000...250_000_000_000).contains(seconds) { return Timestamp(milliseconds: seconds * 1000) }
        if let text = value.string {
            if let instant = Timestamp(text) { return instant }
            if let date = CalendarDate(text) { return Timestamp(milliseconds: date.daysSince1970 * 86_400_000) }
        }
        throw TemplateFault(.type, "date takes an ISO 8601 text or Unix seconds")
    }

    private static func apply(_ format: String, to written: [UInt8]) throws(TemplateFault) -> String {
        let parts: [UInt8: Range<Int>] = [
            UInt8(ascii: "Y"): 0..<4, UInt8(ascii: "m"): 5..<7, UInt8(ascii: "d"): 8..<10, UInt8(ascii: "H"): 11..<13,
            UInt8(ascii: "M"): 14..<16, UInt8(ascii: "S"): 17..<19,
        ]
        var result: [UInt8] = []
        var iterator = format.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            switch iterator.next() {
            case UInt8(ascii: "%"): result.append(byte)
            case let letter?:
                guard let range = parts[letter] else { throw TemplateFault(.type, "date knows %Y %m %d %H %M %S and %%") }
                result += written[range]
            case nil: throw TemplateFault(.type, "date: the format ends in %")
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
