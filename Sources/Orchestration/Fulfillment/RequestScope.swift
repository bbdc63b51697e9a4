package import Base
import Catalog
package import Documents
import Synchronization

/// What templates of a request may read. Secrets and sealed values appear as themselves only in a *revealed* scope, whose
/// renderings are sent and never stored; everything stored or shown comes from a *masked* one.
package struct RequestScope: TemplateScope {
    /// Opens what is protected; nil in a masked scope.
    package struct Keys: Sendable {
        /// Secrets by name, fetched before rendering.
        package var secrets: [String: String]
        package var open: @Sendable (String) -> JSON

        package init(secrets: [String: String], open: @escaping @Sendable (String) -> JSON) {
            self.secrets = secrets
            self.open = open
        }
    }

    /// `fields`, `metadata`, `request`, `outputs`, `components`, `instance`, `bundle`, `failure`, `environment`; sealed inside.
    package var roots: JSONObject
    /// `uuid`, `timestamp` (Unix seconds), `at` (ISO 8601), `hostname`: drawn once per step.
    package var frozen: JSON
    package var keys: Keys?
    /// A path to a sealed value gives it as it is stored: for what is stored again.
    package var passesSealed = false
    /// In a plan nothing has run yet: an output reads as its own name in angle brackets.
    package var standsInForOutputs = false
    private let protectedUse = ProtectedUse()

    package init(roots: JSONObject, frozen: JSON, keys: Keys? = nil) {
        self.roots = roots
        self.frozen = frozen
        self.keys = keys
    }

    /// Whether anything protected was read through this scope or a copy of it: then what was rendered must be rendered anew for
    /// sending.
    package var hasUsedProtected: Bool { protectedUse.flag.withLock { $0 } }

    package func revealed(_ keys: Keys) -> RequestScope {
        var scope = self
        scope.keys = keys
        return scope
    }

    package func value(of path: [PathComponent]) throws(TemplateFault) -> JSON? {
        guard case .key(let scope)? = path.first else { return nil }
        switch scope {
        case "secrets": return secret(path)
        case "system": return select(system, path.dropFirst())
        case "fields": return select(roots["fields"] ?? .null, path.dropFirst(), isField: true)
        case "env": return select(roots["environment"] ?? .null, path.dropFirst())
        case "outputs" where standsInForOutputs && path.count > 2:
            return .string("<\(path.dropFirst().map(Self.text).joined(separator: "."))>")
        case "output": return select(roots["outputs"] ?? .null, path.dropFirst())
        case "parameters": return select(parameters, path.dropFirst())
        default: return roots[scope].flatMap { select($0, path.dropFirst()) }
        }
    }

    package func call(_ function: String) -> JSON? {
        switch function {
        case "uuid": frozen["uuid"]
        case "timestamp": frozen["timestamp"]
        case "date": frozen["at"]?.string.map { .string(String($0.prefix(10))) }
        default: nil
        }
    }

    /// For a form's defaults: nil where a template cannot be rendered yet.
    var defaultRenderer: (TemplateTree) -> JSON? {
        { tree in try? tree.render { (template, _) throws(TemplateFault) -> JSON in try template.value(self, as: .text) } }
    }

    private static func text(_ component: PathComponent) -> String {
        switch component {
        case .key(let key): key
        case .index(let index): "\(index)"
        }
    }

    private func secret(_ path: [PathComponent]) -> JSON? {
        guard path.count == 2, case .key(let name) = path[1] else { return nil }
        protectedUse.flag.withLock { $0 = true }
        guard let keys else { return .string("[secret \(name)]") }
        return keys.secrets[name].map(JSON.string)
    }

    private var system: JSON {
        let instant = frozen["at"]?.string ?? ""
        return [
            "uuid": frozen["uuid"] ?? .null, "timestamp": .string(instant), "date": .string(String(instant.prefix(10))),
            "hostname": frozen["hostname"] ?? .null,
        ]
    }

    /// The flat dialect's list of what the person entered; sealed values stay masked here even in a revealed scope.
    private var parameters: JSON {
        .array((roots["fields"]?.object ?? JSONObject()).map { ["name": .string($0.key), "value": Sealed.masked($0.value)] })
    }

    /// A whole scope (`{{#each fields}}`, `{{json outputs}}`) never opens what is sealed: only a path to the very value does, or to the
    /// field that holds it (the content of a file, the passwords of a list).
    private func select(_ root: JSON, _ path: ArraySlice<PathComponent>, isField: Bool = false) -> JSON? {
        var value = root
        for component in path {
            let next: JSON? =
                switch component {
                case .key(let key): value[key]
                case .index(let index): value[index]
                }
            guard let next else { return nil }
            value = next
        }
        if Sealed.ciphertext(value) != nil || (isField && !path.isEmpty && Sealed.holdsSealed(value)) {
            if passesSealed { return value }
            protectedUse.flag.withLock { $0 = true }
            return keys.map { Sealed.map(value, $0.open) } ?? Sealed.masked(value)
        }
        return value.isNull && !path.isEmpty ? nil : Sealed.masked(value)
    }
}

private final class ProtectedUse: Sendable {
    let flag = Mutex(false)
}
