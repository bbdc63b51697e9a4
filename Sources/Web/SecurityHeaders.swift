/// The header fields that every answer has, errors and streams too (OWASP ASVS 5.0, section 3.4).
enum SecurityHeaders {
    /// For what a browser shows; nothing inline, nothing from elsewhere, no script from strings.
    static let pagePolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'"

    private static let dataPolicy = "default-src 'none'; frame-ancestors 'none'"

    private static let always = [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ]

    static func add(to headers: inout Headers, strictTransport: Bool) {
        for (name, value) in always { headers[name] = value }
        if headers["Content-Security-Policy"] == nil { headers.add("Content-Security-Policy", dataPolicy) }
        if headers["Cache-Control"] == nil { headers.add("Cache-Control", "no-store") }
        if strictTransport { headers["Strict-Transport-Security"] = "max-age=31536000" }
    }
}
