package import Base
package import Store

/// Where the value of a secret may come from; asked in turn.
package struct SecretProvider: Sendable {
    package let name: String
    /// nil: not here, ask the next.
    package let value: @Sendable (_ name: String) async throws(PAOError) -> String?

    package init(name: String, value: @escaping @Sendable (_ name: String) async throws(PAOError) -> String?) {
        self.name = name
        self.value = value
    }

    /// The sealed store of the database.
    package static func database(_ store: Store, sealer: Sealer) -> SecretProvider {
        SecretProvider(name: "database") { name throws(PAOError) in
            let row = try store.read { connection throws(PAOError) in try SecretStore.row(name, in: connection) }
            return try row.map { row throws(PAOError) in try row.open(with: sealer) }
        }
    }

    /// One file per secret, as systemd's `LoadCredential` lays them down; one line feed at the end does not count.
    package static func files(in directory: String) -> SecretProvider {
        SecretProvider(name: "files") { name throws(PAOError) in
            guard let file = SmallFile.read(directory + "/" + name, limit: Secrets.valueLimit) else { return nil }
            let bytes = file.bytes.last == 0x0A ? Array(file.bytes.dropLast()) : file.bytes
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw PAOError(.configuration, "The secret \(name) is no UTF-8 text.", detail: "in \(directory)")
            }
            return text
        }
    }

    /// Only the names allowed, so that a template cannot read the server's own environment.
    package static func environment(
        allowing names: Set<String>, read: @escaping @Sendable (String) -> String?
    ) -> SecretProvider {
        SecretProvider(name: "environment") { names.contains($0) ? read($0) : nil }
    }

    /// Last in sandbox mode: `sandbox-NAME` for whatever nobody knows.
    package static let sandbox = SecretProvider(name: "sandbox") { "sandbox-" + $0 }
}

/// A secret as one sees it in a list: never with its value.
package struct SecretEntry: Sendable, Equatable {
    package let name: String
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let updatedBy: String
}

/// `{{secrets.NAME}}`: finding values when they are needed, and looking after those in the database.
package struct Secrets: Sendable {
    /// Bytes of a value.
    package static let valueLimit = 65_536

    private let store: Store
    private let audit: AuditLog
    private let sealer: Sealer
    private let providers: [SecretProvider]
    private let redactor: Redactor

    package init(store: Store, audit: AuditLog, sealer: Sealer, providers: [SecretProvider], redactor: Redactor) {
        self.store = store
        self.audit = audit
        self.sealer = sealer
        self.providers = providers
        self.redactor = redactor
    }

    /// From the first provider that has it; from then on it is blotted out in logs, errors and audit rows. Throws `notFound`, `invalid`
    /// for what cannot be a name, `data` when it cannot be opened.
    package func value(_ name: String) async throws(PAOError) -> String {
        try Self.check(name)
        for provider in providers {
            guard let value = try await provider.value(name) else { continue }
            redactor.add(value)
            return value
        }
        throw PAOError(
            .notFound, "There is no secret \(name).", detail: "asked: \(providers.map(\.name).joined(separator: ", "))",
            hint: "Store it with PUT /api/v1/secrets/\(name), or let the server read it from a file or its environment.")
    }

    /// Of the database, by name. Throws `forbidden`.
    package func list(by actor: Actor) throws(PAOError) -> [SecretEntry] {
        try actor.require(.adminSecrets)
        return try store.read { connection throws(PAOError) in try SecretStore.list(in: connection) }
    }

    /// Throws `forbidden`, and `invalid` for a name or a value that cannot be.
    package func set(_ name: String, to value: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminSecrets)
        try Self.check(name)
        guard (1...Self.valueLimit).contains(value.utf8.count) else {
            throw .invalid("value", "length", "Must have 1 to \(Self.valueLimit) bytes.")
        }
        redactor.add(value)
        let (sealer, audit) = (sealer, audit)
        try await store.write { tx throws(PAOError) in
            let version = (try SecretStore.row(name, in: tx)?.version ?? 0) + 1
            let sealed = sealer.seal(Array(value.utf8), context: SecretRow.context(name, version))
            try SecretStore.save(name, version: version, sealed, by: actor, in: tx)
            try audit.append(AuditEntry(actor, version == 1 ? "create" : "update", "secret", name), in: tx)
            try IdentityFailpoint.secretStored.reach()
        }
    }

    /// Throws `forbidden`, `notFound`.
    package func remove(_ name: String, by actor: Actor) async throws(PAOError) {
        try actor.require(.adminSecrets)
        let audit = audit
        try await store.write { tx throws(PAOError) in
            guard try SecretStore.delete(name, in: tx) else { throw .notFound("The secret \(name)") }
            try audit.append(AuditEntry(actor, "delete", "secret", name), in: tx)
        }
    }

    /// After a new key was put in front of the master key file: seals with it what an older one sealed. How many that were. The older
    /// keys may go when this is done. Throws `forbidden`, `data`.
    package func rotate(by actor: Actor) async throws(PAOError) -> Int {
        try actor.require(.adminSecrets)
        let (sealer, audit) = (sealer, audit)
        return try await store.write { tx throws(PAOError) in
            let rows = try SecretStore.rows(notSealedBy: sealer.currentKeyID, in: tx)
            for row in rows {
                let plain = Array(try row.open(with: sealer).utf8)
                try SecretStore.rewrap(row.name, sealer.seal(plain, context: SecretRow.context(row.name, row.version)), in: tx)
            }
            try audit.append(AuditEntry(actor, "rotate", "secret", "*", new: ["count": .int(rows.count)]), in: tx)
            return rows.count
        }
    }

    /// Letters, digits, `_`, `-` and inner dots: safe as a file name and in a template.
    private static func check(_ name: String) throws(PAOError) {
        let bytes = Array(name.utf8)
        let fits =
            (1...128).contains(bytes.count) && bytes[0] != UInt8(ascii: ".")
            && bytes.allSatisfy { byte in
                PercentEncoding.isUnreserved(byte) && byte != UInt8(ascii: "~")
            }
        guard fits else { throw .invalid("name", "pattern", "Must be 1 to 128 letters, digits, `_`, `-` or inner dots.") }
    }
}
