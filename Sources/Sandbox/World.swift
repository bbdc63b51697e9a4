import Base
import Web

/// Everything the stand-ins made. A value: the same calls in the same order give the same world.
struct World: Sendable {
    private(set) var ledger = Ledger()
    private var minter = Minter()
    private var provisioning = Provisioning()
    private var jira: JiraStandIn
    private var gitHub: GitHubStandIn
    private var terraform: TerraformStandIn
    private var gitLab: GitLabStandIn
    private var serviceNow = ServiceNowStandIn()

    init(options: SandboxOptions, salt: [UInt8]) {
        minter.salt = salt
        jira = JiraStandIn(searchLag: options.searchLag)
        gitHub = GitHubStandIn(options: options)
        terraform = TerraformStandIn(options: options)
        gitLab = GitLabStandIn(options: options)
    }

    mutating func answer(_ call: Call) -> Response {
        var response = route(call)
        if call.hints.isPresent, response.status == 404 || response.status == 405, call.hints.status != response.status {
            response = Self.genericAnswer(call, &ledger, &minter)
        }
        ledger.record(call, status: response.status)
        return response
    }

    /// Only that it was asked: nothing has happened.
    mutating func refuse(_ call: Call, status: Int, fault: Fault.Kind) { ledger.record(call, status: status, fault: fault) }

    private mutating func route(_ call: Call) -> Response {
        switch call.service {
        case .sandbox: advance(call)
        case .provisioning: provisioning.answer(call, &ledger, &minter)
        case .jira: jira.answer(call, &ledger)
        case .gitHub: gitHub.answer(call, &ledger, &minter)
        case .terraform: terraform.answer(call, &ledger, &minter)
        case .gitLab: gitLab.answer(call, &ledger, &minter)
        case .serviceNow: serviceNow.answer(call, &ledger, &minter)
        case .generic: Self.genericAnswer(call, &ledger, &minter)
        }
    }

    /// Moves what is open and matches to its end; answers the names of what was moved.
    private mutating func advance(_ call: Call) -> Response {
        let step = Advance(match: call.json?["match"]?.string, succeeds: call.json?["outcome"]?.string != "failure", at: call.at)
        let moved = jira.advance(step) + gitHub.advance(step) + terraform.advance(step) + gitLab.advance(step) + serviceNow.advance(step)
        return .json(["advanced": .int(moved.count), "moved": .array(moved.map(JSON.string))])
    }

    func state(at now: Timestamp) -> JSON {
        [
            "effects": ledger.effectsState, "unkeyed": .int(ledger.unkeyed), "calls": ledger.callsState,
            "provision": provisioning.state, "jira": jira.state, "github": gitHub.state(at: now), "terraform": terraform.state(at: now),
            "gitlab": gitLab.state(at: now), "servicenow": serviceNow.state,
        ]
    }
}

/// What `POST /_sandbox/advance` asks for.
struct Advance {
    let match: String?
    let succeeds: Bool
    let at: Timestamp

    /// Whether one of the names is the one asked for, or a text contains it. Without a match everything is meant.
    func means(names: [String], texts: [String] = []) -> Bool {
        guard let match else { return true }
        return names.contains { $0 == match || $0 == "pao-\(match)" } || texts.contains { $0.contains(match) }
    }
}

/// Who answers a call: by the host it names, else by the shape of its path.
enum Service: Sendable, Hashable {
    case sandbox, provisioning, jira, gitHub, terraform, gitLab, serviceNow, generic

    init(host: String, path: [String]) {
        self = path.first == "_sandbox" ? .sandbox : Self.byHost(host) ?? Self.byPath(path)
    }

    private static func byHost(_ host: String) -> Self? {
        switch host {
        case "api.github.com": .gitHub
        case "gitlab.com": .gitLab
        case "app.terraform.io", "archivist.terraform.io": .terraform
        default: host.hasSuffix(".atlassian.net") ? .jira : host.hasSuffix(".service-now.com") ? .serviceNow : nil
        }
    }

    private static func byPath(_ path: [String]) -> Self {
        switch (path.first, path.dropFirst().first, path.dropFirst(2).first) {
        case ("provision", _, _): .provisioning
        case ("rest", "api", "2"), ("rest", "api", "3"), ("rest", "api", "latest"): .jira
        case ("repos", _, _), ("api", "v3", "repos"): .gitHub
        case ("api", "v2", "organizations"), ("api", "v2", "workspaces"), ("api", "v2", "runs"), ("api", "v2", "configuration-versions"),
            ("api", "v2", "state-versions"), ("v1", "object", _):
            .terraform
        case ("api", "v4", "projects"): .gitLab
        case ("api", "now", _): .serviceNow
        default: .generic
        }
    }
}
