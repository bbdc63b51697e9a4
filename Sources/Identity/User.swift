package import Base

/// A person, or the account of a program.
package struct User: Sendable, Equatable {
    package let id: String
    package let login: String
    package let name: String
    package let email: String?
    package let isActive: Bool
    package let lastLogin: Timestamp?
    package let createdAt: Timestamp
}

package struct NewUser: Sendable {
    package var login: String
    package var name: String
    package var email: String?
    /// nil: can only come in by tokens or another identity provider.
    package var password: String?
    package var roles: [String]
    /// Slugs; the first is the primary one.
    package var teams: [String]

    package init(
        login: String, name: String? = nil, email: String? = nil, password: String? = nil, roles: [String] = [], teams: [String] = []
    ) {
        self.login = login.lowercased()
        self.name = name ?? login
        self.email = email
        self.password = password
        self.roles = roles
        self.teams = teams
    }

    private static let reserved: Set<String> = ["system", "anonymous"]

    func check() throws(PAOError) {
        try Name.check(login, field: "login", also: ".-_@")
        guard !Self.reserved.contains(login) else { throw .invalid("login", "reserved", "Is a name that the audit trail uses itself.") }
        guard (1...200).contains(name.unicodeScalars.count) else { throw .invalid("name", "length", "Must have 1 to 200 characters.") }
        if let email, !Self.isAddress(email) { throw .invalid("email", "format", "Must be an e-mail address.") }
        if let password { try PasswordPolicy.check(password, login: login) }
    }

    /// Something, an @, something with no space or control character in it; more only the mail server knows.
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty && text.utf8.count <= 254
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
