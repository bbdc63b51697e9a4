"""A life of an appliance in which all happens that a crash could spoil, lived through whatever failpoints are armed: its client repeats
what was not answered, and starts the server again where it has died."""
import http.client
import json
import signal
import subprocess

import invariants
from appliance import SandboxProcess, Server, eventually, pao
from documents import Maker

# Every repetition and every poll is quick, so that a journey is short.
QUICK = {"attempts": 5, "backoff": "none", "initialDelay": "10ms", "maxDelay": "1s"}


def catalog(sandbox, repository):
    """A gate, keyed calls one after another and side by side, a verification that polls, an issue, a person, a failure, a branch, and one
    that a freeze holds back."""
    make = Maker("journey")
    body = {"body": {"type": "json", "content": {"name": "{{fields.name}}"}}}
    one = make.call("one", "/provision", outputs={"id": "$.id"}, config=body)
    polled = make.call("polled", "/polled", config=body, verification=[
        {"type": "poll", "url": make.host + "/ready", "every": "50ms", "until": {"path": "$.id", "exists": True}, "timeout": "20s"}])
    instance = {"name": "{{fields.name}}", "outputs": {"id": "{{outputs.one.id}}"}}
    size = {"id": "size", "name": "Size", "type": "integer", "default": 1}
    gated = make.item(one, polled, make.issue("issue", dependsOn=["one"]), make.call("end", "/end", dependsOn=["issue", "polled"]),
                      suffix="-gated", fields=["name", size], instance=instance, automatic={"mode": "parallel"}, retry=QUICK)
    gated["fulfillment"]["approvals"] = [{"name": "lead", "role": "approver", "team": "platform", "when": "{{fields.size > 10}}"}]
    manual = make.item(make.task("person", outputs=["place"]), make.call("after", "/after/{{outputs.person.place}}"), suffix="-manual", retry=QUICK)
    failing = make.item(make.call("refused", "/refused", retry={**QUICK, "attempts": 1}), suffix="-failing")
    branch = make.item({"id": "tf", "type": "terraform", "config": {"moduleSource": "./modules/x", "variables": {"a": 1}, "workspace": "w"}},
                       suffix="-branch", retry=QUICK)
    frozen = make.item(make.call("late", "/late"), suffix="-frozen", retry=QUICK)
    return [json.loads(json.dumps(document).replace(make.host, sandbox.url)) for document in (gated, manual, failing, branch, frozen)]


def template():
    """A data directory with a second person, to be copied by each journey."""
    server = Server(sandbox=False).wait_until_ready()
    person = server.person("amos", "approver", "platform")
    assert server.stop() == 0
    (server.directory.root / "amos").write_text(person.token)
    return server.directory


def repository(folder):
    """A bare repository with one commit."""
    work, origin = folder / "work", folder / "origin.git"
    for arguments in (["init", "-q", "-b", "main", work],
                      ["-C", work, "-c", "user.name=t", "-c", "user.email=t@x", "commit", "-q", "--allow-empty", "-m", "first"],
                      ["clone", "-q", "--bare", work, origin]):
        subprocess.run(["git", *map(str, arguments)], check=True)
    return origin


