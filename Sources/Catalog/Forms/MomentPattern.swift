import Base

/// Bounds of dates and times as patterns, since JSON Schema has no other word for them: texts of fixed width are in the order of what
/// they stand for.
enum MomentPattern {
    /// `HH:MM`, with or without seconds.
    static let time = "^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"

    /// Of `min...` and `max...`; `read` gives the bound in its full width, nil for what is no bound.
    static func bounds(of field: Field, _ suffix: String, _ read: (String) -> String?) -> [String] {
        ["min", "max"].compactMap { side in
            field.validation[side + suffix]?.string.flatMap(read).map { pattern(of: $0, isLeast: side == "min") }
        }
    }

    /// Texts that equal the bound up to some digit, and are beyond it there. A time without seconds counts as one with `:00`.
    private static func pattern(of bound: String, isLeast: Bool) -> String {
        let digits = Array(bound)
        var ways = [equal(bound)]
        for index in digits.indices {
            guard let digit = digits[index].wholeNumberValue else { continue }
            let beyond = isLeast ? Array(digit + 1..<10) : Array(0..<digit)
            if beyond.isEmpty { continue }
            ways.append(String(digits[..<index]) + "[\(beyond.map(String.init).joined())]")
        }
        if !isLeast, bound.hasSuffix(":00") == false, bound.count == 8 { ways.append(String(digits[..<5]) + "$") }
        return "^(?:\(ways.joined(separator: "|")))"
    }

    private static func equal(_ bound: String) -> String {
        bound.count == 8 && bound.hasSuffix(":00") ? "\(bound.prefix(5))(?::00)?$" : "\(bound)$"
    }
}
