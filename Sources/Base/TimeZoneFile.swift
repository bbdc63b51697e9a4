import Glibc

extension WallClock {
    /// Why there are no clocks of a name.
    package enum Unknown: Error, Sendable {
        /// The system has no time zone database (package `tzdata`).
        case noDatabase
        /// The database has no zone of that name, or its file cannot be read.
        case noSuchZone
    }

    private static let database = "/usr/share/zoneinfo"

    /// A zone of the system's IANA database, which is asked anew each time: its rules change when the system is kept up to date.
    package static func named(_ name: String) throws(Unknown) -> WallClock {
        guard access(database + "/Etc/UTC", R_OK) == 0 else { throw .noDatabase }
        guard isName(name), let bytes = contents(of: "\(database)/\(name)"), let clock = WallClock(name: name, file: bytes) else {
            throw .noSuchZone
        }
        return clock
    }

    /// Names come from documents: letters, digits, `_`, `-`, `+` in parts that begin with a capital, so that no other file can be meant.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 64
            && parts.allSatisfy { part in
                (0x41...0x5A).contains(part.first ?? 0)
                    && part.allSatisfy { byte in
                        (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte) || "_+-".utf8.contains(byte)
                    }
            }
    }

    private static let longestFile = 1 << 20

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        let count = fread(&bytes, 1, bytes.count, file)
        return count < longestFile ? Array(bytes[..<count]) : nil
    }

    /// TZif, version 2 or later (RFC 8536); nil for what is none, and for one that counts leap seconds.
    package init?(name: String, file bytes: [UInt8]) {
        guard let old = TimeZoneFile(bytes[...], timeSize: 4), let body = TimeZoneFile(bytes.dropFirst(old.size), timeSize: 8),
            old.version >= UInt8(ascii: "2"), let (changes, offsets) = body.content
        else { return nil }
        let footer = bytes.dropFirst(old.size + body.size)
        guard footer.first == 0x0A, let end = footer.dropFirst().firstIndex(of: 0x0A) else { return nil }
        let text = String(decoding: footer[(footer.startIndex + 1)..<end], as: UTF8.self)
        let rule = DaylightRule(text)
        if rule == nil, !text.isEmpty { return nil }
        self.init(name: name, changes: changes, offsets: offsets, rule: rule)
    }
}

/// One of the two blocks of a file: a header of 44 bytes and what it counts.
private struct TimeZoneFile {
    private static let headerSize = 44

    let version: UInt8
    private let bytes: ArraySlice<UInt8>
    private let timeSize: Int
    private let times: Int
    private let types: Int
    /// Bytes, the header among them.
    let size: Int

    init?(_ bytes: ArraySlice<UInt8>, timeSize: Int) {
        guard bytes.count >= Self.headerSize, bytes.starts(with: "TZif".utf8) else { return nil }
        let counts = (0..<6).map { Self.number(bytes, 20 + $0 * 4, size: 4) }
        let (marks, leaps, times, types, letters) = (counts[0] + counts[1], counts[2], counts[3], counts[4], counts[5])
        guard counts.allSatisfy({ (0...100_000).contains($0) }), leaps == 0, types > 0 else { return nil }
        size = Self.headerSize + times * (timeSize + 1) + types * 6 + letters + marks
        guard size <= bytes.count else { return nil }
        version = bytes[bytes.startIndex + 4]
        (self.bytes, self.timeSize, self.times, self.types) = (bytes, timeSize, times, types)
    }

    /// Big endian, signed.
    private static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int, size: Int) -> Int {
        let start = bytes.startIndex + offset
        let unsigned = bytes[start..<start + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return size == 4 ? Int(Int32(truncatingIfNeeded: unsigned)) : Int(Int64(truncatingIfNeeded: unsigned))
    }

    /// When the clocks are set, and how far they are from UTC before and after each.
    var content: (changes: [Int], offsets: [Int])? {
        let indexes = Self.headerSize + times * timeSize
        let table = indexes + times
        let known = (0..<types).map { Self.number(bytes, table + $0 * 6, size: 4) }
        guard known.allSatisfy({ abs($0) < 100_000 }) else { return nil }
        var (changes, offsets) = ([Int](), [known[0]])
        for index in 0..<times {
            let at = Self.number(bytes, Self.headerSize + index * timeSize, size: timeSize)
            let type = Int(bytes[bytes.startIndex + indexes + index])
            guard type < types, changes.last.map({ at > $0 }) ?? true else { return nil }
            changes.append(at)
            offsets.append(known[type])
        }
        return (changes, offsets)
    }
}
