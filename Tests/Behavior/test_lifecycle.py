"""The life of a request, from submission to its end, with everything that can go wrong on the way."""
import base64
import itertools
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from appliance import Server
from client import action
from registry import Registry

JSON = lambda content: {"body": {"type": "json", "content": content}}


def statuses(request):
    return {action["id"]: action["status"] for action in request["actions"]}


def choices(request):
    return {choice["choice"] for choice in request["errorContext"]["choices"] if choice["allowed"]}


@pytest.fixture
def failing(api, server, sandbox, make):
    """Makes a request whose second step fails for good until the fault is used up; returns its id."""
    def start(times=1, status=400, **more):
        item = server.publish(make.item(
            make.call("first", "/first", outputs={"id": "$.id"}, cleanup="Delete {{outputs.first.id}}."),
            make.call("second", "/second", config=JSON({"name": "{{fields.name}}"}), outputs={"ref": "$.id"}),
            make.call("third", "/third", config=JSON({"ref": "{{outputs.second.ref}}"})),
            fields=["name"], instance={"name": "{{fields.name}}"}, **more))
        sandbox.fault("POST /second", "status", status, times)
        request = api.submit(item, {"name": f"{make.name}-thing"})
        api.follow(request, "failed")
        return request
    return start


# The happy path


def test_outputs_of_one_step_are_inputs_of_the_next_and_of_the_instance(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("provision", "/provision", outputs={"id": "$.id", "endpoint": "$.endpoint"}, config=JSON({"name": "{{fields.name}}", "size": "{{fields.size}}"})),
        make.call("register", "/register/{{outputs.provision.id}}", "PUT", config=JSON({"at": "{{outputs.provision.endpoint}}"})),
        fields=["name", {"id": "size", "name": "Size", "type": "integer", "default": 20}],
        instance={"name": "{{fields.name}}", "outputs": {"endpoint": "{{outputs.provision.endpoint}}"}}))
    request = api.run(item, {"name": f"{make.name}-db"})
    outputs = action(request, "provision")["outputs"]
    first, second = sandbox.calls(make.name)
    assert first["body"] == {"name": f"{make.name}-db", "size": 20}, "a template that is one expression keeps its type"
    assert second["url"] == f"{make.host}/register/{outputs['id']}" and second["body"] == {"at": outputs["endpoint"]}
    instance = api.get(f"/instances/{request['instanceId']}").json
    assert (instance["state"], instance["outputs"]) == ("active", {"endpoint": outputs["endpoint"]})


def test_a_step_whose_condition_is_false_is_skipped_and_says_why(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("always"), make.call("sometimes", "/sometimes", **{"if": "{{fields.kind == 'prod'}}"}), make.call("after", "/after"),
        fields=["kind"]))
    request = api.run(item, {"kind": "dev"})
    assert statuses(request) == {"always": "completed", "sometimes": "skipped", "after": "completed"}
    assert "condition" in action(request, "sometimes")["reason"]
    assert not sandbox.calls(f"{make.name}.example/sometimes")
    assert statuses(api.run(item, {"kind": "prod"}))["sometimes"] == "completed"


def test_steps_run_in_the_order_written(api, server, sandbox, make):
    item = server.publish(make.item(*[make.call(f"s{index}", f"/{index}") for index in range(6)]))
    api.run(item)
    assert [call["url"][-1] for call in sandbox.calls(make.name)] == list("012345")


def test_in_parallel_mode_what_depends_on_nothing_runs_at_once(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("a", "/a"), make.call("b", "/b"), make.call("c", "/c", dependsOn=["a", "b"]), automatic={"mode": "parallel"}))
    for path in ("/a", "/b"):
        sandbox.fault(f"POST {path}", "delay", 400)
    request = api.run(item)
    a, b, c = (action(request, name) for name in "abc")
    assert a["startedAt"] < b["completedAt"] and b["startedAt"] < a["completedAt"], "a and b overlap"
    assert c["startedAt"] >= max(a["completedAt"], b["completedAt"])


def test_in_parallel_mode_a_failed_step_lets_the_others_end_and_starts_no_more(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("bad", "/bad"), make.call("slow", "/slow"), make.call("after", "/after", dependsOn=["slow"]), automatic={"mode": "parallel"}))
    sandbox.fault("POST /bad", "status", 400)
    sandbox.fault("POST /slow", "delay", 300)
    request = api.follow(api.submit(item), "failed")
    assert statuses(request) == {"bad": "failed", "slow": "completed", "after": "pending"}
    api.operate(request["id"], "retry")
    assert set(statuses(api.follow(request["id"])).values()) == {"completed"}


def test_every_move_is_an_event_in_the_order_of_the_table(api, server, make):
    request = api.run(server.publish(make.item(make.call(), instance={"name": make.name})))["id"]
    moves = []
    for _, event, data in api.stream(f"/requests/{request}/events", last=0):
        assert {"at", "subject", "old", "new", "correlationId"} <= set(data)
        if event == "request.status":
            moves.append((data["old"], data["new"]))
        if data["new"] == "completed" and event == "request.status":
            break
    assert moves == [(None, "submitted"), ("submitted", "validating"), ("validating", "queued"), ("queued", "in_progress"), ("in_progress", "completed")]


