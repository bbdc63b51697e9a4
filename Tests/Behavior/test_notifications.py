"""Who is told of what: lists of one's own, mails, subscribed URLs; nothing is lost by a crash, and nobody is told twice."""
import base64
import hashlib
import hmac
import http.server
import json
import threading

import pytest
from appliance import Directory, Server, eventually


@pytest.fixture
def people(servers, make):
    """A requester and an approver of one team, both with mail addresses."""
    server = servers(environment={"PAO_PUBLIC_URL": "https://pao.corp.example/"})
    server.api.post("/teams", {"slug": "platform", "name": "Platform"})
    found = {}
    for login, role in (("rita", "developer"), ("art", "approver"), ("tom", "technician")):
        user = server.api.post("/users", {
            "login": login, "email": f"{login}@corp.example", "roles": [role], "teams": ["platform"]}).expect(201).json["id"]
        sent = {"name": "test", "userId": user, "scopes": server.permissions(role)}
        found[login] = server.api.with_token(server.api.post("/tokens", sent).expect(201).json["token"])
    return server, found


def told(api):
    return [entry["subject"] for entry in api.get("/notifications").expect(200).json["data"]]


def mails(server, address):
    return [call["body"] for call in server.sandbox.calls("mail.sandbox") if call["body"]["to"] == [address]]


def test_the_requester_is_told_in_the_list_and_by_mail_with_a_link(people, make):
    server, people = people
    item = server.publish(make.item(make.call()))
    request = people["rita"].run(item)["id"]
    subjects = eventually(lambda: told(people["rita"]), what="a notification")
    assert subjects == [f"Service {make.name} is ready"]
    mail, = eventually(lambda: mails(server, "rita@corp.example"), what="a mail")
    assert mail["subject"] == subjects[0] and f"https://pao.corp.example/requests/{request}" in mail["text"]
    assert told(people["art"]) == []


def test_a_failure_says_why_and_a_page_can_be_marked_as_read(people, make):
    server, people = people
    rita = people["rita"]
    server.sandbox.fault(f"POST /things", "status", 400, times=9)
    item = server.publish(make.item(make.call(), retry={"attempts": 1}))
    rita.run(item, until="failed")
    entry, = eventually(lambda: rita.get("/notifications?unread=true").json["data"], what="a notification")
    assert "has failed" in entry["subject"] and "400" in entry["text"] and entry["link"].startswith("/requests/req-")
    assert rita.post(f"/notifications/{entry['id']}/read").expect(200).json == {"unread": 0}
    assert rita.get("/notifications?unread=true").json["data"] == [] and told(rita) == [entry["subject"]]


def test_whoever_may_approve_is_told_but_not_whoever_asked(people, make):
    server, people = people
    document = make.item(make.call())
    document["fulfillment"]["approvals"] = [{"name": "lead", "role": "approver", "team": "platform"}]
    item = server.publish(document)
    people["rita"].submit(item)
    subject, = eventually(lambda: told(people["art"]), what="a notification")
    assert subject == f"rita asks for Service {make.name}: your approval is needed"
    eventually(lambda: mails(server, "art@corp.example"), what="a mail")
    assert told(people["rita"]) == []


def test_a_ticket_in_the_inbox_is_told_to_those_of_its_team_who_may_resolve_it(people, make):
    server, people = people
    item = server.publish(make.item(make.task(config={"title": "Rack it"})))
    people["rita"].submit(item)
    eventually(lambda: told(people["tom"]) == ["Ticket: Rack it"], what="a notification")


