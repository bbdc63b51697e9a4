"""For every type of action: carried out twice, failed and restarted at every step, and killed between call and answer, its effect
happens once. A type of which that cannot be said waits for a person instead."""
import copy
import itertools
import json
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from appliance import by_scale, eventually
from documents import Maker
from invariants import verify
from journey import QUICK, Life, repository, template
from registry import Registry

AT_ONCE = 8
# Where a run is struck, how, and at which visits: every one, at CI scale killed and failed by turns.
STRIKES = by_scale(
    [("turn.stored", "kill", range(1, 40, 2)), ("turn.decided", "error", range(2, 40, 2))],
    [(place, action, range(1, 40)) for action in ("kill", "error")
     for place in ("turn.stored", "turn.decided", "effect.intending", "effect.settling", "call.sending", "call.answered")])


class Kind:
    """A type of action in one of its variants: its step, where it is sent, and how its effects are counted."""

    def __init__(self, name, step, match=None, may_be_parked=False):
        self.name, self.step, self.match, self.may_be_parked = name, step, match, may_be_parked

    def prepare(self, life):
        """What it needs of the outside besides the sandbox; returns settings of the server."""
        return {}

    def count(self, life, request):
        """How often its effect happened. The stand-ins count by key."""
        [key] = [row["key"] for row in effects(life, request) if row["step_id"] == "it"] or [None]
        return life.sandbox.state["effects"].get(key, 0)

    def hang(self, life):
        """The next call takes effect and is never answered."""
        life.sandbox.fault(self.match, "hang", 60_000)

    def hangs(self, life):
        return life.sandbox.state["faults"] == []

    def close(self):
        pass

    def __repr__(self):
        return self.name


class Read(Kind):
    """Has no effect."""

    def count(self, life, request):
        return 1


class Remote(Kind):
    def __init__(self, *arguments, **settings):
        super().__init__(*arguments)
        self.settings = settings

    def prepare(self, life):
        return {name: value.replace("URL", life.sandbox.url) for name, value in self.settings.items()}


class Unheeded(Kind):
    """The other side takes no notice of keys."""

    def prepare(self, life):
        self.registry = Registry()
        life.hosts["https://registry.example"] = self.registry.url
        return {"PAO_EGRESS_ALLOW": json.dumps([life.sandbox.url.removeprefix("http://"), self.registry.address])}

    def count(self, life, request):
        return self.registry.made.count(life.read(request)["requestData"]["name"])

    def hang(self, life):
        self.registry.silence()

    def hangs(self, life):
        return self.registry.mute <= 0

    def close(self):
        self.registry.close()


class Branch(Kind):
    def prepare(self, life):
        self.origin = repository(life.directory.root)
        repositories = {"./modules/": {"url": f"file://{self.origin}", "branch": "main", "path": "live"}}
        return {"PAO_INTEGRATIONS_TERRAFORM_REPOSITORIES": json.dumps(repositories)}

    def count(self, life, request):
        """Branches of the request, each of one commit."""
        def git(*words):
            return subprocess.run(["git", f"--git-dir={self.origin}", *words], capture_output=True, text=True, check=True).stdout.split()
        name = life.read(request)["requestData"]["name"]
        branches = git("for-each-ref", "--format=%(refname)", f"refs/heads/pao/{name}-*")
        return sum(int(git("rev-list", "--count", f"main..{branch}")[0]) for branch in branches)


class Program(Kind):
    """No Terraform is to be had where the tests run: a program that keeps a state as Terraform does, and changes nothing twice."""

    SCRIPT = """#!/bin/sh
case "$1" in
  apply) sleep 0.05; cmp -s terraform.tfvars.json state || { cp terraform.tfvars.json state && echo changed >> changes; } ;;
  output) echo '{"endpoint": {"value": "e"}}' ;;
  state) echo aws_x.a ;;
esac
"""

    def prepare(self, life):
        program = life.directory.root / "terraform"
        program.write_text(self.SCRIPT)
        program.chmod(0o755)
        return {"PAO_INTEGRATIONS_TERRAFORM_BINARY": str(program), "PAO_INTEGRATIONS_TERRAFORM_MODULES": str(life.directory.root)}

    def count(self, life, request):
        changes = life.directory.data / "terraform" / life.read(request)["requestData"]["name"] / "changes"
        return len(changes.read_text().splitlines()) if changes.exists() else 0


