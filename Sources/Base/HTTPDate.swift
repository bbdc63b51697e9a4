extension Timestamp {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// Reads the preferred form of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`; nil otherwise.
    package init?(httpDate text: String) {
        let parts = text.trimmed.split(separator: " ").map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = Self.months.firstIndex(of: parts[2]), let date = CalendarDate(year: year, month: month + 1, day: day),
            let clock = ClockReading(parts[4] + "Z")
        else { return nil }
        self.init(milliseconds: date.daysSince1970 * 86_400_000 + clock.milliseconds)
    }

    /// Whole seconds; what `Last-Modified` and `Date` hold.
    package var httpDate: String {
        let (date, iso) = (self.date, description)
        let weekday = Self.weekdays[date.daysSince1970.floorModulo(7)]
        let day = iso.dropFirst(8).prefix(2)
        return "\(weekday), \(day) \(Self.months[date.month - 1]) \(iso.prefix(4)) \(iso.dropFirst(11).prefix(8)) GMT"
    }
}

extension String {
    /// Without white space (ASCII) at either end.
    package var trimmed: String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || ($0 >= 0x09 && $0 <= 0x0D) }
        var bytes = utf8[...]
        while let first = bytes.first, isSpace(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
        return String(Substring(bytes))
    }
}
