import Base
import Foundation
import Synchronization
import Testing
import Web

@testable import Sandbox

/// A sandbox with a clock that the test moves.
final class SandboxHarness: Sendable {
    let clock = Mutex(Timestamp(milliseconds: 1_800_000_000_000))
    let slept = Mutex<[Duration]>([])
    let file: String?
    let options: SandboxOptions
    private let current: Mutex<Sandbox>

    init(file: String? = nil, options: SandboxOptions = SandboxOptions()) throws {
        self.file = file
        self.options = options
        current = Mutex(try Sandbox(stateFile: nil, options: options, time: .system, random: Self.random, log: .silent))
        try restart()
    }

    private static let random = RandomSource { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) } }

    /// A new process on the same state file.
    func restart() throws {
        let time = TimeSource(
            now: { self.clock.withLock { $0 } }, monotonic: { .milliseconds(self.clock.withLock { $0.milliseconds }) },
            sleep: { duration in self.slept.withLock { $0.append(duration) } })
        let sandbox = try Sandbox(stateFile: file, options: options, time: time, random: Self.random, log: .silent)
        current.withLock { $0 = sandbox }
    }

    func pass(_ duration: Duration) { clock.withLock { $0 = $0 + duration } }

    @discardableResult
    func send(
        _ method: String, _ address: String, _ body: JSON? = nil, key: String? = nil, headers: Headers = Headers(), raw: [UInt8] = []
    ) async -> Answer {
        let isAbsolute = address.hasPrefix("http")
        let target = isAbsolute ? "/redirected" : address
        var request = Request(method: method, rawTarget: target, path: [], headers: headers, body: body?.bytes ?? raw)
        request.headers["Host"] = "127.0.0.1:9999"
        if isAbsolute { request.headers["X-Pao-Sandbox-Url"] = address }
        if let key { request.headers["Idempotency-Key"] = key }
        return Answer(await current.withLock { $0 }.answer(request))
    }

    func state() async -> JSON { await send("GET", "/_sandbox/state").json }
    func effects(_ key: String) async -> Int? { await state()["effects"]?[key]?.int }
    func fault(_ fault: JSON) async { #expect(await send("POST", "/_sandbox/faults", fault).status == 201) }
}

/// A response with its body read.
struct Answer {
    let status: Int
    let headers: Headers
    let bytes: [UInt8]
    let json: JSON

    init(_ response: Response) {
        status = response.status
        headers = response.headers
        bytes = if case .bytes(let bytes) = response.body { bytes } else { [] }
        json = (try? JSON.parse(bytes)) ?? .null
    }
}

func temporaryFile() -> String {
    FileManager.default.temporaryDirectory.appending(path: "sandbox-\(UUID().uuidString).jsonl").path
}
