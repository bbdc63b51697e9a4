package import Base
package import Documents

/// The four kinds of catalog documents; the raw value is the `kind:` of the canonical dialect.
package enum CatalogKind: String, Sendable, CaseIterable {
    case item = "CatalogItem"
    case bundle = "CatalogBundle"
    case update = "UpdateItem"
    case upgrade = "UpgradeItem"
}

/// One document of the catalog in the one model that both dialects are read into. Immutable, with its templates parsed; shared by
/// every request that was made with it.
package final class CatalogDocument: Sendable {
    package let kind: CatalogKind
    package let metadata: Metadata
    package let form: Form
    package let approvals: [ApprovalGate]
    package let fulfillment: Fulfillment
    package let instance: InstanceTemplate?
    package let lifecycle: Lifecycle
    package let monitoring: JSON?
    /// Live instances that one team may have; nil without a quota.
    package let quotaPerTeam: Int?
    /// The parts of a bundle, in dependency order; empty for the other kinds.
    package let components: [BundleComponent]
    /// How a bundle's components are ordered and linked.
    package let orchestration: JSON?
    /// What an update or upgrade applies to; nil for the other kinds.
    package let targets: OperationTargets?
    /// What an UpgradeItem does to go back.
    package let rollback: [Action]
    /// The document in the canonical dialect; what is stored, shown and digested.
    package let definition: JSON
    /// SHA-256 of the canonical bytes of `definition`, in hexadecimal: the identity of this very version.
    package let digest: String
    package let source: Source
    /// Fields that an action reads without a default and outside of any condition, each once, with where it is read.
    package let neededFields: [NeededField]
    /// Names of the environment that an action or the instance reads without a default.
    package let environmentNames: [String]

    package struct NeededField: Sendable {
        package let field: String
        /// `Create the database, body.contentTemplate`
        package let place: String
        /// The path as written: `fields.instanceName`.
        package let path: String
    }

    package struct Source: Sendable, Equatable {
        /// Relative to the catalog's root, with `/`.
        package var path: String
        /// Line of the document's first key.
        package var line: Int
        package var column: Int

        package init(path: String, line: Int, column: Int = 1) {
            self.path = path
            self.line = line
            self.column = column
        }

        /// `catalog/databases/postgresql/service.yaml:41:9`
        package var text: String { "\(path):\(line):\(column)" }
    }

    package init(
        kind: CatalogKind, metadata: Metadata, form: Form, approvals: [ApprovalGate], fulfillment: Fulfillment,
        instance: InstanceTemplate?, lifecycle: Lifecycle, monitoring: JSON?, quotaPerTeam: Int?,
        components: [BundleComponent], orchestration: JSON?, targets: OperationTargets?, rollback: [Action],
        definition: JSON, source: Source
    ) {
        self.kind = kind
        self.metadata = metadata
        self.form = form
        self.approvals = approvals
        self.fulfillment = fulfillment
        self.instance = instance
        self.lifecycle = lifecycle
        self.monitoring = monitoring
        self.quotaPerTeam = quotaPerTeam
        self.components = components
        self.orchestration = orchestration
        self.targets = targets
        self.rollback = rollback
        self.definition = definition
        self.source = source
        digest = Hash.sha256(definition.canonicalBytes).hex
        neededFields = Self.neededFields(of: fulfillment.actions)
        let actions = fulfillment.manual + (fulfillment.automatic?.actions ?? []) + rollback + (instance?.decommission ?? [])
        environmentNames = Self.environmentNames(of: actions, instance)
    }

    private static func environmentNames(of actions: [Action], _ instance: InstanceTemplate?) -> [String] {
        let trees =
            actions.flatMap { [$0.config] + $0.verification.map(\.parameters) }
            + [instance?.outputs, instance?.resources].compactMap { $0 }
        let templates = trees.flatMap(\.templates).map(\.template) + [instance?.name].compactMap { $0 }
        let references = templates.flatMap(\.references) + actions.flatMap { $0.condition?.references ?? [] }
        var names: [String] = []
        for reference in references where reference.path.first == .key("environment") && !reference.hasDefault {
            if reference.path.count == 2, case .key(let name) = reference.path[1], !names.contains(name) { names.append(name) }
        }
        return names
    }

    private static func neededFields(of actions: [Action]) -> [NeededField] {
        var seen: Set<String> = []
        var needed: [NeededField] = []
        for action in actions where action.condition == nil {
            for (path, template) in ([action.config] + action.verification.map(\.parameters)).flatMap(\.templates) {
                for reference in template.references where !reference.hasDefault && !reference.isConditional {
                    guard reference.path.first == .key("fields"), reference.path.count > 1, case .key(let field) = reference.path[1],
                        seen.insert(field).inserted
                    else { continue }
                    let place = path.map {
                        if case .key(let key) = $0 { key } else if case .index(let index) = $0 { "\(index)" } else { "" }
                    }
                    needed.append(.init(field: field, place: "\(action.name), \(place.joined(separator: "."))", path: reference.text))
                }
            }
        }
        return needed
    }

    package var id: String { metadata.id }
}

