/// Host names: RFC 1123, and the labels of IDNA 2008 (RFC 5890 to 5892).
enum HostName {
    /// ASCII only; an `xn--` label must be the Punycode of a valid one.
    static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 253, text.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            isASCIILabel(String(Substring($0)))
        }
    }

    /// Labels in any script, divided by any of the four dots of RFC 3490.
    static func isValidInternational(_ text: String) -> Bool {
        let dots: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
        let labels = text.unicodeScalars.split(omittingEmptySubsequences: false) { dots.contains($0) }.map { String($0) }
        var length = labels.count - 1
        for label in labels {
            if label.utf8.allSatisfy({ $0 < 0x80 }) {
                guard isASCIILabel(label) else { return false }
                length += label.utf8.count
            } else {
                let scalars = Array(label.unicodeScalars)
                guard IDNALabel.isValid(scalars), let encoded = Punycode.encode(scalars), encoded.utf8.count <= 59 else { return false }
                length += encoded.utf8.count + 4
            }
        }
        return length <= 253
    }

    private static func isASCIILabel(_ label: String) -> Bool {
        let bytes = Array(label.utf8)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else { return false }
        guard bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "-") }) else {
            return false
        }
        guard bytes.count >= 4, bytes[2] == UInt8(ascii: "-"), bytes[3] == UInt8(ascii: "-") else { return true }
        // Of the labels with dashes in the third and fourth place only the encoded ones are in use.
        let lower = label.lowercased()
        guard lower.hasPrefix("xn--"), let scalars = Punycode.decode(String(lower.dropFirst(4))) else { return false }
        return IDNALabel.isValid(scalars) && Punycode.encode(scalars) == String(lower.dropFirst(4))
    }
}

/// RFC 3492.
enum Punycode {
    private static let (base, tMin, tMax, skew, damp, initialBias, initialN) = (36, 1, 26, 38, 700, 72, 128)

    /// nil where the text is not Punycode, or of ASCII only.
    static func decode(_ text: String) -> [Unicode.Scalar]? {
        var bytes = Array(text.utf8)[...]
        var output: [Unicode.Scalar] = []
        if let dash = bytes.lastIndex(of: UInt8(ascii: "-")) {
            output = bytes[..<dash].map { Unicode.Scalar($0) }
            bytes = bytes[(dash + 1)...]
        }
        guard !bytes.isEmpty else { return nil }
        var (n, i, bias) = (initialN, 0, initialBias)
        while !bytes.isEmpty {
            let before = i
            guard let delta = takeInteger(&bytes, bias: bias) else { return nil }
            i += delta
            bias = adapt(i - before, points: output.count + 1, isFirst: before == 0)
            n += i / (output.count + 1)
            i %= output.count + 1
            guard n <= 0x10FFFF, let scalar = Unicode.Scalar(UInt32(n)) else { return nil }
            output.insert(scalar, at: i)
            i += 1
        }
        return output
    }

    private static func takeInteger(_ bytes: inout ArraySlice<UInt8>, bias: Int) -> Int? {
        var (value, weight, k) = (0, 1, base)
        while true {
            guard let byte = bytes.popFirst(), let digit = digit(byte) else { return nil }
            value += digit * weight
            guard value < 1 << 32 else { return nil }
            let t = threshold(k, bias)
            if digit < t { return value }
            weight *= base - t
            guard weight < 1 << 32 else { return nil }
            k += base
        }
    }

    private static func threshold(_ k: Int, _ bias: Int) -> Int { min(max(k - bias, tMin), tMax) }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
        default: nil
        }
    }

    private static func adapt(_ delta: Int, points: Int, isFirst: Bool) -> Int {
        var delta = isFirst ? delta / damp : delta / 2
        delta += delta / points
        var k = 0
        while delta > (base - tMin) * tMax / 2 {
            delta /= base - tMin
            k += base
        }
        return k + (base - tMin + 1) * delta / (delta + skew)
    }

    /// nil for labels longer than DNS has.
    static func encode(_ scalars: [Unicode.Scalar]) -> String? {
        guard scalars.count <= 63 else { return nil }
        var output = scalars.filter(\.isASCII).map { UInt8($0.value) }
        var handled = output.count
        let basicCount = handled
        if basicCount > 0 { output.append(UInt8(ascii: "-")) }
        var (n, delta, bias) = (initialN, 0, initialBias)
        while handled < scalars.count {
            guard let next = scalars.lazy.map({ Int($0.value) }).filter({ $0 >= n }).min() else { return nil }
            delta += (next - n) * (handled + 1)
            n = next
            for scalar in scalars {
                if scalar.value < n { delta += 1 }
                guard scalar.value == n else { continue }
                append(delta, bias: bias, to: &output)
                bias = adapt(delta, points: handled + 1, isFirst: handled == basicCount)
                delta = 0
                handled += 1
            }
            delta += 1
            n += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func append(_ delta: Int, bias: Int, to output: inout [UInt8]) {
        var (rest, k) = (delta, base)
        while true {
            let t = threshold(k, bias)
            if rest < t { break }
            output.append(letter(t + (rest - t) % (base - t)))
            rest = (rest - t) / (base - t)
            k += base
        }
        output.append(letter(rest))
    }

    private static func letter(_ digit: Int) -> UInt8 { UInt8(digit < 26 ? 0x61 + digit : 0x30 + digit - 26) }
}
