"""Places of action types: `limits.perAction`."""
import json
import threading
import time

import pytest
from appliance import Directory, SandboxProcess, by_scale, eventually
from client import action
from upstream import Upstream

REQUESTS = by_scale(10, 100)


class Slow:
    """An upstream that takes its time and knows how many calls are open."""

    def __init__(self, good):
        self.open = self.most = 0
        self.lock = threading.Lock()
        self.upstream = Upstream(self.behave, good.removeprefix("http://"))

    def behave(self, upstream, connection, request, number):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            time.sleep(0.2)
            with self.lock:
                self.open -= 1  # before its answer lets the next one come
            upstream.answer_well(connection, request)
        except OSError:
            pass


@pytest.fixture
def outside(tmp_path):
    sandbox = SandboxProcess(tmp_path)
    slow = Slow(sandbox.url)
    sandbox.slow = slow
    yield sandbox
    slow.upstream.close()
    sandbox.close()


def settings(outside, **limits):
    hosts = [outside.url.removeprefix("http://"), outside.slow.upstream.address]
    return {"PAO_EGRESS_ALLOW": json.dumps(hosts), "PAO_LIMITS_PER_ACTION": json.dumps(limits), "PAO_LIMITS_CONCURRENCY": "4"}


def at(make, document, url):
    return json.loads(json.dumps(document).replace(make.host, url))


def test_no_more_steps_of_a_type_run_at_once_than_allowed_and_other_types_go_on(outside, servers, make):
    server = servers(sandbox=False, environment=settings(outside, **{"rest-api": 2}))
    slow = server.publish(at(make, make.item(make.call("one"), make.call("two"), fields=["name"]), outside.slow.upstream.url))
    quick = server.publish(make.item(make.task(), suffix="-people", fields=["name"]))
    crowd = [server.api.submit(slow, {"name": f"r{n}"}) for n in range(REQUESTS)]
    waiting = eventually(lambda: next((r for r in map(server.api.read, crowd) if "waits for a place" in str(reason(server, r))), None), 20, "one that waits")
    assert action(waiting, "one")["status"] in ("pending", "completed"), "no try is used up"
    other = server.api.submit(quick, {"name": "other"})
    began = time.monotonic()
    server.api.ticket(other, within=5)
    assert time.monotonic() - began < 2, "a step of another type does not wait for them"
    assert any(server.api.read(request)["status"] == "in_progress" for request in crowd), "they were still waiting"
    done = [server.api.follow(request, within=60 + REQUESTS) for request in crowd]
    assert outside.slow.most == 2
    assert {len(step["attempts"]) for request in done for step in request["actions"]} == {1}
    assert set(outside.state["effects"].values()) == {1}


def reason(server, request):
    return [step["reason"] for step in server.api.get(f"/requests/{request['id']}/explain").json["actions"]]


def test_parallel_steps_of_one_request_share_the_places_and_all_are_done(outside, servers, make):
    server = servers(sandbox=False, environment=settings(outside, **{"rest-api": 3}))
    steps = [make.call(f"s{n}") for n in range(8)]
    item = server.publish(at(make, make.item(*steps, automatic={"mode": "parallel"}), outside.slow.upstream.url))
    done = server.api.run(item, within=30)
    assert outside.slow.most == 3
    assert {step["status"] for step in done["actions"]} == {"completed"}


def test_waiting_for_a_place_takes_nothing_from_the_time_that_a_sequence_has(outside, servers, make):
    server = servers(sandbox=False, environment=settings(outside, **{"rest-api": 1}))
    item = server.publish(at(make, make.item(make.call("one"), fields=["name"], automatic={"timeout": "1s"}), outside.slow.upstream.url))
    crowd = [server.api.submit(item, {"name": f"r{n}"}) for n in range(10)]
    done = [server.api.follow(request, within=40) for request in crowd]
    assert outside.slow.most == 1 and {request["status"] for request in done} == {"completed"}, "the last one waits for two seconds"


def test_requests_that_wait_for_a_place_go_on_at_once_after_a_crash(outside, servers, make):
    server = servers(Directory(), sandbox=False, environment=settings(outside, **{"rest-api": 1}))
    item = server.publish(at(make, make.item(make.call("one"), fields=["name"]), outside.slow.upstream.url))
    crowd = [server.api.submit(item, {"name": f"r{n}"}) for n in range(6)]
    eventually(lambda: outside.slow.upstream.calls >= 1, 20, "the first call")
    server.crash()
    server.start()
    server.wait_until_ready()
    for request in crowd:
        server.api.follow(request, within=40)
    assert outside.slow.most <= 2, "one, and the one that the crash left open"
    assert set(outside.state["effects"].values()) == {1}


def test_a_limit_of_an_action_type_that_there_is_not_is_refused_at_the_start(servers):
    with pytest.raises(AssertionError, match="limits.perAction knows no action type rest"):
        servers(environment={"PAO_LIMITS_PER_ACTION": '{"rest": 2}'})
