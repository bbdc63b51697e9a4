import Base
import Integrations
import Orchestration

/// `integrations` and `smtp` as the services that actions use. In sandbox mode everything is there without anybody configuring it: each
/// service at its public address, which the sandbox answers.
struct ServicesConfiguration {
    private let configuration: Configuration
    private let directory: String
    private let redactor: Redactor

    init(_ configuration: Configuration, directory: String, redactor: Redactor) {
        self.configuration = configuration
        self.directory = directory
        self.redactor = redactor
    }

    /// What calls are allowed to since it is named here.
    static func addresses(_ configuration: Configuration) -> [String] {
        let integrations = configuration.integrations
        let serviceNow = integrations["servicenow"]?["instances"]?.object?.map(\.value) ?? []
        let addresses = [
            integrations["github"]?["apiUrl"], integrations["gitlab"]?["baseUrl"], integrations["terraform"]?["cloud"]?["apiUrl"],
        ]
        let repositories = integrations["terraform"]?["repositories"]?.object?.map(\.value) ?? []
        let web = repositories.compactMap { $0["url"]?.string }.filter { $0.hasPrefix("http") }
        return addresses.compactMap { $0?.string } + serviceNow.compactMap { $0["baseUrl"]?.string } + web
    }

    /// Throws `configuration`.
    func services(egress: EgressPolicy, http: HTTPTransport, time: TimeSource) throws(PAOError) -> ExternalServices {
        var services = ExternalServices()
        services.github = github
        services.gitlab = gitlab
        for (name, value) in configuration.integrations["servicenow"]?["instances"]?.object ?? JSONObject() {
            services.serviceNow[name] = try serviceNow(name, value)
        }
        services.defaultServiceNow =
            text("servicenow", "default") ?? (services.serviceNow.count == 1 ? services.serviceNow.keys.first : nil)
        services.terraform = try terraform(egress: egress, time: time)
        services.mail = try mail(egress: egress)
        services.webhookSecret = secret("webhooks", "secret")
        if configuration.isSandbox { addSandbox(to: &services, http) }
        return services
    }

    private func text(_ path: String...) -> String? { text(path) }

