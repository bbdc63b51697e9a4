import Foundation
import Fuzzing

// libFuzzer's two hooks; its own `main` calls them. `PAO_FUZZ_TARGET` names the parser, without it the names are listed.
// `PAO_FUZZ_FOLDER` gets the corpus and the dictionary to begin with.

private let target = FuzzTarget.all.first { $0.name == ProcessInfo.processInfo.environment["PAO_FUZZ_TARGET"] }

@_cdecl("LLVMFuzzerInitialize")
func initialize(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer) -> CInt {
    guard let target else {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    if let folder = ProcessInfo.processInfo.environment["PAO_FUZZ_FOLDER"] { write(target, to: URL(filePath: folder)) }
    return 0
}

private func write(_ target: FuzzTarget, to folder: URL) {
    for (index, text) in target.corpus.enumerated() { try? Data(text).write(to: folder.appending(path: "corpus/given-\(index)")) }
    let words = target.words.map { word in "\"" + word.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\"\n" }
    try? Data(words.joined().utf8).write(to: folder.appending(path: "words"))
}

@_cdecl("LLVMFuzzerTestOneInput")
func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try target?.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(error)")
    }
    return 0
}
