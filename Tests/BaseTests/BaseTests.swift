import Base
import Foundation
import Testing

private let jsonSuite = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/json-test-suite")

private let jsonFiles: [String] = {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: jsonSuite.path())) ?? []
    return all.filter { $0.hasSuffix(".json") }.sorted()
}()

/// SplitMix64, so that a failing mutation can be repeated.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

@Suite struct JSONTests {
    @Test("agrees with JSONTestSuite, and refuses duplicate keys", arguments: jsonFiles)
    func suite(file: String) throws {
        let bytes = [UInt8](try Data(contentsOf: jsonSuite.appending(path: file)))
        let isAccepted = (try? JSON.parse(bytes)) != nil
        if file.hasPrefix("y_") { #expect(isAccepted == !file.hasPrefix("y_object_duplicated_key")) }
        if file.hasPrefix("n_") { #expect(!isAccepted) }
    }

    @Test("the suite is there")
    func isThere() { #expect(jsonFiles.count >= 149) }

    @Test(
        "says line and column",
        arguments: [
            ("{\n  \"a\": 1,\n  \"a\": 2}", 3, 3), ("[1,]", 1, 4), ("", 1, 1), ("\"\\uD800\"", 1, 2), ("[1e400]", 1, 2), ("nul", 1, 1),
        ])
    func places(text: String, line: Int, column: Int) {
        #expect { try JSON.parse(text) } throws: { error in
            guard let error = error as? PAOError else { return false }
            return error.code == .malformed && error.message.contains("line \(line), column \(column):")
        }
    }

    @Test("answers bombs quickly", .timeLimit(.minutes(1)))
    func bombs() {
        let start = ContinuousClock.now
        #expect(throws: PAOError.self) { try JSON.parse([UInt8](repeating: UInt8(ascii: "["), count: 10 << 20)) }
        #expect(throws: PAOError.self) { try JSON.parse(Array(String(repeating: "{\"a\":", count: 100_000).utf8)) }
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("takes as many values as the caller says and no more", arguments: [("[1,[2],{\"a\":3}]", 6), ("[]", 1), ("{\"a\":{}}", 2)])
    func mostValues(text: String, count: Int) throws {
        #expect(try JSON.parse(Array(text.utf8), mostValues: count).description == text)
        #expect(throws: PAOError.self) { try JSON.parse(Array(text.utf8), mostValues: count - 1) }
    }

    @Test("keeps numbers exact and compares them by value")
    func numbers() throws {
        #expect(try JSON.parse("[12345678901234567890.10, -0, 1E5, 1.0]").description == "[12345678901234567890.10,-0,1E5,1.0]")
        for (left, right) in [
            ("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("0.10", "1e-1"), ("12345678901234567890", "12345678901234567890.0"),
        ] {
            #expect(try JSON.parse(left) == JSON.parse(right), "\(left) \(right)")
        }
        for (less, more) in [
            ("-2", "-1"), ("-1e400000000000000000000", "0"), ("0.1", "0.11"), ("9", "10.5"), ("1e-9223372036854775808", "1.5e-9"),
        ] {
            if let less = JSONNumber(text: less), let more = JSONNumber(text: more) { #expect(less < more) }
        }
        let tiny = try #require(JSONNumber(text: "1.5e-9223372036854775808"))
        #expect(tiny > JSONNumber(0) && tiny.int == nil && !tiny.isInteger)
        #expect(
            JSONNumber(text: "-9223372036854775808")?.int == .min && JSONNumber(text: "9223372036854775808")?.int == nil
                && JSONNumber(text: "3.0")?.int == 3)
        #expect(JSONNumber(text: " 1") == nil && JSONNumber(text: "01") == nil && JSONNumber(text: "") == nil)
    }

    @Test("round-trips text, keeps the order of keys, and sorts them for digests")
    func writing() throws {
        let text = #"{"b":[1,true,null],"a":"\"\\\n\u001f\u007fé😀","":{}}"#
        let value = try JSON.parse(text)
        #expect(value.description == text)
        #expect(String(decoding: value.canonicalBytes, as: UTF8.self).hasPrefix(#"{"":{},"a":"#))
        #expect(try JSON.parse(value.pretty) == value)
    }

    @Test("objects of any size find, replace and remove keys by their bytes")
    func objects() {
        for size in [5, 12, 13, 200] {
            var object = JSONObject((0..<size).map { ("k\($0)", JSON.int($0)) })
            object["k3"] = "x"
            object["k1"] = nil
            object["new"] = 1
            #expect(object.count == size && object["k3"] == "x" && object["k1"] == nil && object["k4"] == 4 && object["new"] == 1)
        }
        let object = JSONObject([("é", 1), ("e\u{301}", 2)])
        #expect(object.count == 2 && object["é"] == 1)
    }

    @Test("mutated texts neither trap nor hang, and what is accepted comes back")
    func mutations() throws {
        var generator = SeededRandom(state: 1)
        let seed = Array(#"{"a":[1,-2.5e+3,"x\u00e9\uD83D\uDE00",true,null],"b":{"c":{}}}"#.utf8)
        for _ in 0..<3000 {
            var text = seed
            for _ in 0..<3 {
                let place = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: text.remove(at: place)
                default: text.insert("{}[]\",:\\u0e-".utf8.randomElement(using: &generator) ?? 0, at: place)
                }
            }
            if let value = try? JSON.parse(text) { #expect(try JSON.parse(value.bytes) == value) }
        }
    }
}

@Suite struct VersionTests {
    @Test("orders by Semantic Versioning")
    func order() throws {
        let texts = [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
            "1.0.1", "1.10.0", "2.0.0",
        ]
        let versions = try texts.map { try #require(SemanticVersion($0)) }
        for index in versions.indices.dropFirst() { #expect(versions[index - 1] < versions[index]) }
        #expect(SemanticVersion("1.0.0+a") == SemanticVersion("1.0.0+b"))
        #expect(versions.map(\.description) == texts)
    }

    @Test(
        "refuses what is no version",
        arguments: [
            "", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3-a..b", "1.2.3.4", "1.2.-3", "1.2.3-é", " 1.2.3",
            "1.2.9223372036854775807",
        ])
    func refusals(text: String) { #expect(SemanticVersion(text) == nil) }

    @Test(
        "ranges hold what npm's hold",
        arguments: [
            (">=2.0.0 <3", ["2.0.0", "2.9.9"], ["3.0.0", "1.9.9", "3.0.0-a", "2.1.0-a"]),
            ("^1.2.3", ["1.2.3", "1.9.0"], ["2.0.0", "1.2.2"]), ("^0.2.3", ["0.2.9"], ["0.3.0"]), ("^0.0.3", ["0.0.3"], ["0.0.4"]),
            ("~1.2", ["1.2.9"], ["1.3.0"]), ("~1.2.3", ["1.2.3"], ["1.2.2", "1.3.0"]),
            ("1.x || >=3.1", ["1.5.0", "3.1.0", "4.0.0"], ["2.0.0", "3.0.9"]), ("1.2.3 - 2.3", ["2.3.9", "1.2.3"], ["2.4.0"]),
            ("*", ["0.0.1"], ["1.0.0-a"]),
            (">=1.0.0-beta", ["1.0.0-rc", "1.0.0"], ["1.0.1-a", "1.0.0-alpha"]), (">1.2", ["1.3.0"], ["1.2.9"]),
            ("<=1.2", ["1.2.9"], ["1.3.0"]), ("> 1.0.0, < 2", ["1.0.1"], ["1.0.0"]), ("", ["5.0.0"], []),
        ] as [(String, [String], [String])])
    func ranges(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(VersionRange(text))
        for version in inside { #expect(range.contains(try #require(SemanticVersion(version))), "\(version)") }
        for version in outside { #expect(!range.contains(try #require(SemanticVersion(version))), "\(version)") }
    }

    @Test("refuses what is no range", arguments: ["a", "1.2.3.4", ">", ">= <", "^9223372036854775807", "1..2", "=>1", "-1"])
    func noRange(text: String) { #expect(VersionRange(text) == nil) }
}

@Suite struct TimeTests {
    @Test(
        "reads RFC 3339 and writes 24 characters",
        arguments: [
            ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z"), ("2026-11-21t12:00:00.1239+02:00", "2026-11-21T10:00:00.123Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            ("2024-02-29T00:00:00-00:30", "2024-02-29T00:30:00.000Z"), ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
        ])
    func timestamps(text: String, written: String) { #expect(Timestamp(text)?.description == written) }

    @Test(
        "refuses what is no instant",
        arguments: [
            "2026-11-21", "2026-11-21 10:00:00Z", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:00:00",
            "2026-11-21T10:00:00+24:00", "2026-11-21T10:00:60Z", "2026-11-21T10:00:00.Z", "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00", "",
        ])
    func noTimestamp(text: String) { #expect(Timestamp(text) == nil) }

    @Test("holds sums within what it can show")
    func clamped() {
        #expect((Timestamp(milliseconds: .max) + .seconds(Int64.max)).description == "9999-12-31T23:59:59.999Z")
        #expect((Timestamp(milliseconds: .min) - .seconds(1)).description == "0000-01-01T00:00:00.000Z")
    }

    @Test("every day comes back from its number")
    func days() throws {
        for day in stride(from: -719_528, to: 2_932_896, by: 97) {
            let date = CalendarDate(daysSince1970: day)
            #expect(date.daysSince1970 == day && CalendarDate(date.description) == date)
        }
    }

    @Test(
        "reads durations",
        arguments: [
            ("250ms", 250), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("90d", 7_776_000_000), ("1w", 604_800_000),
            ("1h30m", 5_400_000), ("0s", 0),
        ])
    func durations(text: String, milliseconds: Int) {
        #expect(Duration(text: text)?.milliseconds == milliseconds)
        #expect(Duration(text: Duration.milliseconds(milliseconds).text)?.milliseconds == milliseconds)
    }

    @Test(
        "refuses what is no duration",
        arguments: ["", "5", "m", "-5s", "1.5h", "5 m", "5y", "1000000000s", String(repeating: "999999999w", count: 20)])
    func noDuration(text: String) { #expect(Duration(text: text) == nil) }
}

@Suite struct EncodingTests {
    @Test("base64 of RFC 4648", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
        #expect(Base64.decode(Base64.encodeURL(Array(text.utf8))) == Array(text.utf8))
    }

    @Test("refuses what is no base64", arguments: ["Zg=", "Z", "Zh==", "Zg==x", "Z g=", "====", "é"])
    func noBase64(text: String) { #expect(Base64.decode(text) == nil) }

    @Test("percent-encodes all but the unreserved")
    func percent() {
        #expect(PercentEncoding.encode("a-._~ /é%") == "a-._~%20%2F%C3%A9%25")
        #expect(PercentEncoding.decode(Array("a%20b+c".utf8), plusIsSpace: true) == "a b c")
        for broken in ["%", "%2", "%zz", "%ff"] { #expect(PercentEncoding.decode(Array(broken.utf8)) == nil) }
    }

    @Test("hashes known answers")
    func hashes() {
        #expect(Hash.sha256(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Hash.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8)).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(Hash.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(bytes(hex: "00ff") == [0, 255] && bytes(hex: "0") == nil && bytes(hex: "zz") == nil)
    }
}
