import Base
import Foundation
import Fuzzing
import Testing

/// Each parser for a moment; `make fuzz` gives each of them minutes, guided by the code that inputs reach.
@Suite(.serialized) struct FuzzingTests {
    /// For each parser.
    private static let time =
        ["verify": Duration.seconds(60), "soak": .seconds(600)][
            ProcessInfo.processInfo.environment["PAO_SCALE"] ?? ""] ?? .milliseconds(200)

    @Test("no parser traps, dawdles or contradicts itself on its corpus", arguments: FuzzTarget.all.map(\.name))
    func corpus(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        #expect(!target.corpus.isEmpty)
        let end = ContinuousClock.now + Self.time * 5
        for text in target.corpus where ContinuousClock.now < end { try Self.run(target, text) }
    }

    @Test("no parser traps, dawdles or contradicts itself on changed texts", arguments: FuzzTarget.all.map(\.name))
    func mutations(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let corpus = target.corpus
        var random = SeededRandom(seed: 1)
        let end = ContinuousClock.now + Self.time
        while ContinuousClock.now < end {
            let seed = corpus.randomElement(using: &random) ?? []
            try Self.run(target, random.mutated(seed, words: target.words, others: corpus))
        }
    }

    /// `Fixtures/<target>/*`: what fuzzing has found, one input a file.
    @Test("what fuzzing has found stays mended", arguments: FuzzTarget.all.map(\.name))
    func found(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
        for file in (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? [] {
            try Self.run(target, [UInt8](Data(contentsOf: file)))
        }
    }

    /// A trap leaves no message: the input is in the file that `PAO_FUZZ_INPUT` names, when it is set.
    private static func run(_ target: FuzzTarget, _ input: [UInt8]) throws {
        if let path = ProcessInfo.processInfo.environment["PAO_FUZZ_INPUT"] { try Data(input).write(to: URL(filePath: path)) }
        do {
            try target.run(input)
        } catch {
            Issue.record("\(target.name): \(error)\ninput, in base64: \(Base64.encode(input))")
        }
    }
}
