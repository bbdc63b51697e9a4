import Base

@testable import Integrations

extension FuzzTarget {
    static let addressTargets = [
        FuzzTarget(
            "address",
            texts: [
                "10.0.0.0/8", "fd00::/8", "::ffff:1.2.3.4", "https://a.example:8443/b/../c?d=e#f", "http://0x7f.1/", "http://[::1]:80/",
                "ssh://git@example.com:22/a/b.git", "https://github.com/acme/shop.git", "feature/a-b.c", "HTTP://ex%41mple.com/%zz",
                "http://a%7F/", "http://%3330073/",
            ],
            words: ["://", "/", "..", "@", ":", "[", "]", "%", "?", "#", "0x7f", "::", "/128", "\u{0}", ".lock", "-", "\\", "\u{3002}"],
            address),
        FuzzTarget(
            "signature",
            texts: [
                "v1,Zm9v 1700000000", "sha256=00ff", "https://a.example/x//../y z?b=2&a&a=1\nX-A: b  c",
                "https://s3.example/%E2%82%AC?a=%20",
            ],
            words: ["v1,", "sha256=", "&", "=", "/./", "/../", "//", "%2F", " ", "-9223372036854775808"], signature),
    ]

    private static func address(_ input: [UInt8]) throws {
        let text = input.text
        if let address = IPAddress(text) {
            try demand(IPAddress(address.description) == address, "\(text) is written \(address)")
            try demand(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(text.debugDescription) is taken for an address")
            try demand(AddressBlock(text)?.contains(address) == true, "\(address) is not in its own block")
        }
        if let block = AddressBlock(text) { try demand(AddressBlock(block.description) == block, "\(text) is written \(block)") }
        if let address = try? WebAddress(text) {
            let again = try? WebAddress(address.text)
            try demand(again?.text == address.text && again?.host == address.host, "\(text) is written \(address.text)")
            try demand((1...65_535).contains(address.port), "\(text) has port \(address.port)")
            _ = try? WebAddress("../x?y", relativeTo: address)
        }
        for schemes in [Set(GitRemote.Scheme.allCases), [.https, .ssh]] {
            guard let remote = try? GitRemote(text, schemes: schemes) else { continue }
            try demand(!remote.url.hasPrefix("-") && remote.url.contains("://"), "git would read \(text) as something else")
        }
        if let branch = try? GitBranch(text) {
            try demand(!branch.name.hasPrefix("-") && !branch.name.contains(".."), "\(text) is a branch")
        }
        if let name = GitHubAddress.repository(of: text, apiURL: "https://api.github.com") {
            try demand(GitHubAddress.isRepository(name), "\(name) is a repository")
        }
    }

    /// A signature of ours is accepted, whatever else stands there is not.
    private static func signature(_ input: [UInt8]) throws {
        let (first, rest) = input.halves
        let signer = WebhookSignature(secret: "whsec_c2VjcmV0")
        let (now, body) = (Timestamp(milliseconds: 1_700_000_000_000), Array(rest.utf8))
        let words = first.split(separator: " ", maxSplits: 1).map(String.init)
        try demand(
            !signer.verifies(id: "m", timestamp: words.last ?? "", signature: words.first ?? "", body: body, now: now), "a forged signature"
        )
        try demand(!signer.verifies(hubSignature: first, body: body), "a forged signature")
        let headers = Dictionary(signer.headers(id: first, at: now, body: body).map { ($0.0.lowercased(), $0.1) }, uniquingKeysWith: { $1 })
        try demand(
            signer.verifies(
                id: headers["webhook-id"] ?? "", timestamp: headers["webhook-timestamp"] ?? "",
                signature: headers["webhook-signature"] ?? "", body: body, now: now), "its own signature is refused")
        guard let address = try? WebAddress(first) else { return }
        for service in ["execute-api", "s3"] {
            let keys = AWSCredentials(accessKey: "A", secretKey: "S", region: "r", service: service)
            let request = HTTPRequest(method: "POST", url: first, headers: [(rest, rest)], body: body)
            let signed = AWSSigV4(credentials: keys).sign(request, to: address, at: now)
            try demand(signed.contains { $0.0 == "Authorization" && $0.1.utf8.count > 100 }, "\(first) is not signed")
        }
    }
}
