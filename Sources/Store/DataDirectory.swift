import Base
import Glibc
import Synchronization

/// The directory that holds the database, locked for one process. The lock ends with `unlock` or
/// with the process, however it ends.
final class DataDirectory: Sendable {
    let path: String
    /// The open lock file; nil after `unlock`.
    private let lock: Mutex<Int32?>

    var database: String { path + "/pao.db" }

    /// Makes the directory (0700) and the empty database file (0600) where they are missing. Throws `configuration` when that is
    /// not allowed and `data` when another process holds the lock.
    init(_ path: String) throws(PAOError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .system(.configuration, "The data directory \(path) cannot be made.", hint: "Make it, or give the server the right to.")
        }
        self.path = path
        let descriptor = try Self.open(path + "/pao.lock")
        lock = Mutex(descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            unlock()
            throw PAOError(
                .data, "A server already runs on \(path): it holds \(path)/pao.lock.",
                hint: "Use that server, stop it, or choose another data directory.")
        }
        Glibc.close(try Self.open(database))
    }

    deinit { unlock() }

    func unlock() {
        lock.withLock { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }

    private static func open(_ path: String) throws(PAOError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .system(.configuration, "\(path) cannot be opened for writing.", hint: "Give the server's user the right to write there.")
        }
        return descriptor
    }
}