# Retries


def test_a_step_that_fails_twice_is_tried_again_and_its_effect_happens_once(api, server, sandbox, make):
    item = server.publish(make.item(make.call("create", "/twice")))
    sandbox.fault("POST /twice", "status", 503, 2)
    request = api.run(item)
    attempts = action(request, "create")["attempts"]
    assert [(attempt["number"], attempt["status"], attempt["errorType"]) for attempt in attempts] == [
        (1, "failed", "http_503"), (2, "failed", "http_503"), (3, "completed", None)]
    calls = sandbox.calls(make.name)
    assert [call["status"] for call in calls] == [503, 503, 200] and len({call["key"] for call in calls}) == 1
    assert sandbox.state["effects"][calls[0]["key"]] == 1


@pytest.mark.parametrize("fault", ["cut", "garbage", "duplicate"])
def test_a_keyed_call_whose_answer_is_lost_is_repeated_with_the_same_key(api, server, sandbox, make, fault):
    item = server.publish(make.item(make.call("create", f"/{fault}ting", outputs={"id": "$.id"})))
    sandbox.fault(f"POST /{fault}ting", fault)
    request = api.run(item)
    calls = [call["key"] for call in sandbox.calls(make.name)]
    assert len(set(calls)) == 1
    # The sandbox itself does it twice where it is told to; our one call was answered.
    assert (len(calls), sandbox.state["effects"][calls[0]]) == (2, 2 if fault == "duplicate" else 1)
    assert len(action(request, "create")["attempts"]) == (1 if fault == "duplicate" else 2)
    assert action(request, "create")["outputs"]["id"]


def test_what_the_other_side_asks_for_by_retry_after_is_obeyed(servers, make, directory):
    from stubborn import Stubborn
    with Stubborn([(429, {"Retry-After": "1"}), (200, {})]) as other:
        server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([f"127.0.0.1:{other.port}"])})
        document = make.item(make.call("create"))
        document["fulfillment"]["automatic"]["actions"][0]["config"]["endpoint"]["url"] = f"http://127.0.0.1:{other.port}/x"
        server.api.run(server.publish(document))
        assert other.times[1] - other.times[0] >= 1.0


def test_a_refusal_that_repetition_cannot_change_is_not_repeated(api, server, sandbox, make):
    item = server.publish(make.item(make.call("create", "/refused")))
    sandbox.fault("POST /refused", "status", 422, 5)
    request = api.follow(api.submit(item), "failed")
    assert len(action(request, "create")["attempts"]) == 1
    for _ in range(4):
        api.operate(request["id"], "retry")
        api.follow(request["id"], "failed")
    api.operate(request["id"], "retry")
    api.follow(request["id"])


def test_exhausted_tries_fail_the_request_with_everything_a_person_needs(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("first", "/ok", outputs={"id": "$.id"}, cleanup="Delete {{outputs.first.id}}."), make.call("second", "/exhaust"),
        make.call("third", "/never"), instance={"name": make.name}))
    sandbox.fault("POST /exhaust", "status", 500, 3)
    request = api.follow(api.submit(item), "failed")
    assert statuses(request) == {"first": "completed", "second": "failed", "third": "pending"}
    assert len(action(request, "second")["attempts"]) == 3 and request["completedAt"] is None and request["currentAction"] == "second"
    context = request["errorContext"]
    assert context["failedAction"]["id"] == "second" and context["error"]["type"] == "http_500"
    assert context["cleanupRequired"][0]["instructions"] == f"Delete {action(request, 'first')['outputs']['id']}."
    assert context["partialResources"][0]["actionId"] == "first" and context["escalationPath"] == "platform"
    assert {"retry", "retry-with-changes", "complete-by-hand", "skip", "abort", "escalate"} <= choices(request)
    assert api.get(f"/requests?status=failed&catalogItemId={item}").json["data"][0]["id"] == request["id"]
    api.operate(request["id"], "retry", actionId="second")
    done = api.follow(request["id"])
    assert [attempt["number"] for attempt in action(done, "second")["attempts"]] == [1, 2, 3, 4] and done["errorContext"] is None


def test_a_step_of_its_own_time_limit_is_ended_by_it(api, server, sandbox, make):
    item = server.publish(make.item(make.call("create", "/hanging", "PUT", timeout="300ms", retry={"attempts": 1})))
    sandbox.fault("PUT /hanging", "hang", 5000)
    began = time.monotonic()
    request = api.follow(api.submit(item), "failed")
    assert request["errorContext"]["error"]["type"] == "timeout" and time.monotonic() - began < 4


def test_an_answer_that_verification_refuses_fails_the_step_and_shows_both_values(api, server, sandbox, make):
    sandbox.fault("PUT /verified", "status", 202, 10)
    item = server.publish(make.item(make.call("create", "/verified", "PUT", verification=[{"type": "http-status", "expected": 201}])))
    request = api.follow(api.submit(item), "failed")
    error = request["errorContext"]["error"]
    assert error["type"] == "verification" and "201" in error["details"]["expected"] and error["details"]["actual"] == "202"


