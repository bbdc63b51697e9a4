import Base
import Glibc
import Synchronization

/// Finds out why a name could not be looked up: it does not exist (final), or the look-up failed (may succeed later).
///
/// A second look-up on a thread of its own, which is given one second: servers answer "does not exist" at once. Belongs to the loop's
/// thread.
struct NameLookups {
    private static let limit = 16
    private static let patience = Duration.seconds(1)

    private var waiting: [(transfer: CurlTransfer, deadline: Duration)] = []
    private let running = Counter()

    var isEmpty: Bool { waiting.isEmpty }

    /// The look-up's first failure is what is told, with its kind set right.
    mutating func start(_ transfer: CurlTransfer, _ failure: TransportFailure) {
        guard running.value.load(ordering: .relaxed) < Self.limit else { return transfer.finish(.failure(failure.temporary)) }
        running.value.add(1, ordering: .relaxed)
        let host = transfer.call.address.host
        let isStarted = Thread.detached("pao-names") { [running] in
            transfer.finish(.failure(Self.nameExists(host) ? failure.temporary : failure))
            running.value.subtract(1, ordering: .relaxed)
        }
        guard isStarted else { return transfer.finish(.failure(failure.temporary)) }
        waiting.append((transfer, TimeSource.system.monotonic() + Self.patience))
    }

    mutating func expire() {
        guard !waiting.isEmpty else { return }
        let now = TimeSource.system.monotonic()
        waiting.removeAll { transfer, deadline in
            if deadline <= now { transfer.finish(.failure(TransportFailure(.dnsTemporary, "The name look-up timed out."))) }
            return transfer.isFinished || deadline <= now
        }
    }

    func cancel(_ transfer: CurlTransfer) { transfer.finish(.failure(TransportFailure(.cancelled, "The call was cancelled."))) }

    mutating func cancelAll() {
        for (transfer, _) in waiting { cancel(transfer) }
        waiting = []
    }

    /// True also where nobody could tell. Each family is asked for alone: of both at once, "no address" hides "no answer".
    private static func nameExists(_ host: String) -> Bool {
        let noData: Int32 = -5
        let noFamily: Int32 = -9
        return ![AF_INET, AF_INET6].allSatisfy { family in
            [EAI_NONAME, noData, noFamily].contains(NameResolution.lookUp(host, family: family).code)
        }
    }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }
}

extension TransportFailure {
    fileprivate var temporary: TransportFailure {
        TransportFailure(.dnsTemporary, message, mayHaveBeenSent: mayHaveBeenSent)
    }
}
