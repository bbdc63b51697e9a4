import Base
import Catalog
import Foundation
import Integrations
import Testing

@testable import Orchestration

@Suite struct TerraformModuleTests {
    private func bench(_ config: JSON, fields: JSON = [:]) -> ActionBench {
        var bench = ActionBench(TerraformAction(), config)
        bench.fields = fields
        return bench
    }

    private func file(_ bench: ActionBench, _ values: TerraformModule.Values) throws -> String {
        let input = try bench.input()
        return try TerraformModule(try input.render(input.action.config), input).mainFile(values, withBackend: true)
    }

    @Test("every value stands literally in the file, whatever it holds")
    func hostileValues() throws {
        var bench = bench(
            [
                "moduleSource": "./modules/redis",
                "variables": [
                    "name": "x-{{fields.v}}", "nodes": "{{fields.n}}", "tags": ["k \"1\"": "{{fields.v}}", "on": true],
                    "list": ["a", 1, .null],
                ],
                "backendConfig": ["bucket": "state", "key": "a/{{fields.n}}.tfstate"],
            ], fields: ["v": .string(hostile), "n": 3])
        bench.outputs = [
            .init(name: "endpoint", path: "endpoint", isSensitive: false), .init(name: "pw", path: "$.password", isSensitive: true),
        ]
        let literal = #"a\"b'c\\d $${x} %%{y} {{z}} $$${q}\n*bold* [l|http://x] {code}\t</script>\u001fé"#
        #expect(
            try file(bench, .inPlace) == """
                terraform {
                  backend "s3" {
                    bucket = "state"
                    key = "a/3.tfstate"
                  }
                }

                module "redis" {
                  source = "./modules/redis"
                  name = "x-\(literal)"
                  nodes = 3
                  tags = {
                    "k \\"1\\"" = "\(literal)"
                    "on" = true
                  }
                  list = ["a", 1, null]
                }

                output "endpoint" {
                  value = module.redis.endpoint
                }

                output "password" {
                  value = module.redis.password
                  sensitive = true
                }

                """)
    }

    @Test("as variables, values are not part of the file, and what comes of a secret is sensitive")
    func variables() throws {
        let bench = bench(["moduleSource": "corp/db/aws", "version": "~> 2", "variables": ["pw": "{{secrets.pw}}", "size": 3]])
        #expect(
            try file(bench, .asVariables) == """
                variable "pw" {
                  sensitive = true
                }

                variable "size" {}

                module "aws" {
                  source = "corp/db/aws"
                  version = "~> 2"
                  pw = var.pw
                  size = var.size
                }

                """)
    }

    @Test("names that are none in Terraform are refused", arguments: ["a b", "1a", "", "a\"", "a.b", "ä"])
    func names(_ name: String) {
        let bench = bench(["moduleSource": "./m", "variables": .object(JSONObject([(name, JSON.int(1))]))])
        #expect(throws: StepFailure.self) { try file(bench, .inPlace) }
    }

    @Test("the archive is one that tar reads")
    func archive() throws {
        let content = Array(repeating: UInt8(ascii: "x"), count: 150_000)
        let archive = TarArchive.gzipped([.init(name: "main.tf", bytes: content), .init(name: "b.tf", bytes: [0x31])])
        let path = NSTemporaryDirectory() + UUID().uuidString + ".tar.gz"
        try Data(archive).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try shell("tar -xzOf \(path) main.tf") == String(decoding: content, as: UTF8.self))
        #expect(try shell("tar -tzf \(path)") == "main.tf\nb.tf\n")
    }
}

/// What a command prints; tests only.
func shell(_ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command)")
    return String(decoding: data, as: UTF8.self)
}

@Suite struct TerraformCloudTests {
    private func bench() -> ActionBench {
        var bench = ActionBench(
            TerraformAction(),
            ["moduleSource": "corp/redis/aws", "variables": ["name": "{{fields.v}}", "nodes": 3], "workspace": "orders"])
        bench.fields = ["v": .string(hostile)]
        bench.outputs = [.init(name: "endpoint", path: "endpoint", isSensitive: false)]
        bench.services.terraform.cloud = .init(organization: "corp", token: "tfc-token")
        return bench
    }

    private func run(_ status: String, confirmable: Bool = false) -> JSON {
        [
            "data": [
                "id": "run-1",
                "attributes": ["status": .string(status), "message": "x pao-k3y", "actions": ["is-confirmable": .bool(confirmable)]],
                "relationships": ["workspace": ["data": ["id": "ws-1"]]],
            ]
        ]
    }

