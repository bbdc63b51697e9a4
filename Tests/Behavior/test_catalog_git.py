"""A catalog out of a Git repository that is served over HTTP, and GitHub's push webhook."""
import hashlib
import hmac
import json
import os
import shutil
import time

import pytest
from appliance import Directory, eventually, pao
from repository import Repository, git

SECRET = "a secret of the webhook"


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
    server, document = follow(PAO_CATALOG_POLL_INTERVAL="5s")
    document["metadata"]["version"] = "7.0.0"
    repository.push(document)
    began = time.monotonic()
    eventually(lambda: version(server, document) == "7.0.0", within=20)
    assert time.monotonic() - began < 5 + 1  # the sync itself
    send(server, {"ref": "refs/heads/main"}).problem(404, "not-found")


def test_webhooks_that_are_not_signed_with_the_secret_are_refused(follow):
    server, _ = follow(PAO_INTEGRATIONS_GITHUB_WEBHOOK_SECRET=SECRET)
    send(server, {"ref": "refs/heads/main"}, secret="another").problem(401, "unauthenticated")
    assert send(server, {"zen": "x"}, event="ping").expect(200).json == {"status": "pong"}


# What can go wrong: the last good catalog stays, and the reason is shown.


def assert_kept(server, document, reason):
    """A sync fails for that reason, which the history of syncs tells, and the document is served as it was."""
    result = server.api.request("POST", "/catalog/refresh?wait=true", body={}).expect(200).json
    assert result["status"] == "failed" and reason in result["message"], result
    shown = server.api.get("/catalog/sync-status").json["data"][0]
    assert (shown["status"], shown["message"]) == ("failed", result["message"])
    assert version(server, document) == document["metadata"]["version"]
    assert server.api.get(f"/catalog/items/{document['metadata']['id']}").json["stale"] is False


def assert_follows(server, repository, document):
    """What is right again is taken."""
    repository.push(change(document, version="8.0.0"), force=True)
    server.api.request("POST", "/catalog/refresh?wait=true", body={}).expect(200)
    assert version(server, document) == "8.0.0"


def test_a_repository_that_is_gone_leaves_the_catalog_and_says_why(follow, repository):
    server, document = follow()
    repository.close()
    assert_kept(server, document, "git says: fatal: unable to access")


def test_a_branch_that_is_gone_leaves_the_catalog_and_says_why(follow, repository):
    server, document = follow()
    git("-C", repository.bare, "update-ref", "-d", "refs/heads/main")
    assert_kept(server, document, "The repository has no branch main.")
    assert_follows(server, repository, document)


def test_a_forced_push_is_the_next_state_like_any_other(follow, repository):
    server, document = follow()
    repository.forget_history()
    repository.push(change(document, version="7.0.0"), force=True)
    result = server.api.request("POST", "/catalog/refresh?wait=true", body={}).expect(200).json
    assert result["status"] == "completed" and version(server, document) == "7.0.0"


def test_a_forced_push_of_another_repository_leaves_the_catalog_and_says_why(follow, repository):
    server, document = follow()
    repository.forget_history()
    shutil.rmtree(repository.work / "catalog")
    (repository.work / "README").write_text("Not a catalog.")
    repository.push(force=True)
    assert_kept(server, document, "has no documents")
    assert_follows(server, repository, document)


def test_a_corrupt_object_leaves_the_catalog_and_says_why(follow, repository):
    server, document = follow()
    path = repository.path(document)
    repository.push(change(document, version="7.0.0"))
    blob = git("-C", repository.bare, "rev-parse", f"main:{path.relative_to(repository.work)}")
    object = repository.bare / "objects" / blob[:2] / blob[2:]
    object.chmod(0o600)
    whole = object.read_bytes()
    object.write_bytes(whole[:20] + bytes(byte ^ 0xFF for byte in whole[20:30]) + whole[30:])
    assert_kept(server, document, "git says: ")
    object.write_bytes(whole)
    assert_follows(server, repository, document)


