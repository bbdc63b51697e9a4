"""A catalog out of a Git repository that is served over HTTP, and GitHub's push webhook."""
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time

import pytest
from appliance import ROOT, Directory, Server, eventually

SECRET = "a secret of the webhook"


def git(*words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *map(str, words)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Repository:
    """A bare repository behind git's own smart HTTP, and a work tree that pushes to it."""

    def __init__(self, root):
        self.root = root
        self.bare, self.work = root / "catalog.git", root / "work"
        git("init", "-q", "--bare", "-b", "main", self.bare)
        git("-C", self.bare, "config", "http.receivepack", "true")
        git("init", "-q", "-b", "main", self.work)
        script = ROOT / "Tests/CatalogTests/Fixtures/git-http-server.py"
        self.server = subprocess.Popen([sys.executable, script, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.server.stdout.readline().strip()}/catalog.git"

    def push(self, document):
        path = self.work / "catalog" / document["metadata"]["category"] / f"{document['metadata']['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
        git("-C", self.work, "add", "-A")
        git("-C", self.work, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "change")
        git("-C", self.work, "push", "-q", self.url, "HEAD:refs/heads/main")
        return git("-C", self.work, "rev-parse", "HEAD")

    def close(self):
        self.server.kill()
        self.server.wait(10)


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path)
    yield repository
    repository.close()


@pytest.fixture
def follow(repository, servers, make):
    """Starts a server that follows the repository, which holds one item already."""
    def start(**environment):
        document = make.item(make.call())
        repository.push(document)
        directory = Directory()
        directory.catalog = repository.url
        server = servers(directory, environment={"PAO_CATALOG_BRANCH": "main", **environment})
        return server, document
    return start


def send(server, body, event="push", secret=SECRET):
    raw = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": signature, "Content-Type": "application/json"}
    return server.api.with_token(None).request("POST", "/webhooks/github", raw=raw, headers=headers)


def version(server, document):
    return server.api.get(f"/catalog/items/{document['metadata']['id']}").json["version"]


def test_a_push_is_in_the_catalog_within_two_seconds_of_its_webhook(follow, repository):
    server, document = follow(PAO_INTEGRATIONS_GITHUB_WEBHOOK_SECRET=SECRET, PAO_CATALOG_POLL_INTERVAL="1h")
    assert version(server, document) == document["metadata"]["version"]
    document["metadata"]["version"] = "7.0.0"
    repository.push(document)
    began = time.monotonic()
    assert send(server, {"ref": "refs/heads/main"}).expect(202).json == {"status": "syncing"}
    eventually(lambda: version(server, document) == "7.0.0", within=10)
    assert time.monotonic() - began < 2


def test_without_a_webhook_a_push_is_in_the_catalog_within_the_poll_interval(follow, repository):
    server, document = follow(PAO_CATALOG_POLL_INTERVAL="1s")
    document["metadata"]["version"] = "7.0.0"
    repository.push(document)
    eventually(lambda: version(server, document) == "7.0.0", within=6)
    send(server, {"ref": "refs/heads/main"}).problem(404, "not-found")


def test_webhooks_that_are_not_signed_with_the_secret_are_refused(follow):
    server, _ = follow(PAO_INTEGRATIONS_GITHUB_WEBHOOK_SECRET=SECRET)
    send(server, {"ref": "refs/heads/main"}, secret="another").problem(401, "unauthenticated")
    assert send(server, {"zen": "x"}, event="ping").expect(200).json == {"status": "pong"}


def test_a_repository_that_is_gone_leaves_the_catalog_and_says_why(follow, repository):
    server, document = follow()
    repository.close()
    result = server.api.request("POST", "/catalog/refresh?wait=true", body={}).expect(200).json
    assert result["status"] == "failed" and "git says: fatal: unable to access" in result["message"]
    assert server.api.get("/catalog/sync-status").json["data"][0]["message"] == result["message"]
    assert version(server, document) == document["metadata"]["version"]
