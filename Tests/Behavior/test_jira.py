"""What is done in JIRA beside steps: incidents of escalated requests, links between the tickets of a bundle, webhooks instead of waiting."""
import hashlib
import hmac
import json

import pytest
from appliance import SandboxProcess, eventually
from client import action


def issues(server):
    return {issue["key"]: issue for issue in server.sandbox.state["jira"]["issues"]}


def failed(server, make, data=None):
    server.sandbox.fault(f"POST /things", "status", 400, times=9)
    item = server.publish(make.item(make.call(), retry={"attempts": 1}, fields=["note"]))
    return server.api.run(item, data, until="failed")["id"]


def test_an_escalation_becomes_an_incident_in_jira_with_the_whole_context(servers, make):
    server = servers(environment={"PAO_PUBLIC_URL": "https://pao.corp.example"})
    request = failed(server, make, {"note": "*bold* {code} \"x\""})
    server.api.operate(request, "escalate", reason="it is *urgent*", priority="High")
    key = eventually(lambda: next(iter(issues(server)), None), what="an issue")
    escalation = eventually(lambda: (lambda found: found if found["ticketId"] == key else None)(
        server.api.get(f"/requests/{request}/escalation").json), what="the key")
    issue = issues(server)[key]
    assert escalation["escalatedAt"] and (issue["project"], issue["fields"]["issuetype"]["name"]) == ("ORCHESTRATION", "Incident")
    assert issue["summary"] == f"Manual Support Required - Service {make.name} ({request})" and issue["fields"]["priority"]["name"] == "High"
    text = issue["fields"]["description"]
    assert f"https://pao.corp.example/requests/{request}" in text and "it is \\*urgent\\*" in text
    assert '"note": "*bold* {code} \\"x\\""' in text, text
    ticket, = [ticket for ticket in server.api.get(f"/tickets?requestId={request}").json["data"] if ticket["type"] == "escalation"]
    assert (ticket["id"], ticket["system"], ticket["status"]) == (key, "jira", "open")
    server.sandbox.advance(key)
    eventually(lambda: server.api.get(f"/tickets/{key}").json["status"] == "resolved", what="the ticket to follow")
    assert server.api.read(request)["status"] == "escalated"


def test_an_escalation_whose_answer_was_lost_makes_one_incident(servers, make):
    server = servers()
    request = failed(server, make)
    server.sandbox.fault("POST /rest/api/2/issue", "cut")
    server.api.operate(request, "escalate", reason="x")
    eventually(lambda: server.api.get(f"/requests/{request}/escalation").json["ticketId"] in issues(server), within=60, what="the key")
    assert len(issues(server)) == 1


def test_where_jira_says_no_the_escalation_stays_in_the_inbox(servers, make):
    server = servers()
    request = failed(server, make)
    server.sandbox.fault("POST /rest/api/2/issue", "status", 403)
    server.api.operate(request, "escalate", reason="x")
    said = lambda: [line for line in server.api.get(f"/requests/{request}/logs").json["data"] if "stays in the inbox" in line["message"]]
    eventually(said, what="a line in the log")
    assert server.api.get(f"/requests/{request}/escalation").json["ticketId"].startswith("tkt-")


def test_without_a_jira_an_escalation_is_a_ticket_in_the_inbox(servers, make):
    server = servers(sandbox=False)
    item = server.publish(make.item(make.call(), retry={"attempts": 1}))
    request = server.api.run(item, until="failed")["id"]
    server.api.operate(request, "escalate", reason="x")
    ticket, = [ticket for ticket in server.api.get(f"/tickets?requestId={request}").json["data"] if ticket["type"] == "escalation"]
    assert ticket["system"] == "inbox" and ticket["id"] == server.api.get(f"/requests/{request}/escalation").json["ticketId"]


def jira(sandbox, version=2):
    return {"PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps({"main": {
        "baseUrl": sandbox.url, "apiVersion": version, "authentication": {"type": "bearer", "token": "x"}}}),
        "PAO_EGRESS_ALLOW": json.dumps([sandbox.url.removeprefix("http://")]), "PAO_PUBLIC_URL": "https://pao.corp.example"}


@pytest.fixture
def outside(tmp_path):
    """A sandbox that outlives the server."""
    sandbox = SandboxProcess(tmp_path)
    yield sandbox
    sandbox.close()


def comments(sandbox, count):
    """By issue, once one has that many."""
    found = lambda: [issue["comments"] for issue in sandbox.state["jira"]["issues"]]
    eventually(lambda: any(len(one) >= count for one in found()), within=40, what=f"{count} comments")
    return [[comment["body"] for comment in one] for one in found()]


