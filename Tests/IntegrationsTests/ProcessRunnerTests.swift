import Base
import Foundation
import Integrations
import Testing

struct ProcessRunnerTests {
    private let runner = ProcessRunner.system()

    private func shell(_ script: String) -> ProcessRequest { ProcessRequest("/bin/sh", ["-c", script], timeout: .seconds(20)) }
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("arguments arrive as they are, whatever they hold")
    func arguments() async throws {
        let hostile = ["$(id)", "`id`", "a b", "", "--option", "'\"", "é", "a\nb"]
        let result = try await runner.run(ProcessRequest("/usr/bin/printf", ["[%s]"] + hostile))
        #expect(text(result.output) == hostile.map { "[\($0)]" }.joined())
        #expect(result.isSuccess)
    }

    @Test("the environment is what is given and nothing else")
    func environment() async throws {
        setenv("PAO_TEST_SECRET", "canary", 1)
        let result = try await runner.run(ProcessRequest("/usr/bin/env", environment: ["A": "1", "B": "two words"]))
        #expect(text(result.output) == "A=1\nB=two words\n")
    }

    @Test("no descriptor of ours goes along, not even one that would stay open")
    func descriptors() async throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let result = try await runner.run(ProcessRequest("/bin/ls", ["/proc/self/fd"]))
        #expect(text(result.output).split(separator: "\n").sorted() == ["0", "1", "2", "3"])  // 3 is the listing itself
    }

    @Test("input, both outputs, directory and exit code", arguments: [0, 3, 255])
    func streams(code: Int) async throws {
        var request = shell("cat; pwd; echo oops >&2; exit \(code)")
        request.input = Array("in\n".utf8)
        request.workingDirectory = "/usr"
        let result = try await runner.run(request)
        #expect(text(result.output) == "in\n/usr\n" && text(result.errorOutput) == "oops\n")
        #expect(result.ending == .exit(code) && result.isSuccess == (code == 0) && !result.timedOut)
    }

    @Test("megabytes go in and out at once, and more than the limit is thrown away")
    func volume() async throws {
        var request = shell("cat; cat /dev/zero | head -c 3000000 >&2")
        request.input = [UInt8](repeating: 0x61, count: 900_000)
        let result = try await runner.run(request)
        #expect(result.output == request.input && !result.outputTruncated)
        #expect(result.errorOutput.count == 1 << 20 && result.errorOutputTruncated)
    }

    @Test("a program that reads nothing does not hang its writer")
    func unreadInput() async throws {
        var request = shell("exit 0")
        request.input = [UInt8](repeating: 0x61, count: 4 << 20)
        #expect(try await runner.run(request).isSuccess)
    }

    @Test("the deadline ends the whole group, also one that ignores signals")
    func timeout() async throws {
        var request = shell("trap '' TERM INT HUP; sleep 1000 & echo $!; wait; sleep 1000")
        request.timeout = .milliseconds(300)
        let start = ContinuousClock.now
        let result = try await runner.run(request)
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(result.timedOut && result.ending == .signal(9))
        let grandchild = try #require(pid_t(text(result.output).trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(!isRunning(grandchild))
    }

    @Test("what a program leaves behind in its group ends with it")
    func leftBehind() async throws {
        let start = ContinuousClock.now
        let result = try await runner.run(shell("sleep 1000 & echo $!"))
        #expect(ContinuousClock.now - start < .seconds(15) && result.isSuccess)
        let grandchild = try #require(pid_t(text(result.output).trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(!isRunning(grandchild))
    }

    /// A killed orphan may wait for its new parent as a zombie.
    private func isRunning(_ process: pid_t) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return kill(process, 0) == 0 && !status.contains(") Z ")
    }

    @Test("a cancelled task ends its program")
    func cancellation() async {
        let task = Task { try await runner.run(shell("sleep 1000")) }
        task.cancel()
        await #expect { _ = try await task.value } throws: { ($0 as? PAOError)?.code == .cancelled }
    }

    @Test("what cannot be started says so", arguments: ["/nowhere/program", "relative", "/etc/passwd", "/bin/\u{0}sh"])
    func notStarted(_ path: String) async {
        await #expect { _ = try await runner.run(ProcessRequest(path)) } throws: { ($0 as? PAOError)?.code == .processNotStarted }
    }
}