@pytest.mark.slow
def test_a_server_that_hangs_is_given_up_after_a_minute_and_says_why(follow, repository):
    server, document = follow()
    repository.hang()
    server.api.post("/catalog/refresh").expect(202)
    last = lambda: server.api.get("/catalog/sync-status").expect(200).json["data"][0]
    shown = eventually(lambda: last() if last()["status"] == "failed" else None, within=75)
    assert "git ls-remote took longer than" in shown["message"], shown
    assert version(server, document) == document["metadata"]["version"]
    repository.hang(False)
    assert_follows(server, repository, document)


def test_while_a_server_hangs_the_catalog_is_read_as_before(follow, repository):
    server, document = follow()
    repository.hang()
    server.api.post("/catalog/refresh").expect(202)
    began = time.monotonic()
    for _ in range(50):
        assert version(server, document) == document["metadata"]["version"]
    assert time.monotonic() - began < 5
    repository.hang(False)
    assert_follows(server, repository, document)


def test_links_and_huge_files_stay_out_and_what_they_held_stays(follow, repository):
    server, document = follow()
    path = repository.path(document)
    secret = repository.root / "secret.yaml"
    secret.write_text(json.dumps(change(document, id="stolen")))
    path.unlink()
    os.symlink(secret, path)
    os.symlink(repository.root, repository.work / "catalog/outside")
    (repository.work / "catalog/huge.yaml").write_text("#" * (2 << 20))
    repository.push()
    result = server.api.request("POST", "/catalog/refresh?wait=true", body={}).expect(200).json
    assert result["status"] == "completed", result
    found = server.api.get("/catalog/validation-errors").expect(200).json["data"]
    relative = str(path.relative_to(repository.work))
    assert {(finding["file"], finding["rule"]) for finding in found} >= {(relative, "file-outside"), ("catalog/huge.yaml", "file-too-large")}
    served = server.api.get(f"/catalog/items/{document['metadata']['id']}").expect(200).json
    assert served["version"] == document["metadata"]["version"] and served["stale"] is True
    server.api.get("/catalog/items/stolen").problem(404, "not-found")
    assert not any(file.is_symlink() or file.stat().st_size > 1 << 20 for file in (server.directory.data / "catalog-tree").rglob("*"))


# Publishing

@pytest.fixture
def published(tmp_path, servers, make):
    """A server on a repository of a GitHub of its own: git is real, of the API there is a stand-in."""
    repository = Repository(tmp_path, "acme")
    document = make.item(mode="manual", manual=[make.task()])
    (repository.work / "CODEOWNERS").write_text("/catalog/ @acme/platform\n/catalog/databases/ @acme/data @grace\n")
    repository.push(document)
    directory = Directory()
    directory.catalog = repository.url
    host = repository.url.split("/")[2]
    server = servers(directory, sandbox=False, environment={
        "PAO_CATALOG_BRANCH": "main", "PAO_INTEGRATIONS_GITHUB_API_URL": f"http://{host}", "PAO_INTEGRATIONS_GITHUB_TOKEN": "ghp_secret"})
    yield server, repository, document
    repository.close()


def change(document, **metadata):
    return {**document, "metadata": {**document["metadata"], **metadata}}


def sent(document, path=None):
    metadata = document["metadata"]
    return {"path": path or f"catalog/{metadata['category']}/{metadata['id']}.yaml", "document": json.dumps(document)}


def github(repository, part):
    """What the API was sent on paths that hold the part."""
    log = repository.root / "github.jsonl"
    calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [call for call in calls if part in call["path"]]


def test_publishing_makes_a_branch_and_a_pull_request_once(published):
    server, repository, document = published
    new = change(document, version="1.1.0")
    answer = server.api.post("/catalog/publish", sent(new)).expect(201).json
    assert answer["owners"] == ["@acme/platform"] and "/pull" in answer["pullRequestUrl"]
    path = f"catalog/compute/{document['metadata']['id']}.yaml"
    assert json.loads(git("-C", repository.bare, "show", f"{answer['branch']}:{path}"))["metadata"]["version"] == "1.1.0"
    assert git("-C", repository.bare, "log", "-1", "--format=%an %s", answer["branch"]) == f"ada Publish {path}"
    assert git("-C", repository.bare, "rev-parse", f"{answer['branch']}~1") == git("-C", repository.bare, "rev-parse", "main")
    again = server.api.post("/catalog/publish", sent(new)).expect(201).json
    assert (again["branch"], again["commit"], again["pullRequestUrl"]) == (answer["branch"], answer["commit"], answer["pullRequestUrl"])
    assert [call["body"]["base"] for call in github(repository, "/pulls") if call["method"] == "POST"] == ["main"]
    assert [row["action"] for row in server.api.get("/audit?limit=200").json["data"]].count("publish") == 2
    git("-C", repository.bare, "update-ref", "refs/heads/main", answer["commit"])
    server.api.post("/catalog/refresh?wait=true").expect(200)
    assert version(server, document) == "1.1.0"


