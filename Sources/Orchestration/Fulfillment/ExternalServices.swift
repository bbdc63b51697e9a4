import Base
import Glibc
package import Integrations

/// The other systems that the operator configured under `integrations` and `smtp`. Their tokens are used when a call is made and are never
/// part of an effect's stored bytes.
package struct ExternalServices: Sendable {
    package var github: GitHubService?
    package var gitlab: GitLabService?
    /// By name.
    package var serviceNow: [String: ServiceNowInstance] = [:]
    package var defaultServiceNow: String?
    package var terraform = TerraformServices()
    package var mail: MailService?
    /// Signs webhooks whose document names no secret of its own.
    package var webhookSecret: String?

    package init() {}
}

package struct GitHubService: Sendable {
    /// `https://api.github.com`, or `https://HOST/api/v3` of an own server.
    package var apiURL: String
    package var token: String?

    package init(apiURL: String = "https://api.github.com", token: String?) {
        self.apiURL = apiURL
        self.token = token
    }
}

package struct GitLabService: Sendable {
    /// `https://gitlab.com`.
    package var baseURL: String
    package var token: String?

    package init(baseURL: String = "https://gitlab.com", token: String?) {
        self.baseURL = baseURL
        self.token = token
    }
}

package struct ServiceNowInstance: Sendable {
    package enum Authentication: Sendable {
        case basic(username: String, password: String)
        case bearer(token: String)
        case oauth2(OAuth2ClientCredentials)
    }

    package var name: String
    package var baseURL: String
    package var authentication: Authentication

    package init(name: String, baseURL: String, authentication: Authentication) {
        self.name = name
        self.baseURL = baseURL
        self.authentication = authentication
    }
}

/// Where Terraform runs; what is configured decides (docs/actions.md, terraform).
package struct TerraformServices: Sendable {
    package struct Cloud: Sendable {
        /// `https://app.terraform.io`.
        package var apiURL: String
        package var organization: String
        package var token: String?

        package init(apiURL: String = "https://app.terraform.io", organization: String, token: String?) {
            self.apiURL = apiURL
            self.organization = organization
            self.token = token
        }
    }

    /// Where the files of a module source go.
    package struct Repository: Sendable {
        /// Of the module source; the longest that fits is taken.
        package var prefix: String
        package var remote: GitRemote
        /// Which pull requests are made against; nil is the repository's default.
        package var branch: GitBranch?
        /// The folder that holds one folder per workspace.
        package var path: String

        package init(prefix: String, remote: GitRemote, branch: GitBranch?, path: String) {
            self.prefix = prefix
            self.remote = remote
            self.branch = branch
            self.path = path
        }
    }

    /// A `terraform` or `tofu` on this machine.
    package struct Local: Sendable {
        package var binary: String
        /// One folder per workspace with its state.
        package var directory: String
        /// What relative module sources are relative to.
        package var modules: String?
        /// All that the program sees beside its own settings; credentials of providers.
        package var environment: [String: String]
        package var processes: ProcessRunner

        package init(binary: String, directory: String, modules: String?, environment: [String: String], processes: ProcessRunner) {
            self.binary = binary
            self.directory = directory
            self.modules = modules
            self.environment = environment
            self.processes = processes
        }
    }

    package var cloud: Cloud?
    package var repositories: [Repository] = []
    package var local: Local?
    /// For the repositories.
    package var git: (client: GitClient, caches: GitCaches)?

    package init() {}

    func repository(of source: String) -> Repository? {
        repositories.filter { source.hasPrefix($0.prefix) }.max { $0.prefix.utf8.count < $1.prefix.utf8.count }
    }
}

/// How mail leaves. Throws what `SMTPClient` throws.
package struct MailService: Sendable {
    package var from: String
    package var send: @Sendable (MailMessage) async throws(TransportFailure) -> Void

    package init(from: String, send: @escaping @Sendable (MailMessage) async throws(TransportFailure) -> Void) {
        self.from = from
        self.send = send
    }
}

/// One bare repository per remote, below a folder that is made when it is needed. A cache has one user at a time: others wait in turn.
package actor GitCaches {
    private let directory: String
    private var last: [String: Task<Void, Never>] = [:]

    package init(directory: String) { self.directory = directory }

    func exclusively<Value: Sendable>(
        _ url: String, _ work: @escaping @Sendable (_ cache: String) async throws(PAOError) -> Value
    ) async throws(PAOError) -> Value {
        mkdir(directory, 0o700)
        let cache = "\(directory)/\(Hash.sha256(Array(url.utf8)).prefix(16).hex).git"
        let before = last[url]
        let task = Task { () async -> Result<Value, PAOError> in
            await before?.value
            do throws(PAOError) { return .success(try await work(cache)) } catch { return .failure(error) }
        }
        last[url] = Task { _ = await task.value }
        return try await task.value.get()
    }
}
