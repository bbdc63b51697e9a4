package import Base

extension EgressPolicy {
    /// For a repository that the operator names: its host and port are allowed by that, in sandbox mode too.
    package init(reaching remote: GitRemote) throws(PAOError) {
        try self.init()
        switch remote.scheme {
        case .https, .http: try allow(baseURL: remote.url)
        case .ssh: try allow("\(remote.host ?? ""):\(remote.port)")
        case .file: break
        }
    }
}

extension GitRemote {
    /// A repository that the operator names: any scheme, but plain HTTP only to this machine, since nothing else would vouch for what is
    /// read. Throws `configuration`.
    package static func named(_ url: String) throws(PAOError) -> GitRemote {
        let remote = try GitRemote(url, schemes: Set(Scheme.allCases))
        guard remote.scheme != .http || remote.isLoopback else {
            throw PAOError(.configuration, "\(url) would be read over plain HTTP.", hint: "Use https:// or ssh://.")
        }
        return remote
    }

    private var isLoopback: Bool {
        guard let host else { return true }
        guard let address = IPAddress(host) else { return host == "localhost" }
        return ["127.0.0.0/8", "::1/128"].compactMap(AddressBlock.init(_:)).contains { $0.contains(address) }
    }
}
