"""A real server per session: the debug binary with the seed catalog, the tests' own items and the sandbox; Debian's chromium."""

import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20_000  # milliseconds; a busy machine is slow

# In every page from its first moment: what moved, what the policy refused.
WATCH = """
window.shifted = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true });
window.refused = [];
document.addEventListener('securitypolicyviolation', (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


class Server:
    """`pao serve` on a free port, with an administrator; on the seed and the tests' items where no other catalog is named."""

    user = "ann"

    def __init__(self, directory: Path, catalog: str | None = None):
        self.binary = os.environ.get("PAO_BINARY", str(ROOT / ".build" / "debug" / "pao"))
        self.password = secrets.token_urlsafe(18)
        self.data = directory / "data"
        self.source = directory / "source"
        if catalog is None:
            shutil.copytree(ROOT / "seed" / "catalog", self.source / "catalog")
            shutil.copytree(Path(__file__).parent / "catalog", self.source / "catalog", dirs_exist_ok=True)
        (directory / "password").write_text(self.password)
        (directory / "password").chmod(0o600)
        subprocess.run(
            [self.binary, "init", "--data", self.data, "--admin", self.user, "--password-file", directory / "password",
             "--token-out", directory / "token"], check=True, timeout=60, stdout=subprocess.DEVNULL)
        self.token = (directory / "token").read_text().strip()
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data", self.data, "--catalog", catalog or self.source, "--listen", "127.0.0.1:0", "--sandbox"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.people: dict[str, str] = {}
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self._announced(r"listening on (http://\S+)")
        self.sandbox = self._announced(r"sandbox on (http://\S+)")
        self.call("POST", "/api/v1/catalog/refresh?wait=true", {})

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def _announced(self, pattern: str) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for line in list(self.lines):
                if found := re.search(pattern, line):
                    return found[1].rstrip("/")
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("the server did not say " + pattern + ":\n" + "".join(self.lines[-40:]))

    def call(self, method: str, path: str, body=None, base=None, token=None):
        request = urllib.request.Request(
            (base or self.url) + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token or self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                content = answer.read()
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read().decode()}") from None
        return json.loads(content) if content else None

    def fault(self, **fault):
        self.call("POST", "/_sandbox/faults", fault, base=self.sandbox)

    def person(self, login: str, *roles: str) -> str:
        """A token of somebody else, made at the first call."""
        if login not in self.people:
            user = self.call("POST", "/api/v1/users", {"login": login, "roles": roles, "teams": ["platform"]})
            allowed = {name for role in self.call("GET", "/api/v1/roles")["data"] if role["name"] in roles for name in role["permissions"]}
            token = {"name": "tests", "userId": user["id"], "scopes": sorted(allowed)}
            self.people[login] = self.call("POST", "/api/v1/tokens", token)["token"]
        return self.people[login]

    def submit(self, item: str, by: str | None = None, **data) -> str:
        return self.call("POST", "/api/v1/requests", {"catalogItemId": item, "requestData": data}, token=by)["id"]

    def submit_bundle(self, bundle: str, **data) -> str:
        return self.call("POST", "/api/v1/requests", {"catalogBundleId": bundle, "requestData": data})["id"]

    def wait(self, request: str, *statuses: str) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.call("GET", f"/api/v1/requests/{request}")
            if found["status"] in statuses:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{request} is {found['status']}, not {statuses}: {found['errorContext']}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("PAO_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(server, browser):
    """Cookies of a session, so that each test need not sign in."""
    return sign_in(server, browser)


def sign_in(server, browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    page.get_by_label("User").fill(server.user)
    page.get_by_label("Password").fill(server.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/catalog", timeout=PATIENCE)
    state = context.storage_state()
    context.close()
    return {"cookies": state["cookies"], "origins": []}


@pytest.fixture
def open_page(server, browser, signed_in):
    """open_page(path, **context): a signed-in page of its own context; at the end nothing may have gone wrong in any."""
    contexts, faults = [], []

    def make(path="/catalog", signed=True, **options):
        context = browser.new_context(base_url=server.url, storage_state=signed_in if signed else None, **options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        contexts.append((context, page))
        page.goto(path)
        return page

    yield make
    for context, page in contexts:
        faults += page.evaluate("window.refused")
        context.close()
    assert faults == []


@pytest.fixture
def page(open_page):
    return open_page("/catalog")
