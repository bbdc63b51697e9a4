import Base
import Foundation
import Testing

@Suite struct WallClockTests {
    @Test(
        "says how far the clocks are from UTC, before, between and after all changes of the file",
        arguments: [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", 3600), ("Europe/Berlin", "2026-03-29T01:00:00Z", 7200),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 7200), ("Europe/Berlin", "2026-10-25T01:00:00Z", 3600),
            ("Europe/Berlin", "2099-07-01T00:00:00Z", 7200), ("Europe/Berlin", "1700-01-01T00:00:00Z", 3208),
            ("Europe/Dublin", "2060-01-01T00:00:00Z", 0), ("Europe/Dublin", "2060-07-01T00:00:00Z", 3600),
            ("America/St_Johns", "2050-01-01T00:00:00Z", -12_600), ("Asia/Kathmandu", "2050-01-01T00:00:00Z", 20_700),
            ("Australia/Lord_Howe", "2050-01-01T00:00:00Z", 39_600), ("Australia/Lord_Howe", "2050-07-01T00:00:00Z", 37_800),
            ("Pacific/Apia", "2011-12-30T09:59:59Z", -36_000), ("Pacific/Apia", "2011-12-30T10:00:00Z", 50_400),
            ("Etc/GMT+5", "2026-01-01T00:00:00Z", -18_000), ("UTC", "2026-01-01T00:00:00Z", 0),
        ])
    func offsets(_ zone: String, _ instant: String, _ seconds: Int) throws {
        #expect(try WallClock.named(zone).offset(at: try #require(Timestamp(instant))) == seconds)
    }

    @Test("agrees with Foundation's time zones at and around every change, through 2100")
    func reference() throws {
        for name in Foundation.TimeZone.knownTimeZoneIdentifiers where FileManager.default.fileExists(atPath: "/usr/share/zoneinfo/\(name)")
        {
            let clock = try WallClock.named(name)
            guard let zone = Foundation.TimeZone(identifier: name) else { continue }
            for year in [1975, 2000, 2026, 2060, 2100] {
                for day in stride(from: 0, to: 366, by: 9) {
                    let seconds = (CalendarDate(year: year, month: 1, day: 1)?.daysSince1970 ?? 0) * 86_400 + day * 86_400 + 43_200
                    let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
                    #expect(clock.offset(at: Timestamp(milliseconds: seconds * 1000)) == expected, "\(name) \(year) day \(day)")
                }
            }
        }
    }

