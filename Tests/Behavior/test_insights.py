"""What the dashboard asks for beyond lists: graphs of instances, how services do, the text of documents."""
import json
from datetime import datetime, timedelta, timezone

import pytest
from appliance import pao


def part(make, name, **instance):
    return make.item(make.call("create", f"/{name}", outputs={"id": "$.id"}), suffix=f"-{name}", fields=["name", "uses"],
                     instance={"name": "{{fields.name}}", "outputs": {"id": "{{outputs.create.id}}"}, **instance})


@pytest.fixture
def stack(server, make):
    """A bundle instance of a database and an application."""
    name = make.name
    component = {"version": ">=1.0.0", "required": True}
    server.publish(part(make, "db"), part(make, "app"))
    server.publish({
        "kind": "CatalogBundle",
        "metadata": {**part(make, "app")["metadata"], "id": f"{name}-stack", "name": f"Stack {name}", "category": "bundles"},
        "presentation": {"form": {"groups": [{"id": "main", "name": "Main", "fields": [{"id": "stack", "name": "Stack", "type": "string"}]}]}},
        "components": [
            {**component, "id": "db", "catalogItem": f"{name}-db", "config": {"name": "{{fields.stack}}-db"}, "outputs": ["id"]},
            {**component, "id": "app", "catalogItem": f"{name}-app", "config": {"name": "{{fields.stack}}-app"}},
        ],
        "fulfillment": {"orchestration": {"mode": "sequential"}},
        "instance": {"name": "{{fields.stack}}"},
    })
    request = server.api.post("/requests", {"catalogBundleId": f"{name}-stack", "requestData": {"stack": name}}).expect(201).json["id"]
    return server.api.follow(request)["instanceId"]


def edges(graph):
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    return {(names[edge["from"]], names[edge["to"]]) for edge in graph["edges"]}


def test_the_graph_holds_members_of_bundles_providers_and_dependents(api, server, stack, make):
    graph = api.get(f"/instances/{stack}/graph").expect(200).json
    bundle, app, db = make.name, f"{make.name}-app", f"{make.name}-db"
    assert graph["nodes"][0]["id"] == stack and {node["name"] for node in graph["nodes"]} == {bundle, app, db}
    assert edges(graph) == {(bundle, app), (bundle, db)} and graph["partial"] is False
    provider = next(node["id"] for node in graph["nodes"] if node["name"] == db)
    item = server.publish(part(make, "shop", dependencies=[{"on": "{{fields.uses}}", "type": "data", "required": True}]))
    shop = api.follow(api.submit(item, {"name": "shop", "uses": provider}))["instanceId"]
    assert edges(api.get(f"/instances/{shop}/graph").expect(200).json) == {("shop", db)}
    graph = api.get(f"/instances/{provider}/graph").expect(200).json
    assert edges(graph) == {("shop", db), (bundle, db)}
    assert {edge["type"] for edge in graph["edges"]} == {"data", "member"}


def test_the_graph_is_not_for_other_teams(server, stack, make):
    stranger = server.person(f"{make.name}-stranger", "viewer", "elsewhere")
    assert stranger.get(f"/instances/{stack}/graph").status == 404


def test_insights_count_what_became_of_requests_and_name_the_weakest_action(api, server, sandbox, make):
    item = server.publish(make.item(make.call("first", "/first"), make.call("second", "/second"), retry={"attempts": 1}))
    api.follow(api.submit(item))
    sandbox.fault("POST /second", "status", 422)
    failed = api.submit(item)
    api.follow(failed, "failed")
    report = api.get("/insights?days=1").expect(200).json
    service = next(one for one in report["services"] if one["catalogItemId"] == item)
    assert {name: service[name] for name in ("total", "completed", "attention", "ended", "open")} == {
        "total": 2, "completed": 1, "attention": 1, "ended": 0, "open": 0}
    assert service["weakestAction"] == {"id": "second", "name": "Second", "requests": 1}
    assert 0 <= service["medianSeconds"] <= service["p90Seconds"] <= 60
    assert sum(day["completed"] + day["attention"] for day in service["days"].values()) == 2
    assert report["waiting"]["decisions"]["count"] >= 1 and report["waiting"]["decisions"]["since"]
    rows = api.get(f"/requests?catalogItemId={item}&failedAction=second").expect(200).json["data"]
    assert [row["id"] for row in rows] == [failed]


def test_insights_count_the_requests_of_the_asked_days_only(api):
    from_ = datetime.fromisoformat(api.get("/insights?days=7").expect(200).json["from"].replace("Z", "+00:00"))
    assert abs(datetime.now(timezone.utc) - timedelta(days=7) - from_) < timedelta(minutes=1)
    for days in ("0", "367", "many"):
        api.get(f"/insights?days={days}").problem(400, "invalid-parameter")


def test_insights_hold_only_what_one_may_see(server, api, make):
    item = server.publish(make.item(make.call()))
    api.follow(api.submit(item))
    stranger = server.person(f"{make.name}-stranger", "viewer", "elsewhere")
    report = stranger.get("/insights").expect(200).json
    assert report["services"] == [] and {one["count"] for one in report["waiting"].values()} == {0}


def test_bundles_are_counted_and_listed_by_their_own_id(api, stack, make):
    service = next(one for one in api.get("/insights").json["services"] if one["catalogBundleId"] == f"{make.name}-stack")
    assert service["total"] == 1 and service["catalogItemId"] is None
    assert len(api.get(f"/requests?catalogBundleId={make.name}-stack").expect(200).json["data"]) == 1


def test_the_file_of_a_document_is_given_as_it_is(server, api, make):
    document = make.item(make.call())
    item = server.publish(document)
    source = api.get(f"/catalog/items/{item}/source").expect(200).json
    assert json.loads(source["text"]) == document and source["path"].endswith((".yaml", ".yml"))
    api.get("/catalog/items/no-such-thing/source").problem(404, "not-found")


def test_a_link_out_of_the_catalog_is_not_followed(server, api, make, tmp_path):
    item = server.publish(make.item(make.call()))
    file = server.directory.catalog / api.get(f"/catalog/items/{item}/source").json["path"]
    text = file.read_text()
    (tmp_path / "outside.yaml").write_text("secret")
    file.unlink()
    file.symlink_to(tmp_path / "outside.yaml")
    try:
        api.get(f"/catalog/items/{item}/source").problem(404, "not-found")
    finally:
        file.unlink()
        file.write_text(text)


@pytest.mark.parametrize("kind", ["item", "bundle", "update", "upgrade", "flat"])
def test_a_starter_is_what_init_writes(api, tmp_path, kind):
    assert pao("catalog", "init", kind, tmp_path).returncode == 0
    starter = api.get(f"/catalog/starters/{kind}").expect(200).json
    assert starter["text"] == next(tmp_path.rglob("*.yaml")).read_text()
    api.get("/catalog/starters/castle").problem(404, "not-found")