# What people do


def test_retry_uses_the_same_key_as_the_tries_before(api, sandbox, failing, make):
    request = failing()
    api.operate(request, "retry")
    api.follow(request)
    keys = [call["key"] for call in sandbox.calls(f"{make.name}.example/second")]
    assert len(keys) == 2 and len(set(keys)) == 1
    assert len(sandbox.calls(f"{make.name}.example/first")) == 1, "what was completed is not made again"


def test_retry_with_changed_data_is_a_new_call_with_a_new_key(api, sandbox, failing, make):
    request = failing()
    api.operate(request, "retry", requestData={"name": "changed"})
    done = api.follow(request)
    first, second = sandbox.calls(f"{make.name}.example/second")
    assert second["body"] == {"name": "changed"} and first["key"] != second["key"] and done["requestData"] == {"name": "changed"}


def test_retry_with_data_that_does_not_fit_the_form_is_a_422_and_changes_nothing(api, failing):
    request = failing()
    assert api.post(f"/requests/{request}/retry", {"requestData": {"surplus": 1}}).findings() == {("surplus", "unknown")}
    assert api.read(request)["status"] == "failed"


def test_retry_can_skip_the_verification(api, server, sandbox, make):
    sandbox.fault("PUT /unverified", "status", 202, 10)
    item = server.publish(make.item(make.call("create", "/unverified", "PUT", verification=[{"type": "http-status", "expected": 201}])))
    request = api.follow(api.submit(item), "failed")["id"]
    api.operate(request, "retry", skipVerification=True)
    assert api.follow(request)["status"] == "completed"


def test_a_failed_step_can_be_skipped_where_nothing_needs_its_outputs(api, server, sandbox, make):
    item = server.publish(make.item(make.call("bad", "/skipme"), make.call("good", "/good")))
    sandbox.fault("POST /skipme", "status", 400)
    request = api.follow(api.submit(item), "failed")["id"]
    api.operate(request, "steps/bad/skip", reason="not needed here")
    done = api.follow(request)
    assert statuses(done) == {"bad": "skipped", "good": "completed"} and "not needed here" in action(done, "bad")["reason"]


def test_a_failed_step_can_be_done_by_hand_with_its_outputs(api, sandbox, failing, make):
    request = failing()
    api.post(f"/requests/{request}/steps/second/complete", {"outputs": {}, "reason": "did it"}).findings() == {("outputs.ref", "required")}
    assert api.read(request)["status"] == "failed"
    api.operate(request, "steps/second/complete", outputs={"ref": "by-hand"}, reason="did it")
    done = api.follow(request)
    second = action(done, "second")
    assert second["completedBy"] == "ada" and second["outputs"] == {"ref": "by-hand"} and "did it" in second["reason"]
    assert sandbox.calls(f"{make.name}.example/third")[0]["body"] == {"ref": "by-hand"}


def test_outputs_that_are_missing_refuse_completion_by_hand(api, failing):
    request = failing()
    assert api.post(f"/requests/{request}/steps/second/complete", {"reason": "did it"}).findings() == {("outputs.ref", "required")}


def test_a_failed_request_can_be_aborted_with_a_cleanup_ticket(api, failing):
    request = failing()
    first = action(api.read(request), "first")["outputs"]["id"]
    done = api.operate(request, "abort", reason="no longer wanted", createCleanupTicket=True)
    assert (done["status"], statuses(done)) == ("aborted", {"first": "completed", "second": "failed", "third": "skipped"})
    assert done["completedAt"]
    assert api.get(f"/instances/{done['instanceId']}").json["state"] == "failed"
    ticket = api.ticket(request)
    assert ticket["type"] == "cleanup" and f"Delete {first}." in ticket["description"]


def test_what_an_aborted_request_has_left_to_do_goes_to_a_person_at_the_step_boundary(api, server, make):
    sandbox = server.sandbox
    sandbox.fault(f"POST /slow", "delay", 1500)
    item = server.publish(make.item(make.call("first", "/slow"), make.call("second", "/second")))
    request = api.submit(item)
    api.follow(request, lambda request: action(request, "first")["status"] == "running")
    assert api.operate(request, "abort", reason="a person goes on", createCompletionTicket=True)["stopping"]
    done = api.follow(request, until="aborted")
    assert statuses(done) == {"first": "completed", "second": "skipped"}
    ticket = api.ticket(request)
    assert ticket["type"] == "completion" and "Left to do:\n\n- Second" in ticket["description"] and "- First" in ticket["description"]


def test_escalation_opens_an_incident_and_the_request_can_still_go_on(api, failing):
    request = failing()
    escalated = api.operate(request, "escalate", reason="customers wait", priority="Highest")
    assert escalated["status"] == "escalated" and escalated["escalationTicketId"]
    ticket = api.get(f"/tickets/{escalated['escalationTicketId']}").expect(200).json
    assert ticket["type"] == "escalation" and ticket["priority"] == "Highest" and "customers wait" in ticket["description"]
    api.operate(request, "retry")
    assert api.follow(request)["escalationTicketId"] == escalated["escalationTicketId"]


