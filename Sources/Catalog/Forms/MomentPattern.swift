import Base

/// Bounds of dates and times as patterns, since JSON Schema has no other word for them: texts of fixed width are in the order of what
/// they stand for.
enum MomentPattern {
    /// `YYYY-MM-DD` of a day that exists, years 0001 to 9999, to be put after `^`.
    private static let day =
        "(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
        + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"

    static let date = "^\(day)$"

    /// RFC 3339 without leap seconds.
    static let instant =
        "^\(day)[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"

    /// `HH:MM`, with or without seconds.
    static let time = "^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$"

    /// Of `min...` and `max...`; `read` gives the bound in its full width, nil for what is no bound.
    static func bounds(of field: Field, _ suffix: String, _ read: (String) -> String?) -> [String] {
        ["min", "max"].compactMap { side in
            field.validation[side + suffix]?.string.flatMap(read).map { pattern(of: $0, isLeast: side == "min") }
        }
    }

    /// Texts that equal the bound, or are beyond it. A time without seconds counts as one with `:00`.
    private static func pattern(of bound: String, isLeast: Bool) -> String {
        var ways = [equal(bound)] + beyond(bound, isLeast: isLeast)
        if !isLeast, !bound.hasSuffix(":00"), bound.count == 8 { ways.append(bound.prefix(5) + "$") }
        return "^(?:\(ways.joined(separator: "|")))"
    }

    /// Texts that equal the bound up to some digit, and are beyond it there.
    private static func beyond(_ bound: String, isLeast: Bool) -> [String] {
        let digits = Array(bound)
        return digits.indices.compactMap { index in
            guard let digit = digits[index].wholeNumberValue else { return nil }
            let others = isLeast ? Array(digit + 1..<10) : Array(0..<digit)
            return others.isEmpty ? nil : String(digits[..<index]) + "[\(others.map(String.init).joined())]"
        }
    }

    private static func equal(_ bound: String) -> String {
        bound.count == 8 && bound.hasSuffix(":00") ? "\(bound.prefix(5))(?::00)?$" : "\(bound)$"
    }
}

extension MomentPattern {
    /// Of `minDatetime` and `maxDatetime`. Texts in UTC (`Z`) are held to the second; with another offset the order of texts is not that
    /// of instants, and only days out of reach of every offset are refused.
    static func instantBounds(of field: Field) -> [String] {
        ["min", "max"].flatMap { side -> [String] in
            guard let text = field.validation[side + "Datetime"]?.string, let bound = TextFormat.instant(text, lenient: true) else {
                return []
            }
            return [universal(bound, isLeast: side == "min"), anywhere(bound, isLeast: side == "min")]
        }
    }

    private static func universal(_ bound: Timestamp, isLeast: Bool) -> String {
        let text = bound.description
        let second = String(text.prefix(19))
        let isWhole = text.hasSuffix(".000Z")
        // The service counts milliseconds.
        let equal = isLeast || !isWhole ? second : second + "(?:\\.0{1,2}|\\.000[0-9]*)?[Zz]$"
        let ways = ([equal] + beyond(second, isLeast: isLeast)).map { $0.replacing("T", with: "[Tt]") }
        return "^(?:.*[^Zz]$|\(ways.joined(separator: "|")))"
    }

    private static func anywhere(_ bound: Timestamp, isLeast: Bool) -> String {
        let day = (isLeast ? bound - .seconds(86_400) : bound + .seconds(86_400)).date.description
        return "^(?:\(([day] + beyond(day, isLeast: isLeast)).joined(separator: "|")))"
    }
}