    @Test("workspace, variables, configuration and run, in this order, with the key in the run's message")
    func perform() async throws {
        let outside = Script(
            (404, [:]), (201, ["data": ["id": "ws-1"]]),
            (200, ["data": [["id": "var-1", "attributes": ["key": "nodes", "category": "terraform"]]]]),
            (201, [:]), (200, [:]), (201, ["data": ["id": "cv-1", "attributes": ["upload-url": "https://archive.test/up"]]]), (200, .null),
            (200, ["data": ["attributes": ["status": "uploaded"]]]), (201, run("pending")))
        #expect(try await bench().perform(outside).brief == "waiting run-1: the run is pending")
        let api = "https://app.terraform.io/api/v2"
        #expect(
            outside.lines == [
                "GET \(api)/organizations/corp/workspaces/orders", "POST \(api)/organizations/corp/workspaces",
                "GET \(api)/workspaces/ws-1/vars",
                "POST \(api)/workspaces/ws-1/vars", "PATCH \(api)/workspaces/ws-1/vars/var-1",
                "POST \(api)/workspaces/ws-1/configuration-versions",
                "PUT https://archive.test/up", "GET \(api)/configuration-versions/cv-1", "POST \(api)/runs",
            ])
        #expect(try JSON.parse(outside.body(3))["data"]?["attributes"]?["value"] == .string(hostile))
        let message = try JSON.parse(outside.body(8))["data"]?["attributes"]?["message"]
        #expect(message == "The step (req-1) pao-k3y")
        #expect(outside.header(6, "authorization") == nil)
        #expect(try !bench().prepared().payload.description.contains("tfc-token"))
    }

    @Test("when it is applied the state gives count and outputs, and what only Terraform calls sensitive is marked")
    func applied() async throws {
        let outputs: JSON = [
            ["type": "state-version-outputs", "id": "o1", "attributes": ["name": "endpoint", "value": "e"]],
            ["type": "state-version-outputs", "id": "o2", "attributes": ["name": "password", "value": .null, "sensitive": true]],
        ]
        let resources: JSON = [["type": "aws_x", "count": 2], ["type": "data.aws_y", "count": 1]]
        let outside = Script(
            (200, run("applied")), (200, ["data": ["attributes": ["resources": resources]], "included": outputs]),
            (200, ["data": ["attributes": ["value": "s3cret"]]]))
        let evidence = try await bench().poll("run-1", outside).evidence
        #expect(evidence["body"] == ["endpoint": "e"])
        #expect(evidence["outputs"]?["password"] == "s3cret" && evidence["sensitive"] == ["password"])
        #expect(evidence["state"]?["resourceCount"] == 2)
        guard
            case .passed = try Verifier.judge(
                type: "terraform-state", parameters: ["resourceCount": 2, "requiredOutputs": ["endpoint", "password"]], evidence: evidence)
        else {
            Issue.record("not passed")
            return
        }
        guard case .failed = try Verifier.judge(type: "terraform-state", parameters: ["resourceCount": 3], evidence: evidence) else {
            Issue.record("passed")
            return
        }
    }

    @Test("a run that waits for consent is applied; one that fails fails the step")
    func consent() async throws {
        let outside = Script((200, run("planned", confirmable: true)), (202, .null))
        #expect(try await bench().poll("run-1", outside).brief == "waiting run-1: the run waits to be confirmed")
        #expect(outside.lines[1].hasSuffix("/runs/run-1/actions/apply"))
        #expect(try await bench().poll("run-1", Script((200, run("errored")))).brief == "failed run_errored")
    }

    @Test("doubt is settled by the key in the run's message")
    func doubt() async throws {
        var bench = bench()
        let found = Script((200, ["data": ["id": "ws-1"]]), (200, ["data": [run("applying")["data"] ?? .null]]))
        #expect(try await bench.settle(found).brief == "happened: waiting run-1: the run is applying")
        bench.doubtAge = .seconds(13)
        #expect(try await bench.settle(Script((200, ["data": ["id": "ws-1"]]), (200, ["data": []]))).brief == "perform")
        #expect(try await bench.settle(Script((404, [:]))).brief == "perform")
    }

    @Test("a module on this machine's disk is nothing for the cloud")
    func relativeSource() {
        var bench = bench()
        bench.config["moduleSource"] = "./modules/redis"
        #expect(throws: StepFailure.self) { try bench.prepared() }
    }
}

