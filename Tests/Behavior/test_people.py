"""Approvals, accounts, secrets, the audit trail, and what helps platform teams to write documents."""
import json

import pytest
from appliance import Server, pao
from client import action
from documents import Maker


@pytest.fixture(scope="module")
def office():
    """A server with a requester, two approvers of that team, one of another, and an item whose large requests need two levels."""
    server = Server().wait_until_ready()
    people = {
        "rita": server.person("rita", "developer", "red"), "amos": server.person("amos", "approver", "red"),
        "anna": server.person("anna", "approver", "red"), "olga": server.person("olga", "approver", "blue"),
        "root": server.api}
    make = Maker("gated")
    document = make.item(make.call(), fields=["name", {"id": "size", "name": "Size", "type": "integer", "default": 1}], instance={"name": "{{fields.name}}"})
    document["fulfillment"]["approvals"] = [
        {"name": "lead", "role": "approver", "team": "red", "when": "{{fields.size > 10}}"},
        {"name": "both", "role": "approver", "team": "red", "when": "{{fields.size > 100}}", "required": 2},
    ]
    server.publish(document)
    yield people
    server.close()


names = (f"gate{index}" for index in range(1000))


def ask(office, size):
    return office["rita"].submit("gated", {"name": next(names), "size": size})


def gate(person, request):
    """The approval of a request in somebody's inbox; nil when there is none."""
    inbox = person.get("/approvals?limit=200").expect(200).json["data"]
    return next((row["id"] for row in inbox if request in json.dumps(row)), None)


def test_a_gate_whose_condition_is_false_is_none(office):
    office["rita"].follow(ask(office, 5))


def test_a_request_waits_for_approval_and_goes_on_with_it(office):
    request = ask(office, 50)
    assert office["rita"].read(request)["status"] == "pending_approval"
    office["amos"].post(f"/approvals/{gate(office['amos'], request)}/approve", {"reason": "fine"}).expect(200)
    office["rita"].follow(request)
    decisions = office["rita"].get(f"/requests/{request}/approvals").expect(200).json["data"]
    assert "amos" in json.dumps(decisions)


def test_levels_are_decided_in_order_and_by_as_many_as_are_required(office):
    request = ask(office, 500)
    amos, anna = office["amos"], office["anna"]
    first = gate(amos, request)
    amos.post(f"/approvals/{first}/approve").expect(200)
    second = gate(anna, request)
    assert second != first
    anna.post(f"/approvals/{second}/approve").expect(200)
    assert office["rita"].read(request)["status"] == "pending_approval"
    anna.post(f"/approvals/{second}/approve").problem(409)
    amos.post(f"/approvals/{second}/approve").expect(200)
    office["rita"].follow(request)


def test_one_refusal_rejects_the_request_with_its_reason(office):
    request = ask(office, 50)
    place = f"/approvals/{gate(office['anna'], request)}/reject"
    assert office["anna"].post(place, {}).findings() == {("reason", "required")}
    office["anna"].post(place, {"reason": "too large"}).expect(200)
    rejected = office["rita"].read(request)
    assert rejected["status"] == "rejected" and rejected["completedAt"]
    office["amos"].post(place.replace("reject", "approve")).problem(409)


def test_nobody_approves_the_own_request_nor_that_of_another_team(office):
    own = office["root"].post("/requests", {"catalogItemId": "gated", "requestData": {"name": next(names), "size": 50}, "team": "red"}).expect(201).json["id"]
    approval = gate(office["amos"], own)
    assert office["root"].post(f"/approvals/{approval}/approve").status in (403, 404, 409)
    assert office["olga"].post(f"/approvals/{approval}/approve").status in (403, 404)
    assert gate(office["olga"], own) is None and gate(office["root"], own) is None
    office["rita"].post(f"/approvals/{approval}/approve").problem(403)
    assert office["root"].read(own)["status"] == "pending_approval"


def test_a_request_that_waits_for_approval_can_be_cancelled(office):
    request = ask(office, 50)
    approval = gate(office["amos"], request)
    assert office["rita"].operate(request, "cancel")["status"] == "cancelled"
    assert gate(office["amos"], request) is None
    office["amos"].post(f"/approvals/{approval}/approve").problem(409)