def test_nothing_is_published_with_an_error_or_for_somebody_else(published):
    server, repository, document = published
    broken = change(document, version="one")
    problem = server.api.post("/catalog/publish", sent(broken)).problem(422, "invalid")
    assert problem["errors"][0]["rule"] == "bad-version"
    stolen = sent(change(document, version="2.0.0"), "catalog/databases/other.yaml")
    assert server.api.post("/catalog/publish", stolen).problem(422, "invalid")["errors"][0]["rule"] == "duplicate-id"
    for path in ("../evil.yaml", "/catalog/a.yaml", "catalog/.git/a.yaml", "catalog/a.txt"):
        server.api.post("/catalog/publish", sent(document, path)).problem(422, "invalid")
    scopes = ["catalog.read", "catalog.publish"]
    stranger = server.person("eve", "platform-engineer", "network", scopes=scopes)
    stranger.post("/catalog/publish", sent(change(document, version="2.0.0"))).problem(403, "forbidden")
    member = server.person("mia", "platform-engineer", "platform", scopes=scopes)
    member.post("/catalog/publish", sent(change(document, version="2.0.0"))).expect(201)
    named = server.person("grace", "platform-engineer", "network", scopes=scopes)
    other = change(document, id="a-database", category="databases")
    named.post("/catalog/publish", sent(other)).expect(201)
    branches = git("-C", repository.bare, "for-each-ref", "--format=%(refname)", "refs/heads").split()
    assert len(branches) == 3


def test_a_synced_commit_gets_a_status(published):
    server, repository, document = published
    broken = change(document, version="one")
    eventually(lambda: github(repository, "/statuses/"))
    commit = repository.push(broken)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    status = eventually(lambda: next((call for call in github(repository, "/statuses/") if call["path"].endswith(commit)), None))
    assert status["token"] == "Bearer ghp_secret"
    assert status["body"]["state"] == "failure" and status["body"]["context"] == "pao/catalog"
    assert "1 error" in status["body"]["description"]
    assert "ghp_secret" not in server.process.log.read_text()


def test_the_command_publishes_and_compares_with_what_is_served(published, tmp_path):
    server, repository, document = published
    path = tmp_path / "mine/catalog/compute" / f"{document['metadata']['id']}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(change(document, version="1.1.0")))
    environment = {"PAO_URL": server.url, "PAO_TOKEN": server.directory.token}
    done = pao("catalog", "publish", path, "--title", "A better one", environment=environment)
    assert done.returncode == 0 and "branch catalog/" in done.stdout, done.stderr
    server.api.submit(document["metadata"]["id"])
    done = pao("catalog", "diff", "--live", tmp_path / "mine", environment=environment)
    assert "1.0.0 -> 1.1.0" in done.stdout and "impact: 1 request under way (1.0.0: 1) stays pinned to that version." in done.stdout, done.stdout + done.stderr
    path.write_text(json.dumps({**document, "bogus": 1}))
    broken = pao("catalog", "diff", "--live", tmp_path / "mine", environment=environment)
    assert broken.returncode == 1 and "error: The key bogus is not known here. [unknown-key]" in broken.stdout
    assert "Documents with errors are not compared.\n" in broken.stdout and " 1 errors" in broken.stdout, broken.stdout
    assert pao("catalog", "publish", path, environment={**environment, "PAO_TOKEN": "pao_wrong"}).returncode == 4
    assert pao("catalog", "publish", path, "--url", "http://127.0.0.1:9").returncode == 2


def test_a_directory_cannot_be_published_to(server, make):
    server.api.post("/catalog/publish", sent(make.item(make.call()))).problem(409, "conflict")
