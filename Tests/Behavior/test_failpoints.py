"""Killed, failing or slow at each named place of the program, the appliance keeps I1 to I7 (reliability.md, test 2)."""
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from appliance import ROOT, Server, by_scale, pao
from journey import Journey, template

RUNS = by_scale(2, 20)
AT_ONCE = 8
# In its twenty runs each place is armed mostly to kill, in some to fail or to be slow.
ACTIONS = ["kill", "error", *["kill"] * 5, "delay"]
# What must have happened at an earlier start, or to another part, for the place to be reached; {} is what is armed.
STAGES = {
    "call.looking-up": ["call.answered:kill:3", "{}"],
    "job.giving-back": ["turn.decided:error:4,{}"],
}
COMMANDS = ("migrate.", "setup.", "restore.")

NAMES = pao("failpoints").stdout.split()
SERVED = [name for name in NAMES if not name.startswith(COMMANDS)]


@pytest.fixture(scope="module")
def origin():
    directory = template()
    yield directory
    directory.remove()


@pytest.fixture(scope="module")
def visits(origin):
    """How often an undisturbed journey comes to each place."""
    journey = Journey(origin, ["trace"])
    try:
        journey.live()
        return Counter(line.split(":")[0] for line in journey.struck)
    finally:
        journey.directory.remove()


@pytest.fixture(scope="module")
def journeys(origin, visits):
    """All journeys, some at once; by name the futures of its runs."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: [pool.submit(travel, origin, name, run, visits[name]) for run in range(RUNS)] for name in SERVED}


def travel(origin, name, run, visits):
    """One run; the visit at which it strikes is another one each time. Returns what acted."""
    action = ACTIONS[run % len(ACTIONS)]
    for visit in (1 + run * (visits * 3 // 4) // RUNS, 1):
        armed = f"{name}:{action}:{visit}"
        journey = Journey(origin, [stage.replace("{}", armed) for stage in STAGES.get(name, ["{}"])])
        try:
            journey.live()
            if f"{name}: {action}" in journey.struck:  # else a place that this journey came to less often than the undisturbed one
                assert action != "kill" or journey.deaths >= 1
                return armed
        except Exception as fault:
            kept = ROOT / ".build/failpoints" / name
            shutil.copytree(journey.directory.root, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pao.sock"))
            raise AssertionError(f"PAO_FAILPOINT={armed} ({kept}): {fault}") from fault
        finally:
            journey.directory.remove()
    raise AssertionError(f"{name} was not reached")


def test_there_are_names_around_all_that_is_stored_or_sent():
    assert len(NAMES) >= 25 and len(set(NAMES)) == len(NAMES)
    for part in ("store.", "migrate.", "backup.", "job.", "effect.", "call.", "catalog.", "approval.", "ticket.", "audit.", "event."):
        assert any(name.startswith(part) for name in NAMES), part


def test_an_undisturbed_journey_comes_to_every_name_of_the_server(visits):
    assert {name for name in SERVED if visits[name] == 0} == set(STAGES)


@pytest.mark.parametrize("name", SERVED)
def test_every_invariant_holds_whatever_happens_at(journeys, name):
    for future in journeys[name]:
        future.result()


@pytest.mark.parametrize("setting", ["nowhere:kill", "store.before-commit:explode", "store.before-commit", "store.before-commit:kill:0"])
def test_a_setting_that_cannot_be_read_is_refused(setting):
    done = pao("version", environment={"PAO_FAILPOINT": setting})
    assert done.returncode != 0 and "PAO_FAILPOINT" in done.stderr


# Commands


def init(directory, **environment):
    return pao("init", "--data", directory.data, "--admin", "ada", "--password-file", directory.root / "password", "--token-out", directory.root / "token",
               environment=environment)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("migrate.", "setup."))])
def test_an_initialization_that_was_killed_is_completed_by_repeating_it(origin, name):
    """At every schema step; test 16 in small: the database is at one step or the next."""
    visit = 0
    while True:
        visit += 1
        directory = origin.copy()
        try:
            shutil.rmtree(directory.data)
            if init(directory, PAO_FAILPOINT=f"{name}:kill:{visit}").returncode == 0:
                break
            done = init(directory)
            assert done.returncode == 0, done.stderr
            directory.token = (directory.root / "token").read_text().strip()
            server = Server(directory, sandbox=False)
            server.api.get("/users").expect(200)
            assert server.stop() == 0
            directory.assert_whole()
        finally:
            directory.remove()
    assert visit > (6 if name.startswith("migrate.") else 1)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("restore.")])
def test_a_restoration_that_was_killed_is_completed_by_repeating_it(origin, name):
    directory = origin.copy()
    try:
        backup = directory.root / "backup.db"
        assert pao("backup", "create", backup, "--data", directory.data).returncode == 0
        killed = pao("restore", backup, "--data", directory.data, environment={"PAO_FAILPOINT": f"{name}:kill"})
        assert killed.returncode == -9
        assert pao("restore", backup, "--data", directory.data).returncode == 0
        server = Server(directory, sandbox=False)
        server.api.get("/users").expect(200)
        assert server.stop() == 0
        directory.assert_whole()
    finally:
        directory.remove()
