"""The wall clock jumps while everything waits for something (reliability.md, test 9)."""
import json
import os
import shutil
import struct
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from appliance import Directory, SandboxProcess, by_scale, eventually, pao

ROUNDS = by_scale(1, 10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
END_OF_32_BITS = datetime(2038, 1, 19, 3, 14, 7, tzinfo=timezone.utc)
# Where to. Summer time moves no clock that counts UTC; an operator who sets it by hand does. The last one crosses the end of 32 bits.
JUMPS = {
    "ten minutes on": 10 * MINUTE, "ten minutes back": -10 * MINUTE, "a day on": DAY, "a day back": -DAY, "an hour on, as in spring": HOUR,
    "an hour back, as in autumn": -HOUR, "past 2038": HOUR}
COMPILER = shutil.which("cc") or shutil.which("clang")

pytestmark = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library = tmp_path_factory.mktemp("clock") / "wallclock.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", library, Path(__file__).with_name("wallclock.c")], check=True)
    return library


class Clock:
    """What the server takes for the time: the real one and an offset."""

    def __init__(self, folder, library, base=timedelta()):
        self.base = base
        self.file = os.open(folder / "clock", os.O_RDWR | os.O_CREAT)
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_FILE": str(folder / "clock"), "TZ": "Europe/Berlin"}
        self.set(timedelta())

    def set(self, jump):
        os.pwrite(self.file, struct.pack("q", int((self.base + jump).total_seconds())), 0)

    @property
    def now(self):
        """Before any jump."""
        return datetime.now(timezone.utc) + self.base


@pytest.fixture
def clock(tmp_path, library, request):
    """For the last jump, ten minutes before the end of 32 bits."""
    base = END_OF_32_BITS - 10 * MINUTE - datetime.now(timezone.utc) if "2038" in request.node.name else timedelta()
    clock = Clock(tmp_path, library, base)
    yield clock
    os.close(clock.file)


@pytest.fixture
def outside(tmp_path):
    sandbox = SandboxProcess(tmp_path)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("jump", JUMPS)
def test_the_clock_jumps(outside, servers, make, clock, jump):
    server = servers(Directory(clock.environment), sandbox=False, environment={
        **clock.environment, "PAO_EGRESS_ALLOW": json.dumps([outside.url.removeprefix("http://")]), "PAO_CATALOG_POLL_INTERVAL": "1s"})
    documents = written(make, outside)
    server.publish(*documents)
    item = lambda suffix: make.name + suffix
    api = server.api
    for number in range(ROUNDS):
        clock.set(timedelta())
        outside.fault("POST /again", "status", 503)
        outside.fault("POST /slow", "delay", 1500)
        begin = (clock.now + 30 * MINUTE).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        retrying, slow = api.submit(item("-again")), api.submit(item("-slow"))
        scheduled = api.post("/requests", {"catalogItemId": item("-later"), "requestData": {}, "startAfter": begin}).expect(201).json["id"]
        api.follow(retrying, lambda request: request["actions"][0]["status"] == "retrying")
        eventually(lambda: outside.state["faults"] == [])
        clock.set(JUMPS[jump])
        used = cpu(server)
        began = time.monotonic()
        fresh = api.submit(item("-later"))
        # What waits, is under way or is new goes on within seconds, and each thing once.
        for request in (retrying, slow, fresh):
            assert len(api.follow(request, within=65)["actions"][0]["attempts"]) == (2 if request == retrying else 1)
        assert abs(datetime.fromisoformat(api.read(fresh)["createdAt"]) - clock.now - JUMPS[jump]) < MINUTE
        time.sleep(max(0, 3 - (time.monotonic() - began)))
        assert (cpu(server) - used) / (time.monotonic() - began) < 0.2, "a busy loop"
        # What is to begin at a time of day begins then, not before.
        is_due = JUMPS[jump] >= 30 * MINUTE
        if is_due:
            api.follow(scheduled)
        else:
            assert api.read(scheduled)["status"] == "queued"
            api.operate(scheduled, "cancel")
    clock.set(timedelta())
    assert server.stop() == 0
    server.directory.assert_whole()
    assert {key: count for key, count in outside.state["effects"].items() if count != 1} == {}
    rows = server.directory.query("SELECT sequence FROM audit_logs ORDER BY sequence")
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1)), "the audit trail is ordered by sequence"
    assert server.directory.query("SELECT id FROM jobs WHERE receives > 0 OR state = 'dead'") == [], "no lease was lost"


def written(make, outside):
    """A call that fails once and waits for two seconds, one that takes long, and one that is asked for later."""
    retry = {"attempts": 2, "backoff": "linear", "initialDelay": "2s", "maxDelay": "2s"}
    documents = [make.item(make.call("a", "/again", retry=retry), suffix="-again"), make.item(make.call("a", "/slow"), suffix="-slow"),
                 make.item(make.call("a", "/later"), suffix="-later")]
    return [json.loads(json.dumps(document).replace(make.host, outside.url)) for document in documents]


def cpu(server):
    """Seconds of processor time that the server has used."""
    fields = Path(f"/proc/{server.process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_server_that_starts_with_a_clock_set_back_goes_on_at_once(outside, servers, make, clock):
    server = servers(Directory(clock.environment), sandbox=False, environment={**clock.environment, "PAO_EGRESS_ALLOW": json.dumps([outside.url.removeprefix("http://")])})
    server.publish(*written(make, outside))
    outside.fault("POST /again", "status", 503)
    request = server.api.submit(make.name + "-again")
    server.api.follow(request, lambda request: request["actions"][0]["status"] == "retrying")
    server.crash()
    clock.set(-DAY)
    server.start().wait_until_ready()
    server.api.follow(request, within=30)
    assert pao("audit", "verify", "--data", server.directory.data).returncode == 0
