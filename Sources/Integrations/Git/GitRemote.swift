package import Base

extension PAOError.Code {
    /// git could not do it; `detail` has its words.
    package static let gitFailed = Self(rawValue: "git_failed")
    /// The remote has something else on the branch.
    package static let gitRejected = Self(rawValue: "git_rejected")
    /// The address is outside of what the egress policy permits.
    package static let egressDenied = Self(rawValue: "egress_denied")
}

/// A repository elsewhere. Its address comes from people and goes to a program with many doors: everything but plain URLs of the allowed
/// schemes is refused, `ext::`, options, and `host:path` among them.
package struct GitRemote: Sendable {
    package enum Scheme: String, Sendable, CaseIterable {
        case https, ssh
        /// For tests and closed networks.
        case http, file
    }

    package let url: String
    package let scheme: Scheme
    /// nil for a file.
    let host: String?
    let port: Int
    /// The user and password or token of http(s); never part of a command line.
    package var credentials: (user: String, password: String)?

    /// Throws `configuration`.
    package init(
        _ url: String, schemes: Set<Scheme> = [.https, .ssh], credentials: (user: String, password: String)? = nil
    ) throws(PAOError) {
        let scheme = url.split(separator: ":", maxSplits: 1).first.flatMap { Scheme(rawValue: String($0)) }
        // Without `//`, libcurl reads a URL and git a path on the host `https`, by ssh.
        guard let scheme, schemes.contains(scheme), url.hasPrefix("\(scheme.rawValue)://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else {
            let names = schemes.map(\.rawValue).sorted().joined(separator: ", ")
            throw PAOError(.configuration, "A git repository is a URL that begins with one of: \(names) (then ://).")
        }
        self.url = url
        self.scheme = scheme
        self.credentials = credentials
        switch scheme {
        case .https, .http: (host, port) = try Self.webPlace(url)
        case .ssh: (host, port) = try Self.shellPlace(url)
        case .file:
            guard url.hasPrefix("file:///") else { throw PAOError(.configuration, "A file URL has three slashes.") }
            (host, port) = (nil, 0)
        }
    }

    private static func webPlace(_ url: String) throws(PAOError) -> (String?, Int) {
        do throws(TransportFailure) {
            let address = try WebAddress(url)
            return (address.host, address.port)
        } catch { throw PAOError(.configuration, "The repository's URL cannot be used: \(error.message)") }
    }

    /// `ssh://user@host:port/path`; no part may look like an option.
    private static func shellPlace(_ url: String) throws(PAOError) -> (String?, Int) {
        let parts = url.dropFirst("ssh://".count).split(separator: "/", maxSplits: 1)
        let login = (parts.first ?? "").split(separator: "@", omittingEmptySubsequences: false)
        let place = (login.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
        let port = place.count == 2 ? Int(place[1]) : 22
        let words = login.dropLast() + place.prefix(1)
        let isPlain = words.allSatisfy { word in
            word.utf8.first?.isWord == true && word.utf8.allSatisfy { $0 < 0x80 && ($0.isWord || ".-_".utf8.contains($0)) }
        }
        guard url.hasPrefix("ssh://"), parts.count == 2, login.count <= 2, place.count <= 2, isPlain, let port, (1...65535).contains(port)
        else {
            throw PAOError(.configuration, "An ssh repository is ssh://user@host/path.")
        }
        return (String(place[0]), port)
    }
}

/// The name of a branch that is safe as part of a reference and of a command line.
package struct GitBranch: Sendable, Equatable {
    package let name: String

    /// The rules of git-check-ref-format(1), narrowed to letters, digits and `._/-`. Throws `configuration`.
    package init(_ name: String) throws(PAOError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = name.utf8.allSatisfy { $0 < 0x80 && $0.isWord || "._/-".utf8.contains($0) }
        let partsAreGood = parts.allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasPrefix("-") && !$0.hasSuffix(".lock") && !$0.hasSuffix(".")
        }
        guard isPlain, partsAreGood, !name.utf8.isEmpty, name.utf8.count <= 200, !name.contains("..") else {
            throw PAOError(.configuration, "\"\(name)\" is no name of a branch.")
        }
        self.name = name
    }

    var reference: String { "refs/heads/\(name)" }
}
