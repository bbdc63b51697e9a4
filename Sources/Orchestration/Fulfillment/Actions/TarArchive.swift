import Base

/// A gzip-compressed tar archive of a few small files, as Terraform Cloud takes configurations. POSIX ustar; the gzip members are stored,
/// not deflated (RFC 1951 section 3.2.4), since what is in them is small. The same files give the same bytes.
enum TarArchive {
    struct File: Sendable {
        /// At most 100 bytes.
        var name: String
        var bytes: [UInt8]
    }

    static func gzipped(_ files: [File]) -> [UInt8] {
        let tar = files.flatMap(entry) + [UInt8](repeating: 0, count: 1024)
        let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        return head + stored(tar) + littleEndian(Hash.crc32(tar)) + littleEndian(UInt32(truncatingIfNeeded: tar.count))
    }

    private static func entry(_ file: File) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) { for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte } }
        put(String(decoding: file.name.utf8.prefix(100), as: UTF8.self), at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(file.bytes.count, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
        header[154] = 0
        return header + file.bytes + [UInt8](repeating: 0, count: (512 - file.bytes.count % 512) % 512)
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// Deflate blocks of type 0, each of at most 65,535 bytes.
    private static func stored(_ bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: 65_535).flatMap { start -> [UInt8] in
            let block = bytes[start..<min(start + 65_535, bytes.count)]
            let length = UInt16(block.count)
            let isLast: UInt8 = block.endIndex == bytes.count ? 1 : 0
            return [isLast, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)] + block
        }
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
}
