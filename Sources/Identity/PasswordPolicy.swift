package import Base

/// ASVS 5.0, 6.2: length counts, composition does not; nothing is cut off; well-known passwords are refused.
package enum PasswordPolicy {
    /// Unicode scalars.
    package static let length = 12...256

    /// Throws `invalid` with a finding on `password`.
    package static func check(_ password: String, login: String) throws(PAOError) {
        guard length.contains(password.unicodeScalars.count) else {
            throw .invalid("password", "length", "Must have \(length.lowerBound) to \(length.upperBound) characters.")
        }
        guard Set(password.unicodeScalars).count >= 5 else {
            throw .invalid("password", "variety", "Must have at least five different characters.")
        }
        guard !isCommon(password, login: login) else {
            throw .invalid("password", "common", "Is, or is built on, a password that everybody tries first.")
        }
    }

    /// Also with digits and punctuation around it (`Password2026!`), repeated, or when it is the login so decorated.
    private static func isCommon(_ password: String, login: String) -> Bool {
        let text = password.lowercased()
        let core = text.unicodeScalars.withoutDecoration
        let words = common.union([login.lowercased()])
        return words.contains(text) || words.contains(core)
            || words.contains { !$0.isEmpty && $0.utf8.count >= 4 && isRepetition(text, of: $0) }
    }

    private static func isRepetition(_ text: String, of word: String) -> Bool {
        let (text, word) = (Array(text.utf8), Array(word.utf8))
        return text.count % word.count == 0 && text.indices.allSatisfy { text[$0] == word[$0 % word.count] }
    }

    /// The heads of the public lists of leaked passwords, and keyboard runs as long as the least length.
    private static let common: Set<String> = Set(
        """
        password passw0rd p@ssword p@ssw0rd pa$$word pa$$w0rd passwort motdepasse contrasena contraseña senha qwerty qwertz azerty qwertyuiop \
        qwertzuiop azertyuiop qwerty123456 asdfghjkl asdfghjklzxcvbnm qwertyuiopasdfghjkl 1qaz2wsx3edc 1qaz2wsx 1q2w3e4r5t6y 1q2w3e4r \
        zaq12wsx zaq12wsxcde3 qazwsxedc qazwsxedcrfv zxcvbnm zxcvbnmasdf abcdefghijkl abcdefghijklm abcdefghijklmnop abcdef abc123abc123 \
        1234567890ab 123456789abc 123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 012345678901 0123456789012 \
        0123456789ab 0123456789abcdef 098765432109 987654321098 121212121212 123123123123 112233445566 123456123456 123456654321 \
        letmein letmeinplease welcome welcomehome admin administrator adminadmin root toor rootroot superuser user test tester testtest \
        testing guest default changeme changeit changethis pleasechangeme secret secretsecret topsecret iloveyou iloveyouforever \
        monkey dragon master baseball football basketball superman batman sunshine princess shadow trustno1 michael jordan \
        starwars whatever freedom computer internet samsung google facebook linkedin minecraft pokemon correcthorsebatterystaple \
        correct horse battery staple mustang hunter hunter2 ninja access accessgranted login loginlogin passphrase mypassword \
        thisismypassword ihatepasswords passwordpassword nopassword oracle postgres mysql cisco ubuntu debian raspberry vagrant \
        kubernetes docker jenkins ansible terraform platform orchestrator company companyname spring summer autumn winter
        """.split(separator: " ").map(String.init))
}

extension String.UnicodeScalarView {
    /// Without the digits and ASCII punctuation at either end.
    fileprivate var withoutDecoration: String {
        let isDecoration: (Unicode.Scalar) -> Bool = { $0.isASCII && !$0.properties.isAlphabetic }
        let tail = drop(while: isDecoration)
        guard let last = tail.lastIndex(where: { !isDecoration($0) }) else { return "" }
        return String(tail[...last])
    }
}