def test_an_escalated_request_can_be_aborted(api, failing):
    request = failing()
    api.operate(request, "escalate", reason="x")
    assert api.operate(request, "abort", reason="y")["status"] == "aborted"


def test_a_running_request_is_aborted_when_its_call_has_ended(api, server, sandbox, make):
    item = server.publish(make.item(make.call("slow", "/slowly"), make.call("next", "/next"), instance={"name": make.name}))
    sandbox.fault("POST /slowly", "delay", 500)
    request = api.submit(item)
    api.follow(request, lambda request: action(request, "slow")["status"] == "running")
    assert api.operate(request, "abort", reason="stop")["stopping"] is True
    done = api.follow(request, "aborted")
    assert statuses(done) == {"slow": "completed", "next": "skipped"} and done["stopping"] is False


def test_a_request_that_waits_for_its_next_try_is_aborted_at_once(api, server, sandbox, make):
    item = server.publish(make.item(make.call("again", "/againagain"), retry={"attempts": 3, "backoff": "none", "initialDelay": "60s", "maxDelay": "60s"}))
    sandbox.fault("POST /againagain", "status", 503, 3)
    request = api.submit(item)
    api.follow(request, lambda request: action(request, "again")["status"] == "retrying")
    api.operate(request, "abort", reason="stop")
    api.follow(request, "aborted", within=5)
    sandbox.post("/reset")


def test_a_request_that_waits_for_a_person_is_aborted_at_once_and_its_ticket_closed(api, server, make):
    request = api.submit(server.publish(make.item(make.task("wait"))))
    ticket = api.ticket(request)["id"]
    api.operate(request, "abort", reason="stop")
    api.follow(request, "aborted", within=5)
    assert api.get(f"/tickets/{ticket}").json["status"] == "closed"


def test_a_queued_request_can_be_cancelled_or_aborted_before_it_begins(api, server, sandbox, make):
    item = server.publish(make.item(make.call()))
    for verb, sent in (("cancel", {}), ("abort", {"reason": "x"})):
        request = api.post("/requests", {"catalogItemId": item, "startAfter": "2099-01-01T00:00:00Z"}).expect(201).json["id"]
        done = api.operate(request, verb, **sent)
        assert done["status"] in ("cancelled", "aborted") and done["completedAt"], verb
        assert set(statuses(done).values()) == {"skipped"}
    assert not sandbox.calls(make.name)


@pytest.mark.parametrize("verb, sent", [
    ("retry", {}), ("abort", {"reason": "x"}), ("escalate", {"reason": "x"}), ("cancel", {}),
    ("steps/call/skip", {"reason": "x"}), ("steps/call/complete", {"reason": "x", "outputs": {}}),
])
def test_a_completed_request_refuses_every_verb_with_409(api, server, make, verb, sent):
    request = api.run(server.publish(make.item(make.call())))["id"]
    assert "completed" in api.post(f"/requests/{request}/{verb}", sent).problem(409, "conflict")["detail"]


@pytest.mark.parametrize("verb, sent", [("retry", {"actionId": "third"}), ("retry", {"actionId": "nothing"}), ("cancel", {}), ("steps/first/skip", {"reason": "x"})])
def test_a_failed_request_refuses_what_does_not_fit_its_state(api, failing, verb, sent):
    api.post(f"/requests/{failing()}/{verb}", sent).problem(404 if sent.get("actionId") == "nothing" else 409)


@pytest.mark.parametrize("verb", ["abort", "escalate", "steps/second/skip", "steps/second/complete"])
def test_a_reason_is_required(api, failing, verb):
    assert api.post(f"/requests/{failing()}/{verb}", {}).findings() == {("reason", "required")}


# Tickets


def test_a_manual_task_waits_until_it_is_resolved_with_its_outputs(api, server, sandbox, make):
    item = server.publish(make.item(
        make.task("ask", outputs=["answer"]), make.call("use", "/use", config=JSON({"said": "{{outputs.ask.answer}}"}))))
    request = api.submit(item)
    ticket = api.ticket(request)
    assert {"id", "requestId", "actionId", "type", "status", "title", "team", "outputs"} <= set(ticket)
    assert (ticket["actionId"], ticket["status"], ticket["outputs"]) == ("ask", "open", [{"name": "answer"}])
    place = f"/tickets/{ticket['id']}"
    claimed = api.post(f"{place}/claim").expect(200).json
    assert (claimed["status"], claimed["assignee"]) == ("in_progress", "ada")
    api.post(f"{place}/comment", {"text": "on it"}).expect(200)
    assert api.get(place).json["comments"][0]["text"] == "on it"
    assert api.post(f"{place}/resolve", {"outputs": {}}).findings() == {("outputs.answer", "required")}
    api.post(f"{place}/resolve", {"outputs": {"answer": 42}, "comment": "done"}).expect(200)
    api.follow(request)
    assert sandbox.calls(make.name)[0]["body"] == {"said": 42}
    api.post(f"{place}/resolve", {"outputs": {"answer": 43}}).problem(409)


