import Base

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededRandom: Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound < 2 ? 0 : Int(next() >> 1) % bound }
    mutating func isTrue(_ percent: Int) -> Bool { below(100) < percent }
    mutating func milliseconds(_ range: Range<Int>) -> Duration { .milliseconds(range.lowerBound + below(range.count)) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// By their weights.
    mutating func pick<Element>(_ weighted: [(Int, Element)]) -> Element {
        var place = below(weighted.reduce(0) { $0 + $1.0 })
        for (weight, element) in weighted {
            if place < weight { return element }
            place -= weight
        }
        return weighted[0].1
    }
}

/// A hash over all that was decided and all that was seen: equal for equal runs.
struct Trace: Sendable {
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ value: UInt64) {
        hash = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
    }

    mutating func add(_ text: String) { for byte in text.utf8 { add(UInt64(byte)) } }
}
