"""The REST API: shapes, refusals, lists, idempotency, entity tags, access."""
import base64
import json
import re
import threading

import pytest
from appliance import PASSWORD, Server
from client import action

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")


@pytest.fixture(scope="module")
def demo_item(server):
    """An item with a required field, which completes by itself, and its id."""
    from documents import Maker
    make = Maker("shapes")
    return server.publish(make.item(
        make.call(outputs={"id": "$.id"}), make.task("confirm", **{"if": "{{fields.size == 'large'}}"}),
        fields=[{"id": "name", "name": "Name", "type": "string", "required": True, "validation": {"pattern": "^[a-z]+$", "maxLength": 9}},
                {"id": "size", "name": "Size", "type": "select", "default": "small", "validation": {"enum": ["small", "large"]}}],
        instance={"name": "{{fields.name}}", "outputs": {"id": "{{outputs.call.id}}"},
                  "resources": [{"type": "thing", "id": "{{outputs.call.id}}"}]}))


names = (f"n{''.join(chr(97 + int(d)) for d in str(i))}" for i in range(10_000))


@pytest.fixture
def name():
    return next(names)


# Shapes


REQUEST = {
    "id", "catalogItemId", "catalogVersion", "requestType", "userId", "team", "status", "requestData", "currentAction", "actions",
    "errorContext", "instanceId", "correlationId", "createdAt", "updatedAt", "completedAt"}
ACTION = {"id", "name", "type", "status", "position", "dependsOn", "attempts", "outputs", "startedAt", "completedAt"}


def test_a_submission_answers_201_with_the_place_of_the_request(api, demo_item, name):
    answer = api.post("/requests", {"catalogItemId": demo_item, "requestData": {"name": name}}).expect(201)
    assert re.fullmatch(r"req-[a-z2-7]{12}", answer.json["id"])
    assert answer.headers["Location"] == f"/api/v1/requests/{answer.json['id']}"
    api.get(answer.headers["Location"].removeprefix("/api/v1")).expect(200)


def test_a_request_has_the_members_of_the_contract_and_null_where_something_is_absent(api, demo_item, name):
    request = api.post("/requests", {"catalogItemId": demo_item, "requestData": {"name": name}}).expect(201).json
    assert REQUEST <= set(request), REQUEST - set(request)
    assert (request["catalogItemId"], request["catalogVersion"], request["requestType"]) == (demo_item, "1.0.0", "create")
    assert (request["userId"], request["team"], request["status"]) == ("ada", "platform", "queued")
    assert request["requestData"] == {"name": name, "size": "small"}
    assert request["currentAction"] == "call"
    for absent in ("errorContext", "instanceId", "completedAt"):
        assert request[absent] is None
    assert STAMP.fullmatch(request["createdAt"]) and STAMP.fullmatch(request["updatedAt"])
    assert [ACTION - set(action) for action in request["actions"]] == [set(), set()]
    assert [action["position"] for action in request["actions"]] in ([0, 1], [1, 2])
    done = api.follow(request["id"])
    assert done["currentAction"] is None and STAMP.fullmatch(done["completedAt"]) and done["instanceId"].startswith("si-")
    call = action(done, "call")
    assert call["attempts"][0]["number"] == 1 and call["outputs"]["id"] and STAMP.fullmatch(call["startedAt"])


def test_status_has_exactly_the_short_shape(api, demo_item, name):
    request = api.run(demo_item, {"name": name})["id"]
    status = api.get(f"/requests/{request}/status").expect(200).json
    assert {"id", "status", "currentAction", "progress", "updatedAt"} <= set(status)
    assert (status["status"], status["currentAction"], status["progress"]) == ("completed", None, {"completed": 2, "total": 2})


def test_an_instance_has_the_members_of_the_contract(api, demo_item, name):
    request = api.run(demo_item, {"name": name})
    instance = api.get(f"/instances/{request['instanceId']}").expect(200).json
    assert {"id", "name", "state", "catalogItemId", "catalogVersion", "outputs", "resources", "parameters"} <= set(instance)
    assert (instance["name"], instance["state"], instance["catalogItemId"]) == (name, "active", demo_item)
    id = action(request, "call")["outputs"]["id"]
    assert (instance["outputs"], instance["resources"]) == ({"id": id}, [{"type": "thing", "id": id}])
    assert instance["parameters"] == {"name": name, "size": "small"}