package struct Metadata: Sendable {
    /// Kebab-case, unique across the catalog.
    package var id: String
    package var name: String
    package var description: String
    package var version: SemanticVersion
    package var category: String
    /// A team's slug; nil where neither the document nor CODEOWNERS names one.
    package var ownerTeam: String?
    package var ownerContact: String?
    package var tags: [String]
    package var sla: JSON?
    /// The whole `metadata` map, for templates.
    package var json: JSON

    package init(
        id: String, name: String, description: String, version: SemanticVersion, category: String, ownerTeam: String?,
        ownerContact: String?, tags: [String], sla: JSON?, json: JSON
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.version = version
        self.category = category
        self.ownerTeam = ownerTeam
        self.ownerContact = ownerContact
        self.tags = tags
        self.sla = sla
        self.json = json
    }
}

package struct Lifecycle: Sendable {
    package enum Status: String, Sendable { case active, deprecated, retired }
    package var status: Status
    package var replacedBy: String?
    package var deprecatedSince: String?
    package var sunset: String?

    package init(status: Status = .active, replacedBy: String? = nil, deprecatedSince: String? = nil, sunset: String? = nil) {
        self.status = status
        self.replacedBy = replacedBy
        self.deprecatedSince = deprecatedSince
        self.sunset = sunset
    }
}

/// A gate that people must open before the first step (requests.md, approvals).
package struct ApprovalGate: Sendable {
    package enum OnTimeout: String, Sendable { case reject, escalate }
    package var name: String
    package var role: String
    package var team: String?
    /// The gate exists only where this is true; nil means always.
    package var when: Expression?
    /// How many must approve.
    package var required: Int
    package var timeout: Duration?
    package var onTimeout: OnTimeout

    package init(name: String, role: String, team: String?, when: Expression?, required: Int, timeout: Duration?, onTimeout: OnTimeout) {
        self.name = name
        self.role = role
        self.team = team
        self.when = when
        self.required = required
        self.timeout = timeout
        self.onTimeout = onTimeout
    }
}

package struct Fulfillment: Sendable {
    package enum Mode: String, Sendable { case automatic, manual }
    package var mode: Mode
    package var manual: [Action]
    package var automatic: AutomaticFulfillment?
    /// When requests may start; empty is at any time.
    package var maintenanceWindows: [MaintenanceWindow]

    package init(mode: Mode, manual: [Action], automatic: AutomaticFulfillment?, maintenanceWindows: [MaintenanceWindow] = []) {
        self.mode = mode
        self.manual = manual
        self.automatic = automatic
        self.maintenanceWindows = maintenanceWindows
    }

    /// The actions a new request starts with.
    package var actions: [Action] { mode == .automatic ? automatic?.actions ?? [] : manual }
}

package struct AutomaticFulfillment: Sendable {
    package enum ConcurrencyPolicy: String, Sendable { case queue, reject, replacePending }
    /// Whatever `dependsOn` allows runs at once; else one after another in the order written.
    package var isParallel: Bool
    /// For the whole sequence.
    package var timeout: Duration?
    package var concurrencyKey: Template?
    package var concurrencyPolicy: ConcurrencyPolicy
    package var retry: RetryPolicy
    /// A failed step opens the manual actions as tickets.
    package var fallbackOnFailure: Bool
    /// Raw maps `{type: ...}` of what no machine can check: asked of a person. The others stand first among the actions.
    package var preExecutionChecks: [JSON]
    package var actions: [Action]

    package init(
        isParallel: Bool, timeout: Duration?, concurrencyKey: Template?, concurrencyPolicy: ConcurrencyPolicy, retry: RetryPolicy,
        fallbackOnFailure: Bool, preExecutionChecks: [JSON], actions: [Action]
    ) {
        self.isParallel = isParallel
        self.timeout = timeout
        self.concurrencyKey = concurrencyKey
        self.concurrencyPolicy = concurrencyPolicy
        self.retry = retry
        self.fallbackOnFailure = fallbackOnFailure
        self.preExecutionChecks = preExecutionChecks
        self.actions = actions
    }
}

/// How often and how fast a failed try is repeated; `attempts` counts all tries.
package struct RetryPolicy: Sendable, Equatable {
    package enum Backoff: String, Sendable { case exponential, linear, none }
    package var attempts: Int
    package var backoff: Backoff
    package var initialDelay: Duration
    package var maxDelay: Duration
    /// Error classes (`http_4xx`, `validation`, `auth`) or single error types that are not tried again.
    package var nonRetryable: [String]

    package init(
        attempts: Int = 3, backoff: Backoff = .exponential, initialDelay: Duration = .seconds(1), maxDelay: Duration = .seconds(300),
        nonRetryable: [String] = ["http_4xx", "validation", "auth"]
    ) {
        self.attempts = attempts
        self.backoff = backoff
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
        self.nonRetryable = nonRetryable
    }
}