def test_a_ticket_that_is_closed_fails_its_step(api, server, make):
    request = api.submit(server.publish(make.item(make.task("ask"))))
    ticket = api.ticket(request)["id"]
    api.post(f"/tickets/{ticket}/close", {"reason": "will not do"}).expect(200)
    assert api.follow(request, "failed")["errorContext"]["error"]["type"] == "ticket_closed"
    api.operate(request, "retry")
    again = api.ticket(request)
    assert again["id"] != ticket
    api.post(f"/tickets/{again['id']}/resolve", {}).expect(200)
    api.follow(request)


def test_a_manual_item_goes_through_its_manual_actions(api, server, make):
    item = server.publish(make.item(mode="manual", manual=[make.task("one", outputs=["a"]), make.task("two")], instance={"name": make.name, "outputs": {"a": "{{outputs.one.a}}"}}))
    request = api.submit(item)
    first = api.ticket(request)
    assert first["actionId"] == "one"
    api.post(f"/tickets/{first['id']}/resolve", {"outputs": {"a": "x"}}).expect(200)
    second = api.ticket(request)
    assert second["actionId"] == "two"
    api.post(f"/tickets/{second['id']}/resolve", {}).expect(200)
    instance = api.get(f"/instances/{api.follow(request)['instanceId']}").json
    assert instance["outputs"] == {"a": "x"}


def test_a_jira_ticket_of_a_manual_item_ends_when_the_issue_does(api, server, sandbox, make):
    request = api.submit(server.publish(make.item(mode="manual", manual=[make.issue("issue", outputs=["key", "url"])])))
    ticket = api.ticket(request)
    assert ticket["system"] == "jira" and ticket["id"].startswith("OPS-")
    assert sandbox.advance(ticket["id"]) == 1
    done = api.follow(request)
    assert action(done, "issue")["outputs"]["key"] == ticket["id"]


def test_a_jira_ticket_that_ends_badly_fails_its_step(api, server, sandbox, make):
    request = api.submit(server.publish(make.item(mode="manual", manual=[make.issue("issue")])))
    sandbox.advance(api.ticket(request)["id"], "failure")
    assert api.follow(request, "failed")["errorContext"]["error"]["type"] == "ticket_closed"


def test_an_issue_whose_creation_was_not_answered_is_found_and_not_made_twice(api, server, sandbox, make):
    sandbox.fault("POST /rest/api/2/issue", "cut")
    request = api.run(server.publish(make.item(make.issue("issue", outputs=["key"]))))
    key = action(request, "issue")["outputs"]["key"]
    issues = [issue["key"] for issue in sandbox.state["jira"]["issues"] if issue["summary"] == f"{make.name}: issue"]
    assert issues == [key]


def test_what_fails_is_handed_to_a_person_where_the_document_says_so(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("first", "/first"), make.call("bad", "/fallback", outputs={"endpoint": "$.endpoint"}), make.call("depends", "/depends", dependsOn=["bad"]),
        manual=[make.task("byHand", outputs=["endpoint"])], automatic={"fallbackOnFailure": True},
        instance={"name": make.name, "outputs": {"endpoint": "{{outputs.bad.endpoint}}"}}))
    sandbox.fault("POST /fallback", "status", 500, 3)
    request = api.submit(item)
    ticket = api.ticket(request)
    assert ticket["title"] == "Do byHand" and ticket["outputs"] == [{"name": "endpoint"}]
    api.post(f"/tickets/{ticket['id']}/resolve", {"outputs": {"endpoint": "e"}}).expect(200)
    done = api.follow(request)
    assert statuses(done) == {"first": "completed", "bad": "completed", "depends": "skipped"}
    assert api.get(f"/instances/{done['instanceId']}").json["outputs"] == {"endpoint": "e"}


def test_what_no_machine_can_verify_is_asked(api, server, make):
    request = api.submit(server.publish(make.item(make.call("create", verification=[{"type": "phase-of-moon", "is": "full"}]))))
    ticket = api.ticket(request)
    assert ticket["type"] == "question" and "moon" in ticket["description"]
    api.post(f"/tickets/{ticket['id']}/resolve", {}).expect(200)
    api.follow(request)


# Doubt


def test_a_call_without_key_whose_fate_is_unknown_is_never_repeated_by_itself(api, server, sandbox, make):
    sandbox.fault("POST /unkeyed", "cut")
    item = server.publish(make.item(make.unkeyed("create", path="/unkeyed", outputs={"id": "$.id"}), make.call("after", "/after")))
    request = api.follow(api.submit(item), "failed")
    assert request["errorContext"]["error"]["type"] == "in_doubt"
    effect = api.get(f"/requests/{request['id']}/effects").json["data"][0]
    assert (effect["state"], effect["tries"], effect["resend"]) == ("unknown", 1, "never")
    assert len(sandbox.calls(f"{make.name}.example/unkeyed")) == 1
    retry = next(choice for choice in request["errorContext"]["choices"] if choice["choice"] == "retry")
    assert "twice" in retry["explanation"]
    api.operate(request["id"], "steps/create/complete", outputs={"id": "found"}, reason="it is there")
    api.follow(request["id"])
    assert len(sandbox.calls(f"{make.name}.example/unkeyed")) == 1


