package import Base
import Catalog

/// What a run needs beyond its rows; values, so that a run is the same on every machine.
package struct RunSettings: Sendable {
    package var registry: ActionRegistry
    package var environment: ActionEnvironment
    package var identifiers: IdentifierSource
    package var random: RandomSource
    package var hostname: String
    /// Names the operator allowed templates to read.
    package var variables: JSON
    /// Encrypts a value for the database.
    package var seal: @Sendable (JSON) -> JSON
    package var open: @Sendable (String) -> JSON
    /// For one try of a step that sets none.
    package var attemptTimeout: Duration
    /// How many steps of an action type run at once; any number of those that are not in it.
    package var perAction: [String: Int] = [:]
    /// How long an effect in doubt is asked after before a person has to look; a step whose time is over gets `doubtGrace`.
    package var doubtLimit: Duration = .seconds(3600)
    package var doubtGrace: Duration = .seconds(60)
    /// Where people open the dashboard, without a slash at its end; for `request.url` in templates and
    /// links in tickets and mails. Empty: links are relative.
    package var publicURL = ""

    package init(
        registry: ActionRegistry = .standard, environment: ActionEnvironment, identifiers: IdentifierSource, random: RandomSource,
        hostname: String, variables: JSON = [:], attemptTimeout: Duration = .seconds(30), seal: @escaping @Sendable (JSON) -> JSON,
        open: @escaping @Sendable (String) -> JSON
    ) {
        self.registry = registry
        self.environment = environment
        self.identifiers = identifiers
        self.random = random
        self.hostname = hostname
        self.variables = variables
        self.attemptTimeout = attemptTimeout
        self.seal = seal
        self.open = open
    }

    /// The address of a page of the dashboard, such as `/requests/req-...`.
    func page(_ path: String) -> String { publicURL + path }

    /// What templates of the document read as `environment`. In sandbox mode what nobody has set stands there by its name, like an unknown
    /// secret, so that a catalog can be tried before anything is configured.
    func variables(for document: CatalogDocument) -> JSON {
        guard environment.isSandbox else { return variables }
        var known = variables
        for name in document.environmentNames where known[name] == nil { known[name] = .string("sandbox-\(name)") }
        return known
    }

    /// Seals by the appliance's key. A value that cannot be opened (the key is lost) opens as null, and what reads it fails by name.
    package static func sealing(by sealer: Sealer) -> (seal: @Sendable (JSON) -> JSON, open: @Sendable (String) -> JSON) {
        let context = "request-data"
        return (
            { Sealed.wrap(sealer.seal($0.bytes, context: context).text) },
            { text in
                guard let sealed = SealedValue(text: text), let plain = try? sealer.open(sealed, context: context) else { return .null }
                return (try? JSON.parse(plain)) ?? .null
            }
        )
    }
}
