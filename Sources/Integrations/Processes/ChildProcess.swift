import Base
import CCurl
import Glibc
import Synchronization

/// One running child. `attend` is called once, `cancel` at any time.
final class ChildProcess: Sendable {
    private let request: ProcessRequest
    private let time: TimeSource
    private let process: pid_t
    private let streams: ChildStreams
    private let isCancelled = Atomic<Bool>(false)

    /// Starts it. Throws `process_not_started`.
    init(_ request: ProcessRequest, time: TimeSource) throws(PAOError) {
        guard request.executable.utf8.first == UInt8(ascii: "/"), request.strings.allSatisfy({ !$0.utf8.contains(0) }) else {
            throw Self.notStarted(request, EINVAL)
        }
        guard let streams = ChildStreams() else { throw Self.notStarted(request, errno) }
        let (process, code) = Self.spawn(request, streams)
        streams.closeChildEnds()
        guard code == 0 else {
            streams.closeOurEnds()
            throw Self.notStarted(request, code)
        }
        (self.request, self.time, self.streams, self.process) = (request, time, streams, process)
    }

    private static func notStarted(_ request: ProcessRequest, _ code: Int32) -> PAOError {
        PAOError(.processNotStarted, "\(request.executable) could not be started: \(String(cString: strerror(code))).")
    }

    /// Seen within 50 ms.
    func cancel() { isCancelled.store(true, ordering: .releasing) }

    /// Blocks until the child has ended and its outputs are drained, at most to the deadline.
    func attend() -> ProcessResult {
        let deadline = time.monotonic() + min(request.timeout, .seconds(86_400))
        var exchange = ChildExchange(streams, input: request.input, limit: request.outputLimit)
        while !exchange.isDone, !isCancelled.load(ordering: .acquiring) {
            let left = deadline - time.monotonic()
            guard left > .zero else { break }
            exchange.turn(milliseconds: min(50, left.milliseconds + 1))
            // What it leaves behind in its group would hold the outputs open.
            if hasEnded { kill(-process, SIGKILL) }
        }
        let status = waitForEnd(until: deadline)
        streams.closeOurEnds()
        return ProcessResult(
            ending: status.ending, timedOut: status.killed, output: exchange.output.bytes, errorOutput: exchange.errorOutput.bytes,
            outputTruncated: exchange.output.isTruncated, errorOutputTruncated: exchange.errorOutput.isTruncated)
    }

    /// A child that has closed its outputs may still run, and its group may outlive it. It is reaped only after the kill, so that the
    /// group's number is still its own.
    private func waitForEnd(until deadline: Duration) -> (ending: ProcessResult.Ending, killed: Bool) {
        var killed = false
        var pause: UInt32 = 100
        while !hasEnded {
            if isCancelled.load(ordering: .acquiring) || time.monotonic() >= deadline {
                killed = true
                break
            }
            usleep(pause)
            pause = min(pause * 2, 20_000)
        }
        kill(-process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return (ProcessResult.Ending(status: status), killed)
    }

    /// It stays to be reaped.
    private var hasEnded: Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(process), &information, Int32(WEXITED | WNOWAIT | WNOHANG)) != 0 || information.si_signo != 0
    }

    // MARK: Spawning

    private static func spawn(_ request: ProcessRequest, _ streams: ChildStreams) -> (process: pid_t, code: Int32) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (end, number) in [(streams.childInput, 0), (streams.childOutput, 1), (streams.childError, 2)] as [(Int32, Int32)] {
            posix_spawn_file_actions_adddup2(&actions, end, number)
        }
        pao_spawn_add_close_from(&actions, 3)
        pao_spawn_add_directory(&actions, request.workingDirectory ?? "/")
        setAttributes(&attributes)
        var process = pid_t()
        let code = withCStrings([request.executable] + request.arguments) { arguments in
            withCStrings(request.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&process, request.executable, &actions, &attributes, arguments, environment)
            }
        }
        return (process, code)
    }

    private static func setAttributes(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    }

    private static func withCStrings<T>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}

extension ProcessRequest {
    fileprivate var strings: [String] { [executable, workingDirectory ?? ""] + arguments + environment.keys + environment.values }
}

extension ProcessResult.Ending {
    /// Reads what waitpid(2) answers.
    fileprivate init(status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .exit(Int(status >> 8 & 0xFF)) : .signal(Int(signal))
    }
}
