import Base
import Glibc

extension Connection {
    /// A copy in one file (no log beside it), complete and durable or not there at all; an older file of that name is replaced. The file
    /// is made beside its place as `<path>.partial`, mode 0600. Throws `unavailable` when that cannot be written, else what SQLite says.
    func backUp(to path: String) throws(PAOError) {
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = Glibc.open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(.unavailable, "The backup \(partial) cannot be written.") }
        defer { Glibc.close(descriptor) }
        do throws(PAOError) {
            try copyAlone(to: partial)
            try StoreFailpoint.backupCopied.reach()
            try publish(descriptor, partial, as: path)
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func copyAlone(to path: String) throws(PAOError) {
        let target = try Connection.open(path, as: .copy)
        defer { target.close() }
        try copy(into: target)
        try target.execute(script: "PRAGMA journal_mode=DELETE")
    }

    private func publish(_ descriptor: Int32, _ partial: String, as path: String) throws(PAOError) {
        guard fsync(descriptor) == 0, rename(partial, path) == 0 else {
            throw .system(errno == ENOSPC ? .storageFull : .unavailable, "The backup \(path) cannot be written.")
        }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let handle = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { return }
        fsync(handle)
        Glibc.close(handle)
        StoreFailpoint.backupPublished.pass()
    }
}
