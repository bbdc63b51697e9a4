"""Fifteen bad upstreams, each against every type of action that speaks HTTP (reliability.md, test 10)."""
import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
import upstream
from appliance import SandboxProcess, Server, by_scale, eventually, measured
from documents import Maker
from stubborn import Stubborn
from upstream import BEHAVIORS, Upstream

PROGRAM = measured()
LIMIT = 2.0
# One after another where times are compared.
AT_ONCE = by_scale(4, 1)
FAILED_PROBES = by_scale(0, 1)
DOUBT = "no answer: finding out whether it took effect"
# How many storms of each behavior, of which the median counts, and the seconds of each.
ROUNDS = by_scale(1, 5)
READING = LIMIT + 0.5
# The 95th percentile of reads beside calls that hang against that of a server without any; at CI scale other tests run at the same time.
SLOWER = by_scale(3.0, 1.2)

make = Maker("upstream")


def step(type, config, **more):
    return {"id": "it", "type": type, "config": config, **more}


def rest(url):
    return step("rest-api", {"endpoint": {"url": url + "/provision", "method": "POST"}, "idempotency": "header", "followRedirects": True,
                             "body": {"type": "json", "content": {"name": "{{fields.name}}"}}}, outputs={"id": "$.id"})


# By type: its step, and how the server is told of the other side.
TYPES = {
    "rest-api": (rest, lambda url: {}),
    "webhook": (lambda url: step("webhook", {"url": url + "/hook"}), lambda url: {}),
    "jira-ticket": (
        lambda url: make.issue("it"),
        lambda url: {"PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps({"it": {"baseUrl": url, "apiVersion": 2, "authentication": {"type": "bearer", "token": "t"}}})}),
    "servicenow-ticket": (
        lambda url: step("servicenow-ticket", {"shortDescription": "x"}),
        lambda url: {"PAO_INTEGRATIONS_SERVICENOW_INSTANCES": json.dumps({"it": {"baseUrl": url, "authentication": {"type": "bearer", "token": "t"}}})}),
    "github-workflow": (
        lambda url: step("github-workflow", {"repository": "corp/x", "workflow": "y.yml"}),
        lambda url: {"PAO_INTEGRATIONS_GITHUB_API_URL": url, "PAO_INTEGRATIONS_GITHUB_TOKEN": "t"}),
    "gitlab-pipeline": (
        lambda url: step("gitlab-pipeline", {"project": "7", "ref": "main"}),
        lambda url: {"PAO_INTEGRATIONS_GITLAB_BASE_URL": url, "PAO_INTEGRATIONS_GITLAB_TOKEN": "t"}),
    "terraform": (
        lambda url: step("terraform", {"moduleSource": "corp/x/aws", "variables": {"a": 1}, "workspace": "w"}),
        lambda url: {"PAO_INTEGRATIONS_TERRAFORM_CLOUD_API_URL": url, "PAO_INTEGRATIONS_TERRAFORM_CLOUD_ORGANIZATION": "corp",
                     "PAO_INTEGRATIONS_TERRAFORM_CLOUD_TOKEN": "t"}),
}


class Outage:
    """One upstream that fails until it is told to be well, and a request that keeps trying it."""

    TRIES = 8

    def __init__(self, sandbox):
        self.is_over = False
        good = sandbox.url.removeprefix("http://")
        self.upstream = Upstream(self.fail, good)
        self.server = Server(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([good, self.upstream.address])})
        retry = {"attempts": self.TRIES, "backoff": "none", "initialDelay": "10ms", "maxDelay": "1s"}
        self.server.wait_until_ready().publish(make.item(rest(self.upstream.url), suffix="-outage", fields=["name"], retry=retry))

    def fail(self, upstream, connection, request, number):
        if self.is_over:
            upstream.answer_well(connection, request)
        else:
            connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def last(self):
        """The times of the calls, and how the request ended once the host was well again."""
        api = self.server.api
        request = api.submit("upstream-outage", {"name": "x"})
        eventually(lambda: len(self.upstream.times) == 5 + FAILED_PROBES, 60, "the failures")
        self.is_over = True
        return self.upstream.times, api.follow(request, within=60)

    def close(self):
        self.server.close()
        self.upstream.close()


def well(sandbox):
    action = make.call("well", "/provision")
    action["config"]["endpoint"]["url"] = sandbox.url + "/provision"
    return make.item(action, suffix="-well")


def calm(sandbox):
    """A server whose other sides are all well."""
    server = Server(sandbox=False, binary=PROGRAM, environment={
        "PAO_LOGGING_LEVEL": "warning", "PAO_EGRESS_ALLOW": json.dumps([sandbox.url.removeprefix("http://")])})
    server.wait_until_ready().publish(well(sandbox))
    return server


def time_of_well(server):
    """How long a request takes whose other side is well, while the calls of others may hang."""
    began = time.monotonic()
    server.api.run("upstream-well")
    return time.monotonic() - began


def percentile(times):
    """The 95th."""
    return statistics.quantiles(times, n=20)[-1]


class Storm:
    """One behavior against all types at once, each type with an upstream, and so a circuit breaker, of its own."""

    def __init__(self, sandbox, behavior):
        self.behavior = behavior
        good = sandbox.url.removeprefix("http://")
        self.upstreams = {type: Upstream(behavior, good) for type in TYPES}
        environment = {"PAO_TIMEOUTS_STEP": f"{int(LIMIT)}s", "PAO_POLLING_STATUS": "1s", "PAO_LOGGING_LEVEL": "warning",
                       "PAO_EGRESS_ALLOW": json.dumps([good, *[one.address for one in self.upstreams.values()]])}
        tries = 1 if BEHAVIORS[behavior] else 4
        retry = {"attempts": tries, "backoff": "none", "initialDelay": "10ms", "maxDelay": "1s"}
        documents = []
        for type, (action, settings) in TYPES.items():
            url = self.upstreams[type].url
            environment.update(settings(url))
            documents.append(make.item(action(url), suffix="-" + type, fields=["name"], retry=retry))
        self.server = Server(sandbox=False, environment=environment, binary=PROGRAM)
        self.server.wait_until_ready().publish(*documents, well(sandbox))

    def rage(self, calm):
        """By type the first failure and how long the first call took; what was measured beside it. `calm` is a server whose
        other sides are well: each read of one is followed by one of the other, so that whatever else the machine does is in both."""
        api = self.server.api
        time.sleep(1.5)  # a second after its start the server gives back what starting has taken, its code among it
        for _ in range(3):
            for one in (api, calm.api):
                one.run("upstream-well")
        self.reads(calm, 0.3)
        self.server.process.forget_peak()
        memory = self.server.process.resident_kilobytes
        requests = {}
        for type in TYPES:  # as many requests of either server, so that only what the other side does differs
            requests[type] = api.submit(f"upstream-{type}", {"name": f"{self.behavior.__name__}-{type}"})
            calm.api.submit("upstream-well")
        self.wait_for_calls()
        with ThreadPoolExecutor(2) as pool:
            well = pool.submit(time_of_well, self.server)
            pool.submit(time_of_well, calm)
            during, beside = self.reads(calm, READING)
        return {
            "during": during, "beside": beside, "well": well.result(),
            "types": {type: self.outcome(request) for type, request in requests.items()},
            "memory": self.server.process.peak_kilobytes - memory, "times": {type: one.times for type, one in self.upstreams.items()}}

    def wait_for_calls(self):
        """Until all first calls have left, so that it is they that are measured and not the work of seven requests that begin."""
        end = time.monotonic() + 0.5
        while time.monotonic() < end and not all(one.times for one in self.upstreams.values()):
            time.sleep(0.02)

    def reads(self, calm, seconds):
        """How long each read took: of this server, and of the calm one. Both are asked for three requests that went well: one that failed
        says more, and takes longer to tell."""
        during, beside = [], []
        order = [(self.server, during), (calm, beside)]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            order.reverse()
            for server, times in order:
                began = time.monotonic()
                server.api.get("/requests?limit=3&status=completed").expect(200)
                times.append(time.monotonic() - began)
        return during, beside

    def outcome(self, request):
        """What its first call led to, and after how long: an end, or doubt that is being settled."""
        def look():
            found = self.server.api.read(request)
            step = found["actions"][0]
            if found["status"] in ("completed", "failed"):
                return found["status"], step["attempts"][-1]["errorType"], step
            return ("doubt", DOUBT, step) if step["reason"] == DOUBT and BEHAVIORS[self.behavior] else None
        status, type, step = eventually(look, 30, f"an outcome of {self.behavior.__name__}")
        return {"status": status, "type": type, "seconds": self.seconds(request)}

    def seconds(self, request):
        """From the begin of the try to the end of its first call, by the log of the step."""
        lines = self.server.api.get(f"/requests/{request}/logs?limit=200").json["data"]
        at = lambda line: datetime.fromisoformat(line["at"])
        began = next(line for line in lines if line["message"].startswith("attempt 1:"))
        ended = next((line for line in lines if line["id"] > began["id"]), lines[-1])
        return (at(ended) - at(began)).total_seconds()

    def close(self):
        self.server.close()
        for one in self.upstreams.values():
            one.close()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    sandbox = SandboxProcess(tmp_path_factory.mktemp("upstreams"))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def storms(sandbox):
    """All behaviors, some at once; by behavior the future of what its rounds led to."""
    def weather(behavior):
        beside = calm(sandbox)
        try:
            return [storm(behavior, beside) for _ in range(ROUNDS)]
        finally:
            beside.close()
    def storm(behavior, beside):
        storm = Storm(sandbox, behavior)
        try:
            return storm.rage(beside)
        finally:
            storm.close()
    def outage():
        outage = Outage(sandbox)
        try:
            return outage.last()
        finally:
            outage.close()
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        yield {"outage": pool.submit(outage), **{behavior: pool.submit(weather, behavior) for behavior in BEHAVIORS}}


def test_there_are_fifteen_behaviors():
    assert len(BEHAVIORS) == 15


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("behavior", BEHAVIORS, ids=lambda behavior: behavior.__name__)
def test_a_call_ends_in_time_with_what_happened(storms, behavior, type):
    for found in storms[behavior].result():
        outcome = found["types"][type]
        assert outcome["seconds"] <= LIMIT + 1, outcome
        if (behavior, type) == (upstream.deep_json, "webhook"):  # nobody reads what a receiver answers
            assert outcome["status"] == "completed", outcome
        elif BEHAVIORS[behavior]:
            known = outcome["type"] in BEHAVIORS[behavior] | {"in_doubt"} if outcome["status"] == "failed" else outcome["status"] == "doubt"
            assert known, outcome
            assert type not in ("rest-api", "webhook") or outcome["type"] in BEHAVIORS[behavior], "with a key there is no doubt"
        else:
            assert outcome["status"] == "completed", outcome


@pytest.mark.parametrize("behavior", BEHAVIORS, ids=lambda behavior: behavior.__name__)
def test_the_server_is_not_hindered_by(storms, behavior):
    rounds = storms[behavior].result()
    ratios = [percentile(found["during"]) / percentile(found["beside"]) for found in rounds]
    memory = max(found["memory"] for found in rounds)
    slowest = max(percentile(found["during"]) for found in rounds)
    print(f"{behavior.__name__}: at most {memory} KB more; 95 of 100 reads within {slowest * 1000:.1f} ms, times those of a calm server: "
          + " ".join(f"{ratio:.2f}" for ratio in sorted(ratios)))
    assert memory <= 16 * 1024, f"grown by {memory} KB"
    assert statistics.median(ratios) <= SLOWER, f"{sorted(ratios)} times as slow"
    assert max(found["well"] for found in rounds) <= 3, "calls of others wait for those that hang"


@pytest.mark.parametrize("type", TYPES)
def test_what_retry_after_asks_for_is_kept(storms, type):
    for found in storms[upstream.limited].result():
        first, second = found["times"][type][:2]
        assert second - first >= 1.0


def test_the_breaker_opens_after_five_failures_and_lets_a_probe_through_after_thirty_seconds(storms):
    """A probe that fails opens it for as long again; what it holds back uses up no try."""
    times, request = storms["outage"].result()
    assert times[4] - times[0] < 10, "five failures in a row"
    assert [30 <= later - earlier < 35 for earlier, later in zip(times[4:], times[5:])] == [True] * (FAILED_PROBES + 1)
    attempts = request["actions"][0]["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["failed"] * (5 + FAILED_PROBES) + ["completed"]


@pytest.mark.parametrize("status, calls, error", [(500, 3, "http_500"), (503, 3, "http_503"), (502, 1, "in_doubt"), (504, 1, "in_doubt")])
def test_a_post_without_key_is_repeated_after_an_answer_of_the_service_but_not_after_one_of_its_gateway(servers, status, calls, error):
    """A 5xx of the service says that the call failed, and the document's retry decides. A gateway's only says that it has no answer."""
    with Stubborn([(status, {})]) as other:
        server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([f"127.0.0.1:{other.port}"])})
        action = step("rest-api", {"endpoint": {"url": f"http://127.0.0.1:{other.port}/x", "method": "POST"}})
        failed = server.api.run(server.publish(make.item(action, suffix=f"-{status}")), until="failed")
        assert len(other.requests) == calls
        assert failed["actions"][0]["attempts"][-1]["errorType"] == error


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_post_with_key_is_repeated_after_every_5xx(servers, status):
    with Stubborn([(status, {}), (201, {}, b'{"id": "x"}')]) as other:
        server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([f"127.0.0.1:{other.port}"])})
        done = server.api.run(server.publish(make.item(rest(f"http://127.0.0.1:{other.port}"), suffix=f"-keyed-{status}", fields=["name"])), {"name": "x"})
        assert len({call["headers"]["idempotency-key"] for call in other.requests}) == 1 and len(other.requests) == 2
        assert len(done["actions"][0]["attempts"]) == 2