def test_a_person_may_repeat_what_is_in_doubt_with_a_new_key(api, server, sandbox, make):
    sandbox.fault("POST /doubtful", "cut", effect=False)
    request = api.follow(api.submit(server.publish(make.item(make.unkeyed("create", path="/doubtful")))), "failed")["id"]
    api.operate(request, "retry")
    api.follow(request)
    keys = [call["key"] for call in sandbox.calls(make.name)]
    assert len(keys) == 2 and len(set(keys)) == 2


@pytest.mark.parametrize("is_made", [True, False])
def test_a_verify_call_settles_what_is_in_doubt(servers, make, is_made):
    """Asked whether it has happened, the other side says yes, and it is not done again; or no, and it is."""
    registry = Registry()
    try:
        server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([registry.address])})
        name = "x" if is_made else "y"
        step = {"id": "create", "type": "rest-api", "outputs": {"id": "$.id"}, "timeout": "20s", "config": {
            "endpoint": {"url": registry.url + "/make", "method": "POST"}, "body": {"type": "json", "content": {"name": "x"}}, "timeout": "2s",
            "verify": {"url": f"{registry.url}/made/{name}"}}}
        item = server.publish(make.item(step))
        registry.silence()
        request = server.api.run(item)
        asked = [call for call, _ in itertools.groupby(registry.calls)]  # again where an answer took too long
        assert asked == (["POST /make", "GET /made/x"] if is_made else ["POST /make", "GET /made/y", "POST /make"])
        assert action(request, "create")["outputs"]["id"] == "x"
        assert len(action(request, "create")["attempts"]) == 1
    finally:
        registry.close()


# One after another


def test_requests_with_the_same_concurrency_key_run_one_after_another(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("only", "/alone"), fields=["key"], automatic={"concurrency": {"key": "{{fields.key}}", "policy": "queue"}}))
    sandbox.fault("POST /alone", "delay", 150, 4)
    requests = [api.submit(item, {"key": "k"}) for _ in range(4)]
    times = [(action(api.follow(request), "only")["startedAt"], action(api.read(request), "only")["completedAt"]) for request in requests]
    assert times == sorted(times)
    assert all(earlier[1] <= later[0] for earlier, later in zip(times, times[1:])), times


def test_a_failed_request_does_not_hold_up_others_of_its_concurrency_key(api, server, sandbox, make):
    item = server.publish(make.item(
        make.call("only", "/stumble"), fields=["key"], automatic={"concurrency": {"key": "{{fields.key}}", "policy": "queue"}}))
    sandbox.fault("POST /stumble", "delay", 300)
    first = api.submit(item, {"key": "k"})
    sandbox.fault("POST /stumble", "status", 400)
    second, third = api.submit(item, {"key": "k"}), api.submit(item, {"key": "k"})
    api.follow(first)
    api.follow(second, "failed")
    api.follow(third, within=10)
    api.operate(second, "retry")
    api.follow(second, within=10)


def test_cancelling_the_first_of_a_queue_lets_the_next_begin(api, server, make):
    item = server.publish(make.item(
        make.call("only"), fields=["key"], automatic={"concurrency": {"key": "{{fields.key}}", "policy": "queue"}}))
    waiting = api.post("/requests", {"catalogItemId": item, "requestData": {"key": "k"}, "startAfter": "2099-01-01T00:00:00Z"}).json["id"]
    next_ = api.submit(item, {"key": "k"})
    api.operate(waiting, "cancel")
    api.follow(next_, within=10)


# What may not be asked for


def test_a_name_is_taken_while_a_live_request_or_instance_has_it(api, server, make):
    item = server.publish(make.item(make.task("wait"), fields=["name"], instance={"name": "{{fields.name}}"}))
    sent = {"catalogItemId": item, "requestData": {"name": make.name}}
    request = api.post("/requests", sent).expect(201).json["id"]
    assert api.post("/requests", sent).findings() == {("name", "nameTaken")}
    api.post(f"/tickets/{api.ticket(request)['id']}/resolve", {}).expect(200)
    api.follow(request)
    assert api.post("/requests", sent).findings() == {("name", "nameTaken")}


def test_a_name_is_free_again_after_an_abort(api, server, make):
    item = server.publish(make.item(make.task("wait"), fields=["name"], instance={"name": "{{fields.name}}"}))
    request = api.submit(item, {"name": make.name})
    api.ticket(request)
    api.operate(request, "abort", reason="x")
    api.follow(request, "aborted")
    api.submit(item, {"name": make.name})


def test_a_quota_counts_requests_under_way_and_instances(api, server, make):
    item = server.publish(make.item(make.call(), fields=["name"], instance={"name": "{{fields.name}}"}, quotas={"perTeam": 2}))
    api.submit(item, {"name": f"{make.name}a"})
    api.submit(item, {"name": f"{make.name}b"})
    assert api.post("/requests", {"catalogItemId": item, "requestData": {"name": f"{make.name}c"}}).findings() == {("catalogItemId", "quota")}


