// DESIGN: a child process sees nothing but what its request names.
//
// - posix_spawn with an argument array, never a shell; the environment is exactly the one given; signals are unblocked and back to
//   their defaults; it leads a process group of its own, so that a timeout ends its children with it.
// - No descriptor of ours goes along: what is not stdin, stdout and stderr is closed in the child, whoever forgot CLOEXEC.
// - One thread per process drains both outputs and feeds stdin through poll(2), so that neither side waits for the other; it keeps the
//   first bytes of each stream up to the limit and throws the rest away. It ends at the deadline even if a grandchild holds them open.
// - The channels are socket pairs, so that a child that does not read its input ends our writing with EPIPE and no signal.

package import Base
import Glibc

package struct ProcessRequest: Sendable {
    /// Absolute.
    package var executable: String
    /// Without the name of the program itself.
    package var arguments: [String]
    /// All of it: nothing is inherited.
    package var environment: [String: String]
    /// Absolute; nil is `/`.
    package var workingDirectory: String?
    package var input: [UInt8]
    package var timeout: Duration
    /// Bytes kept of each stream.
    package var outputLimit: Int

    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], workingDirectory: String? = nil,
        input: [UInt8] = [], timeout: Duration = .seconds(60), outputLimit: Int = 1 << 20
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.input = input
        self.timeout = timeout
        self.outputLimit = outputLimit
    }
}

package struct ProcessResult: Sendable, Equatable {
    package enum Ending: Sendable, Equatable {
        case exit(Int)
        case signal(Int)
    }

    package var ending: Ending
    /// The group was killed at the deadline, or because the task was cancelled.
    package var timedOut: Bool
    package var output: [UInt8]
    package var errorOutput: [UInt8]
    package var outputTruncated: Bool
    package var errorOutputTruncated: Bool

    package var isSuccess: Bool { ending == .exit(0) && !timedOut }
}

extension PAOError.Code {
    /// The program is not there or may not be run.
    package static let processNotStarted = Self(rawValue: "process_not_started")
}

/// How programs are run. A value, so that the simulation and tests put another one in.
package struct ProcessRunner: Sendable {
    /// Throws `process_not_started`, and `cancelled` where the task was cancelled, after the group is dead.
    package var run: @Sendable (ProcessRequest) async throws(PAOError) -> ProcessResult

    package init(run: @escaping @Sendable (ProcessRequest) async throws(PAOError) -> ProcessResult) { self.run = run }

    /// Real processes. The time source measures deadlines.
    package static func system(time: TimeSource = .system) -> ProcessRunner {
        ProcessRunner { (request) async throws(PAOError) in
            let child = try ChildProcess(request, time: time)
            let result = await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isStarted = Thread.detached("pao-process") { continuation.resume(returning: child.attend()) }
                    if !isStarted { continuation.resume(returning: child.attend()) }
                }
            } onCancel: {
                child.cancel()
            }
            if Task.isCancelled { throw PAOError(.cancelled, "The program was stopped.") }
            return result
        }
    }
}
