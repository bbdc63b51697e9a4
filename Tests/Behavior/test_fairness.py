"""One team's many requests do not keep another team's one waiting."""
import json
import time

import pytest
from appliance import SandboxProcess, by_scale, eventually

MANY = by_scale(1_000, 10_000)


@pytest.fixture
def outside(tmp_path):
    sandbox = SandboxProcess(tmp_path)
    yield sandbox
    sandbox.close()


def test_a_teams_single_request_is_done_within_two_seconds_behind_thousands_of_another_team(outside, servers, make):
    server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([outside.url.removeprefix("http://")]), "PAO_LOGGING_LEVEL": "warning"})
    crowd, single = server.person("carl", "developer", "crowd"), server.person("sue", "developer", "single")
    document = make.item(make.call("work", "/work"), make.call("more", "/more"), fields=["name"])
    item = server.publish(json.loads(json.dumps(document).replace(make.host, outside.url)))
    # Each call takes its time, so that the crowd keeps every place busy for long after its last request was taken.
    outside.fault("POST /work", "delay", 200, times=MANY + 10)
    for _ in range(MANY // 100):
        crowd.post("/requests/batch", {"requests": [{"catalogItemId": item, "requestData": {"name": "c"}}] * 100}).expect(201)
    waits = []
    for number in range(5):
        began = time.monotonic()
        single.follow(single.submit(item, {"name": f"s{number}"}), within=60)
        waits.append(time.monotonic() - began)
    queued = server.directory.query("SELECT count(*) n FROM service_requests WHERE requester_team = 'crowd' AND status = 'queued'")[0]["n"]
    print(f"behind {queued} requests of another team: {max(waits):.2f} s at most")
    assert queued > MANY // 4, "the crowd was still waiting"
    assert max(waits) < 2
    # Neither does the crowd wait for ever.
    eventually(lambda: crowd.get("/requests?limit=1&status=queued,in_progress").json["data"] == [], 300, "the crowd's end")
    assert {count for count in outside.state["effects"].values()} == {1}
