import Base
import Glibc

/// The few file operations that commands need.
enum Files {
    /// Throws `notFound`, or `bodyTooLarge` above the limit.
    static func read(_ path: String, limit: Int = 64 << 20) throws(PAOError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PAOError(.notFound, "\(path) cannot be read: \(String(cString: strerror(errno))).") }
        defer { close(descriptor) }
        return try read(descriptor, name: path, limit: limit)
    }

    static func readStandardInput(limit: Int = 64 << 20) throws(PAOError) -> [UInt8] { try read(0, name: "standard input", limit: limit) }

    private static func read(_ descriptor: Int32, name: String, limit: Int) throws(PAOError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 { throw PAOError(.unavailable, "\(name) cannot be read: \(String(cString: strerror(errno))).") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > limit { throw PAOError(.bodyTooLarge, "\(name) is larger than \(limit) bytes.") }
        }
    }

    /// A new file, or the old one replaced, durable when this returns.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(PAOError) {
        let part = path + ".part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw PAOError(.unavailable, "\(path) cannot be written: \(String(cString: strerror(errno))).") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw PAOError(.unavailable, "\(path) cannot be written: \(String(cString: strerror(errno))).") }
            rest = rest.dropFirst(written)
        }
        guard fsync(descriptor) == 0, rename(part, path) == 0 else {
            throw PAOError(.unavailable, "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Commands look at a data directory; only `pao init` and `pao demo` make one. Throws `configuration`.
    static func requireDatabase(in directory: String) throws(PAOError) {
        guard exists(directory + "/pao.db") else {
            throw PAOError(
                .configuration, "There is no database in \(directory).", hint: "Make one: pao init --data \(directory) --admin NAME")
        }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// With its parents.
    static func makeDirectory(_ path: String, mode: mode_t = 0o700) throws(PAOError) {
        if path.isEmpty || path == "/" || isDirectory(path) { return }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try makeDirectory(String(path[..<slash]), mode: mode) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw PAOError(
                .configuration, "The directory \(path) cannot be made: \(String(cString: strerror(errno))).")
        }
    }

    /// A new empty directory of this user alone.
    static func makeTemporaryDirectory() throws(PAOError) -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/pao-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PAOError(.configuration, "No temporary directory can be made in \(base): \(String(cString: strerror(errno))).")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Of a path below the working directory; commands are the only ones that know of one.
    static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getcwd(&buffer, buffer.count) != nil else { return path }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/" + path
    }

    static var hostname: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, 255) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