def test_a_decision_can_be_delegated(office):
    request = ask(office, 50)
    approval = gate(office["amos"], request)
    office["amos"].post(f"/approvals/{approval}/delegate", {"userId": "anna", "reason": "away"}).expect(204)
    office["anna"].post(f"/approvals/{approval}/approve").expect(200)
    office["rita"].follow(request)


# Accounts


def test_a_token_mints_no_wider_one(office):
    office["rita"].post("/tokens", {"name": "wide", "scopes": ["admin.users"]}).problem(403)
    narrow = office["rita"].post("/tokens", {"name": "narrow", "scopes": ["requests.read"]}).expect(201).json
    assert narrow["token"].startswith("pao_user_") and narrow["scopes"] == ["requests.read"]
    person = office["rita"].with_token(narrow["token"])
    person.get("/requests").expect(200)
    person.post("/tokens", {"name": "wide", "scopes": ["requests.create"]}).problem(403)
    assert all("token" not in token for token in person.get("/tokens").expect(200).json["data"])


def test_a_token_ends_with_its_revocation_at_once(office):
    token = office["rita"].post("/tokens", {"name": "short"}).expect(201).json
    person = office["rita"].with_token(token["token"])
    person.get("/requests").expect(200)
    office["amos"].request("DELETE", f"/tokens/{token['id']}").problem(404)
    office["rita"].request("DELETE", f"/tokens/{token['id']}").expect(204)
    person.get("/requests").problem(401)


@pytest.mark.parametrize("sent, field", [
    ({"login": "Not A Login"}, "login"), ({"login": "new", "password": "short"}, "password"), ({"login": "new2", "roles": ["king"]}, "roles"),
    ({"login": "new3", "teams": ["nowhere"]}, "teams"), ({"login": "rita"}, "login"),
])
def test_an_account_that_cannot_be_is_refused(office, sent, field):
    answer = office["root"].post("/users", sent)
    assert answer.status in (404, 409, 422), answer.body
    answer.problem(answer.status)


def test_the_last_administrator_cannot_be_shut_out(office):
    own = next(user["id"] for user in office["root"].get("/users").json["data"] if user["login"] == "ada")
    office["root"].post(f"/users/{own}/active", {"active": False}).problem(409)


# Secrets and audit


def test_a_secret_is_sent_and_never_shown(servers, make):
    from stubborn import Stubborn
    with Stubborn([(200, {})]) as other:
        server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([f"127.0.0.1:{other.port}"])})
        server.api.request("PUT", "/secrets/registry_token", {"value": "first-secret-value"})
        answer = server.api.request("PUT", "/secrets/registry_token", {"value": "t0p-s3cr3t-value"})
        assert answer.status in (200, 201, 204) and b"t0p" not in answer.body
        listed = server.api.get("/secrets").expect(200)
        assert b"registry_token" in listed.body and b"t0p" not in listed.body
        document = make.item(make.call("use", config={"headers": {"Authorization": "Bearer {{secrets.registry_token}}"}}))
        document["fulfillment"]["automatic"]["actions"][0]["config"]["endpoint"]["url"] = f"http://127.0.0.1:{other.port}/x"
        server.api.run(server.publish(document))
        assert other.requests[0]["headers"]["authorization"] == "Bearer t0p-s3cr3t-value"
        assert b"t0p" not in server.api.get("/audit?limit=200").body
        server.stop()
        assert all(b"t0p-s3cr3t" not in file.read_bytes() for file in server.directory.data.iterdir() if file.is_file())


def test_the_audit_trail_tells_who_did_what_in_a_chain(office):
    request = ask(office, 1)
    office["rita"].follow(request)
    page = office["root"].get("/audit?limit=200").expect(200).json["data"]
    assert {"sequence", "at", "actor", "action", "entity", "old", "new", "correlationId", "hash"} <= set(page[0])
    assert [row["sequence"] for row in page] == sorted((row["sequence"] for row in page), reverse=True)
    assert any(row["entity"]["id"] == request and row["action"] == "create" and "rita" in json.dumps(row["actor"]) for row in page)
    office["rita"].get("/audit").problem(403)


