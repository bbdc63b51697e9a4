"""Readers see exactly one commit, whatever is pushed, however often the catalog switches, and wherever the process dies
(reliability.md, test 19)."""
import json
import multiprocessing
import re
import socket
import time

import pytest
from appliance import PAO, Directory, by_scale
from repository import git

READS = by_scale(10_000, 100_000)
SWITCHES = by_scale(50, 500)
DOCUMENTS = 12
READERS = 2


def document(number, commit):
    return f"""kind: CatalogItem
metadata:
  id: item-{number}
  name: Item {number}
  description: The document number {number} of twelve, all of which have the version of their commit and no other one.
  version: 1.{commit}.0
  category: tests
  owner: {{team: platform}}
  tags: [commit-{commit}]
fulfillment:
  manual: {{actions: [{{id: task, type: manual-task, config: {{title: T{commit}}}}}]}}
"""


def commits(repository, count):
    """The hashes of commits in which every document has the number of the commit. Every fifth has no parent: its push is a forced one."""
    stream = []
    for commit in range(1, count + 1):
        stream.append(f"reset refs/heads/made\n\ncommit refs/heads/made\nmark :{commit}\n" if commit % 5 == 0 else
                      f"commit refs/heads/made\nmark :{commit}\n")
        stream.append("committer t <t@example.com> 1700000000 +0000\ndata 1\nc\ndeleteall\n")
        for number in range(DOCUMENTS):
            text = document(number, commit)
            stream.append(f"M 100644 inline catalog/tests/item-{number}/service.yaml\ndata {len(text.encode())}\n{text}\n")
    marks = repository.parent / "marks"
    git("-C", repository, "fast-import", "--quiet", f"--export-marks={marks}", input="".join(stream))
    return [line.split()[1] for line in sorted(marks.read_text().splitlines(), key=lambda line: int(line.split()[0][1:]))]


class Followed:
    """A repository of that many commits, of which the branch shows one, and the directory of a server that follows it."""

    def __init__(self, root, count):
        self.bare = root / "catalog.git"
        git("init", "-q", "--bare", "-b", "main", self.bare)
        self.commits = commits(self.bare, count)
        self.show(1)
        self.directory = Directory()
        self.directory.catalog = f"file://{self.bare}"

    def show(self, number):
        git("-C", self.bare, "update-ref", "refs/heads/main", self.commits[number - 1])


VERSION = re.compile(rb'"version":"1\.(\d+)\.0"')
TAG = re.compile(rb'"commit-(\d+)"')
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def answer(connection, path, token):
    connection.sendall(f"GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    received = b""
    while True:
        received += connection.recv(1 << 18)
        head = received.find(b"\r\n\r\n")
        if head >= 0 and len(received) >= head + 4 + int(LENGTH.search(received, 0, head)[1]):
            assert received.startswith(b"HTTP/1.1 200"), received[:300]
            return received[head + 4:]


def commits_of(body, is_list):
    """The commits that an answer is of. A list says the version of every document; an item lists its former versions, too."""
    versions, tags = VERSION.findall(body), TAG.findall(body)
    assert not is_list or len(versions) == DOCUMENTS, body[:500]
    if not is_list:
        versions = [json.loads(body)["version"].split(".")[1]]
    return {int(number) for number in [*versions, *tags]}


def read(port, token, seed, done, results):
    """Reads lists, searches, facets and items until told to end; counts, and says what is not of exactly one commit."""
    paths = ["/catalog?limit=200", "/catalog?search=item&limit=100", "/catalog?facets=true&sort=-name&limit=50", "/catalog?search=document+twelve"]
    count, last, wrong, seen = 0, 0, [], set()
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        while not done.is_set() or count < READS // READERS:
            turn = (count + seed) % (len(paths) + 1)
            path = paths[turn] if turn < len(paths) else f"/catalog/items/item-{count % DOCUMENTS}"
            body = answer(connection, path, token)
            found = commits_of(body, is_list=turn < len(paths))
            if len(found) != 1 or min(found) < last:
                wrong.append((path, sorted(found), last))
            last = max(found, default=last)
            seen.add(last)
            count += 1
    results.put((count, len(seen), wrong[:5]))


def test_every_read_during_many_switches_sees_exactly_one_commit(tmp_path, servers):
    followed = Followed(tmp_path, SWITCHES + 1)
    server = servers(followed.directory, environment={"PAO_CATALOG_BRANCH": "main", "PAO_CATALOG_POLL_INTERVAL": "1h", "PAO_LOGGING_LEVEL": "warning"})
    context = multiprocessing.get_context("fork")
    done, results = context.Event(), context.Queue()
    readers = [context.Process(target=read, args=(server.api.port, server.directory.token, seed, done, results)) for seed in range(READERS)]
    for reader in readers:
        reader.start()
    began = time.monotonic()
    for number in range(2, SWITCHES + 2):
        followed.show(number)
        result = server.api.post("/catalog/refresh?wait=true").expect(200).json
        assert result["changed"] and result["commit"] == followed.commits[number - 1], result
    seconds = time.monotonic() - began
    done.set()
    found = [results.get(timeout=600) for _ in readers]
    for reader in readers:
        reader.join(30)
    reads = sum(count for count, _, _ in found)
    print(f"{reads} reads during {SWITCHES} switches in {seconds:.0f} s; the readers saw {[seen for _, seen, _ in found]} commits")
    assert [wrong for _, _, wrong in found] == [[]] * READERS
    assert reads >= READS and min(seen for _, seen, _ in found) > SWITCHES // 10
    assert len(list((server.directory.data / "catalog-tree").iterdir())) <= 2


def served(server):
    """The commits that the documents are of."""
    entries = server.api.get("/catalog?limit=200").expect(200).json["data"]
    assert len(entries) == DOCUMENTS
    return {entry["version"] for entry in entries}


@pytest.mark.skipif("/release/" in PAO, reason="a release build has no such places")
@pytest.mark.parametrize("place, after", [
    ("catalog.versions-stored", "1.1.0"), ("catalog.recording", "1.1.0"), ("catalog.switching", "1.2.0"), ("catalog.switched", "1.2.0")])
def test_killed_in_the_switch_it_serves_the_commit_before_or_the_one_after(tmp_path, servers, place, after):
    followed = Followed(tmp_path, 2)
    environment = {"PAO_CATALOG_BRANCH": "main", "PAO_CATALOG_POLL_INTERVAL": "1h"}
    server = servers(followed.directory, environment={**environment, "PAO_FAILPOINT": f"{place}:kill:2"})
    assert served(server) == {"1.1.0"}
    followed.show(2)
    with pytest.raises(OSError):
        server.api.post("/catalog/refresh?wait=true")
    server.process.process.wait(10)
    # What is served before the next sync is what the database holds: the repository is gone meanwhile.
    followed.bare.rename(followed.bare.with_name("away"))
    server.environment.pop("PAO_FAILPOINT")
    server.start()
    assert served(server) == {after}
    followed.bare.with_name("away").rename(followed.bare)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    assert served(server) == {"1.2.0"}