def test_validate_answers_200_with_errors_and_stores_nothing(api, demo_item, name):
    before = api.get("/requests?count=true&limit=1").json["pagination"]["total_count"]
    good = api.post("/validate/request", {"catalogItemId": demo_item, "requestData": {"name": name}}).expect(200).json
    bad = api.post("/validate/request", {"catalogItemId": demo_item, "requestData": {"name": "NO", "size": "huge"}}).expect(200).json
    assert good == {"valid": True, "errors": [], "warnings": []}
    assert bad["valid"] is False
    assert {(error["field"], error["rule"]) for error in bad["errors"]} == {("name", "pattern"), ("size", "enum")}
    assert api.get("/requests?count=true&limit=1").json["pagination"]["total_count"] == before


def test_a_dry_run_answers_the_plan_and_calls_nothing(api, sandbox, make, server):
    item = server.publish(make.item(
        make.call(outputs={"id": "$.id"}, config={"headers": {"X-Key": "{{secrets.canary}}"}}),
        make.call("second", path="/second/{{outputs.call.id}}"), fields=["name"]))
    answer = api.post("/requests?dryRun=true", {"catalogItemId": item, "requestData": {"name": "x"}})
    assert answer.status == 200
    plan = answer.json["plan"]
    assert [step["id"] for step in plan] == ["call", "second"]
    assert "sandbox-canary" not in answer.body.decode()
    assert sandbox.calls(make.name) == []
    assert api.get(f"/requests?catalogItemId={item}").json["data"] == []


def test_the_form_of_an_item_is_served_as_form_and_as_json_schema(api, demo_item):
    schema = api.get(f"/catalog/items/{demo_item}/schema").expect(200).json
    assert {"catalogItemId", "version", "form", "jsonSchema", "validation"} <= set(schema)
    field = schema["form"]["groups"][0]["fields"][0]
    assert {"id", "name", "type", "component", "required", "validation"} <= set(field)
    assert (field["id"], field["component"], field["required"]) == ("name", "text-input", True)
    assert schema["jsonSchema"]["required"] == ["name"]
    assert schema["jsonSchema"]["properties"]["name"]["pattern"] == "^[a-z]+$"
    assert schema["validation"]["method"] == "POST"


def test_the_log_is_a_page_of_lines(api, demo_item, name):
    request = api.run(demo_item, {"name": name})["id"]
    page = api.get(f"/requests/{request}/logs").expect(200).json
    assert set(page) == {"data", "pagination"}
    assert {"id", "at", "level", "actionId", "attempt", "message"} == set(page["data"][0])
    assert [line["id"] for line in page["data"]] == sorted(line["id"] for line in page["data"])
    first = api.get(f"/requests/{request}/logs?limit=1").json
    rest = api.get(f"/requests/{request}/logs?cursor={first['pagination']['next_cursor']}").json
    assert first["data"] + rest["data"] == page["data"]


def test_the_ledger_shows_each_call_with_key_and_fate(api, demo_item, name):
    request = api.run(demo_item, {"name": name})["id"]
    effects = api.get(f"/requests/{request}/effects").expect(200).json["data"]
    assert [effect["state"] for effect in effects] == ["done"]
    assert effects[0]["resend"] == "keyed" and effects[0]["tries"] == 1 and re.fullmatch(r"[a-z2-7]{52}", effects[0]["key"])


@pytest.mark.parametrize("path, members", [
    ("/health", {"status", "checks"}), ("/health/ready", {"status"}), ("/version", {"version", "sandbox"}), ("/auth/session", {"user"}),
    ("/catalog/sync-status", {"data"}), ("/catalog/validation-errors", {"data"}), ("/openapi.json", {"openapi", "paths", "info"}),
])
def test_other_answers_have_their_members(api, path, members):
    assert members <= set(api.get(path).expect(200).json)


def test_metrics_speak_of_requests_and_jobs(api):
    answer = api.get("/metrics").expect(200)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for name in ("pao_requests_total", "pao_jobs", "pao_http_request_duration_seconds_bucket"):
        assert f"\n{name}{{" in answer.body.decode(), name


