"""How the catalog is served: search, filters, facets, versions, statistics, conditional answers, caches."""
import importlib.machinery
import importlib.util

import pytest
from appliance import ROOT, by_scale, measured


@pytest.fixture(scope="module")
def served():
    from appliance import Server
    from documents import Maker
    server = Server().wait_until_ready()
    maker = Maker("shop")
    for number in range(6):
        document = maker.item(maker.call(), suffix=f"-{number}", fields=["title"])
        document["metadata"].update(
            name=f"Shop {'cache' if number % 2 else 'database'} {number}", category="databases" if number % 2 else "compute",
            tags=["even" if number % 2 == 0 else "odd"])
        server.directory.write(document)
    server.api.post("/catalog/refresh?wait=true").expect(200)
    server.document = document
    yield server
    server.close()


def ids(answer):
    return [entry["id"] for entry in answer.expect(200).json["data"]]


def test_search_filters_and_sorts(served):
    api = served.api
    assert set(ids(api.get("/catalog?search=shop+cach"))) == {"shop-1", "shop-3", "shop-5"}
    assert ids(api.get("/catalog?search=Shop%20cache%203"))[0] == "shop-3"
    assert ids(api.get("/catalog?category=compute&sort=-name")) == ["shop-4", "shop-2", "shop-0"]
    assert ids(api.get("/catalog?sort=category&limit=4"))[:3] == ["shop-0", "shop-2", "shop-4"]
    assert ids(api.get("/catalog?search=%22%20OR%201")) == []
    api.get("/catalog?sort=size").problem(400, "invalid-parameter")


def test_facets_say_what_each_value_would_find(served):
    facets = served.api.get("/catalog?category=compute&facets=true").expect(200).json["facets"]
    assert facets["category"] == [{"value": "compute", "count": 3}, {"value": "databases", "count": 3}]
    assert facets["tags"] == [{"value": "even", "count": 3}]
    assert "facets" not in served.api.get("/catalog").json


def test_answers_that_one_has_are_not_sent_again(served):
    for path in ("/catalog", "/catalog?search=shop", "/catalog/items/shop-1", "/catalog/items/shop-1/schema"):
        first = served.api.get(path).expect(200)
        etag = first.headers["ETag"]
        for known in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            again = served.api.request("GET", path, headers={"If-None-Match": known})
            assert (again.status, again.headers["ETag"]) == (304, etag)
        assert served.api.request("GET", path, headers={"If-None-Match": '"x"'}).status == 200


def test_an_older_version_and_its_form_stay_to_be_seen(served):
    document = served.document
    new = {**document, "metadata": {**document["metadata"], "version": "1.1.0"}}
    new["presentation"] = {"form": {"groups": [{"id": "main", "fields": [{"id": "title", "type": "string"}, {"id": "extra", "type": "string"}]}]}}
    served.publish(new)
    fields = lambda version: [
        field["id"] for group in served.api.get(f"/catalog/items/shop-5/schema?version={version}").expect(200).json["form"]["groups"]
        for field in group["fields"]]
    assert (fields("1.0.0"), fields("1.1.0")) == (["title"], ["title", "extra"])
    assert served.api.get("/catalog/items/shop-5?version=1.0.0").json["metadata"]["version"] == "1.0.0"
    served.api.get("/catalog/items/shop-5/schema?version=9.0.0").problem(404, "not-found")


def test_statistics_and_hit_ratios(served):
    for _ in range(3):
        served.api.get("/catalog/items/shop-2/schema").expect(200)
    stats = served.api.get("/catalog/stats").expect(200).json
    assert stats["kinds"] == {"CatalogItem": 6} and stats["automationRate"] == 1 and stats["actionTypes"] == {"rest-api": 6}
    assert stats["caches"]["forms"]["hits"] >= 2 and stats["lastSync"]["status"] == "completed"
    text = served.api.get("/metrics").body
    assert 'pao_catalog_cache_hit_ratio{cache_type="forms"}' in (text if isinstance(text, str) else text.decode())


def test_defaults_that_are_templates_are_those_of_who_asks(served, make):
    field = {"id": "team", "type": "string", "default": "{{request.user.team}}"}
    served.publish(make.item(make.call(), fields=[field, {"id": "size", "type": "integer", "default": 3}]))
    form = lambda api: {
        field["id"]: field.get("default") for group in api.get(f"/catalog/items/{make.name}/schema").expect(200).json["form"]["groups"]
        for field in group["fields"]}
    assert form(served.person("tess", "developer", "shop-team"))["team"] == "shop-team"
    assert form(served.person("tom", "developer", "depot"))["team"] == "depot"
    assert form(served.api)["size"] == 3


def test_many_documents():
    """10,000 documents keep the limits of `benchmarks/catalog-scale` in a release build. A tenth of them costs a debug build no more, but
    for a search, which may take ten times as long."""
    loader = importlib.machinery.SourceFileLoader("scale", str(ROOT / "benchmarks/catalog-scale"))
    scale = importlib.util.module_from_spec(importlib.util.spec_from_loader("scale", loader))
    loader.exec_module(scale)
    result = scale.measure(measured(), by_scale(1000, 10_000))
    print(result)
    if by_scale(True, False):
        scale.PROCESSOR_LIMITS["search_p99_processor_ms"] *= 10
        result["load"] = float("inf")  # other tests run beside this one
    assert scale.passed(result) == {}, result
