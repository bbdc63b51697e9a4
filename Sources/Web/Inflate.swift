// DESIGN: the reading half of DEFLATE (RFC 1951) inside gzip (RFC 1952), so that the binary carries each file once, compressed, as browsers
// take it. Codes are walked bit by bit, by how many there are of each length: the least code, fast enough for the little that is not sent as it
// lies. Every index is checked: damaged input is refused, never read past.

struct Inflate {
    private struct Damage: Error {}

    /// The plain bytes of one gzip member without optional header fields; nil where it is damaged or not of that size.
    static func gzip(_ bytes: UnsafeRawBufferPointer, size: Int) -> [UInt8]? {
        let (header, trailer) = (10, 8)
        guard bytes.count >= header + trailer, bytes.starts(with: [0x1F, 0x8B, 8, 0]) else { return nil }
        var inflate = Inflate(input: UnsafeRawBufferPointer(rebasing: bytes[header..<bytes.count - trailer]), limit: size)
        guard (try? inflate.run()) != nil, inflate.output.count == size else { return nil }
        return inflate.output
    }

    private let input: UnsafeRawBufferPointer
    private let limit: Int
    private var output: [UInt8] = []
    private var position = 0
    /// Bits of the byte before `position` that are not read yet, the next one lowest.
    private var rest: UInt8 = 0
    private var restCount = 0

    private init(input: UnsafeRawBufferPointer, limit: Int) {
        self.input = input
        self.limit = limit
        output.reserveCapacity(limit)
    }

    private mutating func run() throws(Damage) {
        var isLast = false
        while !isLast {
            isLast = try bits(1) == 1
            switch try bits(2) {
            case 0: try stored()
            case 1: try compressed(Self.fixedLiterals, Self.fixedDistances)
            case 2: try dynamic()
            default: throw Damage()
            }
        }
    }

    // MARK: Bits

    private mutating func byte() throws(Damage) -> UInt8 {
        guard position < input.count else { throw Damage() }
        defer { position += 1 }
        return input[position]
    }

    private mutating func bit() throws(Damage) -> Int {
        if restCount == 0 {
            rest = try byte()
            restCount = 8
        }
        defer {
            rest >>= 1
            restCount -= 1
        }
        return Int(rest & 1)
    }

    /// The first one read is the lowest.
    private mutating func bits(_ count: Int) throws(Damage) -> Int {
        var value = 0
        for place in 0..<count { value |= try bit() << place }
        return value
    }

    // MARK: Blocks

    private mutating func stored() throws(Damage) {
        restCount = 0
        let length = Int(try byte()) | Int(try byte()) << 8
        let complement = Int(try byte()) | Int(try byte()) << 8
        guard length == ~complement & 0xFFFF, length <= limit - output.count else { throw Damage() }
        for _ in 0..<length { output.append(try byte()) }
    }

    private mutating func dynamic() throws(Damage) {
        let (literals, distances, orders) = (try bits(5) + 257, try bits(5) + 1, try bits(4) + 4)
        var lengths = [UInt8](repeating: 0, count: Self.order.count)
        for index in 0..<orders { lengths[Self.order[index]] = UInt8(try bits(3)) }
        let code = try Code(lengths)
        lengths = []
        while lengths.count < literals + distances {
            let symbol = try self.symbol(code)
            switch symbol {
            case 16:
                guard let last = lengths.last else { throw Damage() }
                lengths += [UInt8](repeating: last, count: 3 + (try bits(2)))
            case 17: lengths += [UInt8](repeating: 0, count: 3 + (try bits(3)))
            case 18: lengths += [UInt8](repeating: 0, count: 11 + (try bits(7)))
            default: lengths.append(UInt8(symbol))
            }
        }
        guard lengths.count == literals + distances else { throw Damage() }
        try compressed(Code(Array(lengths[..<literals])), Code(Array(lengths[literals...])))
    }

    private mutating func compressed(_ literals: Code, _ distances: Code) throws(Damage) {
        while true {
            let symbol = try self.symbol(literals)
            if symbol == 256 { return }
            if symbol < 256 {
                guard output.count < limit else { throw Damage() }
                output.append(UInt8(symbol))
                continue
            }
            guard symbol - 257 < Self.lengthBases.count else { throw Damage() }
            let length = Self.lengthBases[symbol - 257] + (try bits(Self.lengthExtras[symbol - 257]))
            let place = try self.symbol(distances)
            guard place < Self.distanceBases.count else { throw Damage() }
            let distance = Self.distanceBases[place] + (try bits(max(0, place / 2 - 1)))
            guard distance <= output.count, length <= limit - output.count else { throw Damage() }
            for _ in 0..<length { output.append(output[output.count - distance]) }
        }
    }

    // MARK: Codes

    /// A canonical code: how many symbols have each length, and the symbols in order of their codes.
    private struct Code {
        var counts = [Int](repeating: 0, count: 16)
        var symbols: [Int] = []

        /// `lengths` by symbol, at most 15; 0 has no code. Throws where the lengths promise more codes than there are.
        init(_ lengths: [UInt8]) throws(Damage) {
            for length in lengths { counts[Int(length)] += 1 }
            counts[0] = 0
            var free = 1
            for length in 1...15 {
                free = free << 1 - counts[length]
                guard free >= 0 else { throw Damage() }
            }
            for length in 1...15 where counts[length] > 0 {
                symbols += lengths.indices.filter { lengths[$0] == length }
            }
        }
    }

    private mutating func symbol(_ code: Code) throws(Damage) -> Int {
        var (word, first, index) = (0, 0, 0)
        for length in 1...15 {
            word |= try bit()
            let count = code.counts[length]
            if word - first < count { return code.symbols[index + word - first] }
            index += count
            first = (first + count) << 1
            word <<= 1
        }
        throw Damage()
    }

    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengthBases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
    ]
    private static let lengthExtras = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
    private static let distanceBases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
        16385,
        24577,
    ]
    private static let fixedLiterals = code((0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
    private static let fixedDistances = code([UInt8](repeating: 5, count: 30))

    /// Of lengths that are right.
    private static func code(_ lengths: [UInt8]) -> Code {
        guard let code = try? Code(lengths) else { preconditionFailure("the lengths of RFC 1951, section 3.2.6") }
        return code
    }
}