def test_every_route_of_the_document_asks_for_a_credential_unless_it_is_open(api):
    anonymous = api.with_token(None)
    open_paths = {f"/api/v1/{name}" for name in (
        "health", "health/ready", "version", "metrics", "openapi.json", "auth/login", "webhooks/github", "webhooks/jira/{instance}")}
    paths = api.get("/openapi.json").json["paths"]
    for path, methods in paths.items():
        for method in methods:
            status = anonymous.request(method.upper(), "/" + path.replace("{id}", "x").replace("{stepId}", "x")).status
            assert (status == 401) == (path not in open_paths), (method, path, status)


# Refusals


def body(**more):
    return {"catalogItemId": "shapes", "requestData": {}, **more}


@pytest.mark.parametrize("data, findings", [
    ({}, {("name", "required")}),
    ({"name": ""}, {("name", "required")}),
    ({"name": "UPPER"}, {("name", "pattern")}),
    ({"name": "toolonganame", "size": "huge"}, {("name", "maxLength"), ("size", "enum")}),
    ({"name": 7}, {("name", "type")}),
    ({"name": "x", "surplus": 1}, {("surplus", "unknown")}),
])
def test_a_form_filled_wrongly_is_a_422_with_every_finding(api, demo_item, data, findings):
    assert api.post("/requests", {"catalogItemId": demo_item, "requestData": data}).findings() == findings


@pytest.mark.parametrize("sent, field", [
    ({"catalogItemId": "no-such-item", "requestData": {}}, "catalogItemId"),
    ({"catalogBundleId": "shapes", "requestData": {}}, "catalogBundleId"),
    ({"requestData": {}}, "catalogItemId"),
    ({"catalogItemId": "shapes", "catalogBundleId": "shapes"}, "catalogItemId"),
    (body(surprise=1), "surprise"),
    (body(requestData=[]), "requestData"),
    (body(catalogItemId=7), "catalogItemId"),
    (body(requestData={"name": "x"}, team="no-such-team"), "team"),
    (body(requestData={"name": "x"}, startAfter="tomorrow"), "startAfter"),
    ([], ""),
])
def test_a_body_that_does_not_fit_is_a_422_that_names_the_member(api, demo_item, sent, field):
    assert field in {finding[0] for finding in api.post("/requests", sent).findings()}


@pytest.mark.parametrize("raw", [
    b"{", b'{"a": 1,}', b'{"a": 1, "a": 2}', b"[1, 2", b"nul", b'{"a": "\xff"}', b'{"a": 1e999}', b"[" * 200 + b"]" * 200, b'"\\ud800"',
    b"\xef\xbb\xbf{}",
])
def test_what_is_not_json_is_a_400_with_its_place(api, raw):
    problem = api.post("/requests", raw=raw, headers={"Content-Type": "application/json"}).problem(400, "malformed")
    assert re.search(r"line \d+.*column \d+|column \d+", problem["detail"]), problem["detail"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_body_of_another_type_is_a_415(api, content_type):
    api.post("/requests", raw=b"{}", headers={"Content-Type": content_type}).problem(415, "unsupported-media-type")


def test_a_body_above_a_mebibyte_is_a_413(api):
    api.post("/requests", raw=b" " * (2 ** 20 + 1), headers={"Content-Type": "application/json"}).problem(413, "body-too-large")


@pytest.mark.parametrize("path", [
    "/requests?limit=0", "/requests?limit=201", "/requests?limit=abc", "/requests?limit=", "/requests?limit=-1", "/requests?limit=1.5",
    "/requests?surprise=1", "/requests?status=flying", "/requests?mine=perhaps", "/requests?createdAfter=yesterday", "/requests?cursor=abc",
    "/requests?cursor=e30", "/instances?limit=0", "/instances?state=flying", "/tickets?limit=1000", "/tickets?status=flying",
    "/catalog?limit=0", "/catalog?kind=Car", "/catalog?sort=price", "/catalog?surprise=1", "/health?surprise=1",
    "/requests?count=maybe", "/requests?limit=99999999999999999999",
])
def test_a_bad_parameter_is_a_400_and_never_clamped(api, path):
    api.get(path).problem(400)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/nothing", 404), ("GET", "/requests/req-aaaaaaaaaaaa", 404), ("GET", "/instances/si-aaaaaaaaaaaa", 404),
    ("GET", "/tickets/tkt-aaaaaaaaaaaa", 404), ("GET", "/catalog/items/none", 404), ("GET", "/catalog/items/none/schema", 404),
    ("DELETE", "/requests", 405), ("PUT", "/health", 405), ("POST", "/requests/req-aaaaaaaaaaaa/frobnicate", 404),
    ("GET", "/requests/%00", 400), ("GET", "/requests/a%2Fb", 400), ("GET", "/requests/../health", 400),
])
def test_an_address_that_is_not_there_is_refused_in_words(api, method, path, status):
    problem = api.request(method, path).problem(status)
    assert problem["detail"]