# More than one


def test_a_clone_is_a_new_request_with_what_differs(office):
    request = ask(office, 1)
    office["rita"].follow(request)
    name = next(names)
    clone = office["rita"].post(f"/requests/{request}/clone", {"requestData": {"name": name}}).expect(201).json
    assert clone["id"] != request and clone["requestData"] == {"name": name, "size": 1}
    assert office["rita"].post(f"/requests/{request}/clone", {}).findings() == {("name", "nameTaken")}


def test_a_batch_is_stored_whole_or_not_at_all(office):
    body = lambda name, size=1: {"catalogItemId": "gated", "requestData": {"name": name, "size": size}}
    good, taken = [next(names) for _ in range(3)], next(names)
    refused = office["rita"].post("/requests/batch", {"requests": [body(good[0]), body(taken, "large")]})
    assert refused.status in (201, 422)
    assert office["rita"].get(f"/requests?search={good[0]}").json["data"] == []
    rows = office["rita"].post("/requests/batch", {"requests": [body(name) for name in good]}).expect(201).json["data"]
    assert len(rows) == 3 and all(row["id"].startswith("req-") for row in rows)
    twice = office["rita"].post("/requests/batch", {"requests": [body(taken), body(taken)]})
    assert twice.status == 422 or all("errors" in row for row in twice.json["data"])
    some = office["rita"].post("/requests/batch", {"requests": [body(next(names)), body(taken, "large")], "atomic": False}).expect(201).json["data"]
    assert some[0]["id"].startswith("req-") and some[1]["errors"][0]["field"] == "size"


@pytest.mark.parametrize("sent", [{"requests": []}, {"requests": [1]}, {"requests": [{}] * 101}, {"requests": [{"surprise": 1}]}, {}])
def test_a_batch_that_is_none_is_a_422(office, sent):
    office["rita"].post("/requests/batch", sent).problem(422)


def test_explain_says_why_a_step_was_skipped_with_the_values_it_saw(api, server, make):
    item = server.publish(make.item(make.call("a"), make.call("b", "/b", **{"if": "{{fields.kind == 'prod'}}"}), fields=["kind"]))
    request = api.run(item, {"kind": "dev"})["id"]
    step = action(api.get(f"/requests/{request}/explain").expect(200).json, "b")
    assert step["status"] == "skipped" and "fields.kind" in step["expression"] and "dev" in json.dumps(step["values"])
    assert "service.yaml" in json.dumps(step["source"])


# For those who write documents


def test_a_document_is_checked_without_being_published(api, make):
    text = json.dumps(make.item(make.call()))
    assert api.post("/validate/catalog-item", raw=text.encode(), headers={"Content-Type": "application/yaml"}).expect(200).json["valid"] is True
    broken = text.replace('"1.0.0"', '"one"')
    answer = api.post("/validate/catalog-item", raw=broken.encode(), headers={"Content-Type": "application/yaml"}).expect(200).json
    assert answer["valid"] is False and {"file", "line", "column", "severity", "rule", "message", "suggestion"} <= set(answer["findings"][0])
    api.get(f"/catalog/items/{make.name}").problem(404)


def test_the_form_of_a_document_is_shown_without_publishing_it(api, make):
    text = json.dumps(make.item(make.call(), fields=["name"]))
    form = api.post("/preview/form", raw=text.encode(), headers={"Content-Type": "application/yaml"}).expect(200).json["form"]
    assert form["groups"][0]["fields"][0]["id"] == "name"


def test_templates_are_tried_with_sample_values(api, make):
    document = make.item(make.call(config={"body": {"type": "json", "content": {"n": "{{fields.name}}", "k": "{{secrets.key}}"}}}), fields=["name"])
    answer = api.post("/test/variables", {"document": json.dumps(document), "requestData": {"name": "x"}}).expect(200).json
    renderings = {row["template"]: row for row in answer["renderings"]}
    assert renderings["{{fields.name}}"]["value"] == "x" and renderings["{{fields.name}}"]["missing"] == []
    missing = api.post("/test/variables", {"document": json.dumps(document), "requestData": {}}).expect(200).json
    assert any("fields.name" in json.dumps(row["missing"]) for row in missing["renderings"])


