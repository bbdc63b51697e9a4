import Base
import Documents

/// Texts with a grammar, the same ones as in `web-static/lib/formats.js`.
enum TextFormat: String, CaseIterable {
    case email, url, hostname, ipv4, uuid, date, time
    case dateTime = "date-time"

    init?(named name: String) {
        self.init(rawValue: ["uri": "url", "datetime": "date-time", "ip": "ipv4"][name] ?? name)
    }

    func matches(_ text: String) -> Bool {
        switch self {
        case .date: Self.day(text) != nil
        case .time: Self.secondOfDay(text) != nil
        case .dateTime: Self.instant(text) != nil
        case .email, .url, .hostname, .ipv4, .uuid: Self.patterns[self]?.matches(text) ?? false
        }
    }

    var message: String {
        switch self {
        case .email: "Enter an email address, like name@example.com."
        case .url: "Enter a web address that starts with https:// or http://."
        case .hostname: "Enter a host name, like db.example.com."
        case .ipv4: "Enter an IPv4 address, like 192.0.2.10."
        case .uuid: "Enter a UUID of 32 hexadecimal digits with dashes."
        case .date: "Enter a date as year-month-day, like 2026-03-31."
        case .time: "Enter a time as hours and minutes, like 14:30."
        case .dateTime: "Enter a date and a time with its offset, like 2026-03-31T14:30:00Z."
        }
    }

    /// The same in JSON Schema, whose own formats take other texts: `email` a quoted name, `uri` any scheme, `time` only with an offset.
    var schema: JSONObject {
        switch self {
        case .date: JSONObject([("format", "date"), ("pattern", .string(MomentPattern.date))])
        case .dateTime: JSONObject([("format", "date-time"), ("pattern", .string(MomentPattern.instant))])
        case .time: JSONObject([("pattern", .string(MomentPattern.time))])
        case .email, .url, .hostname, .ipv4, .uuid: JSONObject([("pattern", .string(Self.sources[self] ?? ""))])
        }
    }

    private static let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

    private static let sources: [TextFormat: String] = [
        .email: "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@\(label)(?:\\.\(label))*$",
        .url: "^[hH][tT][tT][pP][sS]?://[^\\s/?#]+(?:[/?#]\\S*)?$",
        .hostname: "^(?=.{1,253}$)\(label)(?:\\.\(label))*$",
        .ipv4: "^(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?!$)|$)){4}$",
        .uuid: "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    ]

    private static let patterns: [TextFormat: Pattern] = sources.compactMapValues { try? Pattern($0) }
}

extension TextFormat {
    /// `YYYY-MM-DD` of a day that exists, years 0001 to 9999.
    static func day(_ text: String) -> CalendarDate? {
        guard text.utf8.count == 10, let date = CalendarDate(text), date.year > 0 else { return nil }
        return date
    }

    /// Seconds since midnight of `HH:MM` or `HH:MM:SS`.
    static func secondOfDay(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(twoDigits)
        guard parts.count == 2 || parts.count == 3, let hour = parts[0], let minute = parts[1], hour < 24, minute < 60 else { return nil }
        guard parts.count == 3 else { return hour * 3600 + minute * 60 }
        guard let second = parts[2], second < 60 else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    /// RFC 3339 with seconds and offset; `lenient` (for bounds) lets either be missing, and a missing offset means UTC.
    static func instant(_ text: String, lenient: Bool = false) -> Timestamp? {
        if let instant = Timestamp(text) { return day(String(text.prefix(10))) == nil ? nil : instant }
        guard lenient, text.utf8.count >= 16 else { return nil }
        let seconds = text.utf8.count == 16 || !text.dropFirst(16).hasPrefix(":") ? ":00" : ""
        let start = text.prefix(16) + seconds + text.dropFirst(16)
        return Timestamp(String(start)) ?? Timestamp(start + "Z")
    }

    private static func twoDigits(_ text: Substring) -> Int? {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(text)
    }
}
