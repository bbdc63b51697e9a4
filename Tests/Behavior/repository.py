"""A Git repository as a catalog: real git, served over HTTP by git's own backend."""
import json
import os
import subprocess
import sys

from appliance import ROOT

NOBODY = ("-c", "user.name=t", "-c", "user.email=t@example.com")


def git(*words, input=None):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *map(str, words)], capture_output=True, text=True, env=environment, input=input)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Repository:
    """A bare repository behind git's own smart HTTP, and a work tree that pushes to it."""

    def __init__(self, root, owner=""):
        self.root = root
        (root / owner).mkdir(exist_ok=True)
        self.bare, self.work = root / owner / "catalog.git", root / "work"
        git("init", "-q", "--bare", "-b", "main", self.bare)
        git("-C", self.bare, "config", "http.receivepack", "true")
        git("init", "-q", "-b", "main", self.work)
        script = ROOT / "Tests/CatalogTests/Fixtures/git-http-server.py"
        self.server = subprocess.Popen([sys.executable, script, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.server.stdout.readline().strip()}/{owner + '/' if owner else ''}catalog.git"

    def path(self, document):
        return self.work / "catalog" / document["metadata"]["category"] / f"{document['metadata']['id']}.yaml"

    def write(self, document):
        path = self.path(document)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))

    def push(self, document=None, force=False):
        """Commits the work tree as it is, the document in it, and pushes it; the commit."""
        if document:
            self.write(document)
        git("-C", self.work, "add", "-A")
        git("-C", self.work, *NOBODY, "commit", "-q", "-m", "change")
        git("-C", self.work, "push", "-q", *(["--force"] if force else []), self.url, "HEAD:refs/heads/main")
        return git("-C", self.work, "rev-parse", "HEAD")

    def forget_history(self):
        """The next commit has no parent; the work tree stays."""
        git("-C", self.work, "checkout", "-q", "--orphan", "other")
        git("-C", self.work, "branch", "-q", "-D", "main")
        git("-C", self.work, "branch", "-q", "-m", "main")

    def hang(self, hangs=True):
        """Whether every call is left without an answer."""
        if hangs:
            (self.root / "hang").touch()
        else:
            (self.root / "hang").unlink(missing_ok=True)

    def close(self):
        self.server.kill()
        self.server.wait(10)
