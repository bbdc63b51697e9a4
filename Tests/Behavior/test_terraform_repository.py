"""The terraform action that commits to a repository: real git over git's own smart HTTP, with a password, and as much of GitHub as pull requests need."""
import json

import pytest
from appliance import eventually
from client import action
from repository import Repository, git

PASSWORD = "Canary-b41f09"


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path, "acme")
    (repository.work / "README.md").write_text("Infrastructure.\n")
    repository.push()
    (repository.root / "password").write_text(PASSWORD)
    yield repository
    repository.close()


def settings(repository, token=PASSWORD):
    mapping = {"./modules/": {"url": repository.url, "branch": "main", "path": "live", "username": "pao", "token": token}}
    return {"PAO_INTEGRATIONS_TERRAFORM_REPOSITORIES": json.dumps(mapping), "PAO_INTEGRATIONS_GITHUB_TOKEN": "ghp_secret",
            "PAO_INTEGRATIONS_GITHUB_API_URL": "http://" + repository.url.split("/")[2]}


def document(make):
    step = {"id": "tf", "type": "terraform",
            "config": {"moduleSource": "./modules/redis", "variables": {"name": "{{fields.name}}"}, "workspace": "{{fields.name}}"}}
    return make.item(step, fields=["name"])


def branches(repository):
    """Commits beyond main, by branch."""
    names = git("-C", repository.bare, "for-each-ref", "--format=%(refname:short)", "refs/heads/pao").split()
    return {name: int(git("-C", repository.bare, "rev-list", "--count", f"main..{name}")) for name in names}


def proposed(repository):
    """Heads of the pull requests that were opened."""
    log = repository.root / "github.jsonl"
    calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [call["body"]["head"] for call in calls if call["method"] == "POST" and call["path"] == "/repos/acme/catalog/pulls"]


def holders(server, secret):
    """Files of the server that hold the secret: its data, the clones in it, and its log."""
    files = [server.process.log, server.process.output, *(path for path in server.directory.data.rglob("*") if path.is_file())]
    return [path for path in files if secret.encode() in path.read_bytes()]


def test_a_module_is_pushed_over_http_with_a_password_and_proposed_once(repository, servers, make):
    server = servers(sandbox=False, environment=settings(repository))
    item = server.publish(document(make))
    for name in ("orders", "billing"):  # the second one finds the first one's clone
        outputs = action(server.api.run(item, {"name": name}), "tf")["outputs"]
        branch = outputs["branch"]
        assert branch.startswith(f"pao/{name}-") and outputs["pullRequestUrl"].startswith("https://github.example/acme/catalog/pull/")
        assert git("-C", repository.bare, "rev-parse", branch) == outputs["commit"]
        assert git("-C", repository.bare, "rev-parse", f"{branch}~1") == git("-C", repository.bare, "rev-parse", "main")
        assert f'name = "{name}"' in " ".join(git("-C", repository.bare, "show", f"{branch}:live/{name}/main.tf").split())
        assert "Request-Key: " in git("-C", repository.bare, "log", "-1", "--format=%B", branch)
    assert sorted(proposed(repository)) == sorted(branches(repository)) and set(branches(repository).values()) == {1}
    assert holders(server, PASSWORD) == []


@pytest.mark.parametrize("arrives", [True, False])
def test_killed_while_git_pushes_the_branch_is_there_once(repository, servers, make, arrives):
    server = servers(sandbox=False, environment=settings(repository))
    item = server.publish(document(make))
    # The repository takes its time when the push is done, or while it is still to be decided.
    hook = repository.bare / "hooks" / ("post-receive" if arrives else "pre-receive")
    hook.write_text(f"#!/bin/sh\n[ -e {repository.root}/pushed ] && exit 0\ntouch {repository.root}/pushed\nsleep 3\n{'' if arrives else 'exit 1'}\n")
    hook.chmod(0o755)
    request = server.api.submit(item, {"name": "orders"})
    eventually(lambda: (repository.root / "pushed").exists(), 30, "a push")
    server.crash()
    assert len(branches(repository)) == (1 if arrives else 0)
    server.start().wait_until_ready()
    done = server.api.follow(request, within=60)
    outputs = action(done, "tf")["outputs"]
    assert branches(repository) == {outputs["branch"]: 1}
    assert git("-C", repository.bare, "rev-parse", outputs["branch"]) == outputs["commit"]
    assert proposed(repository) == [outputs["branch"]]


def test_a_wrong_password_fails_the_step_and_is_told_nowhere(repository, servers, make):
    server = servers(sandbox=False, environment=settings(repository, token="Canary-wrong"))
    item = make.item(*document(make)["fulfillment"]["automatic"]["actions"], fields=["name"], retry={"attempts": 1})
    request = server.api.run(server.publish(item), {"name": "orders"}, until="failed")
    assert branches(repository) == {} and proposed(repository) == []
    assert holders(server, "Canary-wrong") == [] and "Canary-wrong" not in json.dumps(request)
    error = request["errorContext"]["error"]
    assert error["type"] == "git_failed" and "credentials for the repository are missing or refused" in error["message"]