class Mail(Kind):
    def prepare(self, life):
        from aiosmtpd.controller import Controller
        from aiosmtpd.handlers import Message

        class Kept(Message):
            messages = []

            def handle_message(self, message):
                self.messages.append(message["Subject"])

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.kept = Kept()
        self.kept.messages = []
        self.controller = Controller(self.kept, hostname="127.0.0.1", port=port)
        self.controller.start()
        return {"PAO_SMTP": json.dumps({"host": "127.0.0.1", "port": port, "security": "none", "from": "pao@corp.example"})}

    def count(self, life, request):
        return self.kept.messages.count("About " + life.read(request)["requestData"]["name"])

    def close(self):
        self.controller.stop()


class Person(Kind):
    def count(self, life, request):
        return len(life.ask("GET", f"/tickets?requestId={request}").json["data"])


make = Maker("every")
BODY = {"body": {"type": "json", "content": {"name": "{{fields.name}}"}}}


def rest(method, path, **more):
    return make.call("it", path, method, config={**BODY, **more})


def unkeyed(**more):
    return {"id": "it", "type": "rest-api", "config": {"endpoint": {"url": "https://registry.example/make", "method": "POST"}, **BODY, **more}}


def step(type, config):
    return {"id": "it", "type": type, "config": config}


TERRAFORM = {"moduleSource": "./modules/x", "variables": {"a": "{{fields.name}}"}, "workspace": "{{fields.name}}"}
KINDS = [
    Read("rest-get", make.call("it", "/read", "GET"), "GET /read"),
    Kind("rest-put", rest("PUT", "/put/{{fields.name}}"), "PUT /put"),
    Kind("rest-delete", make.call("it", "/delete/{{fields.name}}", "DELETE"), "DELETE /delete"),
    Kind("rest-post", rest("POST", "/provision"), "POST /provision"),
    Unheeded("rest-post-without-key", unkeyed(), "POST /make", may_be_parked=True),
    Unheeded("rest-post-with-look-up", unkeyed(verify={"url": "https://registry.example/made/{{fields.name}}"}), "POST /make"),
    Kind("jira-ticket", make.issue("it"), "POST /rest/api/2/issue"),
    Remote("servicenow-ticket", step("servicenow-ticket", {"shortDescription": "{{fields.name}}"}), "POST /api/now/table/incident",
           PAO_INTEGRATIONS_SERVICENOW_INSTANCES='{"it": {"baseUrl": "URL", "authentication": {"type": "bearer", "token": "t"}}}'),
    Remote("github-workflow", step("github-workflow", {"repository": "corp/x", "workflow": "y.yml"}), "POST /repos/corp/x/actions",
           PAO_INTEGRATIONS_GITHUB_API_URL="URL", PAO_INTEGRATIONS_GITHUB_TOKEN="t"),
    Remote("gitlab-pipeline", step("gitlab-pipeline", {"project": "7", "ref": "main"}), "POST /api/v4/projects/7/pipeline",
           PAO_INTEGRATIONS_GITLAB_BASE_URL="URL", PAO_INTEGRATIONS_GITLAB_TOKEN="t"),
    Remote("terraform-cloud", step("terraform", {**TERRAFORM, "moduleSource": "corp/x/aws"}), "POST /api/v2/runs",
           PAO_INTEGRATIONS_TERRAFORM_CLOUD_API_URL="URL", PAO_INTEGRATIONS_TERRAFORM_CLOUD_ORGANIZATION="corp",
           PAO_INTEGRATIONS_TERRAFORM_CLOUD_TOKEN="t"),
    Branch("terraform-git", step("terraform", TERRAFORM)),
    Program("terraform-local", step("terraform", TERRAFORM)),
    Kind("webhook", step("webhook", {"url": make.host + "/hook"}), "POST /hook"),
    Mail("email", step("email", {"to": "a@corp.example", "subject": "About {{fields.name}}", "body": "x"}), may_be_parked=True),
    Person("manual-task", make.task("it")),
]


def effects(life, request):
    """Of its steps; comments on issues have a test of their own (test_jira.py)."""
    return life.directory.query(
        "SELECT e.key, e.step_id FROM effects e JOIN service_requests r ON r.id = e.request_id"
        " WHERE r.request_id = ? AND e.kind <> 'jira-comment'", request)


