import Base
import Testing

@Suite("Redactor")
struct RedactorTests {
    @Test(
        "known values go, wherever they stand and however they are written",
        arguments: [
            ("nothing here", "nothing here"), ("", ""), ("hunter2!", "***"), ("a hunter2! b hunter2! c", "a *** b *** c"),
            ("hunter2!x", "***x"), ("hunter2", "hunter2"), ("aHVudGVyMiE=", "***"), ("aHVudGVyMiE", "***"), ("q=hunter2%21&r", "q=***&r"),
            ("hhunter2!", "h***"), ("ünter hunter2! ü", "ünter *** ü"), ("pässwörd", "***"), ("p%C3%A4ssw%C3%B6rd", "***"),
        ])
    func forms(text: String, expected: String) {
        let redactor = Redactor()
        redactor.add("hunter2!")
        redactor.add("pässwörd")
        #expect(redactor.redact(text) == expected)
        #expect(redactor.redact(["a": [.string(text)], "b": 1] as JSON) == ["a": [.string(expected)], "b": 1])
    }

    @Test("of overlapping values nothing stays, not even the end of the longer one")
    func overlap() {
        let redactor = Redactor()
        for value in ["abcd", "bcdefgh", "abcdxyz"] { redactor.add(value) }
        #expect(redactor.redact("-abcdefgh-") == "-***-")
        #expect(redactor.redact("abcdxyz abcd") == "*** ***")
    }

    @Test("values of less than four bytes are left alone")
    func short() {
        let redactor = Redactor()
        redactor.add("abc")
        redactor.add("")
        #expect(redactor.redact("abc") == "abc")
    }
}