class Life:
    """A server on a directory of its own beside a sandbox in a process of its own. `settings` are what PAO_FAILPOINT says at the first
    start, the second and so on; after those nothing is armed."""

    def __init__(self, template, settings=()):
        self.directory = template.copy()
        self.settings = list(settings)
        self.deaths = 0
        self.acknowledged = {}
        self.server = None
        self.sandbox = SandboxProcess(self.directory.root)

    def close(self):
        if self.server:
            self.server.process.kill()
        self.sandbox.close()

    @property
    def struck(self):
        """The failpoints that acted, as `name: action`; with `trace`, each visit as `name: reached`."""
        lines = (self.directory.root / "server.log").read_text(errors="replace").splitlines()
        return [line.removeprefix("failpoint ") for line in lines if line.startswith("failpoint ")]

    def environment(self):
        """The sandbox is all there is outside."""
        host = self.sandbox.url.removeprefix("http://")
        jira = {"outside": {"baseUrl": self.sandbox.url, "apiVersion": 2, "authentication": {"type": "bearer", "token": "t"}}}
        return {
            "PAO_EGRESS_ALLOW": json.dumps([host]), "PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps(jira), "PAO_POLLING_STATUS": "1s",
            "PAO_CATALOG_POLL_INTERVAL": "1s", "PAO_LOGGING_LEVEL": "warning"}

    def armed(self):
        """What the next start arms; None for nothing."""
        return self.settings.pop(0) if self.settings else None

    def start(self):
        environment = self.environment()
        while True:
            setting = self.armed()
            environment["PAO_FAILPOINT"] = setting or ""
            try:
                self.server = Server(self.directory, sandbox=False, environment=environment)
                return
            except AssertionError as fault:
                if not setting or "ended with" not in str(fault):
                    raise
                self.deaths += 1

    def revive(self):
        """Starts the server again where it has died; what a failpoint did must have been its end."""
        try:
            status = self.server.process.process.wait(0.5)
        except subprocess.TimeoutExpired:
            return
        assert status == -signal.SIGKILL, f"ended with {status}: {self.server.process.log.read_text(errors='replace')[-3000:]}"
        self.deaths += 1
        self.start()

    def stop(self):
        """An orderly end; one that a failpoint cut short is made up for by another start."""
        while (status := self.server.process.terminate()) != 0:
            assert status == -signal.SIGKILL, status
            self.deaths += 1
            self.start()

    def wait_for_empty_queue(self):
        """I7. What is told beside the steps outlives its request: a comment whose fate is not known waits 10 s before it is looked for."""
        eventually(lambda: invariants.jobs_of(self.ask("GET", "/metrics")) == invariants.NONE, 40, "I7: an empty queue")

    def ask(self, method, path, body=None, token=None, accept=(200, 201, 204), **headers):
        """The answer that came in the end."""
        def attempt():
            api = self.server.api if token is None else self.server.api.with_token(token)
            try:
                answer = api.request(method, path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})
            except (OSError, http.client.HTTPException):
                self.revive()
                return None
            if answer.status in (500, 503):
                return None
            assert answer.status in accept, f"{method} {path}: {answer.status} {answer.body[:1000]!r}"
            return answer
        return eventually(attempt, 30, f"an answer to {method} {path}")

    def submit(self, item, **data):
        """The key of the call is made of what is sent, so that it is the same each time."""
        key = (item + json.dumps(data)).replace(" ", "")
        answer = self.ask("POST", "/requests", {"catalogItemId": item, "requestData": data}, Idempotency_Key=key)
        self.acknowledged[key] = answer.json["id"]
        return answer.json["id"]

    def read(self, request):
        return self.ask("GET", f"/requests/{request}").json

    def wait_for_item(self, item):
        def look():
            if self.ask("GET", f"/catalog/items/{item}", accept=(200, 404)).status == 200:
                return True
            self.ask("POST", "/catalog/refresh?wait=true", accept=(200, 202, 409, 502))
            return False
        eventually(look, 30, f"the item {item}")

    def resolve(self, request, **outputs):
        """Ends the tickets that are open."""
        for ticket in self.ask("GET", f"/tickets?requestId={request}&status=open").json["data"]:
            self.ask("POST", f"/tickets/{ticket['id']}/resolve", {"outputs": outputs}, accept=(200, 409))