def test_a_quota_holds_against_callers_at_once(api, server, make):
    from test_api import at_once
    item = server.publish(make.item(make.call(), fields=["name"], instance={"name": "{{fields.name}}"}, quotas={"perTeam": 3}))
    answers = at_once(20, lambda index: api.post("/requests", {"catalogItemId": item, "requestData": {"name": f"{make.name}{chr(97 + index)}"}}))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [422] * 17


def test_a_retired_item_takes_no_requests_and_names_its_successor(api, server, make):
    item = server.publish(make.item(make.call(), suffix="-old", lifecycle={"status": "retired", "replacedBy": make.name}), make.item(make.call()))
    answer = api.post("/requests", {"catalogItemId": item, "requestData": {}})
    assert answer.findings() == {("catalogItemId", "retired")} and make.name in answer.json["errors"][0]["message"]


def test_a_withdrawn_item_takes_no_requests_but_its_requests_go_on(api, server, make):
    item = server.publish(make.item(make.task("wait"), make.call("after")))
    request = api.submit(item)
    ticket = api.ticket(request)
    (server.directory.catalog / "compute" / item / "service.yaml").unlink()
    api.post("/catalog/refresh?wait=true").expect(200)
    assert api.post("/requests", {"catalogItemId": item, "requestData": {}}).findings() == {("catalogItemId", "unknown")}
    api.post(f"/tickets/{ticket['id']}/resolve", {}).expect(200)
    api.follow(request)


def test_a_dependency_must_exist_and_be_active(api, server, make):
    network = server.publish(make.item(make.call(), suffix="-net", fields=["name"], instance={"name": "{{fields.name}}"}))
    item = server.publish(make.item(
        make.call(), fields=["name", "network"],
        instance={"name": "{{fields.name}}", "dependencies": [{"on": "{{fields.network}}", "type": "network", "name": "vpc"}]}))
    sent = lambda of: {"catalogItemId": item, "requestData": {"name": make.name, "network": of}}
    assert api.post("/requests", sent("si-aaaaaaaaaaaa")).findings() == {("network", "dependency")}
    provider = api.run(network, {"name": f"{make.name}-net"})["instanceId"]
    api.follow(api.post("/requests", sent(provider)).expect(201).json["id"])


def test_a_dependency_of_a_type_that_is_none_is_an_error_or_does_no_harm(api, server, make):
    network = server.publish(make.item(make.call(), suffix="-net", fields=["name"], instance={"name": "{{fields.name}}"}))
    provider = api.run(network, {"name": f"{make.name}-net"})["instanceId"]
    document = make.item(
        make.call(), fields=["name"],
        instance={"name": "{{fields.name}}", "dependencies": [{"on": "{{fields.name}}", "type": "postgresql", "name": "vpc"}]})
    document["instance"]["dependencies"][0]["on"] = provider
    server.directory.write(document)
    api.post("/catalog/refresh?wait=true").expect(200)
    if api.get(f"/catalog/items/{make.name}").status == 200:
        api.run(make.name, {"name": make.name})


def test_an_instance_cannot_be_asked_for_that_depends_on_another_teams(servers, make):
    server = servers()
    red, blue = server.person("ben", "developer", "red"), server.person("cleo", "developer", "blue")
    network = server.publish(make.item(make.call(), suffix="-net", fields=["name"], instance={"name": "{{fields.name}}"}))
    item = server.publish(make.item(
        make.call(), fields=["name", "network"],
        instance={"name": "{{fields.name}}", "dependencies": [{"on": "{{fields.network}}", "type": "network", "name": "vpc"}]}))
    provider = red.run(network, {"name": "net"})["instanceId"]
    sent = {"catalogItemId": item, "requestData": {"name": "thing", "network": provider}}
    absent = {"catalogItemId": item, "requestData": {"name": "thing", "network": "si-aaaaaaaaaaaa"}}
    refused = blue.post("/requests", sent)
    assert refused.findings() == {("network", "dependency")}
    words = lambda answer: answer.json["errors"][0]["message"].replace(provider, "ID").replace("si-aaaaaaaaaaaa", "ID")
    assert words(refused) == words(blue.post("/requests", absent)), "what is another team's reads like what is not there"
    red.post("/requests", sent).expect(201)


def test_start_after_holds_a_request_back_until_its_time(api, server, sandbox, make):
    item = server.publish(make.item(make.call()))
    from datetime import datetime, timedelta, timezone
    at = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    request = api.post("/requests", {"catalogItemId": item, "startAfter": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}).expect(201).json["id"]
    done = api.follow(request)
    assert done["startedAt"] >= at.strftime("%Y-%m-%dT%H:%M:%S")


# Secrets


def forms(canary):
    """The ways in which a value might be written."""
    raw = canary.encode()
    base64s = {base64.b64encode(bytes(pad) + raw).decode()[4:-4] for pad in range(3)}
    return {canary, quote(canary, safe=""), quote_plus(canary), json.dumps(canary)[1:-1], raw.hex(), raw.hex().upper(), *base64s}


