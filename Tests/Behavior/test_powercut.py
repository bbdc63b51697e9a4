"""A power cut at any instant: nothing answered is lost, nothing is corrupt (reliability.md, test 4).

The real binary runs with a recorder of its writes, syncs and answers; the replayer makes from it what a cut could have left, and the
real binary opens that. The same with `synchronous` NORMAL must lose answers and with OFF must corrupt: so the test can fail.
"""
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest
from appliance import Directory, Server, by_scale, eventually, pao
from documents import Maker
from powercut.replay import Disk, entries

CUTS = by_scale(50, 500, 5000)
CONTROL_CUTS = by_scale(40, 100, 200)
ANSWERS = by_scale(250, 1000, 4000)
# After every so many cuts the appliance is started on what is left, and has to finish its requests.
STARTS = by_scale(25, 50, 250)
SEED = int(os.environ.get("PAO_SEED", "0")) or random.randrange(1, 2 ** 31)
CALLERS = 8


@pytest.fixture(scope="session")
def recorder(tmp_path_factory):
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    source = Path(__file__).parent / "powercut" / "recorder.c"
    subprocess.run(["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


class Recording:
    """A life of the appliance: the files it began with, what it did to them, and what it answered when."""

    def __init__(self, recorder, folder, synchronous="FULL"):
        self.directory = Directory()
        self.before = {path.name: path.read_bytes() for path in self.directory.data.glob("pao.db*") if not path.name.endswith("-shm")}
        log = folder / "recorded"
        self.server = Server(self.directory, environment={
            "LD_PRELOAD": str(recorder), "RECORD_DIRECTORY": str(self.directory.data), "RECORD_LOG": str(log),
            "PAO_SYNCHRONOUS": synchronous, "PAO_LOGGING_LEVEL": "warning"}).wait_until_ready()
        self.work()
        self.server.stop()
        self.entries = entries(log)
        answers = sum(entry.operation == "A" for entry in self.entries)
        pages = sum(entry.operation == "W" and entry.name == "pao.db" for entry in self.entries)
        syncs = sum(entry.operation == "E" for entry in self.entries)
        print(f"synchronous={synchronous}: {len(self.entries)} entries, {syncs} syncs, {answers} answers, {pages} pages by checkpoints")
        assert answers >= ANSWERS and pages > 0

    def work(self):
        """Callers submit as fast as they are let, while the engine carries on what they asked for."""
        make = Maker("cut")
        item = self.server.publish(make.item(make.call("one"), make.call("two", dependsOn=["one"]), fields=["name"]))
        rest = iter(range(ANSWERS))
        lock = threading.Lock()

        def call():
            while True:
                with lock:
                    number = next(rest, None)
                if number is None:
                    return
                self.server.api.post("/requests", {"catalogItemId": item, "requestData": {"name": f"n{number}"}}).expect(201)
        callers = [threading.Thread(target=call) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    def cuts(self, count, chance):
        """The contents that so many cuts leave, each with the requests that had been promised by then."""
        after_answers = [index + 1 for index, entry in enumerate(self.entries) if entry.operation == "A"]
        in_checkpoints = [index for index, entry in enumerate(self.entries) if entry.operation == "W" and entry.name == "pao.db"]
        # The delicate moments as often as any other: somebody has just been promised something; pages are copied into the database.
        kinds = [after_answers, in_checkpoints, range(len(self.entries))]
        places = sorted(chance.choice(kinds[number % len(kinds)]) for number in range(count))
        disk, promised, done = Disk(self.before), [], 0
        for place in places:
            for entry in self.entries[done:place]:
                if entry.operation == "A":
                    promised.append(entry.data.decode().rsplit("/", 1)[1])
                else:
                    disk.take(entry)
            done = max(done, place)
            yield disk.after_cut(chance), list(promised)


class Remains:
    """The data directory as a cut left it."""

    def __init__(self, recording, files, folder):
        self.data = folder
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(recording.directory.data, folder, ignore=shutil.ignore_patterns("pao.db*", "*.sock"))
        for name, content in files.items():
            (folder / name).write_bytes(content)

    def is_corrupt(self):
        """What the appliance and SQLite say: the audit chain, every page and index, every reference."""
        if pao("audit", "verify", "--data", self.data).returncode != 0:
            return True
        try:
            return self.query("PRAGMA integrity_check") != [("ok",)] or self.query("PRAGMA foreign_key_check") != []
        except sqlite3.DatabaseError:
            return True

    def lost(self, promised):
        try:
            return set(promised) - {row[0] for row in self.query("SELECT request_id FROM service_requests")}
        except sqlite3.DatabaseError:
            return set(promised)

    def query(self, sql):
        database = sqlite3.connect(self.data / "pao.db")
        try:
            return database.execute(sql).fetchall()
        finally:
            database.close()


@pytest.fixture
def record(recorder, tmp_path):
    recordings = []

    def begin(synchronous="FULL"):
        recordings.append(Recording(recorder, tmp_path, synchronous))
        return recordings[-1]
    yield begin
    for recording in recordings:
        recording.directory.remove()


def damage(recording, count, folder):
    """How many of so many cuts left something corrupt, and how many lost what had been answered."""
    corrupt = losing = 0
    for files, promised in recording.cuts(count, random.Random(SEED)):
        remains = Remains(recording, files, folder / "remains")
        if remains.is_corrupt():
            corrupt += 1
        elif remains.lost(promised):
            losing += 1
    print(f"of {count} cuts {corrupt} corrupted and {losing} lost what was answered")
    return corrupt, losing


def test_a_power_cut_at_any_instant_loses_nothing_answered_and_corrupts_nothing(record, tmp_path):
    print(f"PAO_SEED={SEED}")
    recording = record()
    for number, (files, promised) in enumerate(recording.cuts(CUTS, random.Random(SEED)), 1):
        remains = Remains(recording, files, tmp_path / "remains")
        assert not remains.is_corrupt(), f"cut {number}, PAO_SEED={SEED}"
        assert remains.lost(promised) == set(), f"cut {number}, PAO_SEED={SEED}"
        if number % STARTS == 0:
            goes_on(recording, remains)


def goes_on(recording, remains):
    """Started on what is left, the appliance brings every request to its end."""
    directory = Directory.__new__(Directory)
    directory.root, directory.data, directory.catalog = remains.data.parent, remains.data, recording.directory.catalog
    directory.token = recording.directory.token
    server = Server(directory, environment={"PAO_LOGGING_LEVEL": "warning"}).wait_until_ready()
    try:
        live = "SELECT count(*) AS n FROM service_requests WHERE status <> 'completed'"
        eventually(lambda: directory.query(live)[0]["n"] == 0, within=60, what="the end of all requests")
    finally:
        server.stop()
    directory.assert_whole()


def test_without_a_sync_for_each_commit_the_same_cuts_lose_what_was_answered(record, tmp_path):
    corrupt, losing = damage(record("NORMAL"), CONTROL_CUTS, tmp_path)
    assert losing > 0 and corrupt == 0


def test_without_any_sync_the_same_cuts_corrupt(record, tmp_path):
    corrupt, _ = damage(record("OFF"), CONTROL_CUTS, tmp_path)
    assert corrupt > 0
