"""Documents as other people write them: several in a file, names with spaces, spellings of both dialects mixed, secrets and variables that
nobody has set, hosts that do not exist. All load unchanged and complete in sandbox mode."""
import json
import shutil
from pathlib import Path

import pytest
from appliance import Directory, Server, pao
from client import action

CATALOG = Path(__file__).parent / "others"

FILLED = {
    "rds-postgresql": {
        "db_name": "orders_db", "multi_az": True, "storage_gb": 120, "replica_region": "eu-central-1",
        "maintenance_start": "2026-12-01T02:00:00Z", "extensions": ["postgis"]},
    "elasticache-redis": {"cluster_id": "sessions", "auth_token": "correct horse battery staple"},
    "lambda-function": {
        "function_name": "resize", "runtime": "python3.12", "environment": "prod", "launch_date": "2026-12-24", "description": 'a "b"\nc'},
    "object-bucket": {"bucket": "logs"},
    "load-balancer": {"vip_name": "shop.acme.example", "members": [{"address": "10.1.1.1"}], "ports": [80, 443]},
    "document-search": {"index": "products"},
    "message-queue": {"queueName": "orders"},
    "kubernetes-namespace": {"namespace_name": "shop"},
    "s3-bucket": {
        "bucket_name": "b1", "public_access": True, "justification": 'it is\nneeded "now"',
        "cors_origins": ["https://a.example", "https://c.example"]},
    "virtual-machine": {"hostname": "vm1.example", "disks": [50, 100], "labels": {"env": "dev"}},
    "networking-vpc-standard": {"vpcName": "vpc-shop", "peers": [{"account": "1", "vpc": "v"}]},
    "sloppy-service": {"app-name": "x"},
}
BUNDLE = "microservice-starter"


@pytest.fixture(scope="module")
def others():
    directory = Directory()
    shutil.copytree(CATALOG, directory.catalog, dirs_exist_ok=True)
    server = Server(directory).wait_until_ready()
    yield server
    server.close()


def finished(server, request):
    """The request at its end. Only tickets wait in the sandbox for somebody; those are closed."""
    def over(request):
        for step in request["actions"]:
            if step["status"] not in ("running", "verifying") or not step["externalReference"]:
                continue
            if step["type"] == "jira-ticket":
                server.sandbox.advance(step["externalReference"])
            elif step["externalReference"].startswith("req-"):
                over(server.api.read(step["externalReference"]))
        return request["status"] in ("completed", "failed")
    return server.api.follow(request, over, 60)


@pytest.fixture(scope="module")
def requests(others):
    """All at once, each followed to its end."""
    submitted = {item: others.api.submit(item, data) for item, data in FILLED.items()}
    return {item: finished(others, request) for item, request in submitted.items()}


def test_other_peoples_documents_load_without_errors():
    done = pao("catalog", "validate", CATALOG)
    assert done.returncode == 0, done.stdout
    assert f"{len(FILLED) + 1} documents, 0 errors" in done.stdout


def test_each_has_the_id_it_is_asked_for_by(others):
    assert {entry["id"] for entry in others.api.get("/catalog?limit=200").json["data"]} == {*FILLED, BUNDLE}


@pytest.mark.parametrize("item", FILLED)
def test_other_peoples_document_runs_to_completed_in_sandbox_mode(requests, item):
    request = requests[item]
    assert request["status"] == "completed", request["errorContext"]
    assert all(step["status"] in ("completed", "skipped") for step in request["actions"])


def test_a_bundle_of_them_completes_with_all_its_components(others):
    sent = {"catalogBundleId": BUNDLE, "requestData": {"service": "shop"}, "components": {"document-search": {"enabled": True}}}
    done = finished(others, others.api.post("/requests", sent).expect(201).json["id"])
    assert done["status"] == "completed", done["errorContext"]
    components = [step["id"] for step in done["actions"] if step["type"] == "component"]
    assert components == ["object-bucket", "load-balancer", "lambda-function", "document-search"]


def test_nothing_is_done_twice(others, requests):
    state = others.sandbox.state
    assert {key: count for key, count in state["effects"].items() if count != 1} == {}


def test_what_nobody_has_set_stands_there_by_its_name(others, requests):
    """Secrets and variables of the environment."""
    call, = [call for call in others.sandbox.calls("cmdb.acme.internal") if call["method"] == "POST"]
    assert call["body"]["multi_az"] is True and call["body"]["nothing"] is None and call["body"]["extensions"] == ["postgis"]
    assert any(call["url"].startswith("https://sandbox-SSO_HOST/token") for call in others.sandbox.state["calls"])


def test_a_step_whose_name_has_spaces_is_known_by_its_id(requests):
    step = action(requests["sloppy-service"], "create-app")
    assert step["name"] == "Create App"


def test_values_keep_their_types_and_texts_their_characters(others, requests):
    put, = [call for call in others.sandbox.calls("k8s.example.com") if call["method"] == "PUT"]
    assert put["body"] == {"hard": {"limits.cpu": 2, "limits.memory": "2Gi"}}
    post, = [call for call in others.sandbox.calls("lambda.eu-west-1") if "resize-prod" in json.dumps(call["body"])]
    assert post["body"]["Description"] == 'a "b"\nc' and post["body"]["MemorySize"] == 256 and post["body"]["Layers"] == []
