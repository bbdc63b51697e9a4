// DESIGN: git is run as a program, on repositories that strangers may have written and at addresses that strangers may have named.
//
// - Nothing of a repository is ever executed or followed: caches are bare, files are read as blobs (no checkout, thus no filters, LFS,
//   hooks, submodules, symbolic links), received objects are checked.
// - No configuration but ours: none of the system and user, and what a remote could trigger (redirects, other protocols, prompts) is off.
// - The host is resolved and checked by the egress policy here, and git is pinned to the checked address, so that a second look-up
//   cannot lead elsewhere. In sandbox mode nothing but files is reached.
// - Secrets go through the environment, never through arguments.
// - A cache has one user at a time. A git that was killed leaves locks; they are taken away first.

package import Base
import Glibc

package struct GitClient: Sendable {
    private let runner: ProcessRunner
    private let egress: EgressPolicy
    private let program: String
    private let timeout: Duration

    package init(runner: ProcessRunner, egress: EgressPolicy, program: String = "/usr/bin/git", timeout: Duration = .seconds(120)) {
        self.runner = runner
        self.egress = egress
        self.program = program
        self.timeout = timeout
    }

    /// The commit that the branch (nil: the default one) is at; nil when there is no such branch. Throws `git_failed`, `egress_denied`.
    package func head(of remote: GitRemote, branch: GitBranch?) async throws(PAOError) -> String? {
        let arguments = ["ls-remote", "--exit-code", "--quiet", "--", remote.url, branch?.reference ?? "HEAD"]
        let result = try await run(arguments, remote: remote, allowing: [0, 2])
        guard result.ending == .exit(0) else { return nil }
        return Self.commit(result.text.split(whereSeparator: \.isWhitespace).first)
    }

    /// `not_found`; nil is the default branch.
    package static func noBranch(_ branch: GitBranch?) -> PAOError {
        if let branch { return PAOError(.notFound, "The repository has no branch \(branch.name).") }
        return PAOError(
            .notFound, "The repository has no default branch: its HEAD leads to none that exists.",
            hint: "Set catalog.branch to one that does.")
    }

    /// Brings the tip of the branch, without history, into the bare repository at `cache`, which is made when it is not there. Returns the
    /// commit. Throws `not_found` for a missing branch, `git_failed`, `egress_denied`.
    package func fetch(_ remote: GitRemote, branch: GitBranch?, into cache: String) async throws(PAOError) -> String {
        guard try await head(of: remote, branch: branch) != nil else {
            throw Self.noBranch(branch)
        }
        try await prepare(cache)
        let reference = "+\(branch?.reference ?? "HEAD"):refs/pao/fetched"
        _ = try await run(
            [
                "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--", remote.url,
                reference,
            ],
            in: cache, remote: remote)
        let result = try await run(["rev-parse", "--verify", "--end-of-options", "refs/pao/fetched^{commit}"], in: cache)
        guard let commit = Self.commit(Substring(result.text)) else { throw Self.failed("The fetched commit is not to be found.", result) }
        return commit
    }

    private func prepare(_ cache: String) async throws(PAOError) {
        if access("\(cache)/HEAD", F_OK) != 0 { _ = try await run(["init", "--quiet", "--bare", "--", cache]) }
        for name in ["shallow.lock", "config.lock", "HEAD.lock", "packed-refs.lock", "refs/pao/fetched.lock"] { unlink("\(cache)/\(name)") }
    }

    /// Puts a commit on a branch of the remote. Nothing happens when it is there already. Throws `git_rejected` when the branch has gone
    /// another way, `git_failed`, `egress_denied`.
    package func push(_ commit: String, from cache: String, to branch: GitBranch, of remote: GitRemote) async throws(PAOError) {
        guard let commit = Self.commit(Substring(commit)) else { throw PAOError(.gitFailed, "\"\(commit)\" is no commit.") }
        let result = try await run(
            ["push", "--porcelain", "--no-verify", "--recurse-submodules=no", "--", remote.url, "\(commit):\(branch.reference)"], in: cache,
            remote: remote, allowing: [0, 1])
        guard result.ending != .exit(0) else { return }
        let isRejected = result.text.split(separator: "\n").contains { $0.hasPrefix("!\t") }
        throw isRejected
            ? PAOError(.gitRejected, "The branch \(branch.name) already holds something else.", detail: result.errorText)
            : Self.failed("git push failed.", result)
    }

    // MARK: Running

    /// Throws `git_failed` for another exit code than the allowed ones and for the timeout.
    func run(
        _ arguments: [String], in cache: String? = nil, remote: GitRemote? = nil, input: [UInt8] = [], environment: [String: String] = [:],
        outputLimit: Int = 1 << 20, allowing codes: Set<Int> = [0]
    ) async throws(PAOError) -> ProcessResult {
        var configuration = Self.configuration
        if let remote { configuration += try await reach(remote) }
        let place = cache.map { ["--git-dir=\($0)"] } ?? []
        var request = ProcessRequest(program, place + arguments, input: input, timeout: timeout, outputLimit: outputLimit)
        request.environment = Self.environment(configuration).merging(environment) { $1 }
        let result = try await runner.run(request)
        if result.timedOut { throw Self.failed("git \(arguments[0]) took longer than \(timeout.text).", result) }
        guard case .exit(let code) = result.ending, codes.contains(code) else { throw Self.failed("git \(arguments[0]) failed.", result) }
        if result.outputTruncated { throw Self.failed("git \(arguments[0]) answered more than \(outputLimit) bytes.", result) }
        return result
    }

    static func failed(_ message: String, _ result: ProcessResult) -> PAOError {
        let words = result.errorText
        let reason = refusals.contains { words.contains($0) } ? " The credentials for the repository are missing or refused." : ""
        return PAOError(.gitFailed, message + reason, detail: String(words.suffix(2000)))
    }

    /// What git and ssh say, with `LC_ALL=C`, where they are not let in.
    private static let refusals = [
        "Authentication failed", "could not read Username", "could not read Password", "returned error: 401", "returned error: 403",
        "Permission denied (",
    ]

    /// The hexadecimal name of a SHA-1 or SHA-256 object.
    static func commit(_ text: Substring?) -> String? {
        guard let text = text.map({ String($0.filter { !$0.isWhitespace }) }), [40, 64].contains(text.utf8.count), bytes(hex: text) != nil
        else { return nil }
        return text
    }

    private static let configuration = [
        ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("protocol.allow", "never"), ("http.followRedirects", "false"),
        ("http.proxy", ""), ("http.sslVerify", "true"), ("gc.auto", "0"), ("maintenance.auto", "false"), ("submodule.recurse", "false"),
        ("transfer.fsckObjects", "true"), ("credential.helper", ""), ("core.sshCommand", "/bin/false"), ("safe.directory", "*"),
        ("init.defaultBranch", "main"),
    ]

    /// git reads configuration from these variables, too, where no other user of the machine sees it.
    private static func environment(_ configuration: [(String, String)]) -> [String: String] {
        var environment = [
            "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false",
            "GIT_NO_REPLACE_OBJECTS": "1", "GIT_CONFIG_COUNT": String(configuration.count),
        ]
        for (index, (key, value)) in configuration.enumerated() {
            environment["GIT_CONFIG_KEY_\(index)"] = key
            environment["GIT_CONFIG_VALUE_\(index)"] = value
        }
        return environment
    }

    /// What lets git reach this remote at the address that was checked, and nothing else. Throws `egress_denied`.
    private func reach(_ remote: GitRemote) async throws(PAOError) -> [(String, String)] {
        var settings = [("protocol.\(remote.scheme.rawValue).allow", "always")]
        guard let host = remote.host else { return settings }
        let addresses = await NameResolution.addresses(of: host)
        guard !addresses.isEmpty else { throw PAOError(.gitFailed, "The name \(host) could not be looked up.") }
        let isOpen = egress.redirectAllTo == nil && addresses.allSatisfy { egress.permits(host: host, address: $0, port: remote.port) }
        guard isOpen, let address = addresses.first else {
            throw PAOError(.egressDenied, "\(host) may not be called.", hint: "Allow it under egress.allow: \(host):\(remote.port)")
        }
        if remote.scheme == .ssh {
            settings.append(("core.sshCommand", "ssh -oBatchMode=yes -oHostname=\(address) -oHostKeyAlias=\(host)"))
        } else {
            let spelled = addresses.map { $0.isV6 ? "[\($0)]" : $0.description }.joined(separator: ",")
            settings.append(("http.curloptResolve", "\(host):\(remote.port):\(spelled)"))
        }
        if let credentials = remote.credentials {
            settings.append(("http.extraHeader", "Authorization: \(String.basic(credentials.user, credentials.password))"))
        }
        return settings
    }
}

extension ProcessResult {
    var text: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: errorOutput, as: UTF8.self) }
}
