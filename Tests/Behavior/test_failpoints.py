"""Killed, failing or slow at each named place of the program, the appliance keeps I1 to I7 (reliability.md, test 2)."""
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from appliance import ROOT, Server, by_scale, pao
from journey import Journey, template

RUNS = by_scale(2, 20)
AT_ONCE = 8
# Places in one journey.
AT_A_TIME = by_scale(6, 1)
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


class Chain(Journey):
    """A journey in which several places strike: each start arms those that have not struck yet, after the first at their next visit."""

    def __init__(self, origin, places):
        super().__init__(origin)
        self.places = places

    def armed(self):
        left = {name: setting for name, setting in self.places.items() if name not in self.acted}
        places = left if not self.deaths else {name: (action, 1) for name, (action, _) in left.items()}
        return ",".join(f"{name}:{action}:{visit}" for name, (action, visit) in places.items()) or None

    @property
    def acted(self):
        """Names of the places that have struck as they were armed to."""
        return {name for name, (action, _) in self.places.items() if f"{name}: {action}" in self.struck} if self.server or self.deaths else set()


@pytest.fixture(scope="module")
def journeys(origin, visits):
    """All journeys, some at once; by name the futures of its runs."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = {name: [] for name in SERVED}
        for run in range(RUNS):
            for group in groups(run):
                future = pool.submit(travel_together, origin, group, run, visits)
                for name in group:
                    futures[name].append(future)
        yield futures


def groups(run):
    """Other neighbors in each run; what needs an earlier start of its own goes alone."""
    together = [name for name in SERVED if name not in STAGES]
    together = together[run * 3 % len(together):] + together[:run * 3 % len(together)]
    return [[name] for name in STAGES] + [together[start::-(-len(together) // AT_A_TIME)] for start in range(-(-len(together) // AT_A_TIME))]


def travel_together(origin, names, run, visits):
    """One run of all these places. Those that the journey did not come to again after another had struck get one of their own."""
    left = list(names)
    if len(names) > 1:
        action = ACTIONS[run % len(ACTIONS)]
        chain = Chain(origin, {name: (action, visit_of(run, visits[name])) for name in names})
        live(chain, "-".join(names[:2]) + f"-{run}", lambda: chain.places)
        left = [name for name in names if name not in chain.acted]
        assert action != "kill" or chain.deaths >= len(names) - len(left)
        chain.directory.remove()
    for name in left:
        travel(origin, name, run, visits[name])


def visit_of(run, visits):
    return 1 + run * (visits * 3 // 4) // RUNS


def travel(origin, name, run, visits):
    """One run of one place; the visit at which it strikes is another one each time."""
    action = ACTIONS[run % len(ACTIONS)]
    for visit in (visit_of(run, visits), 1):
        armed = f"{name}:{action}:{visit}"
        journey = Journey(origin, [stage.replace("{}", armed) for stage in STAGES.get(name, ["{}"])])
        live(journey, name, lambda: armed)
        struck = f"{name}: {action}" in journey.struck
        journey.directory.remove()
        if struck:  # else a place that this journey came to less often than the undisturbed one
            assert action != "kill" or journey.deaths >= 1
            return
    raise AssertionError(f"{name} was not reached")


def live(journey, name, armed):
    """A journey that fails leaves its directory behind."""
    try:
        journey.live()
    except Exception as fault:
        kept = ROOT / ".build/failpoints" / name
        shutil.copytree(journey.directory.root, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("pao.sock"))
        journey.directory.remove()
        raise AssertionError(f"PAO_FAILPOINT={armed()} ({kept}): {fault}") from fault


def test_there_are_names_around_all_that_is_stored_or_sent():
    assert len(NAMES) >= 25 and len(set(NAMES)) == len(NAMES)
    for part in ("store.", "migrate.", "backup.", "job.", "effect.", "call.", "catalog.", "approval.", "ticket.", "audit.", "event.",
                 "freeze.", "hold.", "notification.", "comment."):
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
