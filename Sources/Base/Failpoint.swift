// DESIGN: places where tests of crashes make the process die, fail or wait.
//
// A target lists its places in an enumeration of names and calls `reach` there. `PAO_FAILPOINT` arms some of them when the program
// starts. It is the one piece of state of the whole process: a place is deep inside of what runs, and handing it down to there would
// cost every function on the way a parameter. A release build holds none of it: `reach` is empty there.

import Glibc
import Synchronization

package protocol Failpoint: RawRepresentable<String>, CaseIterable, Sendable {}

extension Failpoint {
    /// Throws `unavailable` where it is armed to fail; does not return where it is armed to kill.
    @inline(__always)
    package func reach() throws(PAOError) {
        #if DEBUG
            if ArmedFailpoints.strike(rawValue) {
                throw PAOError(.unavailable, "The failpoint \(rawValue) was told to fail.")
            }
        #endif
    }

    /// Where nothing can be thrown: armed to fail, it does nothing.
    @inline(__always)
    package func pass() { try? reach() }

    package static var names: [String] { allCases.map(\.rawValue) }
}

#if DEBUG
    /// What `PAO_FAILPOINT` says: `NAME:ACTION[:N]`, several with commas between them. An action is taken once, the Nth time its place is
    /// reached (the first unless said otherwise); `trace` writes every visit of every place to standard error.
    package enum ArmedFailpoints {
        enum Action: String, CaseIterable {
            /// As `kill -9` would.
            case kill
            case error
            /// For a fifth of a second.
            case delay
        }

        private struct Armed {
            let action: Action
            /// Visits before it acts.
            var rest: Int
        }

        private struct State {
            var armed: [String: Armed] = [:]
            var isTracing = false
        }

        /// False for good in a process that arms none, which is what `strike` looks at first.
        private static let isAnyArmed = Atomic(false)
        private static let state = Mutex(State())

        /// Throws `configuration` for a name that is not known and for what cannot be read.
        package static func arm(_ setting: String, among names: [String]) throws(PAOError) {
            var next = State()
            for part in setting.split(separator: ",") {
                if part == "trace" {
                    next.isTracing = true
                    continue
                }
                let words = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
                guard (2...3).contains(words.count), names.contains(words[0]), let action = Action(rawValue: words[1]),
                    let visit = words.count == 3 ? Int(words[2]) : 1, visit > 0
                else {
                    throw PAOError(
                        .configuration,
                        "PAO_FAILPOINT is NAME:\(Action.allCases.map(\.rawValue).joined(separator: "|"))[:N], not \(part).",
                        hint: "`pao failpoints` lists the names.")
                }
                next.armed[words[0]] = Armed(action: action, rest: visit - 1)
            }
            let final = next
            state.withLock { $0 = final }
            isAnyArmed.store(true, ordering: .releasing)
        }

        /// Whether the place is to fail.
        static func strike(_ name: String) -> Bool {
            guard isAnyArmed.load(ordering: .relaxed) else { return false }
            let (action, isTracing) = state.withLock { state -> (Action?, Bool) in
                guard var armed = state.armed[name] else { return (nil, state.isTracing) }
                armed.rest -= 1
                state.armed[name] = armed.rest < 0 ? nil : armed
                return (armed.rest < 0 ? armed.action : nil, state.isTracing)
            }
            if isTracing { tell("failpoint \(name): reached\n") }
            guard let action else { return false }
            tell("failpoint \(name): \(action.rawValue)\n")
            switch action {
            case .kill: kill(getpid(), SIGKILL)
            case .delay: usleep(200_000)
            case .error: break
            }
            return action == .error
        }

        private static func tell(_ line: String) {
            let bytes = Array(line.utf8)
            _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
        }
    }
#endif
