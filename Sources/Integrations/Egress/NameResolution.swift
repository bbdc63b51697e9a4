import Glibc

/// Looks names up as libc does, on a thread of its own.
enum NameResolution {
    /// Empty where there is no answer. An address is its own answer.
    static func addresses(of host: String) async -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        return await withCheckedContinuation { continuation in
            let thread = startThread { continuation.resume(returning: lookUp(host)) }
            if let thread { pthread_detach(thread) } else { continuation.resume(returning: []) }
        }
    }

    private static func lookUp(_ host: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        let entries = sequence(first: list, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
        return entries.compactMap { entry in
            entry.flatMap { entry in entry.pointee.ai_addr.flatMap { IPAddress($0, length: Int(entry.pointee.ai_addrlen)) } }
        }
    }
}