def test_405_names_the_methods_there_are(api):
    allowed = api.request("DELETE", "/requests").expect(405).headers["Allow"]
    assert {"GET", "POST"} <= set(allowed.replace(" ", "").split(","))


def test_options_says_what_there_is_and_allows_no_other_origin(api):
    answer = api.request("OPTIONS", "/requests", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert answer.expect(204).headers["Allow"]
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_head_answers_like_get_without_a_body(api):
    head, get = api.request("HEAD", "/catalog"), api.get("/catalog")
    assert head.status == 200 and head.body == b""
    assert head.headers["ETag"] == get.headers["ETag"] and head.headers["Content-Length"] == get.headers["Content-Length"]


def test_an_unknown_method_is_a_501(api):
    api.request("BREW", "/requests").expect(501)


def test_every_answer_carries_the_security_headers_and_the_correlation_id(api):
    for answer in (api.get("/health", headers={"X-Correlation-ID": "mine-1"}), api.get("/nothing", headers={"X-Correlation-ID": "mine-1"})):
        assert answer.headers["X-Correlation-ID"] == "mine-1"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"] and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("sent", ["x" * 200, "a b", "grün"])
def test_a_correlation_id_that_is_not_fit_for_a_header_is_replaced(api, sent):
    answer = api.get("/health", headers={"X-Correlation-ID": sent.encode()})
    assert answer.headers["X-Correlation-ID"] and answer.headers["X-Correlation-ID"] != sent


def test_the_correlation_id_reaches_request_and_outgoing_call(api, sandbox, server, make):
    item = server.publish(make.item(make.call(config={"body": {"type": "json", "content": {"c": "{{request.correlationId}}"}}})))
    request = api.follow(api.submit(item, headers={"X-Correlation-ID": "trace-me"}))
    assert request["correlationId"] == "trace-me"
    assert sandbox.calls(make.name)[0]["body"] == {"c": "trace-me"}


# Idempotency


def test_the_same_key_and_body_give_the_same_answer_and_one_request(api, demo_item, name):
    sent = {"catalogItemId": demo_item, "requestData": {"name": name}}
    first = api.post("/requests", sent, headers={"Idempotency-Key": f"k-{name}"}).expect(201)
    api.follow(first.json["id"])
    again = api.post("/requests", sent, headers={"Idempotency-Key": f"k-{name}"}).expect(201)
    assert again.body == first.body and again.headers["Location"] == first.headers["Location"]


def test_the_same_key_with_another_body_is_a_422(api, demo_item, name):
    api.post("/requests", {"catalogItemId": demo_item, "requestData": {"name": name}}, headers={"Idempotency-Key": f"k-{name}"}).expect(201)
    other = {"catalogItemId": demo_item, "requestData": {"name": name, "size": "small"}}
    api.post("/requests", other, headers={"Idempotency-Key": f"k-{name}"}).problem(422)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "grün"])
def test_a_key_that_is_none_is_a_400(api, demo_item, key):
    sent = {"catalogItemId": demo_item, "requestData": {"name": "keyless"}}
    api.post("/requests", sent, headers={"Idempotency-Key": key.encode()}).problem(400)


def test_a_refused_call_does_not_use_up_its_key(api, demo_item, name):
    key = {"Idempotency-Key": f"k-{name}"}
    api.post("/requests", {"catalogItemId": demo_item, "requestData": {"name": "NO"}}, headers=key).problem(422)
    api.post("/requests", {"catalogItemId": demo_item, "requestData": {"name": name}}, headers=key).expect(201)