def test_every_template_of_a_document_is_tried(api, make):
    call = {**make.call(), "if": "{{fields.name == 'x'}}", "outputs": {"id": "$.id"}, "cleanup": "Remove {{outputs.call.id}}", "id": "call"}
    document = make.item(call, fields=["name"])
    document["fulfillment"]["automatic"]["concurrency"] = {"key": "{{request.id}}"}
    document["instance"] = {"name": "s-{{fields.name}}", "outputs": {"id": "{{outputs.call.id}}"}}
    answer = api.post("/test/variables", {"document": json.dumps(document), "requestData": {"name": "x"}}).expect(200).json
    values = {row["path"]: row["value"] for row in answer["renderings"]}
    assert values["actions.call.if"] is True and values["instance.name"] == "s-x" and values["concurrency.key"].startswith("req-")
    assert values["actions.call.cleanup"] == "Remove <call.id>" and values["instance.outputs.id"] == "<call.id>"


# Bundles


def test_a_bundle_makes_an_instance_with_its_components(api, server, make):
    db = make.item(make.call("create", "/db", outputs={"id": "$.id"}), suffix="-db", fields=["name"], instance={"name": "{{fields.name}}", "outputs": {"id": "{{outputs.create.id}}"}})
    app = make.item(make.call("create", "/app", config={"body": {"type": "json", "content": {"db": "{{fields.db}}"}}}), suffix="-app", fields=["name", "db"], instance={"name": "{{fields.name}}"})
    extra = make.item(make.call("create", "/extra"), suffix="-extra", fields=["name"], instance={"name": "{{fields.name}}"})
    name = make.name
    bundle = {
        "kind": "CatalogBundle",
        "metadata": {**app["metadata"], "id": f"{name}-stack", "name": f"Stack {name}", "category": "bundles"},
        "presentation": {"form": {"groups": [{"id": "main", "name": "Main", "fields": [{"id": "stack", "name": "Stack", "type": "string", "required": True}]}]}},
        "components": [
            {"id": "db", "catalogItem": f"{name}-db", "version": ">=1.0.0", "required": True, "config": {"name": "{{fields.stack}}-db"}, "outputs": ["id"]},
            {"id": "app", "catalogItem": f"{name}-app", "version": ">=1.0.0", "required": True, "dependsOn": ["db"],
             "config": {"name": "{{fields.stack}}-app", "db": "{{components.db.outputs.id}}"}},
            {"id": "extra", "catalogItem": f"{name}-extra", "version": ">=1.0.0", "required": False, "enabledByDefault": False, "config": {"name": "{{fields.stack}}-extra"}},
        ],
        "fulfillment": {"orchestration": {"mode": "sequential"}},
        "instance": {"name": "{{fields.stack}}"},
    }
    server.publish(db, app, extra)
    server.publish(bundle)
    sent = {"catalogBundleId": f"{name}-stack", "requestData": {"stack": name}}
    done = api.follow(api.post("/requests", sent).expect(201).json["id"])
    assert {step["id"] for step in done["actions"] if step["status"] == "completed"} >= {"db", "app"}
    calls = [call["url"].rsplit("/", 1)[1] for call in server.sandbox.calls(f"{name}.example")]
    assert calls == ["db", "app"]
    assert server.sandbox.calls(f"{name}.example/app")[0]["body"]["db"], "an output of one component is a value of the next"
    assert api.get(f"/instances/{done['instanceId']}").expect(200).json["state"] == "active"
    enabled = {**sent, "requestData": {"stack": f"{name}b"}, "components": {"extra": {"enabled": True}}}
    api.follow(api.post("/requests", enabled).expect(201).json["id"])
    assert len(server.sandbox.calls(f"{name}.example/extra")) == 1
