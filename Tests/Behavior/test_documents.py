"""A platform team's documents, of both dialects and with hosts that do not exist, load unchanged and complete in sandbox mode."""
from pathlib import Path

import pytest
from appliance import pao
from client import action

CATALOG = Path(__file__).parent / "catalog"

FILLED = {
    "web-service": {"app_name": "shop", "environment": "prod", "domain": "shop.example.com"},
    "document-store": {"store_name": "orders"},
    "private-link": {"target": "ledger"},
    "messaging-event-stream": {"streamName": "orders.placed", "readers": ["billing"]},
    "security-certificate": {"host": "www.example.com", "contact": "ada@example.com", "passphrase": "correct horse battery"},
    "storage-file-share": {"shareName": "media", "hosts": [{"name": "web-1"}, {"name": "web-2", "readOnly": True}]},
    "repository-access": {"person": "ada", "repository": "acme-corp/shop"},
}


@pytest.fixture(scope="module")
def team_server():
    import shutil
    from appliance import Server
    from appliance import Directory
    directory = Directory()
    shutil.copytree(CATALOG, directory.catalog, dirs_exist_ok=True)
    server = Server(directory).wait_until_ready()
    yield server
    server.close()


def test_the_documents_are_without_errors():
    done = pao("catalog", "validate", CATALOG)
    assert done.returncode == 0, done.stdout
    assert f"{len(FILLED)} documents, 0 errors" in done.stdout


def test_each_document_has_the_id_it_is_asked_for_by(team_server):
    ids = {entry["id"] for entry in team_server.api.get("/catalog?limit=200").json["data"]}
    assert ids == set(FILLED)


@pytest.mark.parametrize("item", FILLED)
def test_a_request_completes_in_sandbox_mode(team_server, item):
    api, sandbox = team_server.api, team_server.sandbox
    request = api.submit(item, FILLED[item])

    def over(request):
        for step in request["actions"]:  # only tickets wait in the sandbox for somebody
            if step["type"] == "jira-ticket" and step["status"] in ("running", "verifying") and step["externalReference"]:
                sandbox.advance(step["externalReference"])
        is_with_person = any(step["type"] != "jira-ticket" and "waits for a person" in (step["reason"] or "") for step in request["actions"])
        return is_with_person or request["status"] in ("completed", "failed")

    done = api.follow(request, over, 30)
    assert done["status"] == "completed", done["errorContext"]
    assert all(step["status"] in ("completed", "skipped") for step in done["actions"])
    assert api.get(f"/tickets?requestId={request}&status=open").json["data"] == []
    assert api.get(f"/instances/{done['instanceId']}").json["state"] == "active"


def test_what_a_document_calls_is_what_it_says(team_server):
    api, sandbox = team_server.api, team_server.sandbox
    api.run("document-store", {"store_name": "exact", "members": "3", "memory_gb": 2.5})
    post, put = [call for call in sandbox.calls("mongo-operator") if "exact" in str(call)]
    assert (post["method"], post["url"]) == ("POST", "https://mongo-operator.acme-corp.example/v1/clusters")
    assert post["body"] == {"name": "exact", "members": "3", "memory": 2.5, "window": "02:00"}
    assert (put["method"], put["body"]) == ("PUT", {"memory": 2.5})


def test_tickets_of_the_flat_dialect_say_what_their_template_says(team_server):
    api, sandbox = team_server.api, team_server.sandbox
    request = api.run("private-link", {"target": "payments-core"})
    key = action(request, "ask_network_team")["externalReference"]
    issue = next(issue for issue in sandbox.state["jira"]["issues"] if issue["key"] == key)
    assert (issue["project"], issue["summary"], issue["fields"]["priority"]["name"]) == ("NET", "Private link to payments-core", "High")
    assert "PAYMENTS" in issue["fields"]["description"] and "private-link" in issue["labels"]


def test_nothing_leaves_the_machine(team_server):
    """Every host is one that does not exist; what was called went to the sandbox."""
    hosts = {call["url"].split("/")[2] for call in team_server.sandbox.state["calls"] if "/_sandbox/" not in call["url"]}
    assert hosts and all(host.endswith((".example", ".github.com", ".terraform.io")) for host in hosts), hosts


@pytest.mark.parametrize("item", FILLED)
def test_the_form_and_the_json_schema_of_a_document_agree(team_server, item):
    schema = team_server.api.get(f"/catalog/items/{item}/schema").expect(200).json
    fields = {field["id"]: field for group in schema["form"]["groups"] for field in group["fields"]}
    assert set(schema["jsonSchema"]["properties"]) == set(fields)
    required = {id for id, field in fields.items() if field["required"] and not field.get("conditional") and field.get("default") is None}
    assert set(schema["jsonSchema"].get("required", [])) == required
    check = lambda data: team_server.api.post("/validate/request", {"catalogItemId": item, "requestData": data}).expect(200).json
    assert check({**FILLED[item], "unheard-of": 1})["errors"] != []
    for field in required:
        errors = check({key: value for key, value in FILLED[item].items() if key != field})["errors"]
        assert (field, "required") in {(error["field"], error["rule"]) for error in errors}
