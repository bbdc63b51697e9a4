import Base
import Documents
import Glibc
import Orchestration
import Store

/// What `pao.yaml`, `PAO_` variables and options say. The only reader of the environment.
struct Configuration: Sendable {
    var listen = "127.0.0.1:8080"
    var dataDirectory: String?
    var catalogSource: String?
    var catalogBranch: String?
    var catalogPath: String?
    /// The name of the secret that a Git repository asks for.
    var catalogCredentials: String?
    var catalogPollInterval = Duration.seconds(60)
    var githubWebhookSecret: String?
    var isSandbox = false
    var jira: [String: JSON] = [:]
    var defaultJira: String?
    /// Where escalations become incidents.
    var escalation = JiraEscalation()
    /// The other systems under `integrations`, and `smtp`, as written; `ServicesConfiguration` reads them.
    var integrations: JSON = [:]
    var smtp: JSON = [:]
    var egress: [String] = []
    var environmentNames: [String] = []
    var environmentName: String?
    var secretsDirectory: String?
    var allowedHosts: [String] = []
    var isBehindProxy = false
    var certificate: String?
    var certificateKey: String?
    var bodyLimit: Int?
    var connectionLimit: Int?
    var concurrency = 50
    /// `limits.perAction`: steps that run at once, by action type.
    var perAction: [String: Int] = [:]
    var pollInterval = Duration.seconds(300)
    var stepTimeout = Duration.seconds(30)
    var logLevel = Log.Level.info
    /// Where people open the dashboard, for links in tickets and mails.
    var publicURL: String?
    /// Whether people are told of their requests, approvals and tickets by mail.
    var sendsMail = true
    /// The values of `environmentNames` that are set.
    var variables: JSON = [:]
    var store = StoreOptions()

    /// The address and port of `listen`; IPv6 in brackets. Throws `configuration`.
    func address() throws(PAOError) -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port)
        else {
            throw PAOError(.configuration, "listen is ADDRESS:PORT, such as 127.0.0.1:8080, not \(listen).")
        }
        let host = String(listen[..<colon])
        return (host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host, port)
    }

    /// `publicUrl` without a slash at its end; without one where the server listens, and nothing for a port that is picked at the start.
    func dashboardURL() throws(PAOError) -> String {
        if let publicURL {
            guard publicURL.hasPrefix("http://") || publicURL.hasPrefix("https://") else {
                throw PAOError(.configuration, "publicUrl must begin with https:// or http://, not \(publicURL).")
            }
            return String(publicURL.reversed().drop { $0 == "/" }.reversed())
        }
        let (_, port) = try address()
        return port == 0 ? "" : "\(certificate == nil ? "http" : "https")://\(listen)"
    }
}

/// The keys there are, with what is done with each.
enum ConfigurationReader {
    /// A map's keys, or a leaf; `open` takes any keys.
    indirect enum Shape {
        case value
        case open
        case map([String: Shape])
    }

    static let shape: [String: Shape] = [
        "listen": .value, "publicUrl": .value, "notifications": .map(["mail": .value]),
        "tls": .map(["certificate": .value, "key": .value]), "dataDirectory": .value, "database": .value,
        "catalog": .map(["source": .value, "branch": .value, "path": .value, "credentials": .value, "pollInterval": .value]),
        "sandbox": .value,
        "integrations": .map([
            "jira": .map([
                "instances": .open, "default": .value,
                "escalation": .map(["instance": .value, "project": .value, "issueType": .value]),
            ]),
            "github": .map(["apiUrl": .value, "token": .value, "webhookSecret": .value]),
            "gitlab": .map(["baseUrl": .value, "token": .value]), "servicenow": .map(["instances": .open, "default": .value]),
            "webhooks": .map(["secret": .value]),
            "terraform": .map([
                "cloud": .map(["apiUrl": .value, "organization": .value, "token": .value]), "binary": .value, "modules": .value,
                "environment": .open, "repositories": .open,
            ]),
        ]), "egress": .map(["allow": .open]), "environment": .open, "environmentName": .value,
        "secrets": .map(["providers": .open, "directory": .value]), "behindProxy": .value, "trustedProxies": .open, "allowedHosts": .open,
        "correlationIdHeader": .value, "rateLimits": .open,
        "limits": .map(["body": .value, "connections": .value, "concurrency": .value, "perAction": .open]),
        "polling": .map(["status": .value]),
        "timeouts": .map(["query": .value, "step": .value]), "retention": .open, "backups": .open, "smtp": .open, "oidc": .open,
        "telemetry": .open, "alerts": .open, "logging": .map(["level": .value]),
    ]

