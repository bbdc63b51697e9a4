"""What must hold after any crash, once the last start has had a minute: I1 to I7 of docs/reliability.md, in one place.

I1  every acknowledged request has ended, or waits for a person with a reason
I2  no effect happened more than once
I3  no step began before what it depends on had ended
I4  the database is whole
I5  the audit trail is whole
I6  the log of events has no gap, and no request made a move twice
I7  no job is stuck
"""
import json
import re

from appliance import eventually

OPEN = "submitted,validating,queued,in_progress,resuming"
ENDED = {"completed", "rejected", "cancelled", "aborted"}
# Their effects happen in the appliance itself, in a repository, a program or a mail server: no stand-in counts them.
UNCOUNTED = ("manual-task", "terraform", "email", "jira-comment")
NONE = {"delayed": 0, "queued": 0, "leased": 0, "dead": 0}


def settle(server, within=60):
    """I1 and I7, seen from outside while the server runs."""
    eventually(lambda: server.api.get(f"/requests?limit=1&status={OPEN}").json["data"] == [], within, "the end of every request")
    eventually(lambda: jobs(server) == NONE, 20, "an empty queue")


def jobs(server):
    return jobs_of(server.api.get("/metrics"))


def jobs_of(metrics):
    """How many jobs there are by state, of the answer of /metrics."""
    lines = [line for line in metrics.body.decode().splitlines() if line.startswith("pao_jobs{")]
    return {line.split('"')[1]: int(line.split()[-1]) for line in lines}


def verify(directory, outside, acknowledged, unanswered=0, may_be_parked=lambda request: False):
    """`acknowledged` are the ids of all requests that were answered, `unanswered` the most that may be stored besides; a request of
    which `may_be_parked` is true may wait for a person with what is in doubt. No server may run."""
    directory.assert_whole()  # I4, I5 and the first half of I6
    requests = {row["request_id"]: row for row in directory.query("SELECT id, request_id, status, error_context, catalog_item_id FROM service_requests")}
    lost = set(acknowledged) - set(requests)
    assert not lost, f"acknowledged and gone: {lost}"
    assert len(requests) - len(set(acknowledged)) <= unanswered, "only what was under way may be stored without an answer"
    parked = ended(requests.values(), may_be_parked)
    effects_happened_once(directory, outside, parked)
    steps_in_order(directory)
    moves_follow_the_table(directory, requests)
    one_instance_each(directory)
    assert directory.query("SELECT kind, state FROM jobs WHERE kind = 'request'") == [], "I7"


def ended(requests, may_be_parked):
    """I1; the row ids of those that wait for a person."""
    parked = set()
    for request in requests:
        if request["status"] in ENDED:
            continue
        assert request["status"] == "failed" and request["error_context"], f"I1: {request}"
        assert may_be_parked(request), f"I1: {request['request_id']} can be settled without a person: {request['error_context']}"
        parked.add(request["id"])
    return parked


def effects_happened_once(directory, outside, parked):
    """I2: the outside has counted each key once, and knows every key that the ledger says is done, and no other."""
    ledger = directory.query("SELECT key, request_id, state, kind, summary FROM effects")
    of_ours = {row["key"] for row in ledger}
    state = outside.state
    effects = {key: count for key, count in state["effects"].items() if key in of_ours}
    others = {key for key in state["effects"] if not key.startswith("evt-")}  # notifications are in a table of their own
    assert others == set(effects), "I2: a call left before its intent was durable"
    assert {key: count for key, count in effects.items() if count != 1} == {}, "I2"
    countable = {row["key"] for row in ledger if row["key"] in effects or is_counted(row, outside)}
    done = {row["key"] for row in ledger if row["state"] == "done"}
    doubtful = {row["key"] for row in ledger if row["request_id"] in parked}
    assert set(effects) - doubtful == (done & countable) - doubtful, "I2"
    open_ = [row for row in ledger if row["state"] in ("intent", "sent")]
    assert open_ == [], f"I2: the ledger has no fate for {open_[:3]}"
    issues = [label for issue in state["jira"]["issues"] for label in issue["labels"]]
    assert len(issues) == len(set(issues)), "I2"
    comments = re.findall(r"pao-([a-z0-9]{26,})", json.dumps([issue["comments"] for issue in state["jira"]["issues"]]))
    written = {row["key"] for row in ledger if row["kind"] == "jira-comment" and row["state"] == "done"}
    assert sorted(comments) == sorted(written), "I2: each comment stands there once"


def is_counted(effect, outside):
    """Whether a stand-in counts it when it happens."""
    if effect["kind"] != "rest-api":
        return effect["kind"] not in UNCOUNTED
    return outside.url in effect["summary"] and not effect["summary"].startswith("GET ")


def steps_in_order(directory):
    early = directory.query(
        "SELECT s.request_id, s.step_id, d.step_id FROM request_steps s JOIN json_each(s.depends_on) n"
        " JOIN request_steps d ON d.request_id = s.request_id AND d.step_id = n.value"
        " WHERE s.started_at IS NOT NULL AND (d.completed_at IS NULL OR s.started_at < d.completed_at)")
    assert early == [], f"I3: {early[:3]}"


def moves_follow_the_table(directory, requests):
    last = {}
    for row in directory.query("SELECT request_id, old, new FROM events WHERE type = 'request.status' ORDER BY sequence"):
        assert row["old"] == last.get(row["request_id"]), f"I6: {row}"
        last[row["request_id"]] = row["new"]
    assert last == {id: request["status"] for id, request in requests.items()}, "I6"


def one_instance_each(directory):
    doubled = directory.query("SELECT creation_request_id FROM service_instances GROUP BY 1 HAVING count(*) > 1")
    assert doubled == [], doubled
    inactive = directory.query(
        "SELECT i.instance_state FROM service_instances i JOIN service_requests r ON r.instance_id = i.id"
        " WHERE r.status = 'completed' AND i.instance_state <> 'active'")
    assert inactive == [], inactive
