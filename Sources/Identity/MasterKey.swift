package import Base
import Glibc

/// The file that opens every sealed value: one or more keys of 32 bytes, raw; the first seals, the others only open what an earlier
/// one sealed. Without it the secrets of the database are lost: it belongs in the backup, but not beside it.
package enum MasterKey {
    package static let fileName = "master.key"

    /// Makes `DIR/master.key` (0600) unless it is there. Throws `configuration`.
    package static func create(in directory: String, random: RandomSource) throws(PAOError) {
        let path = directory + "/" + fileName
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0, errno == EEXIST { return }
        guard descriptor >= 0 else { throw unusable(path, "cannot be made") }
        defer { close(descriptor) }
        let key = random.bytes(SealingKey.length)
        guard write(descriptor, key, key.count) == key.count, fsync(descriptor) == 0 else {
            unlink(path)
            throw unusable(path, "cannot be written")
        }
        synchronize(directory)
    }

    /// So that the name of the file survives a power cut too.
    private static func synchronize(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Throws `configuration` when the file is missing, has another length, or others than its owner may read it.
    package static func load(path: String, random: RandomSource) throws(PAOError) -> Sealer {
        guard let file = SmallFile.read(path, limit: 64 * SealingKey.length) else { throw unusable(path, "cannot be read") }
        guard file.mode & 0o077 == 0 else { throw unusable(path, "can be read by others; give it mode 0600") }
        let keys = stride(from: 0, to: file.bytes.count, by: SealingKey.length).map { start in
            SealingKey(Array(file.bytes[start..<min(start + SealingKey.length, file.bytes.count)]))
        }
        let whole = keys.compactMap { $0 }
        guard let current = whole.first, whole.count == keys.count else { throw unusable(path, "does not hold keys of 32 bytes") }
        return Sealer(current: current, older: Array(whole.dropFirst()), random: random)
    }

    private static func unusable(_ path: String, _ problem: String) -> PAOError {
        PAOError(
            .configuration, "The master key \(path) \(problem).",
            hint: "`pao init` makes one; for an existing database restore the one that belongs to it.")
    }
}

/// A file read whole.
struct SmallFile {
    let bytes: [UInt8]
    let mode: mode_t

    /// nil when it cannot be read, is no regular file, or is larger than `limit` bytes.
    static func read(_ path: String, limit: Int) -> SmallFile? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var buffer = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let part = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if part == 0 { return SmallFile(bytes: Array(buffer[..<count]), mode: status.st_mode) }
            guard part > 0 || errno == EINTR else { return nil }
            count += max(0, part)
        }
        return nil
    }
}