class Trial(Life):
    """Requests of one kind, one after another, each struck somewhere else."""

    def __init__(self, template, kind):
        super().__init__(template)
        self.kind = kind
        self.hosts = {make.host: self.sandbox.url}
        self.settings_of_kind = kind.prepare(self)
        document = make.item(kind.step, make.call("after", "/after"), fields=["name"], retry=QUICK, instance={"name": "{{fields.name}}"})
        text = json.dumps(document)
        for host, url in self.hosts.items():
            text = text.replace(host, url)
        self.directory.write(json.loads(text))
        self.number = 0

    def environment(self):
        return {**super().environment(), **self.settings_of_kind}

    def begin(self, *settings):
        """A request under a server that has the first of these armed, after its death the second, and so on."""
        if self.server:
            self.stop()
        self.settings = list(settings)
        self.start()
        self.wait_for_item("every")
        self.number += 1
        return self.submit("every", name=f"n{self.number}")

    def end(self, request):
        """To its end; then its effect has happened once, or a person is asked and it has happened at most once."""
        def ended():
            if self.kind.name == "manual-task":
                self.resolve(request)
            found = self.read(request)
            return found if found["status"] in ("completed", "failed") else None
        found = eventually(ended, 60, "the end of the request")
        count = self.kind.count(self, request)
        if found["status"] == "failed":
            assert self.kind.may_be_parked and found["errorContext"]["error"]["type"] == "in_doubt", found["errorContext"]
            assert count <= 1, f"happened {count} times"
        else:
            assert count == 1, f"happened {count} times"
        return found

    def strike(self, setting):
        """Whether the failpoint was come to; the request ends well in any case."""
        before = len(self.struck)
        request = self.begin(setting)
        self.end(request)
        return len(self.struck) > before

    def finish(self):
        self.wait_for_empty_queue()
        self.stop()
        verify(self.directory, self.sandbox, self.acknowledged.values(), may_be_parked=lambda _: self.kind.may_be_parked)


@pytest.fixture(scope="module")
def origin():
    directory = template()
    yield directory
    directory.remove()


@pytest.fixture(scope="module")
def outcomes(origin):
    """The three tests of each kind, several kinds at once; by test and kind."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tests = {"twice": twice, "everywhere": everywhere, "doubt": doubt}
        yield {(name, kind.name): pool.submit(tried, origin, kind, test) for kind in KINDS for name, test in tests.items()
               if name != "doubt" or kind.match}


def tried(origin, kind, test):
    trial = Trial(origin, copy.copy(kind))
    try:
        test(trial)
        trial.finish()
    finally:
        trial.close()
        trial.kind.close()
        trial.directory.remove()


def twice(trial):
    """It has happened and nobody has noted it: the next start comes to the same effect again, twice over."""
    request = trial.begin("effect.performed:kill", "effect.performed:kill")
    found = trial.end(request)
    assert trial.deaths >= 1
    if trial.kind.step["type"] in ("rest-api", "webhook") and not isinstance(trial.kind, Unheeded):
        assert trial.deaths == 2, "it was sent again after the first death"
        assert len(found["actions"][0]["attempts"]) == 1, "what a crash cut short is the same try"


def everywhere(trial):
    """At one visit after another, until a request does not come to a further one."""
    for place, action, visits in STRIKES:
        struck = list(itertools.takewhile(lambda visit: trial.strike(f"{place}:{action}:{visit}"), visits))
        assert len(struck) < len(visits), f"{place} is come to without end"
        assert struck or place.startswith("call."), f"{place} was not come to"


def doubt(trial):
    """Killed between the call and its answer."""
    request = trial.begin()
    trial.end(request)
    trial.kind.hang(trial)
    request = trial.begin()
    eventually(lambda: trial.kind.hangs(trial), 20, "the call that hangs")
    trial.server.crash()
    trial.start()
    trial.end(request)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_carried_out_twice_it_happens_once(outcomes, kind):
    outcomes["twice", kind.name].result()


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_failed_or_killed_at_every_step_it_happens_once(outcomes, kind):
    outcomes["everywhere", kind.name].result()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.match], ids=repr)
def test_killed_between_call_and_answer_it_happens_once(outcomes, kind):
    outcomes["doubt", kind.name].result()
