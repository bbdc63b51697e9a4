import Base
import Identity

extension FuzzTarget {
    static let textTargets = [
        FuzzTarget(
            "json", texts: [#"{"a":[1,-2.5e+3,"x\u00e9\uD83D\uDE00",true,null],"b":{"c":{}}}"#, "[1e308,-0,0.1e-5,123456789012345678901]"],
            files: ["Tests/BaseTests/Fixtures/json-test-suite"],
            words: [
                "{", "}", "[", "]", "\"", ",", ":", "\\u", "\\uD83D", "0", "e", "-", ".", "null", "true", "\u{FEFF}", "1e400", "\"a\":",
            ],
            json),
        FuzzTarget(
            "version", texts: ["1.2.3-rc.1+build.5\n^1.2 || >=3 <4", "0.0.0\n~1.x, *", "1.0.0-alpha\n1.2.3 - 2.3", "2.1.0\n>=2.0.0-0 <3"],
            words: ["||", ">=", "<=", "^", "~", " - ", "x", "*", "-rc.1", "+b", ".", "9223372036854775806", "0", " "], version),
        FuzzTarget(
            "encodings",
            texts: ["Zm9vYmFy", "a%20b+c%C3%A9", "00ff", "sealed.k1.Zm9v", "pao_user_aaaaaaaaaaaaaaaaaaaaaaaaaa_aaaaaa", "_-8="],
            words: ["=", "==", "%", "%2F", "+", "/", "-", "_", ".", "sealed.", "pao_", "\u{0}"], encodings),
        FuzzTarget(
            "redaction", texts: ["hunter2\nsaid hunter2 and aHVudGVyMg==", "aaaa\naaaaaaaa", "p%ss w\np%25ss%20w"],
            words: ["aaaa", "hunter2", "%25", "==", "\u{0}", "***"], redaction),
    ]

    private static func json(_ input: [UInt8]) throws {
        guard let value = try? JSON.parse(input) else { return }
        try demand(try JSON.parse(value.bytes) == value, "is not what its writing says: \(value)")
        try demand(value == value, "differs from itself: \(value)")
    }

    private static func version(_ input: [UInt8]) throws {
        let (first, rest) = input.halves
        guard let version = SemanticVersion(first) else { return }
        try demand(version.description == first, "\(first) is written \(version)")
        try demand(!(version < version), "\(version) is less than itself")
        guard let range = VersionRange(rest) else { return }
        try demand(VersionRange(range.description) == range, "\(range) is another range when read again")
        let isInside = range.contains(version)
        try demand(VersionRange("\(rest)||=\(first)")?.contains(version) == true, "\(range) or \(version) lacks \(version)")
        try demand(!isInside || VersionRange("\(rest)||9.9.9")?.contains(version) == true, "\(range) shrinks by an alternative")
    }

    private static func encodings(_ input: [UInt8]) throws {
        let text = input.text
        try demand(Base64.decode(Base64.encode(input)) == input, "base64 loses bytes")
        try demand(Base64.decode(Base64.encodeURL(input)) == input, "base64url loses bytes")
        try demand(bytes(hex: input.hex) == input, "hexadecimal loses bytes")
        try demand(PercentEncoding.decode(Array(PercentEncoding.encode(text).utf8)) == text, "percent-encoding loses characters")
        if let decoded = Base64.decode(text) {
            try demand(Base64.decode(Base64.encode(decoded)) == decoded, "decoded base64 does not come back")
        }
        if let decoded = PercentEncoding.decode(input) {
            try demand(PercentEncoding.decode(Array(PercentEncoding.encode(decoded).utf8)) == decoded, "decoded text does not come back")
        }
        if let decoded = bytes(hex: text) { try demand(decoded.hex == text.lowercased(), "decoded hexadecimal does not come back") }
        if let token = TokenText(text) { try demand(token.text == text, "a token is read as another") }
        if let sealed = SealedValue(text: text) {
            try demand(SealedValue(text: sealed.text)?.bytes == sealed.bytes, "a sealed value does not come back")
        }
    }

    /// Nothing of a secret stays, in whichever form it was written.
    private static func redaction(_ input: [UInt8]) throws {
        let (secret, text) = input.halves
        guard secret.utf8.count >= 4, !"***".contains(secret) else { return }
        let redactor = Redactor()
        redactor.add(secret)
        let shown = redactor.redact("\(text)\(secret)\(PercentEncoding.encode(secret))")
        let isSpelledByMarks = secret.contains("*")
        try demand(isSpelledByMarks || !Array(shown.utf8).contains(Array(secret.utf8)), "the secret \(secret) shows in \(shown)")
        try demand(redactor.redact(JSON.string(text)).string == redactor.redact(text), "JSON is redacted in another way")
    }
}
