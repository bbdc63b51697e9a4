package import Base

/// One step of a way through a JSON value or YAML node.
package enum PathComponent: Sendable, Hashable {
    case key(String)
    case index(Int)
}

extension JSON {
    /// One step down; nil where there is nothing.
    package func member(_ component: PathComponent) -> JSON? {
        switch component {
        case .key(let key): self[key]
        case .index(let index): self[index]
        }
    }

    /// The value at the end of a path; nil where a step leads nowhere.
    package func value(at path: some Sequence<PathComponent>) -> JSON? {
        var value = self
        for component in path {
            guard let next = value.member(component) else { return nil }
            value = next
        }
        return value
    }
}

/// JSON Pointer, RFC 6901.
package enum JSONPointer {
    /// The unescaped tokens of `/a~1b/0`; nil where the text is not a pointer.
    package static func tokens(_ text: String) -> [String]? {
        if text.isEmpty { return [] }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let token = unescaped(part) else { return nil }
            tokens.append(token)
        }
        return tokens
    }

    private static func unescaped(_ part: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var iterator = part.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "~") else {
                bytes.append(byte)
                continue
            }
            switch iterator.next() {
            case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A key as a token.
    package static func escape(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return key }
        var bytes: [UInt8] = []
        for byte in key.utf8 {
            switch byte {
            case UInt8(ascii: "~"): bytes += "~0".utf8
            case UInt8(ascii: "/"): bytes += "~1".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The array index a token stands for: digits without a leading zero.
    package static func index(_ token: String) -> Int? {
        guard token.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), token == "0" || token.utf8.first != 0x30 else { return nil }
        return Int(token)
    }

    /// What the tokens lead to: they are keys in objects and indices in arrays.
    package static func value(at tokens: [String], in root: JSON) -> JSON? {
        var value = root
        for token in tokens {
            let next = value.array == nil ? value[token] : index(token).flatMap { value[$0] }
            guard let next else { return nil }
            value = next
        }
        return value
    }
}