def at_once(count, work):
    """Runs `work(index)` on that many threads which begin together; the results in order."""
    results, barrier = [None] * count, threading.Barrier(count)

    def run(index):
        barrier.wait()
        results[index] = work(index)

    threads = [threading.Thread(target=run, args=[index]) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_fifty_callers_with_one_key_make_one_request(api, demo_item, name):
    sent = {"catalogItemId": demo_item, "requestData": {"name": name}}
    answers = at_once(50, lambda _: api.post("/requests", sent, headers={"Idempotency-Key": f"race-{name}"}))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(api.get(f"/requests?search={name}").json["data"]) == 1


def test_fifty_callers_with_one_name_make_one_request(api, demo_item, name):
    sent = {"catalogItemId": demo_item, "requestData": {"name": name}}
    answers = at_once(50, lambda _: api.post("/requests", sent))
    assert sorted(answer.status for answer in answers) == [201] + [422] * 49
    assert next(answer for answer in answers if answer.status == 422).findings() == {("name", "nameTaken")}


# Lists


@pytest.fixture(scope="module")
def listed(server):
    """An item of its own with 23 requests, newest last."""
    from documents import Maker
    make = Maker("listed")
    item = server.publish(make.item(make.call(), fields=["name"]))
    return item, [server.api.submit(item, {"name": f"r{index}"}) for index in range(23)]


def pages(api, path, limit, between=lambda: None):
    found, cursor = [], ""
    while True:
        page = api.get(f"{path}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")).expect(200).json
        assert set(page["pagination"]) >= {"has_more", "next_cursor"} and len(page["data"]) <= limit
        found += [row["id"] for row in page["data"]]
        cursor = page["pagination"]["next_cursor"]
        assert page["pagination"]["has_more"] == (cursor != "")
        if not cursor:
            return found
        between()


@pytest.mark.parametrize("limit", [1, 7, 22, 23, 24, 200])
def test_pages_hold_everything_once_newest_first(api, listed, limit):
    item, ids = listed
    assert pages(api, f"/requests?catalogItemId={item}", limit) == ids[::-1]


def test_pages_stay_true_while_requests_are_added(api, server, make):
    item = server.publish(make.item(make.call()))
    ids = [api.submit(item) for _ in range(12)]
    assert pages(api, f"/requests?catalogItemId={item}", 5, between=lambda: api.submit(item)) == ids[::-1]


def test_the_total_is_counted_when_asked_for(api, listed):
    item, ids = listed
    assert api.get(f"/requests?catalogItemId={item}&count=true&limit=5").json["pagination"]["total_count"] == len(ids)
    assert "total_count" not in api.get(f"/requests?catalogItemId={item}&limit=5").json["pagination"]


def test_filters_narrow_the_list(api, listed):
    item, ids = listed
    path = f"/requests?catalogItemId={item}"
    for request in ids:
        api.follow(request)
    assert len(pages(api, path + "&status=completed,failed", 50)) == 23
    assert pages(api, path + "&status=failed", 50) == []
    assert len(pages(api, path + "&mine=true", 50)) == 23
    assert pages(api, path + "&team=nobody", 50) == []
    assert pages(api, path + f"&search={ids[3]}", 50) == [ids[3]]
    created = api.read(ids[5])["createdAt"]
    older = pages(api, path + f"&createdBefore={created}", 50)
    newer = pages(api, path + f"&createdAfter={created}", 50)
    assert len(older) + len(newer) == 23 and ids[5] in newer


def tampered(cursor):
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    content["k"][0] = "2000-01-01T00:00:00.000Z"
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def test_a_cursor_that_was_changed_or_belongs_to_other_filters_is_a_400(api, listed):
    item, _ = listed
    cursor = api.get(f"/requests?catalogItemId={item}&limit=5").json["pagination"]["next_cursor"]
    api.get(f"/requests?catalogItemId={item}&limit=5&cursor={tampered(cursor)}").problem(400)
    api.get(f"/requests?catalogItemId={item}&limit=5&cursor={cursor[:-1]}").problem(400)
    api.get(f"/requests?catalogItemId={item}&mine=true&cursor={cursor}").problem(400)
    api.get(f"/requests?cursor={cursor}").problem(400)
    api.get(f"/instances?cursor={cursor}").problem(400)
    api.get(f"/requests?catalogItemId={item}&limit=9&cursor={cursor}").expect(200)


