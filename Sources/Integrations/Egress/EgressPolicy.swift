package import Base

/// Where outgoing calls may go. Addresses of the public internet are open on ports 80 and 443; anything else (loopback, private,
/// link-local, metadata and other special ranges, other ports) only where the operator allows it. What is denied stays denied, whoever
/// allows it.
///
/// The check is made on the address that a socket is about to connect to, so that spellings of addresses, names that resolve inward,
/// several answers and rebinding all end here.
package struct EgressPolicy: Sendable {
    private var allowed: [EgressRule] = []
    private var denied: [EgressRule] = []

    /// Sandbox mode: every call, whatever host it names, goes to this address over plain HTTP, with the same path and query where our
    /// own server takes them; the URL it was meant for travels in `X-Pao-Sandbox-Url`. Nothing is resolved, and no other address is permitted.
    package var redirectAllTo: (host: String, port: Int)?

    /// Entries are `host`, `*.domain`, `address` or `CIDR`, each with an optional `:port` (IPv6 in brackets then). Throws `configuration`.
    package init(allow: [String] = []) throws(PAOError) {
        for entry in allow { try self.allow(entry) }
    }

    package mutating func allow(_ entry: String) throws(PAOError) { allowed.append(try EgressRule(entry)) }

    /// Allows host and port of an integration's address. Throws `configuration`.
    package mutating func allow(baseURL: String) throws(PAOError) {
        do throws(TransportFailure) {
            let url = try WebAddress(baseURL)
            allowed.append(EgressRule(host: url.host, port: url.port))
        } catch {
            throw PAOError(.configuration, "The address \(baseURL) cannot be used: \(error.message)")
        }
    }

    /// For the server's own listener. Same entries as `allow`. Throws `configuration`.
    package mutating func deny(_ entry: String) throws(PAOError) { denied.append(try EgressRule(entry)) }

    /// `host` is the name or address in the URL, `address` what a connection would be made to.
    package func permits(host: String, address: IPAddress, port: Int) -> Bool {
        if let redirectAllTo { return IPAddress(redirectAllTo.host) == address && redirectAllTo.port == port }
        let target = address.embeddedV4 ?? address
        let matches = { (rule: EgressRule) in rule.matches(host: host, address: target, port: port) }
        if denied.contains(where: matches) { return false }
        return allowed.contains(where: matches) || (target.isPublic && (port == 443 || port == 80))
    }
}

/// One entry of the lists.
struct EgressRule: Sendable {
    private enum Target {
        case host(String)
        /// The domain with its leading dot.
        case subdomains(String)
        case block(AddressBlock)
    }

    private let target: Target
    /// nil is any.
    private let port: Int?

    init(host: String, port: Int?) {
        target = AddressBlock(host).map(Target.block) ?? .host(host.normalizedHost)
        self.port = port
    }

    init(_ entry: String) throws(PAOError) {
        guard let (name, port) = Self.split(entry), let target = Self.target(name) else {
            throw PAOError(
                .configuration, "\"\(entry)\" is not a host, an address or a CIDR range, each with an optional port.",
                hint: "Write for example jira.example.com, 10.20.0.0/16, 10.20.0.5:8443 or [fd00::/8]:443.")
        }
        self.target = target
        self.port = port
    }

    private static func split(_ entry: String) -> (name: String, port: Int?)? {
        if entry.utf8.first == UInt8(ascii: "[") {
            guard let end = entry.firstIndex(of: "]") else { return nil }
            let name = String(entry[entry.index(after: entry.startIndex)..<end])
            let rest = entry[entry.index(after: end)...]
            if rest.isEmpty { return (name, nil) }
            guard rest.first == ":", let port = port(rest.dropFirst()) else { return nil }
            return (name, port)
        }
        let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (entry, nil) }
        return port(parts[1]).map { (String(parts[0]), $0) }
    }

    private static func port(_ text: Substring) -> Int? {
        guard let port = Int(text), (1...65535).contains(port) else { return nil }
        return port
    }

    private static func target(_ name: String) -> Target? {
        if let block = AddressBlock(name) { return .block(block) }
        let isWildcard = name.hasPrefix("*.")
        let host = isWildcard ? String(name.dropFirst()) : name
        let isName = host.utf8.allSatisfy { PercentEncoding.isUnreserved($0) && $0 != UInt8(ascii: "~") || $0 >= 0x80 }
        // All digits and dots would be an address in another spelling, which no rule can mean.
        let hasLetter = host.utf8.contains { $0.asciiLowercased >= UInt8(ascii: "a") }
        guard isName, hasLetter else { return nil }
        return isWildcard ? .subdomains(host.normalizedHost) : .host(host.normalizedHost)
    }

    func matches(host: String, address: IPAddress, port: Int) -> Bool {
        guard self.port == nil || self.port == port else { return false }
        switch target {
        case .block(let block): return block.contains(address)
        case .host(let name): return host.normalizedHost.utf8.elementsEqual(name.utf8)
        case .subdomains(let suffix):
            let host = host.normalizedHost
            return host.utf8.count > suffix.utf8.count && host.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
        }
    }
}

extension String {
    /// Lower case, without the dot of a fully qualified name.
    fileprivate var normalizedHost: String {
        let host = asciiLowercased
        return host.utf8.last == UInt8(ascii: ".") ? String(host.dropLast()) : host
    }
}

extension IPAddress {
    /// Reachable on the public internet by IANA's special-purpose registries, less the metadata address that one cloud put into public
    /// space.
    var isPublic: Bool {
        if let embeddedV4 { return embeddedV4.isPublic }
        if isV6 { return Self.globalUnicast.contains(self) && !Self.specialV6.contains { $0.contains(self) } }
        return !Self.specialV4.contains { $0.contains(self) }
    }

    private static let globalUnicast = AddressBlock(literal: "2000::/3")

    private static let specialV6 = [
        "2001::/23",  // IETF protocol assignments with Teredo and ORCHID
        "2001:db8::/32",  // documentation
        "3fff::/20",  // documentation
    ].map(AddressBlock.init(literal:))

    private static let specialV4 = [
        "0.0.0.0/8", "10.0.0.0/8",
        "100.64.0.0/10",  // carrier-grade NAT, and one cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  // one cloud's host agent
        "169.254.0.0/16",  // link-local, and most clouds' metadata
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved and broadcast
    ].map(AddressBlock.init(literal:))
}

extension AddressBlock {
    fileprivate init(literal text: String) {
        guard let block = AddressBlock(text) else { preconditionFailure("\(text) is no CIDR range") }
        self = block
    }
}