    private func text(_ path: [String]) -> String? {
        path.reduce(configuration.integrations as JSON?) { $0?[$1] }?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Is hidden in everything that is logged and stored from now on.
    private func secret(_ path: String...) -> String? {
        let value = text(path)
        if let value { redactor.add(value) }
        return value
    }

    private var github: GitHubService? {
        let (address, token) = (text("github", "apiUrl"), secret("github", "token"))
        return address == nil && token == nil ? nil : GitHubService(apiURL: address ?? "https://api.github.com", token: token)
    }

    private var gitlab: GitLabService? {
        let (address, token) = (text("gitlab", "baseUrl"), secret("gitlab", "token"))
        return address == nil && token == nil ? nil : GitLabService(baseURL: address ?? "https://gitlab.com", token: token)
    }

    private func addSandbox(to services: inout ExternalServices, _ http: HTTPTransport) {
        services.github = services.github ?? GitHubService(token: "sandbox")
        services.gitlab = services.gitlab ?? GitLabService(token: "sandbox")
        if services.serviceNow.isEmpty {
            services.serviceNow["sandbox"] = ServiceNowInstance(
                name: "sandbox", baseURL: "https://sandbox.service-now.com", authentication: .bearer(token: "sandbox"))
            services.defaultServiceNow = "sandbox"
        }
        services.terraform.cloud = services.terraform.cloud ?? .init(organization: "sandbox", token: "sandbox")
        services.mail = .sandbox(from: services.mail?.from ?? "pao@sandbox.example", http)
    }

    // MARK: ServiceNow

    private func serviceNow(_ name: String, _ value: JSON) throws(PAOError) -> ServiceNowInstance {
        let place = "integrations.servicenow.instances.\(name)"
        guard let address = value["baseUrl"]?.string else { throw PAOError(.configuration, "\(place) has no baseUrl.") }
        let settings = value["authentication"] ?? .null
        func required(_ key: String) throws(PAOError) -> String {
            guard let text = settings[key]?.string, !text.isEmpty else {
                throw PAOError(.configuration, "\(place).authentication has no \(key).")
            }
            return text
        }
        for key in ["password", "token", "clientSecret"] { if let value = settings[key]?.string { redactor.add(value) } }
        let base = String(address.reversed().drop { $0 == "/" }.reversed())
        switch settings["type"]?.string {
        case "basic"?:
            let (user, password) = (try required("username"), try required("password"))
            return ServiceNowInstance(name: name, baseURL: base, authentication: .basic(username: user, password: password))
        case "bearer"?: return ServiceNowInstance(name: name, baseURL: base, authentication: .bearer(token: try required("token")))
        case "oauth2"?:
            let credentials = OAuth2ClientCredentials(
                tokenURL: settings["tokenUrl"]?.string ?? "\(base)/oauth_token.do", clientID: try required("clientId"),
                clientSecret: try required("clientSecret"), scope: settings["scope"]?.string, style: .body)
            return ServiceNowInstance(name: name, baseURL: base, authentication: .oauth2(credentials))
        default: throw PAOError(.configuration, "\(place).authentication.type is basic, bearer or oauth2.")
        }
    }

    // MARK: Terraform

    private func terraform(egress: EgressPolicy, time: TimeSource) throws(PAOError) -> TerraformServices {
        var services = TerraformServices()
        if let organization = text("terraform", "cloud", "organization") {
            services.cloud = .init(
                apiURL: text("terraform", "cloud", "apiUrl") ?? "https://app.terraform.io", organization: organization,
                token: secret("terraform", "cloud", "token"))
        }
        let processes = ProcessRunner.system(time: time)
        for (prefix, value) in configuration.integrations["terraform"]?["repositories"]?.object ?? JSONObject() {
            services.repositories.append(try repository(prefix, value))
        }
        if !services.repositories.isEmpty {
            services.git = (GitClient(runner: processes, egress: egress), GitCaches(directory: directory + "/terraform-repositories"))
        }
        if let binary = text("terraform", "binary") {
            let environment = configuration.integrations["terraform"]?["environment"]?.object ?? JSONObject()
            for value in environment.compactMap(\.value.string) { redactor.add(value) }
            services.local = .init(
                binary: binary, directory: directory + "/terraform", modules: text("terraform", "modules"),
                environment: Dictionary(environment.map { ($0.key, $0.value.string ?? $0.value.description) }, uniquingKeysWith: { $1 }),
                processes: processes)
        }
        return services
    }

    private func repository(_ prefix: String, _ value: JSON) throws(PAOError) -> TerraformServices.Repository {
        guard let url = value["url"]?.string else {
            throw PAOError(.configuration, "integrations.terraform.repositories.\(prefix) has no url.")
        }
        let token = value["token"]?.string ?? (url.hasPrefix("https://github.com/") ? text("github", "token") : nil)
        if let token { redactor.add(token) }
        let user = value["username"]?.string ?? "x-access-token"
        let remote = try GitRemote(url, schemes: Set(GitRemote.Scheme.allCases), credentials: token.map { (user, $0) })
        var branch: GitBranch?
        if let name = value["branch"]?.string { branch = try GitBranch(name) }
        return .init(prefix: prefix, remote: remote, branch: branch, path: value["path"]?.string ?? "")
    }

    // MARK: Mail

    private func mail(egress: EgressPolicy) throws(PAOError) -> MailService? {
        let smtp = configuration.smtp
        guard let host = smtp["host"]?.string, !configuration.isSandbox else { return nil }
        guard let from = smtp["from"]?.string else { throw PAOError(.configuration, "smtp has no from: the address that mails come from.") }
        let written = smtp["security"]?.string ?? "starttls"
        let spellings: [String: SMTPClient.Security] = ["starttls": .startTLS, "tls": .tls, "none": .none]
        guard let security = spellings[written.lowercased()] else {
            throw PAOError(.configuration, "smtp.security is starttls, tls or none, not \(written).")
        }
        let port = smtp["port"]?.int ?? smtp["port"]?.string.flatMap { Int($0) } ?? (security == .tls ? 465 : 587)
        var server = SMTPClient.Server(host: host, port: port, security: security)
        if let user = smtp["username"]?.string, let password = smtp["password"]?.string {
            redactor.add(password)
            server.credentials = (user, password)
        }
        server.authorities = smtp["authorities"]?.string
        let client = SMTPClient(server: server, egress: egress)
        return MailService(from: from) { (message) async throws(TransportFailure) in try await client.send(message) }
    }
}

extension MailService {
    /// No mail leaves in sandbox mode: the sandbox is told of it, where one can look at it.
    static func sandbox(from: String, _ http: HTTPTransport) -> MailService {
        MailService(from: from) { (message) async throws(TransportFailure) in
            let body: JSON = [
                "from": .string(message.from), "to": .array(message.to.map(JSON.string)), "subject": .string(message.subject),
                "text": .string(message.text), "html": .optional(message.html), "messageId": .string(message.messageID),
            ]
            var request = HTTPRequest(method: "POST", url: "https://mail.sandbox.example/messages", body: body.bytes)
            request.headers = [("Content-Type", "application/json"), ("Idempotency-Key", message.key)]
            _ = try await http.send(request)
        }
    }
}