    /// Defaults, then the file, then the environment. Throws `configuration` with line and column.
    static func read(file path: String?, environment: [String: String]) throws(PAOError) -> Configuration {
        var values: JSON = [:]
        if let path {
            let node = try document(path)
            if let node { try check(node, .map(shape), at: "", file: path) }
            values = node?.json ?? [:]
        }
        values = try overlay(values, shape, prefix: "PAO", environment)
        values = try rendered(values, environment)
        return try configuration(values, environment)
    }

    private static func document(_ path: String) throws(PAOError) -> YAMLNode? {
        do throws(PAOError) {
            let documents = try YAML.parse(try Files.read(path, limit: 1 << 20)).documents
            guard documents.count <= 1 else { throw PAOError(.configuration, "\(path) holds more than one document.") }
            return documents.first
        } catch {
            throw PAOError(.configuration, "\(path): \(error.message)")
        }
    }

    private static func check(_ node: YAMLNode, _ shape: Shape, at path: String, file: String) throws(PAOError) {
        guard case .map(let known) = shape else { return }
        guard let members = node.members else {
            if node.json.isNull { return }
            throw PAOError(.configuration, "\(file):\(node.position.line):\(node.position.column): \(path) must be a map.")
        }
        for (key, position, value) in members {
            let name = path.isEmpty ? key : "\(path).\(key)"
            guard let inner = known[key] else {
                let near = NearestName.suggestion(for: key, among: Array(known.keys))
                throw PAOError(
                    .configuration,
                    "\(file):\(position.line):\(position.column): there is no key \(name)." + (near.map { " Did you mean \($0)?" } ?? ""))
            }
            try check(value, inner, at: name, file: file)
        }
    }

    // MARK: Environment

    /// `PAO_CATALOG_POLL_INTERVAL` sets `catalog.pollInterval`; lists and maps are JSON.
    private static func overlay(_ values: JSON, _ shape: [String: Shape], prefix: String, _ environment: [String: String]) throws(PAOError)
        -> JSON
    {
        var result = values
        for (key, inner) in shape.sorted(by: { $0.key < $1.key }) {
            let name = prefix + "_" + upperSnake(key)
            if let text = environment[name] { result[key] = try value(text, name, inner) }
            if case .map(let members) = inner {
                let nested = try overlay(result[key] ?? [:], members, prefix: name, environment)
                if nested.object?.isEmpty == false { result[key] = nested }
            }
        }
        return result
    }

    private static func value(_ text: String, _ name: String, _ shape: Shape) throws(PAOError) -> JSON {
        guard case .value = shape else {
            do throws(PAOError) { return try JSON.parse(text) } catch {
                throw PAOError(.configuration, "The variable \(name) must be JSON. \(error.message)")
            }
        }
        return .string(text)
    }

    static func upperSnake(_ key: String) -> String {
        var result = ""
        for character in key {
            if character.isUppercase { result += "_" }
            result += character.uppercased()
        }
        return result
    }

    /// `{{env.NAME}}` in any text of the file.
    private static func rendered(_ value: JSON, _ environment: [String: String]) throws(PAOError) -> JSON {
        switch value {
        case .string(let text) where text.contains("{{"):
            let scope = JSONScope(["environment": .object(JSONObject(environment.map { ($0.key, JSON.string($0.value)) }))])
            do throws(TemplateFault) {
                return .string(try Template.parse(text).render(scope))
            } catch {
                throw PAOError(.configuration, "The text \(text) cannot be rendered: \(error.message)")
            }
        case .array(let elements):
            var result: [JSON] = []
            for element in elements { result.append(try rendered(element, environment)) }
            return .array(result)
        case .object(let object):
            var result = JSONObject()
            for (key, member) in object { result[key] = try rendered(member, environment) }
            return .object(result)
        default: return value
        }
    }

    // MARK: Typed