def test_a_password_is_in_no_file_no_log_and_no_answer(servers, make):
    canary = 'cAnArY/"pass&word+=\\§7'
    secret = {"id": "password", "name": "Password", "type": "password", "required": True}
    outputs = {"echo": {"path": "$.received.body.p", "sensitive": True}}
    server = servers()
    api = server.api
    item = server.publish(make.item(
        make.call("send", "/send", config=JSON({"p": "{{fields.password}}"}), outputs=outputs),
        make.call("refuse", "/refuse", config={"headers": {"X-Password": "{{urlencode(fields.password)}}"}, **JSON({"p": "{{outputs.send.echo}}"})}),
        make.task("ask", outputs=["x"]), fields=[secret, "name"],
        instance={"name": "{{fields.name}}", "outputs": {"password": "{{fields.password}}"}}))
    server.sandbox.fault("POST /refuse", "status", 400)
    seen = []
    note = lambda answer: seen.append(answer.body.decode()) or answer
    sent = {"catalogItemId": item, "requestData": {"password": canary, "name": "n"}}
    note(api.post("/validate/request", sent)).expect(200)
    note(api.post("/requests?dryRun=true", sent)).expect(200)
    request = note(api.post("/requests", sent, headers={"Idempotency-Key": "k"})).expect(201).json["id"]
    note(api.post("/requests", sent, headers={"Idempotency-Key": "k"})).expect(201)
    api.follow(request, "failed")
    note(api.post(f"/requests/{request}/retry", {})).expect(200)
    ticket = api.ticket(request)["id"]
    note(api.post(f"/tickets/{ticket}/resolve", {"outputs": {"x": 1}})).expect(200)
    done = api.follow(request)
    for path in ("", "/logs", "/effects", "/status", "/steps/send", "/steps/refuse"):
        note(api.get(f"/requests/{request}{path}")).expect(200)
    for path in (f"/instances/{done['instanceId']}", "/instances", "/requests", "/tickets", f"/tickets/{ticket}", f"/catalog/items/{item}/schema"):
        note(api.get(path)).expect(200)
    assert server.sandbox.calls("/send")[0]["body"] == {"p": canary}, "it is sent where it is meant to go"
    assert server.sandbox.calls("/refuse")[-1]["body"] == {"p": canary}, "also out of a sealed output"
    stored = {file.name: file.read_bytes() for file in server.directory.data.iterdir() if file.is_file() and not file.name.startswith("sandbox")}
    server.stop()
    stored |= {f"{file.name} after": file.read_bytes() for file in server.directory.data.iterdir() if file.is_file() and not file.name.startswith("sandbox")}
    stored |= {"log": server.process.log.read_bytes(), "answers": "\n".join(seen).encode()}
    for form in forms(canary):
        for name, content in stored.items():
            assert form.encode() not in content, f"{form} is in {name}"
    assert api.token and f'"password":"********"' in "".join(seen).replace(" ", "")


def test_a_secret_that_the_other_side_quotes_in_its_error_is_masked(servers, make, tmp_path):
    from stubborn import Stubborn
    (tmp_path / "api_token").write_text("s3cr3t-t0k3n-value")
    with Stubborn([(400, {}, b'{"error": "bad token s3cr3t-t0k3n-value"}')]) as other:
        server = servers(sandbox=False, environment={
            "PAO_EGRESS_ALLOW": json.dumps([f"127.0.0.1:{other.port}"]), "PAO_SECRETS_DIRECTORY": str(tmp_path)})
        document = make.item(make.call("create", config={"authentication": {"type": "bearer", "token": "{{secrets.api_token}}"}}))
        document["fulfillment"]["automatic"]["actions"][0]["config"]["endpoint"]["url"] = f"http://127.0.0.1:{other.port}/x"
        request = server.api.follow(server.api.submit(server.publish(document)), "failed")
        assert other.requests[0]["headers"]["authorization"] == "Bearer s3cr3t-t0k3n-value"
        assert "s3cr3t" not in json.dumps(request)
        assert "s3cr3t" not in server.api.get(f"/requests/{request['id']}/logs").body.decode()
        server.stop()
        for file in (server.directory.database, server.process.log):
            assert b"s3cr3t" not in file.read_bytes(), file


# Egress


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1/x", "http://localhost:1/x", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/x", "http://10.0.0.1/x",
    "http://0x7f000001/x", "http://2130706433/", "file:///etc/passwd", "gopher://x.example/",
])
def test_without_sandbox_private_addresses_are_not_called(closed_server, make, url):
    document = make.item(make.call("create", "PUT", retry={"attempts": 1}))
    document["fulfillment"]["automatic"]["actions"][0]["config"]["endpoint"]["url"] = url
    closed_server.directory.write(document)
    closed_server.api.post("/catalog/refresh?wait=true").expect(200)
    if closed_server.api.get(f"/catalog/items/{make.name}").status == 404:
        return
    request = closed_server.api.follow(closed_server.api.submit(make.name), "failed")
    assert request["errorContext"]["error"]["type"] not in ("in_doubt", "connect"), request["errorContext"]["error"]


@pytest.fixture(scope="module")
def closed_server():
    server = Server(sandbox=False).wait_until_ready()
    yield server
    server.close()
