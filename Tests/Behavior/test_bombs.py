"""Bombs: small texts that grow, nest or search without end are refused within 200 ms and 32 MB, at their line and column
(reliability.md, test 15). The time is that of a processor, which is what the answer takes on a machine that has nothing else to do; a
debug build takes some five times as long."""
import base64
import base64
import io
import json
import re
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from appliance import Server, clean_environment, measured

PROGRAM = measured()
MILLISECONDS = 200 if "/release/" in PROGRAM else 2000
MEGABYTES = 32
PLACE = re.compile(r"^[1-9]\d*:[1-9]\d*$")


def item(fields="", config='{title: "T"}', more=""):
    """An item as people write it, around the part that is to explode."""
    return f"""kind: CatalogItem
metadata: {{id: bomb, name: Bomb, version: 1.0.0, category: compute, owner: {{team: a}}}}
presentation: {{form: {{groups: [{{id: g, fields: [{fields}]}}]}}}}
fulfillment: {{manual: {{actions: [{{id: t, type: manual-task, config: {config}}}]}}}}
{more}""".encode()


def laughs(levels=9, width=9):
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)]
    return "\n".join(lines).encode()


def merges(levels=30):
    lines = ["a0: &a0 {k: 1}"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} {{l{level}: {{<<: *a{level - 1}, x: *a{level - 1}}}, r{level}: {{<<: *a{level - 1}}}}}")
    return "\n".join(lines).encode()


