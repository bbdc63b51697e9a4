package import Base

/// A part of each week in which requests of a document may start: on these days from one time of day to another.
package struct MaintenanceWindow: Sendable, Equatable {
    package static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// 0 is Monday; the days on which it opens.
    package var days: Set<Int>
    /// Minutes after midnight. A window that closes no later than it opens closes on the next day.
    package var opens: Int
    package var closes: Int
    /// Minutes east of UTC in which its times are given.
    package var utcOffset: Int

    package init(days: Set<Int>, opens: Int, closes: Int, utcOffset: Int) {
        self.days = days
        self.opens = opens
        self.closes = closes
        self.utcOffset = utcOffset
    }

    /// The instant itself while the window is open, else when it opens next.
    package func opening(from instant: Timestamp) -> Timestamp {
        let length = closes > opens ? closes - opens : closes - opens + 1440
        let today = (instant.milliseconds + utcOffset * 60_000).floorDivided(by: 86_400_000)
        for day in (today - 1)...(today + 7) where days.contains((day + 3).floorModulo(7)) {
            let start = Timestamp(milliseconds: (day * 1440 + opens - utcOffset) * 60_000)
            if instant < start { return start }
            if instant < start + .seconds(length * 60) { return instant }
        }
        return instant
    }

    /// `sat, sun 22:00-04:00 +01:00`.
    package var text: String {
        let names = days.count == 7 ? "daily" : days.sorted().map { Self.dayNames[$0] }.joined(separator: ", ")
        let offset = utcOffset == 0 ? "UTC" : (utcOffset < 0 ? "-" : "+") + Self.clock(abs(utcOffset))
        return "\(names) \(Self.clock(opens))-\(Self.clock(closes)) \(offset)"
    }

    private static func clock(_ minutes: Int) -> String {
        let (hour, minute) = (minutes / 60, minutes % 60)
        return (hour < 10 ? "0\(hour)" : "\(hour)") + ":" + (minute < 10 ? "0\(minute)" : "\(minute)")
    }

    /// Minutes after midnight of `22:00`; nil for what is none.
    static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]), let minute = Int(parts[1]),
            (0...23).contains(hour), (0...59).contains(minute)
        else { return nil }
        return hour * 60 + minute
    }

    /// Minutes of `+05:30`, `-03:00` or `Z`; nil for what is none.
    static func offset(_ text: String) -> Int? {
        if text == "Z" { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-", let minutes = minutes(String(text.dropFirst())), minutes <= 14 * 60 else {
            return nil
        }
        return sign == "-" ? -minutes : minutes
    }
}