def test_who_has_to_wait_for_a_freeze_is_told_and_the_freeze_is_visible(people, make):
    server, people = people
    item = server.publish(make.item(make.call()))
    frozen = server.api.post("/admin/freeze-windows", {"reason": "Year end", "catalogItemIds": [item]}).expect(201).json
    assert (frozen["state"], frozen["endsAt"]) == ("active", None)
    people["rita"].post("/admin/freeze-windows", {"reason": "no"}).problem(403)
    request = people["rita"].submit(item)
    waiting = people["rita"].follow(request, lambda request: request["waiting"])["waiting"]
    assert waiting == {"kind": "freeze", "reason": "frozen by ada: Year end", "until": None}
    eventually(lambda: told(people["rita"]) == [f"Service {make.name} has to wait"], what="a notification")
    assert people["rita"].get("/admin/freeze-windows").json["waiting"] == 1
    people["rita"].post(f"/requests/{request}/override", {"reason": "now"}).problem(403)
    server.api.post(f"/requests/{request}/override", {"reason": "customer is down"}).expect(200)
    people["rita"].follow(request)
    row, = server.api.get("/audit?action=override").json["data"]
    assert (row["actor"], row["new"]) == ("ada", {"reason": "customer is down"})
    other = people["rita"].submit(item)
    people["rita"].follow(other, lambda request: request["waiting"])
    server.api.post(f"/admin/freeze-windows/{frozen['id']}/end").expect(200)
    people["rita"].follow(other)


class Receiver(http.server.BaseHTTPRequestHandler):
    got = []
    refusals = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 204
        if Receiver.refusals:
            Receiver.refusals -= 1
            status = 503
        else:
            Receiver.got.append((dict(self.headers), body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    Receiver.got, Receiver.refusals = [], 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()


def test_a_subscribed_url_gets_signed_cloud_events_also_those_of_a_process_that_was_killed(servers, make, receiver):
    server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([receiver.split("/")[2]])})
    item = server.publish(make.item(mode="manual", manual=[make.task()]))
    made = server.api.post("/subscriptions", {"url": receiver, "events": ["request.status"]}).expect(201).json
    assert made["secret"].startswith("whsec_")
    assert "secret" not in server.api.get("/subscriptions").json["data"][0]
    first = server.api.submit(item)
    server.crash()
    server.start().wait_until_ready()
    second = server.api.submit(item)
    kept = lambda request: [json.loads(body)["data"]["new"] for _, body in Receiver.got if json.loads(body)["subject"] == request]
    begun = ["submitted", "validating", "queued", "in_progress"]
    eventually(lambda: sorted(kept(first)) == sorted(kept(second)) == sorted(begun), what="all events of both")
    headers, body = Receiver.got[0]
    key = base64.b64decode(made["secret"][6:])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    event = json.loads(body)
    assert (event["specversion"], event["type"], event["id"]) == ("1.0", "pao.request.status", headers["webhook-id"])
    ids = [headers["webhook-id"] for headers, _ in Receiver.got]
    assert len(ids) == len(set(ids))
    server.api.request("DELETE", f"/subscriptions/{made['id']}").expect(204)
    assert server.api.get("/subscriptions").json["data"] == []


def test_a_receiver_that_is_down_gets_the_event_later(servers, make, receiver):
    server = servers(sandbox=False, environment={"PAO_EGRESS_ALLOW": json.dumps([receiver.split("/")[2]])})
    Receiver.refusals = 1
    server.api.post("/subscriptions", {"url": receiver, "events": ["freeze"]}).expect(201)
    server.api.post("/admin/freeze-windows", {"reason": "x"}).expect(201)
    look = lambda: server.directory.query("SELECT attempts, status, last_error FROM notifications WHERE channel = 'webhook' AND attempts > 0")
    row, = eventually(look, what="a first try")
    assert row == {"attempts": 1, "status": "pending", "last_error": "The receiver answered 503."}
    due, = server.directory.query("SELECT run_at FROM jobs WHERE kind = 'notification'")
    assert due["run_at"] > server.directory.query("SELECT max(created_at) AS at FROM notifications")[0]["at"]


@pytest.mark.parametrize("sent, field", [
    ({"url": "ftp://x"}, "url"), ({"url": "https://x", "events": ["request.unheard"]}, "events"), ({"url": "https://x", "events": [1]}, "events")])
def test_a_subscription_that_cannot_be_is_refused(api, sent, field):
    assert field in {finding[0] for finding in api.post("/subscriptions", sent).findings()}
