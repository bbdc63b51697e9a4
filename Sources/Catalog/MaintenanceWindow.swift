package import Base

/// A part of each week in which requests of a document may start: on these days from one time of day to another.
package struct MaintenanceWindow: Sendable, Equatable {
    package static let dayNames = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// 0 is Monday; the days on which it opens.
    package var days: Set<Int>
    /// Minutes after midnight. A window that closes no later than it opens closes on the next day.
    package var opens: Int
    package var closes: Int
    /// The clocks that show its times.
    package var clock: WallClock

    package init(days: Set<Int>, opens: Int, closes: Int, clock: WallClock = .utc) {
        self.days = days
        self.opens = opens
        self.closes = closes
        self.clock = clock
    }

    /// While the clocks show a time from `opens` to `closes`. So it is an hour shorter where they are set forward within it, an hour longer
    /// where they are set back within it, and does not open at all on a day on which they skip it.
    private func isOpen(at instant: Timestamp) -> Bool {
        let local = instant.unixSeconds + clock.offset(at: instant)
        let (day, minute) = (local.floorDivided(by: 86_400), local.floorModulo(86_400) / 60)
        let opensToday = holds(day) && minute >= opens
        if closes > opens { return opensToday && minute < closes }
        return opensToday || holds(day - 1) && minute < closes
    }

    /// Days since 1970, which began on a Thursday.
    private func holds(_ day: Int) -> Bool { days.contains((day + 3).floorModulo(7)) }

    /// The instant itself while the window is open, else when it opens next: when the clocks show `opens`, or are set over it.
    package func opening(from instant: Timestamp) -> Timestamp {
        if isOpen(at: instant) { return instant }
        let today = (instant.unixSeconds + clock.offset(at: instant)).floorDivided(by: 86_400)
        // The day of the week after next may be the first, where the clocks skip next week's window.
        let starts = (today...(today + 15)).filter(holds).flatMap {
            clock.instants(on: CalendarDate(daysSince1970: $0), second: opens * 60)
        }
        let settings = clock.changes(after: instant, through: instant + .seconds(16 * 86_400))
        return (starts + settings).filter { $0 > instant && isOpen(at: $0) }.min() ?? instant
    }

    /// `sat, sun 22:00-04:00 Europe/Berlin`.
    package var text: String {
        let names = days.count == 7 ? "daily" : days.sorted().map { Self.dayNames[$0] }.joined(separator: ", ")
        return "\(names) \(Self.clock(opens))-\(Self.clock(closes)) \(clock.name)"
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
