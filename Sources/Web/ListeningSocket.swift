package import Base
internal import Glibc

/// A socket that listens, closed by whoever holds it last: the server, once it has stopped.
package struct ListeningSocket: Sendable {
    package let descriptor: Int32

    /// Takes over a socket that listens already (socket activation).
    package init(inherited descriptor: Int32) { self.descriptor = descriptor }

    /// `host` is an IPv4 or IPv6 literal (brackets allowed) or `localhost`; port 0 picks a free one. Throws `unavailable` when the
    /// address is in use and `configuration` for an address this machine does not have.
    package init(host: String, port: Int) throws(PAOError) {
        guard let number = UInt16(exactly: port) else { throw PAOError(.configuration, "\(port) is not a port.") }
        let name = host == "localhost" ? "127.0.0.1" : host.filter { $0 != "[" && $0 != "]" }
        if let address = Self.version4(name, number) {
            descriptor = try Self.listen(AF_INET, address, "\(host):\(port)")
        } else if let address = Self.version6(name, number) {
            descriptor = try Self.listen(AF_INET6, address, "[\(name)]:\(port)")
        } else {
            throw PAOError(.configuration, "\(host) is not an IP address to listen on.")
        }
    }

    /// A socket in the file system that only its owner may use. An old socket at that path is replaced, another file is not.
    package init(path: String) throws(PAOError) {
        guard let address = Self.local(path) else { throw PAOError(.configuration, "The socket path \(path) is too long.") }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        descriptor = try Self.listen(AF_UNIX, address, path)
    }

    /// The port that was picked; 0 for a socket in the file system.
    package var port: Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return 0 }
                return SocketAddress.port(UnsafePointer(address))
            }
        }
    }

    private static func version4(_ text: String, _ port: UInt16) -> sockaddr_in? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return inet_pton(AF_INET, text, &address.sin_addr) == 1 ? address : nil
    }

    private static func version6(_ text: String, _ port: UInt16) -> sockaddr_in6? {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        return inet_pton(AF_INET6, text, &address.sin6_addr) == 1 ? address : nil
    }

    private static func local(_ path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: Array(path.utf8))
            return true
        }
        return fits ? address : nil
    }

    private static func listen<Address>(_ family: Int32, _ address: Address, _ name: String) throws(PAOError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else { throw failed(name) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        // Before bind this is the mode that the file will have.
        if family == AF_UNIX { fchmod(descriptor, 0o600) }
        if family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, 4) }
        let bound = withUnsafeBytes(of: address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
        }
        guard bound == 0, Glibc.listen(descriptor, 4096) == 0 else {
            let error = failed(name)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func failed(_ name: String) -> PAOError {
        let reason = errno
        let text = String(cString: strerror(reason))
        return reason == EADDRINUSE
            ? PAOError(.unavailable, "Cannot listen on \(name): \(text).", hint: "Another program has it, or this one runs already.")
            : PAOError(.configuration, "Cannot listen on \(name): \(text).")
    }
}

/// Reading of socket addresses.
enum SocketAddress {
    static func port(_ address: UnsafePointer<sockaddr>) -> Int {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET: return Int(UInt16(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_port))
        case AF_INET6: return Int(UInt16(bigEndian: raw.loadUnaligned(as: sockaddr_in6.self).sin6_port))
        default: return 0
        }
    }

    /// Numeric, without the port; `local` for a socket in the file system.
    static func host(_ address: UnsafePointer<sockaddr>?) -> String {
        guard let address else { return "local" }
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var host = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            return text(AF_INET, &host)
        case AF_INET6:
            var host = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return text(AF_INET6, &host)
        default: return "local"
        }
    }

    private static func text(_ family: Int32, _ host: UnsafeRawPointer) -> String {
        String(unsafeUninitializedCapacity: Int(INET6_ADDRSTRLEN)) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { characters in
                guard inet_ntop(family, host, characters.baseAddress, socklen_t(characters.count)) != nil else { return 0 }
                return characters.firstIndex(of: 0) ?? 0
            }
        }
    }
}
