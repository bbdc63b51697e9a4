package import Base

extension HTTPResponse {
    /// `Retry-After` in whole seconds from `now`, at least 0 and at most a day; nil where there is none that can be read.
    package func retryAfter(now: Timestamp) -> Int? {
        guard let text = header("Retry-After") else { return nil }
        if let seconds = Int(text) { return seconds < 0 ? nil : min(seconds, 86_400) }
        guard let instant = Timestamp(httpDate: text) else { return nil }
        return min(max(0, (instant - now).milliseconds / 1000), 86_400)
    }
}

extension Timestamp {
    /// The one form of RFC 9110 that may be sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
    package init?(httpDate text: String) {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let month = Self.months.firstIndex(of: parts[2]), let year = Int(parts[3]),
            let day = Int(parts[1]), let date = CalendarDate(year: year, month: month + 1, day: day),
            let clock = ClockReading(parts[4] + "Z")
        else { return nil }
        self.init(milliseconds: date.daysSince1970 * 86_400_000 + clock.milliseconds)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