def effects(server, request):
    return [effect for effect in server.api.get(f"/requests/{request}/effects").json["data"] if effect["kind"] == "jira-comment"]


def told(make, sandbox, **config):
    """A ticket, then a step by machine whose name is full of markup."""
    ticket = make.issue()
    ticket["config"].update(config)
    call = make.call("make", name="Make *it* {code} [a|b]")
    call["config"]["endpoint"]["url"] = sandbox.url + "/provision"
    return make.item(ticket, call)


@pytest.mark.parametrize("version, shown", [(2, "*Make \\\\*it\\\\* \\\\{code\\\\} \\\\[a\\\\|b\\\\]*"), (3, "Make *it* {code} [a|b]")])
def test_the_progress_of_a_request_is_commented_on_its_ticket(servers, make, outside, version, shown):
    server = servers(sandbox=False, environment=jira(outside, version))
    request = server.api.run(server.publish(told(make, outside)))
    [[body]] = comments(outside, 1)
    text = json.dumps(body, ensure_ascii=False)
    assert shown in text and " is completed" in text
    assert f"https://pao.corp.example/requests/{request['id']}" in text
    effect, = eventually(lambda: [one for one in effects(server, request["id"]) if one["state"] == "done"], what="the ledger")
    assert f"pao-{effect['key']}" in text and effect["summary"].startswith("Comment on OPS-")
    if version == 3:
        item = body["content"][0]["content"][0]["content"][0]["content"]
        assert item[0] == {"type": "text", "text": "Make *it* {code} [a|b]", "marks": [{"type": "strong"}]}


