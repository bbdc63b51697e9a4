import Base
import Synchronization

/// Slows down guessing without locking anybody out: at most 5 tries a minute per account and 20 per address, then a pause of a minute
/// that doubles up to 15. An attacker cannot keep an owner out: an address from which an account has signed in before is counted apart
/// from all others. In memory: a restart forgives.
final class SignInThrottle: Sendable {
    static let window = Duration.seconds(60)
    static let longestPause = Duration.seconds(900)
    static let accountLimit = 5
    static let addressLimit = 20

    fileprivate enum Key: Hashable {
        case account(String)
        case accountAt(String, address: String)
        case address(String)

        var limit: Int { if case .address = self { addressLimit } else { accountLimit } }
    }

    fileprivate struct Tries {
        var windowStart: Duration
        var count = 0
        var pauses = 0
        var blockedUntil: Duration = .zero
    }

    fileprivate struct State {
        var tries: [Key: Tries] = [:]
        var known: Set<Key> = []
    }

    private static let capacity = 20_000
    private let time: TimeSource
    private let state = Mutex(State())

    init(time: TimeSource) { self.time = time }

    /// Counts a try before the password is looked at, so that parallel guesses count too. Throws `rateLimited` with `retryAfter`.
    func begin(account: String, address: String) throws(PAOError) {
        let now = time.monotonic()
        let wait = state.withLock { state in
            state.makeRoom(now)
            let keys = state.keys(account, address)
            let wait: Duration = keys.map { (state.tries[$0]?.blockedUntil ?? .zero) - now }.max() ?? .zero
            if wait <= .zero { for key in keys { state.count(key, now) } }
            return wait
        }
        guard wait > .zero else { return }
        let seconds = Int(wait.seconds.rounded(.up))
        throw PAOError(.rateLimited, "Too many tries to sign in; try again in \(seconds) seconds.", retryAfter: seconds)
    }

    /// The password was right: the account starts afresh, and the address does not pay for the try.
    func succeeded(account: String, address: String) {
        state.withLock { state in
            for key in state.keys(account, address) {
                if case .address = key { state.forgive(key) } else { state.tries[key] = nil }
            }
            if state.known.count >= Self.capacity { state.known.removeAll() }
            state.known.insert(.accountAt(account, address: address))
        }
    }
}

extension SignInThrottle.State {
    fileprivate func keys(_ account: String, _ address: String) -> [SignInThrottle.Key] {
        let own = SignInThrottle.Key.accountAt(account, address: address)
        return [known.contains(own) ? own : .account(account), .address(address)]
    }

    fileprivate mutating func count(_ key: SignInThrottle.Key, _ now: Duration) {
        var tries = tries[key] ?? SignInThrottle.Tries(windowStart: now)
        if now - tries.windowStart >= SignInThrottle.window {
            if now - max(tries.windowStart, tries.blockedUntil) >= SignInThrottle.longestPause { tries.pauses = 0 }
            (tries.windowStart, tries.count) = (now, 0)
        }
        tries.count += 1
        if tries.count >= key.limit {
            tries.blockedUntil = now + min(SignInThrottle.window * (1 << min(tries.pauses, 4)), SignInThrottle.longestPause)
            tries.pauses += 1
        }
        self.tries[key] = tries
    }

    fileprivate mutating func forgive(_ key: SignInThrottle.Key) {
        guard var own = tries[key] else { return }
        own.count -= 1
        if own.count < key.limit { own.blockedUntil = .zero }
        tries[key] = own
    }

    /// Drops what no longer matters when there is much; when all of it matters, everything, so that memory stays bounded.
    fileprivate mutating func makeRoom(_ now: Duration) {
        guard tries.count >= SignInThrottle.capacity else { return }
        tries = tries.filter { now - max($0.value.windowStart, $0.value.blockedUntil) < SignInThrottle.longestPause }
        if tries.count >= SignInThrottle.capacity { tries.removeAll() }
    }
}
