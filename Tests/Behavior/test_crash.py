"""Killed at any instant, the appliance loses nothing it has acknowledged and does nothing twice (reliability.md, tests 1 and 22)."""
import http.client
import json
import os
import random
import threading
import time

import pytest
from appliance import Directory, SandboxProcess, Server, by_scale, eventually
from client import ENDED, Client
from documents import Maker
from invariants import settle, verify
from stored import fill

KILLS = by_scale(20, 200, 2000)
STORED = by_scale(10_000, 100_000)
# Of the time from the start of the process to its readiness; at CI scale the machine builds and tests at the same time.
READY = by_scale(5.0, 2.0)
IN_FLIGHT = 50
SEED = int(os.environ.get("PAO_SEED", "0")) or random.randrange(1, 2 ** 31)


class Callers:
    """Threads that have one request under way each. Each submission has a key of its own and is repeated until it is answered; the next
    one follows when its request has ended."""

    def __init__(self, items, token):
        self.items, self.token = items, token
        self.acknowledged, self.refused = {}, []
        self.lock, self.is_over, self.url = threading.Lock(), False, None
        self.threads = [threading.Thread(target=self.submit, args=[index], daemon=True) for index in range(IN_FLIGHT)]

    def begin(self):
        for thread in self.threads:
            thread.start()

    def submit(self, index):
        number = 0
        while not self.is_over:
            number += 1
            name = f"c{index}-{number}"
            sent = {"catalogItemId": self.items[(index + number) % len(self.items)], "requestData": {"name": name}}
            while not self.is_over:
                url = self.url
                if url and self.attempt(url, name, sent):
                    break
                time.sleep(0.005)
            while not self.is_over and not self.has_ended(name):
                time.sleep(0.1)

    def has_ended(self, name):
        url = self.url
        try:
            return bool(url) and Client(url, self.token).get(f"/requests/{self.acknowledged[name]}/status").json["status"] in ENDED
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False

    def attempt(self, url, name, sent):
        """Whether the call was answered. A call that was cut off is made again with its key: its first one may have been stored."""
        try:
            answer = Client(url, self.token).post("/requests", sent, headers={"Idempotency-Key": name})
        except (OSError, http.client.HTTPException):
            return False
        with self.lock:
            if answer.status == 201:
                assert self.acknowledged.setdefault(name, answer.json["id"]) == answer.json["id"]
            elif answer.status not in (503, 429):
                self.refused.append((answer.status, answer.body))
        return answer.status == 201

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(10)


def items(make, sandbox):
    """Three services: keyed calls one after another, calls side by side, and an issue in JIRA between calls."""
    at = lambda document: to(document, sandbox.url)
    instance = {"name": "{{fields.name}}", "outputs": {"id": "{{outputs.one.id}}"}}
    body = {"body": {"type": "json", "content": {"name": "{{fields.name}}"}}}
    one = make.call("one", "/provision", outputs={"id": "$.id"}, config=body)
    return [
        at(make.item(one, make.call("two", "/provision/{{outputs.one.id}}-two", "PUT", config=body), make.call("three", "/things", config=body),
                     suffix="-row", fields=["name"], instance=instance)),
        at(make.item(one, make.call("two", "/left", dependsOn=["one"]), make.call("three", "/right", dependsOn=["one"]),
                     make.call("four", "/join", dependsOn=["two", "three"]),
                     suffix="-side", fields=["name"], instance=instance, automatic={"mode": "parallel"})),
        at(make.item(one, make.issue("issue", outputs=["key"]), suffix="-issue", fields=["name"], instance=instance)),
    ]


def to(document, url):
    """The same document with its calls going to a real address."""
    return json.loads(json.dumps(document).replace("https://crash.example", url))


@pytest.fixture
def outside(tmp_path):
    sandbox = SandboxProcess(tmp_path)
    yield sandbox
    sandbox.close()


