package import Base

/// A bearer token as one sees it in a list; its text is shown once, when it is made.
package struct Token: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable { case user, service, device, agent }

    package let id: String
    package let kind: Kind
    package let name: String
    package let userID: String
    package let scopes: Set<Permission>
    package let createdAt: Timestamp
    package let expiresAt: Timestamp
    package let revokedAt: Timestamp?
    /// May lag by a minute.
    package let lastUsedAt: Timestamp?
}

package struct NewToken: Sendable {
    package var name: String
    package var kind: Token.Kind
    package var scopes: Set<Permission>
    package var lifetime: Duration
    /// nil: the actor's own.
    package var userID: String?

    package static let defaultLifetime = Duration.seconds(90 * 86_400)
    package static let lifetimes = Duration.seconds(60)...Duration.seconds(366 * 86_400)

    package init(
        name: String, kind: Token.Kind = .user, scopes: Set<Permission>, lifetime: Duration = defaultLifetime, userID: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.scopes = scopes
        self.lifetime = lifetime
        self.userID = userID
    }

    func check() throws(PAOError) {
        guard (1...200).contains(name.unicodeScalars.count) else { throw .invalid("name", "length", "Must have 1 to 200 characters.") }
        guard Self.lifetimes.contains(lifetime) else { throw .invalid("lifetime", "range", "Must be between a minute and 366 days.") }
        guard !scopes.isEmpty else { throw .invalid("scopes", "required", "Must name at least one permission.") }
    }
}

/// `pao_<kind>_<26 base32>_<6 base32>`: 128 random bits, and 30 bits of the CRC-32 of what stands before the last underscore, so that
/// scanners know a token from other text and a mistyped one costs no look-up.
package struct TokenText: Sendable {
    /// Bytes.
    static let longest = 64

    package let text: String

    package init(kind: Token.Kind, random: RandomSource) {
        let body = "pao_\(kind.rawValue)_\(Base32.encode(random.bytes(16)))"
        text = "\(body)_\(Self.checksum(body))"
    }

    /// nil when the form or the checksum is wrong.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, parts.count == 4, parts[0] == "pao", Token.Kind(rawValue: String(parts[1])) != nil,
            parts[2].utf8.count == 26, parts[3].utf8.count == 6,
            Self.checksum(String(text.dropLast(7))) == parts[3]
        else { return nil }
        self.text = text
    }

    /// What is stored.
    package var digest: [UInt8] { Hash.sha256(Array(text.utf8)) }

    private static func checksum(_ body: String) -> String {
        let crc = Hash.crc32(Array(body.utf8))
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * $0)) }
        return String(Base32.encode(bytes).prefix(6))
    }
}