@Suite struct TerraformRepositoryTests {
    private final class Repository {
        let directory = NSTemporaryDirectory() + "terraform-" + UUID().uuidString
        var origin: String { directory + "/origin.git" }

        init() throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            _ = try shell(
                """
                cd \(directory) && git init -q -b main work && cd work && echo hello > README && git add . && \
                git -c user.name=t -c user.email=t@x commit -qm first && git clone -q --bare . ../origin.git
                """)
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        func git(_ arguments: String) throws -> String { try shell("git --git-dir=\(origin) \(arguments)") }
    }

    @Test(
        "a folder of the repository is named from where the file stands",
        arguments: [
            ("./modules/redis", "live/orders/main.tf", "../../modules/redis"), ("./modules/redis", "orders/main.tf", "../modules/redis"),
            ("git::https://example.com/m.git", "live/orders/main.tf", "git::https://example.com/m.git"),
        ])
    func place(source: String, path: String, expected: String) {
        #expect(TerraformRepository.place(of: source, from: path) == expected)
    }

    private func bench(_ repository: Repository, variables: JSON = ["name": "{{fields.v}}"]) throws -> ActionBench {
        var bench = ActionBench(TerraformAction(), ["moduleSource": "./modules/redis", "variables": variables, "workspace": "orders"])
        bench.fields = ["v": .string(hostile)]
        let remote = try GitRemote("file://" + repository.origin, schemes: [.file])
        bench.services.terraform.repositories = [.init(prefix: "./modules/", remote: remote, branch: try GitBranch("main"), path: "live")]
        bench.services.terraform.git = (
            GitClient(runner: .system(), egress: try EgressPolicy()), GitCaches(directory: repository.directory + "/caches")
        )
        return bench
    }

    @Test("a change is one commit on a branch of its own, and a repetition finds it there")
    func push() async throws {
        let repository = try Repository()
        let bench = try bench(repository)
        let first = try await bench.perform(Script())
        #expect(first.evidence["outputs"]?["branch"] == "pao/orders-k3y")
        let commit = try #require(first.evidence["outputs"]?["commit"]?.string)
        #expect(try repository.git("rev-parse pao/orders-k3y") == commit + "\n")
        #expect(try repository.git("log -1 --format=%B pao/orders-k3y").contains("Request-Key: k3y"))
        #expect(try repository.git("show pao/orders-k3y:live/orders/main.tf") == bench.prepared().payload["mainFile"]?.string)
        #expect(try await bench.settle(Script()).brief == "perform")
        #expect(try await bench.perform(Script()).evidence["outputs"]?["commit"]?.string == commit)
        #expect(try repository.git("rev-list --count main..pao/orders-k3y") == "1\n")
    }

    @Test("the same change made twice at once is one branch")
    func concurrent() async throws {
        let repository = try Repository()
        let bench = try bench(repository)
        async let one = bench.perform(Script())
        async let other = bench.perform(Script())
        let both = try await [one, other].map { $0.evidence["outputs"]?["commit"]?.string }
        #expect(both[0] != nil && both[0] == both[1])
    }

    @Test("what only the pipeline knows is asked of a person; what is known is kept")
    func question() async throws {
        let repository = try Repository()
        var bench = try bench(repository)
        bench.outputs = [.init(name: "endpoint", path: "endpoint", isSensitive: false)]
        guard case .ticket(let draft) = try await bench.perform(Script()) else {
            Issue.record("no ticket")
            return
        }
        #expect(draft.purpose == .question && draft.outputs == ["endpoint"])
        #expect(draft.known["branch"] == "pao/orders-k3y")
    }

    @Test("a secret is not written into a repository")
    func secret() throws {
        let repository = try Repository()
        #expect(throws: StepFailure.self) { try bench(repository, variables: ["pw": "{{secrets.pw}}"]).prepared() }
    }

    @Test(
        "a repository is on the GitHub that is configured, or on none",
        arguments: [
            ("https://github.com/corp/live.git", "https://api.github.com", "corp/live"),
            ("ssh://git@github.com/corp/live", "https://api.github.com", "corp/live"),
            ("https://ghe.corp.test/corp/live", "https://ghe.corp.test/api/v3", "corp/live"),
            ("https://github.com/corp/live", "https://ghe.corp.test/api/v3", nil),
            ("https://git.corp.test/corp/live", "https://api.github.com", nil), ("https://github.com/corp", "https://api.github.com", nil),
        ] as [(String, String, String?)])
    func place(_ url: String, _ api: String, _ expected: String?) {
        #expect(GitHub.repository(of: url, at: GitHubService(apiURL: api, token: nil)) == expected)
    }