def test_the_catalog_is_listed_in_pages_and_searched(api, listed, demo_item):
    everything = pages(api, "/catalog?sort=name", 200)
    assert {listed[0], demo_item} <= set(everything) and pages(api, "/catalog?sort=name", 2) == everything
    assert pages(api, "/catalog?sort=-name", 3) == everything[::-1]
    assert pages(api, "/catalog?search=listed", 50) == [listed[0]]
    assert pages(api, "/catalog?category=databases", 50) == []


# Entity tags


@pytest.mark.parametrize("path", ["/catalog", "/catalog/items/shapes", "/catalog/items/shapes/schema"])
def test_reads_of_the_catalog_answer_304_until_it_changes(api, server, demo_item, make, path):
    tag = api.get(path).expect(200).headers["ETag"]
    unchanged = api.get(path, headers={"If-None-Match": tag}).expect(304)
    assert unchanged.body == b"" and unchanged.headers["ETag"] == tag
    api.get(path, headers={"If-None-Match": '"other"'}).expect(200)
    if path == "/catalog":
        server.publish(make.item(make.call()))
        assert api.get(path, headers={"If-None-Match": tag}).expect(200).headers["ETag"] != tag


def test_a_static_page_has_an_entity_tag_too(api):
    page = api.get("//").expect(200)
    assert page.headers["Content-Type"].startswith("text/html")
    assert api.get("//", headers={"If-None-Match": page.headers["ETag"]}).expect(304).body == b""


# The catalog's versions


def test_a_request_keeps_the_version_it_was_made_with(api, server, make):
    document = make.item(make.task("wait", outputs=["a"]), mode="automatic")
    item = server.publish(document)
    request = api.submit(item)
    ticket = api.ticket(request)
    document["metadata"]["version"] = "2.0.0"
    document["fulfillment"]["automatic"]["actions"].append(make.call("added"))
    server.publish(document)
    assert api.get(f"/catalog/items/{item}").json["version"] == "2.0.0"
    assert [version["version"] for version in api.get(f"/catalog/items/{item}/versions").json["data"]] == ["2.0.0", "1.0.0"]
    api.post(f"/tickets/{ticket['id']}/resolve", {"outputs": {"a": 1}}).expect(200)
    done = api.follow(request)
    assert done["catalogVersion"] == "1.0.0" and [action["id"] for action in done["actions"]] == ["wait"]


def test_a_document_with_an_error_stays_out_and_its_last_good_version_stays_in(api, server, make):
    document = make.item(make.call())
    item = server.publish(document)
    document["metadata"]["version"] = "not a version"
    server.directory.write(document)
    other = make.item(make.call(), suffix="-other")
    server.directory.write(other)
    api.post("/catalog/refresh?wait=true").expect(200)
    entry = api.get(f"/catalog/items/{item}").expect(200).json
    assert (entry["version"], entry["stale"]) == ("1.0.0", True)
    api.get(f"/catalog/items/{make.name}-other").expect(200)
    findings = [finding for finding in api.get("/catalog/validation-errors").json["data"] if item in finding["file"]]
    assert [(finding["rule"], finding["severity"]) for finding in findings] == [("bad-version", "error")]
    assert findings[0]["line"] > 1
    document["metadata"]["version"] = "1.0.1"
    server.publish(document)
    assert api.get("/health").status == 200


# Who may


@pytest.fixture(scope="module")
def teams():
    """A server with people of two teams, a team below one of them, and tokens that are not good."""
    server = Server().wait_until_ready()
    people = {"ben": server.person("ben", "developer", "red")}
    server.api.post("/teams", {"slug": "red-below", "name": "Below", "parent": "red"}).expect(201)
    for login, role, team in (("bea", "developer", "red"), ("cleo", "developer", "blue"), ("dora", "developer", "red-below"),
                              ("vic", "viewer", "red"), ("tess", "technician", "red"), ("shut-out", "developer", "red"), ("revoked", "developer", "red")):
        people[login] = server.person(login, role, team)
    people["reader"] = server.person("reader", "developer", "red", scopes=["requests.read"])
    people["wider"] = server.person("wider", "viewer", "red", scopes=["requests.create", "requests.read"])
    server.api.post(f"/users/{people['shut-out'].user_id}/active", {"active": False}).expect(204)
    own = people["revoked"].get("/tokens").expect(200).json["data"][0]["id"]
    people["revoked"].request("DELETE", f"/tokens/{own}").expect(204)
    from documents import Maker
    make = Maker("teams")
    task = make.task("task", outputs=["done"])
    task["config"]["team"] = "red"
    server.publish(make.item(task, instance={"name": "{{fields.name}}"}, fields=["name"]))
    yield people
    server.close()


