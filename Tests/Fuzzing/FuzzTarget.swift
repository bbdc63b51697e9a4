// DESIGN: what is fuzzed is said once, here, and run in two ways. `make test` changes the corpus at random for a moment and reads again
// what was found before (FuzzingTests); `make fuzz` lets libFuzzer grow inputs by the code they reach (Fuzzer). In both a target fails
// when the program traps, when a demand on the result does not hold, or when one input costs too much.

import Base
import Glibc

/// One parser, what to begin with, and what must hold of whatever it makes of any bytes.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Pieces that its grammar knows, for mutations.
    package let words: [String]
    private let texts: [String]
    /// Files and folders below the repository's root.
    private let files: [String]
    private let check: @Sendable ([UInt8]) throws -> Void

    init(
        _ name: String, texts: [String] = [], files: [String] = [], words: [String] = [],
        _ check: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.name = name
        self.texts = texts
        self.files = files
        self.words = words
        self.check = check
    }

    /// Bytes of one input; what is longer is cut.
    package static let longest = 8192

    /// Of a debug build, whose code is checked, instrumented and not optimized: at least ten times what the program itself takes.
    package static let slowest = Duration.seconds(2)

    package var corpus: [[UInt8]] { texts.map { Array($0.utf8) } + Corpus.files(files, longest: Self.longest) }

    /// Throws what is wrong with the result; a trap of the parser ends the process.
    package func run(_ input: [UInt8]) throws {
        let began = Self.processorTime()
        try check(Array(input.prefix(Self.longest)))
        let took = Self.processorTime() - began
        if took > Self.slowest { throw Unsound("took \(took) of a processor") }
    }

    /// What this thread has computed for, whatever else the machine does.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    package static let all: [FuzzTarget] =
        textTargets + timeTargets + addressTargets + documentTargets + templateTargets + schemaTargets + catalogTargets + webTargets
        + ticketTargets + answerTargets
}

/// A demand that does not hold.
package struct Unsound: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

func demand(_ condition: @autoclosure () throws -> Bool, _ otherwise: @autoclosure () -> String) throws {
    if try !condition() { throw Unsound(otherwise()) }
}

extension [UInt8] {
    /// As a reader that cannot refuse bytes would take them.
    var text: String { String(decoding: self, as: UTF8.self) }

    /// The first line, and what follows it: two inputs in one.
    var halves: (first: String, rest: String) {
        let end = firstIndex(of: 0x0A) ?? endIndex
        return (Array(self[..<end]).text, Array(self[end...].dropFirst()).text)
    }
}