def archive_zip():
    """A megabyte that unpacks to a gigabyte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("service.yaml", b"\0" * (100 << 20))
    return buffer.getvalue()


def archive_tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("../../service.yaml")
        entry.size = 20 << 20
        archive.addfile(entry, io.BytesIO(b"\0" * entry.size))
    return buffer.getvalue()


# By name: the text, and a word of the rule that refuses it.
DOCUMENTS = {
    "billion laughs": (laughs(), "yaml-limit"),
    "alias in its own anchor": (b"a: &a [b, *a]", "yaml-alias"),
    "aliases in a circle": (b"a: &a {b: *c}\nc: &c {d: *a}", "yaml-alias"),
    "chain of merges": (merges(), "yaml-limit"),
    "wide merge": (b"a: &a {k: 1}\nb: {<<: [" + b",".join([b"*a"] * 60_000) + b"]}", "yaml-limit"),
    "65 levels": (b"[" * 65 + b"]" * 65, "yaml-limit"),
    "65 blocks": (b"".join(b"  " * level + b"a:\n" for level in range(66)) + b"  " * 66 + b"b", "yaml-limit"),
    "100,000 levels": (b"[" * 100_000, "yaml-"),
    "a mebibyte of brackets": (b"[" * (1 << 20), "yaml-"),
    "a mebibyte of braces": (b"{a: " * (1 << 18), "yaml-"),
    "duplicate key": (b"kind: CatalogItem\nmetadata: {id: a, id: b}", "yaml-duplicate-key"),
    "many keys": (b"{" + b", ".join(b"k%d: 1" % number for number in range(80_000)) + b"}", "yaml-limit"),
    "many documents": (b"--- a\n" * 100_000, "yaml-limit"),
    "many anchors": (b"".join(b"- &a%d x\n" % number for number in range(70_000)) + b"- *b", "yaml-alias"),
    "number beyond all": (item("{id: f, type: number, default: 1e400}"), "yaml-number"),
    "not a number": (item("{id: f, type: number, default: .nan}"), "yaml-number"),
    "unknown tag": (b"a: !!python/object:os.system [x]", "yaml-tag"),
    "zero byte": (b"kind: \0", "yaml-syntax"),
    "invalid UTF-8": (b"kind: \xff\xfe", "yaml-syntax"),
    "long scalar without an end": (b'a: "' + b"x" * (1 << 20 - 10), "yaml-syntax"),
    "zip": (archive_zip(), "yaml-"),
    "tar": (archive_tar(), "yaml-"),
    "default against a pattern without end": (
        item('{id: f, type: string, default: "' + "a" * 40 + '!", validation: {pattern: "^(a+)+$"}}'), "bad-default"),
    "nested loops that never end": (
        item(config='{title: "' + "{{#each fields}}" * 200 + '"}'), "bad-template"),
    "templates nested without end": (item(config='{title: "{{' + "(" * 50_000 + '}}"}'), "bad-template"),
    "conditions nested without end": (item(config='{title: "' + "{{#if fields.a}}" * 20_000 + '"}'), "bad-template"),
    "endless filters": (item(config='{title: "{{fields.a' + " | upper" * 20_000 + '}}"}'), "bad-template"),
    "wrong paths": (item(config='{title: "' + "{{fields.x}}" * 15_000 + '"}'), "unknown-field"),
    "long range": (
        b"kind: CatalogBundle\nmetadata: {id: b, name: B, version: 1.0.0}\ncomponents: [{id: a, catalogItem: a, version: \""
        + b">1 " * 100_000 + b"\"}]", "bad-"),
    "conditions of fields in a circle": (
        item(",".join(f"{{id: f{n}, type: string, conditional: {{dependsOn: f{(n + 1) % 400}, value: 1}}}}" for n in range(400))),
        "dependency-cycle"),
}

# Bodies of JSON that are refused before anything of them is used.
BODIES = {
    "100,000 levels": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "10 MB of brackets": b"[" * (10 << 20),
    "a million keys": b"{" + b",".join(b'"k%d":1' % number for number in range(1_000_000)) + b"}",
    "a million elements": b"[" + b",".join([b"1"] * 1_000_000) + b"]",
    "duplicate key": b'{"files": [],\n "files": []}',
    "number beyond all": b'{"files": 1e400}',
    "a number of 100,000 digits": b'{"files": ' + b"9" * 100_000 + b"}",
    "half a surrogate": b'{"files": "\\ud800"}',
    "zip": archive_zip(),
}


@pytest.fixture(scope="module")
def shared():
    server = Server(binary=PROGRAM).wait_until_ready()
    document = item('{id: text, type: string, validation: {pattern: "^(a+)+$"}}, {id: file, type: file}')
    folder = server.directory.catalog / "compute/bomb"
    folder.mkdir(parents=True)
    (folder / "service.yaml").write_bytes(document)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    server.api.get("/catalog/items/bomb").expect(200)
    for text, _ in list(DOCUMENTS.values())[:3]:  # what a first use sets up is no part of a bomb
        server.api.post("/preview/form", raw=text, headers={"Content-Type": "application/yaml"})
    yield server
    server.close()


class Cost:
    """What one call makes of the server: milliseconds of a processor, and megabytes above what it had before."""

    def __init__(self, server):
        self.pid = server.process.process.pid
        self.process = Path(f"/proc/{self.pid}")

    @property
    def processor(self):
        """By the clock that Linux keeps of the process."""
        return time.clock_gettime(~self.pid << 3 | 2) * 1000

    def megabytes_of(self, name):
        return int(re.search(rf"^{name}:\s+(\d+)", (self.process / "status").read_text(), re.MULTILINE)[1]) / 1024

    def __enter__(self):
        (self.process / "clear_refs").write_text("5")  # the highest begins anew
        self.before, self.began = self.megabytes_of("VmRSS"), self.processor
        return self

    def __exit__(self, *_):
        self.milliseconds = self.processor - self.began
        self.megabytes = self.megabytes_of("VmHWM") - self.before

    def assert_small(self, bombs=1, at_once=1):
        print(f"{self.milliseconds:.0f} ms, {self.megabytes:.1f} MB")
        assert self.milliseconds <= MILLISECONDS * bombs, f"{self.milliseconds:.0f} ms"
        assert self.megabytes <= MEGABYTES * at_once, f"{self.megabytes:.1f} MB"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_a_bomb_is_refused_quickly_at_its_place(shared, name):
    text, rule = DOCUMENTS[name]
    assert len(text) <= 1 << 20
    with Cost(shared) as cost:
        answer = shared.api.post("/preview/form", raw=text, headers={"Content-Type": "application/yaml"})
    problem = answer.problem(422, "invalid")
    assert PLACE.match(problem["errors"][0]["field"]), problem
    assert any(error["rule"].startswith(rule) for error in problem["errors"]), problem["errors"][:3]
    cost.assert_small()


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_a_bomb_is_refused_quickly_at_its_place(shared, name):
    with Cost(shared) as cost:
        answer = shared.api.post("/catalog/diff", raw=BODIES[name], headers={"Content-Type": "application/json"})
    problem = answer.problem(400)
    assert re.search(r"line \d+, column \d+|\d+:\d+", json.dumps(problem)), problem
    cost.assert_small()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(shared):
    with Cost(shared) as cost:
        shared.api.post("/requests", raw=BODIES["10 MB of brackets"], headers={"Content-Type": "application/json"}).problem(413)
    cost.assert_small()


def test_a_value_against_a_pattern_without_end_is_refused_quickly(shared):
    with Cost(shared) as cost:
        answer = shared.api.post("/requests", {"catalogItemId": "bomb", "requestData": {"text": "a" * 40 + "!"}})
    assert answer.findings() == {("text", "pattern")}
    cost.assert_small()


@pytest.mark.parametrize("name, content", [("a.zip", archive_zip()), ("a.tar.gz", archive_tar())])
def test_an_archive_in_a_form_is_kept_as_it_is_and_never_unpacked(shared, name, content):
    sent = {"name": name, "content": base64.b64encode(content).decode()}
    with Cost(shared) as cost:
        shared.api.post("/requests", {"catalogItemId": "bomb", "requestData": {"file": sent}}).expect(201)
    cost.assert_small()


def test_bombs_in_the_catalog_stay_out_and_harm_nothing_else(shared):
    folder = shared.directory.catalog / "bombs"
    folder.mkdir()
    names = {}
    for number, (name, (text, _)) in enumerate(DOCUMENTS.items()):
        names[f"bombs/{number}.yaml"] = name
        (folder / f"{number}.yaml").write_bytes(text)
    with Cost(shared) as cost:
        shared.api.post("/catalog/refresh?wait=true").expect(200)
    cost.assert_small(bombs=len(names), at_once=4)
    found = shared.api.get("/catalog/validation-errors").expect(200).json["data"]
    placed = {finding["file"] for finding in found if finding["severity"] == "error" and finding["line"] >= 1 and finding["column"] >= 1}
    assert {name for file, name in names.items() if file not in placed} == set()
    shared.api.get("/catalog/items/bomb").expect(200)


# The command


# A small process between the tests and the command: what Linux calls the most memory of a process counts what it was forked from.
RUNNER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.STDOUT)
_, status, usage = os.wait4(process.pid, 0)
print("\\n", os.waitstatus_to_exitcode(status), (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024)
"""


def run(*arguments):
    """(exit code, output, milliseconds of the processor, highest megabytes)."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUNNER, PROGRAM, *map(str, arguments)], capture_output=True, env=clean_environment(), text=True,
        timeout=60)
    output, _, figures = done.stdout.rstrip().rpartition("\n")
    code, milliseconds, megabytes = figures.split()
    return int(code), output, float(milliseconds), float(megabytes)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """What checking an ordinary document costs the command."""
    file = tmp_path_factory.mktemp("usual") / "service.yaml"
    file.write_bytes(item())
    return run("catalog", "validate", file)[2:]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_command_refuses_a_bomb_quickly_at_its_place(usual, tmp_path, name):
    file = tmp_path / "service.yaml"
    file.write_bytes(DOCUMENTS[name][0])
    code, output, milliseconds, megabytes = run("catalog", "validate", file)
    assert code == 1 and re.search(r"service\.yaml:\d+:\d+: error: ", output), output[:500]
    print(f"{milliseconds - usual[0]:.0f} ms, {megabytes - usual[1]:.1f} MB")
    assert milliseconds - usual[0] <= MILLISECONDS and megabytes - usual[1] <= MEGABYTES, (milliseconds, megabytes, usual)
