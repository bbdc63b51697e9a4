import Base
import Web

/// Everything the stand-ins made. A value: the same calls in the same order give the same world.
struct World: Sendable {
    private(set) var ledger = Ledger()
    private var minter = Minter()
    private var provisioning = Provisioning()
    private var jira: JiraStandIn

    init(options: SandboxOptions, salt: [UInt8]) {
        minter.salt = salt
        jira = JiraStandIn(searchLag: options.searchLag)
    }

    mutating func answer(_ call: Call) -> Response {
        let response = route(call)
        ledger.record(call, status: response.status)
        return response
    }

    /// Only that it was asked: nothing has happened.
    mutating func refuse(_ call: Call, status: Int, fault: Fault.Kind) { ledger.record(call, status: status, fault: fault) }

    private mutating func route(_ call: Call) -> Response {
        switch Service(call) {
        case .sandbox: advance(call)
        case .provisioning: provisioning.answer(call, &ledger, &minter)
        case .jira: jira.answer(call, &ledger)
        case .generic: Self.genericAnswer(call, &ledger, &minter)
        }
    }

    /// Moves what is open and matches to its end; answers the names of what was moved.
    private mutating func advance(_ call: Call) -> Response {
        let step = Advance(match: call.json?["match"]?.string, succeeds: call.json?["outcome"]?.string != "failure", at: call.at)
        let moved = jira.advance(step)
        return .json(["advanced": .int(moved.count), "moved": .array(moved.map(JSON.string))])
    }

    func state(at now: Timestamp) -> JSON {
        [
            "effects": ledger.effectsState, "unkeyed": .int(ledger.unkeyed), "calls": ledger.callsState,
            "provision": provisioning.state, "jira": jira.state,
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
enum Service: Sendable {
    case sandbox, provisioning, jira, generic

    init(_ call: Call) {
        self =
            switch call.path.first {
            case "_sandbox": .sandbox
            default: Self.byHost(call.host) ?? Self.byPath(call.path)
            }
    }

    private static func byHost(_ host: String) -> Self? {
        if host.hasSuffix(".atlassian.net") { return .jira }
        return nil
    }

    private static func byPath(_ path: [String]) -> Self {
        switch (path.first, path.dropFirst().first, path.dropFirst(2).first) {
        case ("provision", _, _): .provisioning
        case ("rest", "api", "2"), ("rest", "api", "3"), ("rest", "api", "latest"): .jira
        default: .generic
        }
    }
}