    @Test("on GitHub there is one pull request per branch, and the step may wait for its merge")
    func pullRequest() async throws {
        let repository = try Repository()
        var bench = try bench(repository)
        bench.verification = [["type": "pull-request-merged"]]
        bench.services.github = GitHubService(token: "t")
        var effect = try bench.prepared()
        effect.payload["repository"] = "corp/live"
        let open: JSON = ["number": 4, "state": "open", "html_url": "https://github.test/4", "head": ["sha": "abc"]]
        let outside = Script(
            (200, []), (201, open), (200, ["number": 4, "state": "closed", "merged": true, "html_url": "https://github.test/4"]))
        let waiting = await bench.type.perform(effect, bench.tools(outside))
        #expect(waiting.brief == "waiting 4: the pull request waits to be merged")
        #expect(
            outside.lines == [
                "GET https://api.github.com/repos/corp/live/pulls?state=all&head=corp%3Apao%2Forders-k3y",
                "POST https://api.github.com/repos/corp/live/pulls",
            ])
        #expect(try JSON.parse(outside.body(1))["base"] == "main")
        bench.memory = waiting.memory
        let done = await bench.type.poll(effect, reference: "4", bench.tools(outside))
        #expect(done.evidence["outputs"]?["pullRequestUrl"] == "https://github.test/4")
        guard case .passed = try Verifier.judge(type: "pull-request-merged", parameters: [:], evidence: done.evidence) else {
            Issue.record("not passed")
            return
        }
    }
}

/// No Terraform can be had where these tests run: a program of a few lines takes its place and shows what it was given.
@Suite struct TerraformLocalTests {
    private func bench(_ directory: String, exit: Int = 0) throws -> ActionBench {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let program = """
            #!/bin/sh
            echo "$1 $2" >> calls
            case "$1" in
              output) echo '{"endpoint": {"value": "e"}, "password": {"value": "s", "sensitive": true}}';;
              state) printf 'aws_x.a\\nmodule.redis.aws_x.b\\nmodule.redis.data.aws_y.c\\n';;
              apply) exit \(exit);;
            esac
            """
        try program.write(toFile: directory + "/program", atomically: true, encoding: .utf8)
        _ = try shell("chmod +x \(directory)/program")
        var bench = ActionBench(TerraformAction(), ["moduleSource": "./redis", "variables": ["pw": "{{fields.v}}"], "workspace": "orders"])
        bench.fields = ["v": .string(hostile)]
        bench.services.terraform.local = .init(
            binary: directory + "/program", directory: directory + "/state", modules: "/modules", environment: [:], processes: .system())
        return bench
    }

    @Test("the program is initialized and applied in a folder that only we read, with the values in a file")
    func apply() async throws {
        let directory = NSTemporaryDirectory() + "local-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let evidence = try await bench(directory).perform(Script()).evidence
        #expect(evidence["state"] == ["resourceCount": 2, "outputs": ["endpoint", "password"]])
        #expect(evidence["body"] == ["endpoint": "e"] && evidence["sensitive"] == ["password"])
        let folder = directory + "/state/orders"
        #expect(
            try String(contentsOfFile: folder + "/calls", encoding: .utf8)
                == "init -input=false\napply -input=false\noutput -json\nstate list\n")
        let values = try JSON.parse([UInt8](Data(contentsOf: URL(filePath: folder + "/terraform.tfvars.json"))))
        #expect(values == ["pw": .string(hostile)])
        #expect(try shell("stat -c %a \(folder)/terraform.tfvars.json") == "600\n")
        #expect(try String(contentsOfFile: folder + "/main.tf", encoding: .utf8).contains("source = \"/modules/redis\""))
    }

    @Test("a program that fails fails the step")
    func failure() async throws {
        let directory = NSTemporaryDirectory() + "local-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try await bench(directory, exit: 1).perform(Script()).brief == "failed terraform_failed")
    }

    @Test("a module source leads nowhere else on the machine", arguments: ["/etc", "../x", "./../x", "./a/../../b"])
    func source(_ source: String) throws {
        let directory = NSTemporaryDirectory() + "local-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var bench = try bench(directory)
        bench.config["moduleSource"] = .string(source)
        #expect(throws: StepFailure.self) { try bench.prepared() }
    }
}
