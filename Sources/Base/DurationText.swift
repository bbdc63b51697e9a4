extension Duration {
    /// Whole milliseconds, rounded toward zero; held within some 290 million years.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        let limit = Int64.max / 1000 - 1
        return Int(min(max(seconds, -limit), limit)) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// Reads `250ms`, `30s`, `5m`, `2h`, `90d`, `1w`, and sums such as `1h30m`; nil otherwise, and from
    /// 1,000,000,000 days on. A bare number is not a duration.
    package init?(text: String) {
        var total = 0
        var rest = text.utf8[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard let count = Int(String(digits) ?? ""), count < 1_000_000_000 else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
            guard let factor = Self.unitMilliseconds[String(unit) ?? ""] else { return nil }
            rest = rest.dropFirst(unit.count)
            let (sum, overflow) = total.addingReportingOverflow(count * factor)
            guard !overflow else { return nil }
            total = sum
        }
        // So that `text` can be read again.
        guard total < 1_000_000_000 * 86_400_000 else { return nil }
        self = .milliseconds(total)
    }

    private static let unitMilliseconds = [
        "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000,
    ]

    /// The same spelling back, largest units first: `1h30m`, `250ms`, `0s`.
    package var text: String {
        var rest = milliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for (unit, factor) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] where rest >= factor {
            text += "\(rest / factor)\(unit)"
            rest %= factor
        }
        return text
    }
}
