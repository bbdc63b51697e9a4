/// A seeded SplitMix64, so that what fails can be repeated.
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// One to six edits of a text: bytes removed, doubled or put in, a word put in, or the rest of another text.
    package mutating func mutated(_ seed: [UInt8], words: [String], others: [[UInt8]]) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...6, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 0...8, using: &self))
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes.replaceSubrange(place..<end, with: [])
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            case 3:
                let other = others.randomElement(using: &self) ?? []
                bytes.replaceSubrange(place..., with: other.dropFirst(Int.random(in: 0...other.count, using: &self)))
            default: bytes.insert(contentsOf: (words.randomElement(using: &self) ?? "").utf8, at: place)
            }
        }
        return bytes
    }
}