@pytest.fixture(scope="module")
def red_request(teams):
    request = teams["ben"].submit("teams", {"name": "red-thing"})
    teams["ben"].ticket(request)
    return request


@pytest.mark.parametrize("path", ["", "/status", "/logs", "/effects", "/events", "/steps/task"])
def test_what_belongs_to_another_team_is_not_there(teams, red_request, path):
    teams["cleo"].get(f"/requests/{red_request}{path}").problem(404, "not-found")


@pytest.mark.parametrize("verb, sent", [
    ("retry", {}), ("abort", {"reason": "x"}), ("escalate", {"reason": "x"}), ("cancel", {}),
])
def test_nobody_operates_what_belongs_to_another_team(teams, red_request, verb, sent):
    teams["cleo"].post(f"/requests/{red_request}/{verb}", sent).problem(404)


def test_lists_tickets_and_instances_of_other_teams_are_not_seen(teams, red_request):
    request = teams["ben"].read(red_request)
    ticket = teams["ben"].ticket(red_request)["id"]
    assert request["team"] == "red" and request["instanceId"]
    assert teams["cleo"].get("/requests").json["data"] == []
    assert teams["cleo"].get("/instances").json["data"] == []
    assert teams["cleo"].get("/tickets").json["data"] == []
    teams["cleo"].get(f"/tickets/{ticket}").problem(404)
    teams["cleo"].get(f"/instances/{request['instanceId']}").problem(404)
    teams["ben"].get(f"/instances/{request['instanceId']}").expect(200)


def test_one_sees_the_own_team_and_those_below_but_not_above(teams, red_request):
    teams["bea"].get(f"/requests/{red_request}").expect(200)
    below = teams["dora"].submit("teams", {"name": "below"})
    teams["ben"].get(f"/requests/{below}").expect(200)
    teams["dora"].get(f"/requests/{red_request}").problem(404)
    teams["cleo"].get(f"/requests/{below}").problem(404)


def test_events_of_other_teams_do_not_come_through(teams):
    stream = teams["cleo"].stream("/events", last=0)
    own = teams["cleo"].submit("teams", {"name": "blue-thing"})
    teams["ben"].submit("teams", {"name": "red-second"})
    seen = []
    for _, event, data in stream:
        if event != "catalog.synced":
            seen.append(data["requestId"])
            if len(seen) == 4:
                break
    assert set(seen) == {own}


def test_nobody_submits_for_a_team_of_others(teams):
    sent = {"catalogItemId": "teams", "requestData": {"name": "stolen"}, "team": "red"}
    assert teams["cleo"].post("/requests", sent).findings() == {("team", "member")}


@pytest.mark.parametrize("who, method, path, sent, status", [
    ("vic", "GET", "/requests", None, 200), ("vic", "GET", "/catalog", None, 200),
    ("vic", "POST", "/requests", {"catalogItemId": "teams", "requestData": {}}, 403),
    ("vic", "POST", "/catalog/refresh", None, 403), ("ben", "POST", "/catalog/refresh", None, 403),
    ("tess", "POST", "/requests", {"catalogItemId": "teams", "requestData": {}}, 403),
    ("ben", "POST", "/requests/x/steps/task/skip", {"reason": "x"}, 403),
    ("ben", "POST", "/requests/x/steps/task/complete", {"reason": "x"}, 403),
    ("ben", "POST", "/tickets/x/resolve", {}, 403), ("vic", "POST", "/tickets/x/claim", {}, 403),
    ("reader", "GET", "/requests", None, 200), ("reader", "GET", "/catalog", None, 403), ("reader", "GET", "/instances", None, 403),
    ("reader", "POST", "/requests", {"catalogItemId": "teams", "requestData": {}}, 403),
    ("wider", "POST", "/requests", {"catalogItemId": "teams", "requestData": {}}, 403), ("wider", "GET", "/requests", None, 200),
    ("shut-out", "GET", "/requests", None, 401), ("revoked", "GET", "/requests", None, 401),
])
def test_roles_and_scopes_decide(teams, who, method, path, sent, status):
    answer = teams[who].request(method, path, sent)
    answer.expect(status) if status == 200 else answer.problem(status)


