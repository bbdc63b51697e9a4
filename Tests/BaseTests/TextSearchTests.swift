import Testing

@testable import Base

@Suite struct TextSearchTests {
    @Test(
        "a part is found where it stands first, by its bytes",
        arguments: [
            ("banana", "an", 1), ("banana", "banana", 0), ("aab", "ab", 1), ("a\r\nb", "\n", 2), ("", "", 0), ("x", "", 0),
            ("é", "\u{301}", nil),
            ("e\u{301}", "é", nil), ("abc", "abcd", nil), ("", "a", nil), ("zażółć", "ółć", 4),
        ] as [(String, String, Int?)])
    func search(text: String, part: String, offset: Int?) {
        #expect(text.firstRange(of: part).map { text.utf8.distance(from: text.startIndex, to: $0.lowerBound) } == offset)
        #expect(text.contains(part) == (offset != nil))
        #expect(Array(text.utf8).firstOffset(of: Array(part.utf8)) == offset)
    }

    @Test(
        "every part is replaced once, from the left",
        arguments: [
            ("aaa", "aa", "b", "ba"), ("a\r\nb\n", "\n", "|", "a\r|b|"), ("ab", "", "x", "ab"), ("xx", "x", "xx", "xxxx"),
            ("", "x", "y", ""),
            ("a{{b}}", "{{", "(", "a(b}}"),
        ])
    func replacing(text: String, part: String, other: String, result: String) {
        #expect(text.replacing(part, with: other) == result)
    }

    @Test("a search in a slice gives places of the slice")
    func slices() {
        let text = "one two one"
        let rest = text.dropFirst(3)
        #expect(rest.firstRange(of: "one").map { text[..<$0.lowerBound] } == "one two ")
    }

    @Test("what is given back of the program's memory is there again when it is needed")
    func footprint() {
        Footprint.release()
        #expect("still running".contains("running"))
    }
}