    @Test(
        "a time that the clocks show is an instant, one that they skip is none, one that they show again is two",
        arguments: [
            ("Europe/Berlin", "2026-03-29", 150, []), ("Europe/Berlin", "2026-03-29", 180, ["2026-03-29T01:00:00.000Z"]),
            ("Europe/Berlin", "2026-10-25", 150, ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]),
            ("Europe/Berlin", "2026-10-25", 180, ["2026-10-25T02:00:00.000Z"]), ("Pacific/Apia", "2011-12-30", 720, []),
            ("America/St_Johns", "2050-11-06", 90, ["2050-11-06T04:00:00.000Z", "2050-11-06T05:00:00.000Z"]),
            ("UTC", "2026-10-25", 150, ["2026-10-25T02:30:00.000Z"]),
        ])
    func instants(_ zone: String, _ day: String, _ minute: Int, _ expected: [String]) throws {
        let found = try WallClock.named(zone).instants(on: try #require(CalendarDate(day)), second: minute * 60)
        #expect(found.map(\.description) == expected)
    }

    @Test(
        "a text is the first or the last instant at which the clocks show it, or when they are set over it",
        arguments: [
            ("2026-12-20T22:00", "2026-12-20T21:00:00.000Z", "2026-12-20T21:00:00.000Z"),
            ("2026-10-25T02:30:15", "2026-10-25T00:30:15.000Z", "2026-10-25T01:30:15.000Z"),
            ("2026-03-29T02:30", "2026-03-29T01:00:00.000Z", "2026-03-29T01:00:00.000Z"),
            ("2026-03-29T03:00", "2026-03-29T01:00:00.000Z", "2026-03-29T01:00:00.000Z"), ("2026-03-29T24:00", nil, nil),
            ("2026-02-29T02:00", nil, nil),
            ("2026-12-20T22:00Z", nil, nil), ("2026-12-20", nil, nil), ("", nil, nil), ("2026-12-20T22:0é", nil, nil),
        ])
    func texts(_ text: String, _ first: String?, _ last: String?) throws {
        let clock = try WallClock.named("Europe/Berlin")
        #expect(clock.instant(text, isLast: false)?.description == first)
        #expect(clock.instant(text, isLast: true)?.description == last)
    }

    @Test("changes are listed in order, those of the file and those by its rule")
    func changes() throws {
        let clock = try WallClock.named("Europe/Berlin")
        let found = clock.changes(
            after: try #require(Timestamp("2036-01-01T00:00:00Z")), through: try #require(Timestamp("2039-01-01T00:00:00Z")))
        #expect(
            found.map { String($0.description.prefix(16)) } == [
                "2036-03-30T01:00", "2036-10-26T01:00", "2037-03-29T01:00", "2037-10-25T01:00", "2038-03-28T01:00", "2038-10-31T01:00",
            ])
    }

    @Test("fixed distances are named by their distance", arguments: [(0, "UTC"), (330, "+05:30"), (-210, "-03:30"), (60, "+01:00")])
    func fixed(_ minutes: Int, _ name: String) {
        #expect(WallClock.fixed(minutes: minutes).name == name)
        #expect(WallClock.fixed(minutes: minutes).offset(at: Timestamp(milliseconds: 0)) == minutes * 60)
    }

    @Test(
        "what is no name of a zone is none, and no other file is read",
        arguments: [
            "", "Europe", "Europe/", "/Europe/Berlin", "Europe//Berlin", "Europe/../Europe/Berlin", "../../../etc/passwd", "europe/berlin",
            "right/Europe/Berlin", "posixrules", "localtime", "tzdata.zi", "Europe/Berlin\u{0}", "Europe/Berlín",
            String(repeating: "A", count: 65),
        ])
    func names(_ name: String) {
        #expect(throws: WallClock.Unknown.self) { try WallClock.named(name) }
    }

    private static let berlin = (try? Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))).map { [UInt8]($0) } ?? []

    @Test("a file that is cut anywhere is no zone, or the same one")
    func cut() {
        for length in 0..<Self.berlin.count - 1 { #expect(WallClock(name: "x", file: Array(Self.berlin[..<length])) == nil) }
        #expect(WallClock(name: "x", file: Self.berlin) != nil)
    }

    @Test("a damaged file is refused or read, and whatever is read can be asked")
    func damaged() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var bytes = Self.berlin
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let clock = WallClock(name: "x", file: bytes) else { continue }
            for year in [1, 1900, 2026, 2060, 9999] {
                guard let day = CalendarDate(year: year, month: 12, day: 31) else { continue }
                let at = clock.instants(on: day, second: 7200)
                _ = clock.changes(after: at.first ?? Timestamp(milliseconds: 0), through: Timestamp(milliseconds: .max))
            }
        }
    }

    /// A file that lists no change, with this rule.
    private static func file(_ rule: String) -> [UInt8] {
        func block() -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + [UInt8](repeating: 0, count: 16) + [0, 0, 0, 1, 0, 0, 0, 4]
                + [0, 0, 0x0E, 0x10, 0, 0] + Array("CET\u{0}".utf8)
        }
        return block() + block() + Array("\n\(rule)\n".utf8)
    }

    @Test(
        "a rule is read as POSIX and RFC 8536 write it",
        arguments: [
            ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01T00:00:00Z", 7200), ("EST5", "2026-07-01T00:00:00Z", -18_000),
            ("<+0330>-3:30<+0430>,J79/24,J263/24", "2026-07-01T00:00:00Z", 16_200),
            ("XXX3EDT4,0/0,J365/23", "2026-07-01T00:00:00Z", -14_400),
            ("XXX3EDT4,0/0,J365/23", "2026-01-01T03:30:00Z", -14_400), ("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z", 0),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200),
            ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600),
            ("AAA0BBB,J60/0,J61/0", "2028-03-01T12:00:00Z", 3600), ("AAA0BBB,59/0,60/0", "2028-02-29T12:00:00Z", 3600),
            ("", "2026-07-01T00:00:00Z", 3600),
        ])
    func rules(_ rule: String, _ instant: String, _ offset: Int) throws {
        let clock = try #require(WallClock(name: "x", file: Self.file(rule)))
        #expect(clock.offset(at: try #require(Timestamp(instant))) == offset)
    }

    @Test(
        "what is no rule makes the file unreadable",
        arguments: [
            "CET", "C-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0",
            "CET-1CEST,J0,J365", "CET-1CEST,0,366", "CET-168", "CET-1:60", "CET-1CEST,M3.5.0,M10.5.0/3x", "<CET-1",
            "CET-99999999999999999999",
        ])
    func noRule(_ rule: String) {
        #expect(WallClock(name: "x", file: Self.file(rule)) == nil)
    }
}
