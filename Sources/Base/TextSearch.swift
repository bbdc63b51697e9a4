import Glibc

// Text in text, byte for byte: what Unicode holds for equal but spells otherwise is not found, and a line feed is found after a carriage
// return, with which it is one Character. The standard library's own search would add most of a megabyte of regular expressions.

extension String {
    package func firstRange(of part: String) -> Range<Index>? { self[...].firstRange(of: part) }

    package func contains(_ part: String) -> Bool { self[...].firstRange(of: part) != nil }

    /// Left to right, without looking again at what was put in. An empty part changes nothing.
    package func replacing(_ part: String, with other: String) -> String {
        guard !part.isEmpty, var range = firstRange(of: part) else { return self }
        var result = ""
        var rest = self[...]
        while true {
            result += rest[..<range.lowerBound]
            result += other
            rest = rest[range.upperBound...]
            guard let next = rest.firstRange(of: part) else { return result + rest }
            range = next
        }
    }
}

extension Substring {
    package func contains(_ part: String) -> Bool { firstRange(of: part) != nil }

    package func firstRange(of part: String) -> Range<Index>? {
        let count = part.utf8.count
        guard let offset = utf8.firstOffset(of: part.utf8) else { return nil }
        let start = utf8.index(startIndex, offsetBy: offset)
        return start..<utf8.index(start, offsetBy: count)
    }
}

extension Collection<UInt8> {
    /// Where `part` begins, counted from the start; 0 for an empty part.
    package func firstOffset(of part: some Collection<UInt8>) -> Int? {
        let found = withContiguousStorageIfAvailable { text in
            part.withContiguousStorageIfAvailable { part in search(text, for: part) }
        }
        if let found = found ?? nil { return found }
        return Array(self).withUnsafeBufferPointer { text in
            Array(part).withUnsafeBufferPointer { part in search(text, for: part) }
        }
    }
}

private func search(_ text: UnsafeBufferPointer<UInt8>, for part: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let first = part.first, let wanted = part.baseAddress, let start = text.baseAddress else { return part.isEmpty ? 0 : nil }
    var offset = 0
    while offset + part.count <= text.count {
        let rest = text.count - part.count - offset + 1
        guard let hit = memchr(start + offset, Int32(first), rest) else { return nil }
        offset = UnsafeRawPointer(hit) - UnsafeRawPointer(start)
        if memcmp(start + offset, wanted, part.count) == 0 { return offset }
        offset += 1
    }
    return nil
}
