import Base
import Testing

@testable import Web

@Suite struct InflateTests {
    /// `let x = 1`, as gzip -9n has it.
    static let script: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x49, 0x2D, 0x51, 0xA8, 0x50, 0xB0, 0x55, 0x30, 0x04, 0x00, 0xA4,
        0x6F, 0xA7, 0x5A, 0x09, 0x00, 0x00, 0x00,
    ]

    private static func plain(_ bytes: [UInt8], size: Int) -> [UInt8]? { bytes.withUnsafeBytes { Inflate.gzip($0, size: size) } }

    @Test(
        "reads stored, fixed and empty blocks as zlib wrote them",
        arguments: [
            (script, "let x = 1"),
            ([0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00], ""),
            (
                [
                    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x01, 0x06, 0x00, 0xF9, 0xFF, 0x73, 0x74, 0x6F, 0x72, 0x65,
                    0x64, 0x0B, 0xF9, 0x43, 0x56, 0x06, 0x00, 0x00, 0x00,
                ], "stored"
            ),
            (
                [
                    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0x4C, 0x4A, 0x4E, 0x44, 0x45, 0x00, 0x04, 0xC0, 0x26,
                    0xDC, 0x12, 0x00, 0x00, 0x00,
                ], "abcabcabcabcabcabc"
            ),
        ] as [([UInt8], String)])
    func blocks(bytes: [UInt8], text: String) {
        #expect(Self.plain(bytes, size: text.utf8.count) == Array(text.utf8))
        #expect(Self.plain(bytes, size: text.utf8.count + 1) == nil)
        if !text.isEmpty { #expect(Self.plain(bytes, size: text.utf8.count - 1) == nil) }
    }

    /// Of the embedded files the largest is a good specimen: dynamic codes, long distances. Without them a build has none.
    private static let specimen = Assets.list(under: "").filter(\.isCompressed).max { $0.size < $1.size }

    @Test("refuses what is cut off, wherever")
    func cut() {
        guard let asset = Self.specimen else { return }
        let bytes = Array(asset.stored.buffer)
        for count in stride(from: 0, to: bytes.count - 1, by: max(1, bytes.count / 200)) {
            #expect(Self.plain(Array(bytes[..<count]), size: asset.size) == nil)
        }
    }

    @Test("never reads past damaged input, nor gives more than was asked for")
    func damaged() {
        guard let asset = Self.specimen else { return }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var bytes = Array(asset.stored.buffer.prefix(4000))
            for _ in 0..<3 { bytes[Int.random(in: 10..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            #expect((Self.plain(bytes, size: 20_000)?.count ?? 20_000) == 20_000)
        }
    }
}
