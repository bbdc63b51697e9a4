import Base
import CCurl
import Glibc

/// Looks names up as libc does, on a thread of its own.
enum NameResolution {
    /// Empty where there is no answer. An address is its own answer.
    static func addresses(of host: String) async -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        return await withCheckedContinuation { continuation in
            let isStarted = Thread.detached("pao-names") { continuation.resume(returning: lookUp(host).addresses) }
            if !isStarted { continuation.resume(returning: []) }
        }
    }

    /// Blocks, for seconds when no name server answers. `code` is that of getaddrinfo(3).
    static func lookUp(_ host: String, family: Int32 = AF_UNSPEC) -> (code: Int32, addresses: [IPAddress]) {
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = pao_socket_stream
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else { return (code, []) }
        defer { freeaddrinfo(list) }
        let entries = sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
        let addresses = entries.compactMap { entry in
            entry.flatMap { entry in entry.pointee.ai_addr.flatMap { IPAddress($0, length: Int(entry.pointee.ai_addrlen)) } }
        }
        return (0, addresses)
    }
}