def test_whoever_may_resolve_tickets_lets_a_request_go_on(teams):
    request = teams["ben"].submit("teams", {"name": "resolved-by-tess"})
    ticket = teams["ben"].ticket(request)
    teams["tess"].post(f"/tickets/{ticket['id']}/resolve", {"outputs": {"done": "yes"}}).expect(200)
    assert action(teams["ben"].follow(request), "task")["completedBy"] == "tess"


def test_a_colleague_without_the_permission_operates_only_what_is_theirs(teams):
    request = teams["ben"].submit("teams", {"name": "bens"})
    teams["bea"].post(f"/requests/{request}/abort", {"reason": "not mine"}).problem(403)
    teams["ben"].operate(request, "abort", reason="mine")


@pytest.mark.parametrize("header", [
    None, "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "pao_user_x", "Bearer pao_user_aaaaaaaaaaaaaaaaaaaaaaaaaa_aaaaaa", "Bearer " + "x" * 500,
])
def test_a_missing_or_wrong_credential_is_a_401(api, header):
    answer = api.get("/requests", headers={"Authorization": header})
    answer.problem(401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"]


# Sessions


@pytest.fixture
def session(server):
    """A signed-in browser without any header that a page's script would add."""
    visitor = server.api.with_token(None)
    answer = visitor.post("/auth/login", {"user": "ada", "password": PASSWORD}).expect(200)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    return visitor, {"Cookie": cookie.split(";")[0]}


def test_a_password_gives_a_session_that_ends_with_sign_out(session, server):
    visitor, cookie = session
    assert visitor.get("/auth/session", headers=cookie).expect(200).json["user"]["login"] == "ada"
    proof = {**cookie, "Sec-Fetch-Site": "same-origin", "X-Requested-With": "pao"}
    visitor.post("/auth/logout", headers=proof).expect(204)
    visitor.get("/auth/session", headers=cookie).problem(401)


@pytest.mark.parametrize("proof, status", [
    ({}, 403), ({"X-Requested-With": "pao"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "X-Requested-With": "pao"}, 403), ({"Sec-Fetch-Site": "same-site", "X-Requested-With": "pao"}, 403),
    ({"Origin": "https://evil.example", "X-Requested-With": "pao"}, 403), ({"Origin": "null", "X-Requested-With": "pao"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "SELF", "X-Requested-With": "pao"}, 403),
    ({"Sec-Fetch-Site": "same-origin", "X-Requested-With": "pao"}, 422), ({"Origin": "SELF", "X-Requested-With": "pao"}, 422),
])
def test_a_change_with_a_cookie_needs_proof_of_its_origin(session, proof, status):
    visitor, cookie = session
    sent = {name: value.replace("SELF", visitor.url) for name, value in proof.items()}
    visitor.post("/requests", {"requestData": {}}, headers={**cookie, **sent}).problem(status)


def test_a_wrong_password_is_a_401_that_tells_nothing_and_soon_a_429(servers):
    visitor = servers().api.with_token(None)
    wrong = visitor.post("/auth/login", {"user": "ada", "password": "wrong"}).problem(401)
    unknown = visitor.post("/auth/login", {"user": "nobody", "password": "wrong"}).problem(401)
    assert wrong["detail"] == unknown["detail"]
    for _ in range(20):
        answer = visitor.post("/auth/login", {"user": "ada", "password": "wrong"})
        if answer.status == 429:
            break
    answer.problem(429, "rate-limited")
    assert int(answer.headers["Retry-After"]) > 0
    visitor.get("/health").expect(200)


def test_a_foreign_page_cannot_sign_anybody_in(api):
    api.with_token(None).post(
        "/auth/login", {"user": "ada", "password": PASSWORD}, headers={"Origin": "https://evil.example", "X-Requested-With": "pao"}).problem(403)
