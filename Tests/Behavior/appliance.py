"""The real binary as a test meets it: processes on temporary directories, spoken to over HTTP, looked into through its database."""
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from client import Client

ROOT = Path(__file__).resolve().parents[2]
PAO = os.environ.get("PAO_BIN", str(ROOT / ".build/debug/pao"))
SCALE = os.environ.get("PAO_SCALE", "ci")
PASSWORD = "a long enough passphrase"


def measured():
    """The program whose figures count: the release build, which `make verify` makes first; at CI scale the debug build."""
    if SCALE == "ci" or "PAO_BIN" in os.environ:
        return PAO
    release = ROOT / ".build/release/pao"
    assert release.exists(), "the figures are those of a release build: `make build`"
    return str(release)


def by_scale(ci, verify, soak=None):
    """The figure for how much the tests shall do."""
    return {"ci": ci, "verify": verify, "soak": soak if soak is not None else verify}[SCALE]


def eventually(look, within=20.0, what="the expected state"):
    """The first true result of `look`, asked again until the time is over."""
    end = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} was not reached within {within} s; last seen: {found!r}")
        time.sleep(0.01)


def pao(*arguments, input=None, cwd=None, environment=None, timeout=60):
    """Runs a command to its end."""
    return subprocess.run(
        [PAO, *map(str, arguments)], input=input, capture_output=True, text=True, timeout=timeout, cwd=cwd,
        env={**clean_environment(), **(environment or {})})


def clean_environment():
    """Without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PAO_")}


class Process:
    """A command that keeps running; what it prints goes into files beside the directory it works on."""

    def __init__(self, arguments, log, environment=None, prefix=(), binary=PAO):
        self.log = Path(log)
        self.output = self.log.with_suffix(".out")
        self.began = time.monotonic()
        with open(self.log, "ab") as errors, open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [*prefix, binary, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env={**clean_environment(), **(environment or {})})

    @property
    def printed(self):
        return self.output.read_text(errors="replace")

    def url_after(self, words, within=60):
        """The address of the line that begins with these words."""
        def look():
            found = re.search(rf"^{re.escape(words)} (\S+)$", self.printed, re.MULTILINE)
            if found:
                return found[1]
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.printed}{self.log.read_text(errors='replace')[-3000:]}")
            return None
        return eventually(look, within, f"a line '{words} URL'")

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def terminate(self, within=30):
        """The exit code after SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @property
    def resident_kilobytes(self):
        return self.kilobytes("VmRSS")

    @property
    def peak_kilobytes(self):
        """Of resident memory since `forget_peak`."""
        return self.kilobytes("VmHWM")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def kilobytes(self, name):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)[1])


class Directory:
    """A data directory made by `pao init`, with its catalog beside it. The path is short: a socket lies in it."""

    def __init__(self, environment=None):
        self.root = Path(tempfile.mkdtemp(prefix="pao-"))
        self.data = self.root / "data"
        self.catalog = self.root / "catalog"
        self.catalog.mkdir()
        (self.root / "password").write_text(PASSWORD + "\n")
        done = pao("init", "--data", self.data, "--admin", "ada", "--password-file", self.root / "password", "--token-out",
                   self.root / "token", environment=environment)
        assert done.returncode == 0, done.stderr
        self.token = (self.root / "token").read_text().strip()

    def copy(self):
        """Another directory with the same content; no server may run on this one."""
        copy = Directory.__new__(Directory)
        copy.root = Path(tempfile.mkdtemp(prefix="pao-"))
        shutil.copytree(self.root, copy.root, dirs_exist_ok=True)
        copy.data, copy.catalog, copy.token = copy.root / "data", copy.root / "catalog", self.token
        return copy

    @property
    def database(self):
        return self.data / "pao.db"

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def write(self, document):
        """Puts a document into the catalog, JSON being YAML; in the folder of its category."""
        metadata = document.get("metadata", document)
        folder = self.catalog / metadata.get("category", "compute") / metadata.get("id", metadata["name"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "service.yaml").write_text(json.dumps(document, indent=1))

    # What the database itself says, read-only.

    def query(self, sql, *values):
        database = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]
        finally:
            database.close()

    def assert_whole(self):
        """I4, I5 and I6 of reliability.md: the database, the audit trail, the log of events. No server may run."""
        assert [list(row.values())[0] for row in self.query("PRAGMA integrity_check")] == ["ok"]
        assert self.query("PRAGMA foreign_key_check") == []
        done = pao("audit", "verify", "--data", self.data)
        assert done.returncode == 0, done.stdout + done.stderr
        count, first, last = self.query("SELECT count(*), min(sequence), max(sequence) FROM events")[0].values()
        assert count == 0 or (first, last) == (1, count), "the log of events has a gap"


