import Glibc

/// An IPv4 or IPv6 address, without port and zone.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Network order read as a number; an IPv4 address uses the low 32 bits.
    let bits: UInt128
    let isV6: Bool

    private init(bits: UInt128, isV6: Bool) {
        self.bits = bits
        self.isV6 = isV6
    }

    init(v4 bits: UInt32) { self.init(bits: UInt128(bits), isV6: false) }
    init(v6 bits: UInt128) { self.init(bits: bits, isV6: true) }

    /// Dotted decimal with four parts, or the text of RFC 4291; nil for anything else, such as `127.1` or `0x7f000001`.
    package init?(_ text: String) {
        // The C library would read as far as the NUL.
        if text.utf8.contains(0) { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(v6: Self.number(v6))
        } else {
            return nil
        }
    }

    /// nil for other families than internet and for a cut-off structure.
    init?(_ address: UnsafePointer<sockaddr>, length: Int) {
        let raw = UnsafeRawPointer(address)
        guard length >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET where length >= MemoryLayout<sockaddr_in>.size:
            self.init(v4: UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6 where length >= MemoryLayout<sockaddr_in6>.size:
            self.init(v6: Self.number(raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr))
        default: return nil
        }
    }

    private static func number(_ address: in6_addr) -> UInt128 {
        withUnsafeBytes(of: address) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
    }

    var width: Int { isV6 ? 128 : 32 }

    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isV6 {
            var address = bits.bigEndian
            inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count))
        } else {
            var address = UInt32(truncatingIfNeeded: bits).bigEndian
            inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The IPv4 address that a packet to this IPv6 one ends at: mapped (RFC 4291), compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056).
    var embeddedV4: IPAddress? {
        guard isV6 else { return nil }
        let low = UInt32(truncatingIfNeeded: bits)
        switch bits >> 32 {
        case 0xFFFF, 0x0064_FF9B << 64: return IPAddress(v4: low)
        case 0 where low > 1: return IPAddress(v4: low)
        default: break
        }
        return bits >> 112 == 0x2002 ? IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80)) : nil
    }
}

/// A range of addresses in CIDR notation. A single address is a block of its full width.
package struct AddressBlock: Sendable, Hashable, CustomStringConvertible {
    let address: IPAddress
    let prefix: Int

    init(_ address: IPAddress) {
        self.address = address
        prefix = address.width
    }

    /// `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`; nil for anything else, and where bits after the prefix are set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        self.init(address)
        guard parts.count == 2 else { return }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let prefix = Int(parts[1]),
            prefix <= address.width, Self.tail(address.bits, address.width - prefix) == 0
        else { return nil }
        self.init(address: address, prefix: prefix)
    }

    private init(address: IPAddress, prefix: Int) {
        self.address = address
        self.prefix = prefix
    }

    private static func tail(_ bits: UInt128, _ count: Int) -> UInt128 { count >= 128 ? bits : bits & ((1 << UInt128(count)) - 1) }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.isV6 == address.isV6 else { return false }
        let difference = other.bits ^ address.bits
        let shift = address.width - prefix
        return shift >= 128 || difference >> UInt128(shift) == 0
    }

    package var description: String { "\(address)/\(prefix)" }
}