class Journey(Life):
    """All of `catalog`, lived through once."""

    def environment(self):
        repositories = {"./modules/": {"url": f"file://{self.origin}", "branch": "main", "path": "live"}}
        return {**super().environment(), "PAO_INTEGRATIONS_TERRAFORM_REPOSITORIES": json.dumps(repositories)}

    def live(self):
        """To the end, with every invariant checked. The caller removes the directory."""
        self.origin = repository(self.directory.root)
        self.documents = catalog(self.sandbox, self.origin)
        for document in self.documents:
            self.directory.write(document)
        self.sandbox.fault("POST /refused", "status", 400)
        try:
            self.start()
            self.act()
            self.stop()
            self.check()
        finally:
            self.close()

    # What happens

    def act(self):
        for document in self.documents:
            self.wait_for_item(document["metadata"]["id"])
        self.ask("PUT", "/secrets/word", {"value": "a secret of the journey"})
        self.ask("POST", "/tokens", {"name": "robot"})
        self.subscribe()
        self.submit("journey-gated", name="small")
        large = self.submit("journey-gated", name="large", size=50)
        person, failing = self.submit("journey-manual"), self.submit("journey-failing")
        self.submit("journey-branch")
        self.back_up()
        self.approve(large)
        self.do_by_hand(person)
        self.change_catalog()
        self.retry_until_completed(failing)
        self.freeze_and_thaw()
        self.wait_for_end()

    def subscribe(self):
        """The sandbox is told of freezes and of what they hold back."""
        def attempt():
            if self.ask("GET", "/subscriptions").json["data"]:
                return True
            self.ask("POST", "/subscriptions", {"url": self.sandbox.url + "/told", "events": ["freeze", "request.held"]})
            return False
        eventually(attempt, 30, "the subscription")

    def freeze_and_thaw(self):
        """A request waits for the end of a freeze."""
        def windows(state):
            return [window for window in self.ask("GET", "/admin/freeze-windows").json["data"] if window["state"] == state]

        def freeze():
            if not windows("active"):
                self.ask("POST", "/admin/freeze-windows", {"reason": "a freeze of the journey", "catalogItemIds": ["journey-frozen"]})
            return windows("active")
        eventually(freeze, 30, "a freeze")
        request = self.submit("journey-frozen")
        eventually(lambda: (self.read(request)["waiting"] or {}).get("kind") == "freeze", 30, "the request to wait")

        def thaw():
            for window in windows("active"):
                self.ask("POST", f"/admin/freeze-windows/{window['id']}/end", accept=(200, 409))
            return not windows("active")
        eventually(thaw, 30, "the end of the freeze")

    def back_up(self):
        file = self.directory.root / "backup.db"

        def attempt():
            done = pao("backup", "create", file, "--data", self.directory.data)
            if done.returncode != 0:
                self.revive()
            return done.returncode == 0
        eventually(attempt, 30, "a backup")

    def approve(self, request):
        token = (self.directory.root / "amos").read_text()

        def attempt():
            inbox = self.ask("GET", "/approvals?limit=200", token=token).json["data"]
            for row in inbox:
                if request in json.dumps(row):
                    self.ask("POST", f"/approvals/{row['id']}/approve", {"reason": "fine"}, token=token, accept=(200, 404, 409))
            return self.read(request)["status"] != "pending_approval"
        eventually(attempt, 30, "the approval")

    def do_by_hand(self, request):
        def attempt():
            self.resolve(request, place="here")
            return self.read(request)["actions"][0]["status"] == "completed"
        eventually(attempt, 40, "the ticket's end")

    def change_catalog(self):
        document = self.documents[0]
        document["metadata"]["version"] = "1.1.0"
        self.directory.write(document)
        item = document["metadata"]["id"]

        def attempt():
            self.ask("POST", "/catalog/refresh?wait=true", accept=(200, 202, 409, 502))
            return self.ask("GET", f"/catalog/items/{item}").json["version"] == "1.1.0"
        eventually(attempt, 30, "the new version")

    def retry_until_completed(self, request):
        def attempt():
            status = self.read(request)["status"]
            if status == "failed":
                self.ask("POST", f"/requests/{request}/retry", {}, accept=(200, 409))
            return status == "completed"
        eventually(attempt, 60, "the end of the failed request")

    def wait_for_end(self):
        eventually(lambda: all(self.read(request)["status"] == "completed" for request in self.acknowledged.values()), 60, "the end of every request")
        eventually(lambda: self.told() == self.happened(), 20, "all notifications")
        self.wait_for_empty_queue()

    def told(self):
        """Sequences of the events that the sandbox was told of."""
        return {int(key.split("-")[1]) for key in self.sandbox.state["effects"] if key.startswith("evt-")}

    def happened(self):
        return {row["sequence"] for row in self.directory.query("SELECT sequence FROM events WHERE type IN ('freeze', 'request.held')")}

    # What must hold

    def check(self):
        invariants.verify(self.directory, self.sandbox, self.acknowledged.values())
        self.check_notifications()
        done = pao("backup", "verify", self.directory.root / "backup.db")
        assert done.returncode == 0, done.stdout
        branches = subprocess.run(
            ["git", f"--git-dir={self.origin}", "for-each-ref", "--format=%(refname)", "refs/heads/pao/"], capture_output=True, text=True, check=True)
        assert len(branches.stdout.split()) == 1, "one branch for one request"

    def check_notifications(self):
        """Of each event that is subscribed to the sandbox was told, and once: a repetition had the same key."""
        assert self.told() == self.happened() and len(self.told()) >= 4
        assert {count for key, count in self.sandbox.state["effects"].items() if key.startswith("evt-")} == {1}
        assert self.directory.query("SELECT status FROM notifications WHERE status <> 'sent'") == []