class Server:
    """`pao serve` on a directory, with the sandbox inside unless told otherwise."""

    def __init__(self, directory=None, sandbox=True, environment=None, prefix=(), binary=PAO):
        """`prefix` is a command that becomes the server, such as `env`."""
        self.directory = directory or Directory()
        self.is_sandbox, self.prefix, self.binary = sandbox, prefix, binary
        self.environment = {"PAO_LOGGING_LEVEL": "debug", **(environment or {})}
        self.start()

    def start(self):
        options = ["--sandbox"] if self.is_sandbox else []
        self.process = Process(
            ["serve", "--data", self.directory.data, "--listen", "127.0.0.1:0", "--catalog", self.directory.catalog, *options],
            self.directory.root / "server.log", self.environment, self.prefix, self.binary)
        self.url = self.process.url_after("listening on")
        self.sandbox = Sandbox(self.process.url_after("sandbox on")) if self.is_sandbox else None
        self.api = Client(self.url, self.directory.token)
        return self

    def wait_until_ready(self):
        eventually(lambda: self.api.get("/health/ready").status == 200, what="readiness")
        return self

    def restart(self):
        self.process.terminate()
        return self.start().wait_until_ready()

    def crash(self):
        self.process.kill()

    def stop(self):
        return self.process.terminate()

    def close(self):
        if self.process.process.poll() is None:
            self.process.kill()
        self.directory.remove()

    def publish(self, *documents):
        """Writes documents and syncs; fails with the findings where one is refused. Returns the id of the first."""
        for document in documents:
            self.directory.write(document)
        self.api.post("/catalog/refresh?wait=true").expect(200)
        first = documents[0].get("metadata", documents[0])
        name = first.get("id", first["name"])
        if self.api.get(f"/catalog/items/{name}").status != 200:
            raise AssertionError(self.api.get("/catalog/validation-errors").json)
        return name

    def person(self, login, role, *teams, scopes=None):
        """Speaks for a new user of these teams, which are made where they are missing."""
        for team in teams:
            if self.api.get(f"/teams/{team}").status == 404:
                self.api.post("/teams", {"slug": team, "name": team}).expect(201)
        user = self.api.post("/users", {"login": login, "roles": [role], "teams": list(teams)}).expect(201).json["id"]
        sent = {"name": "test", "userId": user, "scopes": scopes or self.permissions(role)}
        person = self.api.with_token(self.api.post("/tokens", sent).expect(201).json["token"])
        person.user_id = user
        return person

    def permissions(self, role):
        return next(found for found in self.api.get("/roles").json["data"] if found["name"] == role)["permissions"]


class Sandbox(Client):
    """The stand-ins' own endpoints."""

    def __init__(self, url):
        super().__init__(url, None, base="/_sandbox")

    @property
    def state(self):
        return self.get("/state").expect(200).json

    def fault(self, match, fault, value=None, times=1, **more):
        self.post("/faults", {"match": match, "fault": fault, "value": value, "times": times, **more}).expect(201)

    def advance(self, match, outcome="success"):
        return self.post("/advance", {"match": match, "outcome": outcome}).expect(200).json["advanced"]

    def calls(self, part):
        """The calls whose address holds the part."""
        return [call for call in self.state["calls"] if part in call["url"]]


class SandboxProcess(Sandbox):
    """`pao sandbox` as a process of its own, which lives on while a server is killed."""

    def __init__(self, directory):
        self.process = Process(["sandbox", "--listen", "127.0.0.1:0"], Path(directory) / "sandbox.log")
        super().__init__(self.process.url_after("sandbox on"))

    def close(self):
        self.process.kill()