    private static func configuration(_ values: JSON, _ environment: [String: String]) throws(PAOError) -> Configuration {
        var result = Configuration()
        #if DEBUG
            // The tests of power cuts show by it that they can fail.
            result.store.synchronous = environment["PAO_SYNCHRONOUS"].flatMap { .init(rawValue: $0) } ?? .full
        #endif
        func text(_ path: String...) -> String? {
            let value = path.reduce(values as JSON?) { $0?[$1] }
            return value?.string ?? value.flatMap { $0.isNull ? nil : $0.description }
        }
        func duration(_ path: String, _ text: String?, _ standard: Duration) throws(PAOError) -> Duration {
            guard let text else { return standard }
            guard let duration = Duration(text: text) else {
                throw PAOError(.configuration, "\(path) must be a duration such as 30s or 5m, not \(text).")
            }
            return duration
        }
        func flag(_ path: String, _ text: String?) throws(PAOError) -> Bool {
            guard let text else { return false }
            guard text == "true" || text == "false" else { throw PAOError(.configuration, "\(path) must be true or false, not \(text).") }
            return text == "true"
        }
        func whole(_ path: String, _ text: String?, from least: Int) throws(PAOError) -> Int? {
            guard let text else { return nil }
            guard let number = Int(text), number >= least else {
                throw PAOError(.configuration, "\(path) must be a whole number of at least \(least), not \(text).")
            }
            return number
        }
        func list(_ path: String, _ value: JSON?) throws(PAOError) -> [String] {
            guard let value, !value.isNull else { return [] }
            guard let elements = value.array else { throw PAOError(.configuration, "\(path) must be a list.") }
            return elements.map { $0.string ?? $0.description }
        }
        result.listen = text("listen") ?? result.listen
        result.publicURL = text("publicUrl").flatMap { $0.isEmpty ? nil : $0 }
        result.sendsMail = try text("notifications", "mail").map { (text) throws(PAOError) in try flag("notifications.mail", text) } ?? true
        result.dataDirectory = text("dataDirectory")
        result.catalogSource = text("catalog", "source")
        result.catalogBranch = text("catalog", "branch")
        result.catalogPath = text("catalog", "path")
        result.catalogCredentials = text("catalog", "credentials")
        result.githubWebhookSecret = text("integrations", "github", "webhookSecret").flatMap { $0.isEmpty ? nil : $0 }
        result.catalogPollInterval = try duration("catalog.pollInterval", text("catalog", "pollInterval"), result.catalogPollInterval)
        result.isSandbox = try flag("sandbox", text("sandbox"))
        for (name, instance) in values["integrations"]?["jira"]?["instances"]?.object ?? JSONObject() { result.jira[name] = instance }
        result.defaultJira = text("integrations", "jira", "default") ?? (result.jira.count == 1 ? result.jira.keys.first : nil)
        result.escalation.instance = text("integrations", "jira", "escalation", "instance")
        result.escalation.project = text("integrations", "jira", "escalation", "project") ?? result.escalation.project
        result.escalation.issueType = text("integrations", "jira", "escalation", "issueType") ?? result.escalation.issueType
        result.integrations = values["integrations"] ?? [:]
        result.smtp = values["smtp"] ?? [:]
        result.egress = try list("egress.allow", values["egress"]?["allow"])
        result.environmentNames = try list("environment", values["environment"])
        result.environmentName = text("environmentName")
        result.secretsDirectory = text("secrets", "directory") ?? environment["CREDENTIALS_DIRECTORY"]
        result.allowedHosts = try list("allowedHosts", values["allowedHosts"])
        result.isBehindProxy = try flag("behindProxy", text("behindProxy"))
        result.certificate = text("tls", "certificate")
        result.certificateKey = text("tls", "key")
        result.bodyLimit = try whole("limits.body", text("limits", "body"), from: 1024)
        result.connectionLimit = try whole("limits.connections", text("limits", "connections"), from: 1)
        result.concurrency = try whole("limits.concurrency", text("limits", "concurrency"), from: 1) ?? 50
        for (type, limit) in values["limits"]?["perAction"]?.object ?? JSONObject() {
            guard ActionRegistry.standard[type] != nil else {
                throw PAOError(
                    .configuration,
                    "limits.perAction knows no action type \(type); there are \(ActionRegistry.standard.names.joined(separator: ", ")).")
            }
            result.perAction[type] = try whole("limits.perAction.\(type)", limit.string ?? limit.description, from: 1)
        }
        result.pollInterval = try duration("polling.status", text("polling", "status"), result.pollInterval)
        result.stepTimeout = try duration("timeouts.step", text("timeouts", "step"), result.stepTimeout)
        if let level = text("logging", "level") {
            guard let known = Log.Level(rawValue: level) else {
                throw PAOError(.configuration, "logging.level is debug, info, warning or error, not \(level).")
            }
            result.logLevel = known
        }
        if let database = text("database"), database != "sqlite" {
            throw PAOError(.configuration, "database is sqlite; this version knows no other.")
        }
        result.variables = .object(
            JSONObject(result.environmentNames.compactMap { name in environment[name].map { (name, JSON.string($0)) } }))
        return result
    }

    /// The process's environment.
    static var processEnvironment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let (name, value) = String(cString: pointer).splitOnce("=")
            if let value { result[name] = value }
            entry += 1
        }
        return result
    }
}
