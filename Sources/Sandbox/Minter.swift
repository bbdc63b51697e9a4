import Base

/// Makes ids that are the same when the same calls are replayed: from the salt of this sandbox and a counter.
struct Minter: Sendable {
    var salt: [UInt8] = []
    private var count = 0

    /// `res-` and 12 characters.
    mutating func readable(_ prefix: String) -> String { prefix + "-" + Base32.encode(draw()).prefix(12) }

    /// Lower-case hexadecimal text of that length, at most 64.
    mutating func hex(_ length: Int) -> String { String(draw().hex.prefix(length)) }

    /// Rising from the first value given.
    mutating func number(from first: Int) -> Int {
        count += 1
        return first + count
    }

    private mutating func draw() -> [UInt8] {
        count += 1
        return Hash.sha256(salt + Array("\(count)".utf8))
    }
}
