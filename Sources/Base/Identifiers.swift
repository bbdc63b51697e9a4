/// Makes ids: UUIDv7 for rows (text order is creation order) and short ones that people read.
package struct IdentifierSource: Sendable {
    private let time: TimeSource
    private let random: RandomSource

    package init(time: TimeSource, random: RandomSource) {
        self.time = time
        self.random = random
    }

    /// RFC 9562 version 7, lower case: 48 bits of Unix milliseconds, then random bits.
    package func uuid() -> String { uuid(at: time.now()) }

    /// For a row whose order is that of an instant it holds.
    package func uuid(at instant: Timestamp) -> String { Self.uuid(at: instant, random.bytes(16)) }

    /// Not above any id made at `instant`, and above all that were made before it.
    package static func lowest(at instant: Timestamp) -> String { uuid(at: instant, [UInt8](repeating: 0, count: 16)) }

    private static func uuid(at instant: Timestamp, _ random: [UInt8]) -> String {
        var bytes = random
        let milliseconds = UInt64(max(0, instant.milliseconds))
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: milliseconds >> UInt64(40 - 8 * index)) }
        bytes[6] = 0x70 | bytes[6] & 0x0F
        bytes[8] = 0x80 | bytes[8] & 0x3F
        return uuidText(bytes)
    }

    static func uuidText(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            let digits: StaticString = "0123456789abcdef"
            var position = 0
            for (index, byte) in bytes.prefix(16).enumerated() {
                if [4, 6, 8, 10].contains(index) {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                text[position] = digits.utf8Start[Int(byte >> 4)]
                text[position + 1] = digits.utf8Start[Int(byte & 15)]
                position += 2
            }
            return position
        }
    }

    /// `req-` and 12 base32 characters: 60 random bits, not guessable.
    package func readable(_ prefix: String) -> String { prefix + "-" + String(Base32.encode(random.bytes(8)).prefix(12)) }
}
