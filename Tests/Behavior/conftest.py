import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from appliance import SCALE, Directory, Server  # noqa: E402
from documents import Maker  # noqa: E402


def pytest_collection_modifyitems(items):
    if SCALE != "ci":
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="at verify scale only"))


@pytest.fixture(scope="session")
def server():
    """One appliance in sandbox mode for all tests that leave it well. Each test has documents and hosts of its own."""
    server = Server()
    server.wait_until_ready()
    yield server
    server.close()


@pytest.fixture
def api(server):
    return server.api


@pytest.fixture
def sandbox(server):
    return server.sandbox


counter = itertools.count(1)


@pytest.fixture
def make(request):
    """Makes documents with ids and hosts that no other test has."""
    return Maker(f"t{next(counter)}")


@pytest.fixture
def directory():
    directory = Directory()
    yield directory
    directory.remove()


@pytest.fixture
def servers():
    """Starts servers of a test's own; all of them are gone after it."""
    started = []

    def start(*arguments, **options):
        server = Server(*arguments, **options)
        started.append(server)
        return server.wait_until_ready()

    yield start
    for server in started:
        server.close()
