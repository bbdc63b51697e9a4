package import Base

/// A file travels as `{"name", "mediaType", "content": base64}`.
package struct FileField: FieldType {
    package let name = "file"
    package let component = "file-input"
    package let rules = ["maxSize", "accept"]

    package func typeFault(_ value: JSON) -> String? {
        guard let name = value["name"]?.string, !name.isEmpty, let content = value["content"]?.string,
            value["mediaType"].map({ $0.string != nil || $0.isNull }) ?? true, content.utf8.count % 4 == 0, Base64.decode(content) != nil,
            !content.utf8.contains(where: { $0 == 0x2D || $0 == 0x5F })
        else { return "Choose a file." }
        return nil
    }

    package func brokenRules(_ value: JSON, _ rules: FieldRules) -> [BrokenRule] {
        var broken: [BrokenRule] = []
        let size = value["content"]?.string.flatMap(Base64.decode)?.count ?? 0
        if let written = rules["maxSize"], let limit = Self.byteCount(written), size > limit {
            let words = written.string ?? "\(written) bytes"
            broken.append(BrokenRule("maxSize", "Choose a file of at most \(words)."))
        }
        let accepted = Self.accepted(rules["accept"])
        if rules["accept"] != nil, !accepted.contains(where: { Self.accepts(value, $0) }) {
            broken.append(BrokenRule("accept", "Choose a file of the kind \(accepted.joined(separator: ", "))."))
        }
        return broken
    }

    /// Bytes of 1048576, `512KB` or `1 MiB` (1024 each); nil where it is not a size.
    package static func byteCount(_ size: JSON) -> Int? {
        guard let text = size.string else { return size.int }
        let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard let number = Int(String(digits) ?? ""), number < 1 << 31 else { return nil }
        var unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        if unit.hasSuffix("b") { unit.removeLast() }
        if unit.hasSuffix("i") { unit.removeLast() }
        let powers = ["": 0, "k": 10, "m": 20, "g": 30]
        return powers[unit].map { number << $0 }
    }

    private static func accepted(_ list: JSON?) -> [String] {
        let texts = list?.array?.compactMap(\.string) ?? list?.string?.split(separator: ",").map(String.init) ?? []
        return texts.map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
    }

    /// One of `.pem`, `text/plain`, `image/*`; names and media types without regard to case.
    private static func accepts(_ file: JSON, _ kind: String) -> Bool {
        let kind = kind.lowercased()
        let mediaType = file["mediaType"]?.string?.lowercased() ?? ""
        if kind.hasPrefix(".") { return file["name"]?.string?.lowercased().hasSuffix(kind) ?? false }
        return kind.hasSuffix("/*") ? mediaType.hasPrefix(kind.dropLast()) : mediaType == kind
    }

    package func schema(of field: Field) -> JSON {
        var schema: JSON = [
            "type": "object", "required": ["name", "content"],
            "properties": [
                "name": ["type": "string", "minLength": 1], "mediaType": ["type": ["string", "null"]],
                "content": Self.contentSchema(limit: field.validation["maxSize"].flatMap(Self.byteCount)),
            ],
        ]
        if let accept = field.validation["accept"] { schema["anyOf"] = Self.ways(of: Self.accepted(accept)) }
        return schema
    }
}

extension FileField {
    /// Base64 of at most `limit` bytes: the last four characters tell how many of three bytes are there.
    private static func contentSchema(limit: Int?) -> JSON {
        var schema: JSON = [
            "type": "string", "contentEncoding": "base64",
            "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$",
        ]
        guard let limit = limit.map({ max($0, 0) }), limit < 1 << 60 else { return schema }
        let longest = (limit + 2) / 3 * 4
        schema["maxLength"] = .int(longest)
        if limit % 3 > 0 { schema["anyOf"] = [["maxLength": .int(longest - 4)], ["pattern": limit % 3 == 1 ? "==$" : "=$"]] }
        return schema
    }

    /// Nothing is taken where no kind is named.
    private static func ways(of kinds: [String]) -> JSON { kinds.isEmpty ? [false] : .array(kinds.map(way)) }

    private static func way(of kind: String) -> JSON {
        if kind.hasPrefix(".") { return ["properties": ["name": ["pattern": .string(anyCase(kind) + "$")]]] }
        let pattern = kind.hasSuffix("/*") ? anyCase(String(kind.dropLast())) : anyCase(kind) + "$"
        return ["required": ["mediaType"], "properties": ["mediaType": ["type": "string", "pattern": .string("^" + pattern)]]]
    }

    private static func anyCase(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            let spellings = Set([String(scalar), scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping])
            if spellings.count > 1 { return "(?:\(spellings.sorted().joined(separator: "|")))" }
            return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                ? String(scalar) : "[\(scalar == "\\" ? "\\" : "")\(scalar)]"
        }.joined()
    }
}