def test_killed_at_any_instant_nothing_acknowledged_is_lost_and_no_effect_happens_twice(outside):
    """Test 1: I1 to I7 after the last start, and ready again within 2 s each time."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    host = outside.url.removeprefix("http://")
    jira = {"outside": {"baseUrl": outside.url, "apiVersion": 2, "authentication": {"type": "bearer", "token": "t"}}}
    server = Server(sandbox=False, environment={
        "PAO_EGRESS_ALLOW": json.dumps([host]), "PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps(jira), "PAO_POLLING_STATUS": "1s",
        "PAO_LOGGING_LEVEL": "warning"}).wait_until_ready()
    documents = items(Maker("crash"), outside)
    for document in documents:
        server.publish(document)
    server.api.run(documents[0]["metadata"]["id"], {"name": "first"})
    assert server.stop() == 0
    fill(server.directory, STORED)
    server.start().wait_until_ready()
    readiness = []
    callers = Callers([document["metadata"]["id"] for document in documents], server.directory.token)
    try:
        callers.begin()
        for kill in range(KILLS):
            callers.url = server.url
            time.sleep(chance.uniform(0.005, 0.8))
            callers.url = None
            server.crash()
            began = time.monotonic()
            server.start().wait_until_ready()
            readiness.append(time.monotonic() - began)
        callers.url = server.url
        time.sleep(0.3)
        callers.end()
        assert callers.refused == []
        assert len(callers.acknowledged) > KILLS
        settle(server)
        assert server.stop() == 0
        first = server.directory.query("SELECT request_id FROM service_requests WHERE instance_name = 'first'")[0]["request_id"]
        copies = [row["request_id"] for row in server.directory.query("SELECT request_id FROM service_requests WHERE id LIKE 'copy-%'")]
        assert len(copies) == STORED
        verify(server.directory, outside, [first, *copies, *callers.acknowledged.values()], unanswered=IN_FLIGHT)
        p99 = sorted(readiness)[-(len(readiness) // 100) - 1]
        print(f"{KILLS} kills, {len(callers.acknowledged)} requests acknowledged, ready again after {p99:.2f} s (p99)")
        assert p99 <= READY
    finally:
        callers.is_over = True
        server.close()


def test_what_a_killed_server_had_answered_is_answered_the_same_after_the_restart(servers, make):
    server = servers()
    item = server.publish(make.item(make.task("wait"), fields=["name"]))
    sent = {"catalogItemId": item, "requestData": {"name": "x"}}
    first = server.api.post("/requests", sent, headers={"Idempotency-Key": "k"}).expect(201)
    server.crash()
    server.start().wait_until_ready()
    assert server.api.post("/requests", sent, headers={"Idempotency-Key": "k"}).expect(201).body == first.body


def test_a_call_that_was_under_way_when_the_server_died_is_settled_with_its_key(outside, servers, make):
    server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([outside.url.removeprefix("http://")])})
    document = json.loads(json.dumps(make.item(make.call("create", "/slow"), make.call("after", "/after"))).replace(make.host, outside.url))
    server.publish(document)
    outside.fault("POST /slow", "delay", 1500)
    request = server.api.submit(document["metadata"]["id"])
    eventually(lambda: outside.calls("/slow"))
    server.crash()
    server.start().wait_until_ready()
    server.api.follow(request)
    keys = [call["key"] for call in outside.calls("/slow")]
    assert len(keys) == 2 and len(set(keys)) == 1 and outside.state["effects"][keys[0]] == 1


def test_a_call_without_key_that_was_under_way_waits_for_a_person(outside, servers, make):
    server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([outside.url.removeprefix("http://")])})
    document = json.loads(json.dumps(make.item(make.unkeyed("create", path="/slow"))).replace(make.host, outside.url))
    server.publish(document)
    outside.fault("POST /slow", "delay", 1500)
    request = server.api.submit(document["metadata"]["id"])
    eventually(lambda: outside.calls("/slow"))
    server.crash()
    server.start().wait_until_ready()
    found = server.api.follow(request, "failed")
    assert found["errorContext"]["error"]["type"] == "in_doubt"
    assert len(outside.calls("/slow")) == 1
    assert server.api.get(f"/requests/{request}/effects").json["data"][0]["state"] == "unknown"


def test_sigterm_lets_calls_under_way_end_and_answers_them(servers, make):
    """Test 21: nothing in flight is dropped."""
    server = servers()
    item = server.publish(make.item(make.call("create", "/ending"), make.call("after", "/after")))
    server.sandbox.fault("POST /ending", "delay", 500)
    request = server.api.submit(item)
    server.api.follow(request, lambda request: request["actions"][0]["status"] == "running")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    steps = server.directory.query("SELECT step_id, status FROM request_steps ORDER BY position")
    assert steps[0]["status"] == "completed", steps
    server.start().wait_until_ready()
    done = server.api.follow(request)
    assert len(done["actions"][0]["attempts"]) == 1


def test_a_retry_that_was_due_while_the_server_was_down_is_made_after_the_start(servers, make):
    server = servers()
    retry = {"attempts": 2, "backoff": "none", "initialDelay": "1s", "maxDelay": "1s"}
    item = server.publish(make.item(make.call("create", "/later", retry=retry)))
    server.sandbox.fault("POST /later", "status", 503)
    request = server.api.submit(item)
    server.api.follow(request, lambda request: request["actions"][0]["status"] == "retrying" or request["status"] == "completed")
    server.crash()
    server.start().wait_until_ready()
    assert len(server.api.follow(request)["actions"][0]["attempts"]) == 2


# Streams of events


def test_a_stream_resumes_after_the_last_event_without_gap_or_repetition(servers, make):
    server = servers()
    api = server.api
    item = server.publish(make.item(make.call("a"), make.call("b", "/b")))
    requests = [api.submit(item) for _ in range(20)]
    for request in requests:
        api.follow(request)
    everything = [int(id) for id, _, _ in taken(api.stream("/events", last=0), 20 * 9)]
    assert everything == list(range(everything[0], everything[0] + len(everything)))
    middle = everything[len(everything) // 2]
    rest = [int(id) for id, _, _ in taken(api.stream("/events", last=middle), len([id for id in everything if id > middle]))]
    assert rest == [id for id in everything if id > middle]
    server.crash()
    server.start().wait_until_ready()
    again = [int(id) for id, _, _ in taken(server.api.stream("/events", last=middle), len(rest))]
    assert again == rest, "ids mean the same after a restart"


def test_a_backlog_longer_than_a_stream_may_hold_is_handed_over_in_parts(directory, servers):
    import sqlite3
    with sqlite3.connect(directory.database) as database:
        database.executemany(
            "INSERT INTO events(at, type, subject_type, subject_id, team, new, correlation_id) VALUES ('2026-01-01T00:00:00.000Z', 'ticket', 'ticket', ?, 'platform', 'open', 'c')",
            [(f"t{index}",) for index in range(12_000)])
    database.close()
    api = servers(directory).api
    seen, parts = [0], 0
    while seen[-1] < 12_000:
        parts += 1
        assert parts < 20
        for id, _, _ in api.stream("/events", last=seen[-1]):
            seen.append(int(id))
            if seen[-1] >= 12_000:
                break
    assert seen == list(range(len(seen)))


def test_a_stream_that_is_followed_while_much_happens_sees_each_event_once(servers, make):
    server = servers()
    api = server.api
    item = server.publish(make.item(make.call("a")))
    seen, stop = [], threading.Event()

    def follow():
        last = 0
        while not stop.is_set():
            for id, _, data in api.stream("/events", last=last, within=10):
                seen.append(int(id))
                last = int(id)
                if stop.is_set() or len(seen) % 37 == 0:  # comes back often
                    break

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    requests = [api.submit(item) for _ in range(40)]
    for request in requests:
        api.follow(request)
    final = server.directory.query("SELECT max(sequence) n FROM events")[0]["n"]
    eventually(lambda: seen and seen[-1] >= final)
    stop.set()
    assert seen == list(range(seen[0], seen[0] + len(seen)))


def taken(stream, count):
    return [event for _, event in zip(range(count), stream)]


def test_a_log_that_is_followed_shows_every_line_once_and_resumes(api, server, sandbox, make):
    item = server.publish(make.item(make.call("a"), make.task("wait"), make.call("b", "/b")))
    request = api.submit(item)
    ticket = api.ticket(request)["id"]
    stream = api.stream(f"/requests/{request}/logs?follow=true")
    lines = [next(stream)[2]["message"]]
    api.post(f"/tickets/{ticket}/resolve", {}).expect(200)
    ids = []
    for id, event, data in stream:
        assert event == "log" and int(id) == data["id"]
        ids.append(data["id"])
        lines.append(data["message"])
        if data["message"] == "request completed":
            break
    whole = api.get(f"/requests/{request}/logs?limit=200").json["data"]
    assert lines == [line["message"] for line in whole]
    resumed = [data["id"] for _, _, data in taken(api.stream(f"/requests/{request}/logs?follow=true", last=ids[1]), len(ids) - 2)]
    assert resumed == ids[2:]


@pytest.mark.parametrize("last", ["abc", "-1", "1.5", "99999999999999999999"])
def test_a_last_event_id_that_is_none_is_a_400(api, last):
    api.get("/events", headers={"Last-Event-ID": last}).problem(400)