/// One unit of fulfillment as the catalog describes it.
package struct Action: Sendable {
    package struct Output: Sendable {
        package var name: String
        /// Where the value stands in the answer: a JSON path, a JSON pointer, or a bare key.
        package var path: String
        package var isSensitive: Bool

        package init(name: String, path: String, isSensitive: Bool) {
            self.name = name
            self.path = path
            self.isSensitive = isSensitive
        }
    }

    package var id: String
    package var name: String
    /// `rest-api`, `jira-ticket`, ...: a key of the action registry.
    package var type: String
    package var dependsOn: [String]
    /// Of `preExecutionChecks`.
    package var isCheck = false
    package var condition: Expression?
    /// The `if` as written, for explanations.
    package var conditionSource: String?
    package var config: TemplateTree
    package var verification: [Verification]
    package var outputs: [Output]
    package var cleanup: Template?
    /// Of this action alone; nil takes the sequence's.
    package var retry: RetryPolicy?
    /// For all tries of this step together with their waits.
    package var timeout: Duration?
    package var source: CatalogDocument.Source
    /// Where its `if` stands.
    package internal(set) var conditionPlace: CatalogDocument.Source?

    package init(
        id: String, name: String, type: String, dependsOn: [String], condition: Expression?, conditionSource: String?,
        config: TemplateTree, verification: [Verification], outputs: [Output], cleanup: Template?, retry: RetryPolicy?,
        timeout: Duration?, source: CatalogDocument.Source
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.dependsOn = dependsOn
        self.condition = condition
        self.conditionSource = conditionSource
        self.config = config
        self.verification = verification
        self.outputs = outputs
        self.cleanup = cleanup
        self.retry = retry
        self.timeout = timeout
        self.source = source
    }
}

/// What must hold before a step counts as completed; `parameters` is the map as written (canonical names) without `type`.
package struct Verification: Sendable {
    package var type: String
    package var parameters: TemplateTree
    package var timeout: Duration?

    package init(type: String, parameters: TemplateTree, timeout: Duration?) {
        self.type = type
        self.parameters = parameters
        self.timeout = timeout
    }
}

/// What a completed request leaves behind (instances.md).
package struct InstanceTemplate: Sendable {
    package struct Dependency: Sendable {
        /// The id (or name) of the provider instance.
        package var on: Template
        package var type: String
        package var name: String?
        package var isRequired: Bool

        package init(on: Template, type: String, name: String?, isRequired: Bool) {
            self.on = on
            self.type = type
            self.name = name
            self.isRequired = isRequired
        }
    }

    package var name: Template?
    package var outputs: TemplateTree
    package var resources: TemplateTree
    package var dependencies: [Dependency]
    package var decommission: [Action]
    package var expires: Duration?

    package init(
        name: Template?, outputs: TemplateTree, resources: TemplateTree, dependencies: [Dependency], decommission: [Action],
        expires: Duration?
    ) {
        self.name = name
        self.outputs = outputs
        self.resources = resources
        self.dependencies = dependencies
        self.decommission = decommission
        self.expires = expires
    }
}

package struct BundleComponent: Sendable {
    package var id: String
    package var catalogItem: String
    package var version: VersionRange?
    package var isRequired: Bool
    package var enabledByDefault: Bool
    package var dependsOn: [String]
    /// Field id to template.
    package var config: TemplateTree
    package var outputs: [String]

    package init(
        id: String, catalogItem: String, version: VersionRange?, isRequired: Bool, enabledByDefault: Bool, dependsOn: [String],
        config: TemplateTree, outputs: [String]
    ) {
        self.id = id
        self.catalogItem = catalogItem
        self.version = version
        self.isRequired = isRequired
        self.enabledByDefault = enabledByDefault
        self.dependsOn = dependsOn
        self.config = config
        self.outputs = outputs
    }
}

package struct OperationTargets: Sendable {
    package struct Target: Sendable {
        package var catalogItem: String
        package var versionRange: VersionRange?
        package var requiredParameters: [String]
        package var optionalParameters: [String]

        package init(catalogItem: String, versionRange: VersionRange?, requiredParameters: [String], optionalParameters: [String]) {
            self.catalogItem = catalogItem
            self.versionRange = versionRange
            self.requiredParameters = requiredParameters
            self.optionalParameters = optionalParameters
        }
    }

    package var catalogItems: [Target]
    package var isDestructive: Bool
    package var downtimeRequired: Bool
    package var estimatedDuration: String?
    package var prerequisites: [JSON]
    package var toVersion: SemanticVersion?

    package init(
        catalogItems: [Target], isDestructive: Bool, downtimeRequired: Bool, estimatedDuration: String?, prerequisites: [JSON],
        toVersion: SemanticVersion?
    ) {
        self.catalogItems = catalogItems
        self.isDestructive = isDestructive
        self.downtimeRequired = downtimeRequired
        self.estimatedDuration = estimatedDuration
        self.prerequisites = prerequisites
        self.toVersion = toVersion
    }
}