def test_a_failure_and_what_people_decide_is_commented_in_order(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    item = told(make, outside)
    item["fulfillment"]["automatic"]["retry"] = {"attempts": 1}
    outside.fault("POST /provision", "status", 400)
    request = server.api.run(server.publish(item), until="failed")["id"]
    comments(outside, 1)
    server.api.operate(request, "retry")
    server.api.follow(request)
    eventually(lambda: len(effects(server, request)) >= 2 and {one["state"] for one in effects(server, request)} == {"done"}, what="all comments")
    [bodies] = comments(outside, 2)
    assert "failed" in bodies[0] and "waits for a decision" in bodies[0]
    assert "goes on" in "".join(bodies[1:]) and "is completed" in bodies[-1]


def test_a_ticket_that_wants_no_comments_gets_none(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    request = server.api.run(server.publish(told(make, outside, comments=False)))
    assert effects(server, request["id"]) == [] and not outside.calls("/comment")


@pytest.mark.parametrize("fault", ["cut", "garbage", "hang"])
def test_a_comment_whose_answer_was_lost_stands_there_once(servers, make, outside, fault):
    server = servers(sandbox=False, environment=jira(outside) | {"PAO_TIMEOUTS_STEP": "2s"})
    outside.fault("POST /rest/api/2/issue/", fault)
    request = server.api.run(server.publish(told(make, outside)))["id"]
    eventually(lambda: effects(server, request)[0]["state"] == "done", within=40, what="certainty")
    assert [len(bodies) for bodies in comments(outside, 1)] == [1]


@pytest.mark.parametrize("arrives", [True, False])
def test_killed_between_sending_a_comment_and_its_answer_it_stands_there_once(servers, make, outside, arrives):
    server = servers(sandbox=False, environment=jira(outside))
    outside.fault("POST /rest/api/2/issue/", "hang" if arrives else "status", 503)
    request = server.api.run(server.publish(told(make, outside)))["id"]
    eventually(lambda: outside.calls("/comment"), what="a comment on its way")
    server.crash()
    server.start().wait_until_ready()
    eventually(lambda: effects(server, request)[0]["state"] == "done", within=60, what="certainty")
    assert [len(bodies) for bodies in comments(outside, 1)] == [1]


def test_a_comment_that_jira_refuses_is_given_up_and_the_request_does_not_mind(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    outside.fault("POST /rest/api/2/issue/", "status", 403)
    request = server.api.run(server.publish(told(make, outside)))["id"]
    effect = eventually(lambda: next((one for one in effects(server, request) if one["state"] == "failed"), None), what="an end")
    assert "403" in effect["note"]


def manual(make, suffix):
    return make.item(suffix=suffix, mode="manual", manual=[make.issue(f"issue{suffix}")])


@pytest.fixture
def bundle(servers, make):
    """Three components that people fulfil, in a row, and one that machines make."""
    server = servers()
    server.publish(manual(make, "-a"), manual(make, "-b"), manual(make, "-c"), make.item(make.call(), suffix="-auto"))
    part = lambda id, *after: {"id": id, "catalogItem": f"{make.name}-{id}", "dependsOn": list(after)}
    document = {
        "kind": "CatalogBundle", "metadata": make.item()["metadata"] | {"id": f"{make.name}-all", "category": "bundles"},
        "presentation": {"form": {"groups": []}}, "components": [part("a"), part("auto"), part("b", "a"), part("c", "a", "b")],
        "fulfillment": {"orchestration": {"mode": "sequential", "jiraLinking": {"linkType": "blocks"}}}}
    server.directory.write(document)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    request = server.api.post("/requests", {"catalogBundleId": f"{make.name}-all", "requestData": {}}).expect(201).json["id"]
    return server, request, make


def test_a_bundles_manual_items_open_their_tickets_at_once_and_block_each_other(bundle):
    server, request, make = bundle
    eventually(lambda: len(issues(server)) == 3, what="three issues")
    by_name = {issue["summary"].split("issue-")[1]: key for key, issue in issues(server).items()}
    links = lambda: {(link["type"], link["inward"], link["outward"]) for link in server.sandbox.state["jira"]["links"]}
    expected = {("Blocks", by_name[a], by_name[b]) for a, b in (("a", "b"), ("a", "c"), ("b", "c"))}
    eventually(lambda: links() == expected, what="the links")
    done = server.api.read(request)
    assert action(done, "auto")["status"] in ("running", "completed"), "the machine's component does not wait for the people's"
    for key in issues(server):
        server.sandbox.advance(key)
    server.api.follow(request)
    assert links() == expected


def above(make, outside, **linking):
    """Two components that people fulfil, one that machines make, and an issue above them."""
    call = make.call()
    call["config"]["endpoint"]["url"] = outside.url + "/provision"
    part = lambda id, *after: {"id": id, "catalogItem": f"{make.name}-{id}", "dependsOn": list(after)}
    return [manual(make, "-a"), manual(make, "-b"), make.item(call, suffix="-auto"), {
        "kind": "CatalogBundle", "metadata": make.item()["metadata"] | {"id": f"{make.name}-all", "name": "All *of* it", "category": "bundles"},
        "presentation": {"form": {"groups": []}}, "components": [part("auto"), part("a"), part("b", "a")],
        "fulfillment": {"orchestration": {"mode": "sequential", "jiraLinking": {"linkType": "blocks", "parentTicket": True, **linking}}}}]


def order(server, make, outside):
    for document in above(make, outside):
        server.directory.write(document)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    return server.api.post("/requests", {"catalogBundleId": f"{make.name}-all", "requestData": {}}).expect(201).json["id"]


def standing(outside):
    """The bundle's issue, and the others."""
    found = outside.state["jira"]["issues"]
    own = [issue for issue in found if "bundle" in issue["fields"]["labels"]]
    return own, [issue for issue in found if issue not in own]


def test_a_bundle_with_a_parent_ticket_has_an_issue_above_those_of_its_components(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    request = order(server, make, outside)
    eventually(lambda: len(standing(outside)[1]) == 2, within=40, what="the components' issues")
    [own], others = standing(outside)
    assert own["key"] == "OPS-1" and own["project"] == "OPS", "opened before its components' issues, and where they are"
    assert own["summary"] == f"All *of* it ({request})" and f"https://pao.corp.example/requests/{request}" in own["fields"]["description"]
    links = lambda: {(link["type"], link["inward"], link["outward"]) for link in outside.state["jira"]["links"]}
    a, b = sorted(issue["key"] for issue in others)
    expected = {("Blocks", a, own["key"]), ("Blocks", b, own["key"]), ("Blocks", a, b)}
    eventually(lambda: links() == expected, within=40, what=f"the links, instead of {links()}")
    ticket, = [one for one in server.api.get(f"/tickets?requestId={request}").json["data"] if one["actionId"] is None]
    assert (ticket["id"], ticket["system"], ticket["status"]) == (own["key"], "jira", "open")
    for issue in others:
        outside.advance(issue["key"])
        server.api.post(f"/tickets/{issue['key']}/resolve", {"outputs": {}}).expect(200)
    server.api.follow(request, within=60)
    eventually(lambda: standing(outside)[0][0]["status"] == "Done", within=40, what="the end of the bundle's issue")
    told = eventually(lambda: (lambda bodies: bodies if "is completed" in bodies[-1:] or any("The request" in one for one in bodies) else None)(
        [comment["body"] for comment in standing(outside)[0][0]["comments"]]), within=40, what="the last comment")
    assert sum("auto" in body and "completed" in body for body in told) == 1, told


@pytest.mark.parametrize("arrives", [True, False])
def test_killed_between_opening_a_bundles_issue_and_the_answer_there_is_one(servers, make, outside, arrives):
    server = servers(sandbox=False, environment=jira(outside))
    outside.fault("POST /rest/api/2/issue", "hang" if arrives else "status", 503)
    request = order(server, make, outside)
    eventually(lambda: outside.calls("/rest/api/2/issue"), what="the call")
    server.crash()
    server.start().wait_until_ready()
    eventually(lambda: len(standing(outside)[1]) == 2, within=120, what="the components' issues")
    assert len(standing(outside)[0]) == 1
    kept = [one for one in server.api.get(f"/requests/{request}/effects").json["data"] if one["part"] and one["kind"] == "jira-ticket"]
    assert [(one["state"], one["remoteReference"]) for one in kept] == [("done", standing(outside)[0][0]["key"])]


def test_where_jira_says_no_a_bundle_goes_on_without_an_issue_of_its_own(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    outside.fault("POST /rest/api/2/issue", "status", 403)
    request = order(server, make, outside)
    eventually(lambda: len(standing(outside)[1]) == 2, within=40, what="the components' issues")
    assert standing(outside)[0] == []
    assert any("there is no issue of the bundle" in line["message"] for line in server.api.get(f"/requests/{request}/logs").json["data"])


def test_an_aborted_bundle_ends_its_issue_and_those_of_its_components(servers, make, outside):
    server = servers(sandbox=False, environment=jira(outside))
    request = order(server, make, outside)
    eventually(lambda: len(standing(outside)[1]) == 2, within=40, what="the components' issues")
    server.api.operate(request, "abort", reason="not any more")
    server.api.follow(request, until="aborted")
    ended = lambda: [issue["status"] for issue in outside.state["jira"]["issues"]]
    eventually(lambda: all(status not in ("Open", "To Do", "In Progress") for status in ended()), within=40, what=f"the end of all issues: {ended()}")


def test_a_webhook_of_jira_makes_the_step_look_at_once(servers, make):
    jira = {"main": {"baseUrl": "https://jira.corp.example", "apiVersion": 2, "webhookSecret": "it is a secret",
                     "authentication": {"type": "bearer", "token": "x"}}}
    server = servers(environment={"PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps(jira)})
    item = server.publish(make.item(mode="manual", manual=[make.issue()]))
    request = server.api.submit(item)
    key = eventually(lambda: next(iter(issues(server)), None), what="an issue")
    body = json.dumps({"webhookEvent": "jira:issue_updated", "issue": {"key": key}}).encode()
    sign = lambda secret: {"X-Hub-Signature": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()}
    send = lambda path, headers: server.api.with_token(None).post(path, raw=body, headers=headers)
    send("/webhooks/jira/main", sign(b"another")).problem(401)
    send("/webhooks/jira/other", sign(b"it is a secret")).problem(404)
    eventually(lambda: action(server.api.read(request), "issue")["dueAt"], what="a poll to come")
    asked = lambda: len([call for call in server.sandbox.calls(f"/issue/{key}") if call["method"] == "GET"])
    before = asked()
    assert send("/webhooks/jira/main", sign(b"it is a secret")).expect(202).json == {"status": "noticed"}
    eventually(lambda: asked() > before, within=1.5, what="a look")
    server.sandbox.advance(key)
    send("/webhooks/jira/main", sign(b"it is a secret")).expect(202)
    server.api.follow(request)


def test_explain_names_the_line_and_column_of_the_step_and_of_its_condition(servers, make):
    server = servers()
    written = f"""kind: CatalogItem
metadata: {{id: {make.name}, name: Placed, version: 1.0.0, category: compute, owner: {{team: platform}},
  description: A document whose steps stand at places that a person can count in an editor.}}
presentation: {{form: {{groups: [{{id: main, fields: [{{id: size, type: string}}]}}]}}}}
fulfillment:
  strategy: {{mode: automatic}}
  manual: {{actions: [{{id: by-hand, type: manual-task, config: {{title: Do}}}}]}}
  automatic:
    actions:
      - id: large
        type: rest-api
        if: "{{{{fields.size == 'large'}}}}"
        config: {{endpoint: {{url: "https://{make.name}.example", method: PUT}}}}
"""
    folder = server.directory.catalog / "compute" / make.name
    folder.mkdir(parents=True)
    (folder / "service.yaml").write_text(written)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    for restart in (False, True):
        if restart:
            server.restart()
        request = server.api.run(make.name, {"size": "small"})["id"]
        step, = server.api.get(f"/requests/{request}/explain").json["actions"]
        place = f"compute/{make.name}/service.yaml"
        assert (step["source"], step["expressionSource"]) == (f"{place}:10:9", f"{place}:12:13"), "after a restart" if restart else ""
        assert (step["expression"], step["values"]) == ("{{fields.size == 'large'}}", {"fields.size": "small"})
