"""Every action type through the real appliance: documents of a platform team complete in sandbox mode; what was cut off is found again, and
nothing happens twice."""
import json
import re
import shutil
import socket
import subprocess
from email.header import decode_header, make_header
from html import unescape
from pathlib import Path

import pytest
from appliance import Directory, Server, eventually
from client import action

CATALOG = Path(__file__).parent / "actions"
HOSTILE = 'a"b\'c\\d ${x} %{y} {{z}} $${q}\n*bold* [l|http://x] {code} </script> é'

FILLED = {
    "eks-container-app": {"app_name": "shop", "note": HOSTILE},
    "bucket-with-scan": {"bucket": "logs"},
    "canonical-database": {"name": "orders", "secretWord": "Canary-5e1f0a"},
    "kafka-topic": {"topic": "orders.placed", "consumers": ["billing", "search"]},
    "private-dns": {"zone": "corp.internal", "comment": HOSTILE},
    "access-review": {"person": "ada", "reason": HOSTILE},
    "alerting": {"service": "shop", "thresholds": {"errors": 0.5}},
    "warehouse": {"schema": "sales", "password": "Canary-77ab01 long"},
    "batch-job": {"job": "nightly"},
}


@pytest.fixture(scope="module")
def team():
    directory = Directory()
    shutil.copytree(CATALOG, directory.catalog, dirs_exist_ok=True)
    server = Server(directory).wait_until_ready()
    yield server
    server.close()


@pytest.fixture(scope="module")
def requests(team):
    """All at once, each followed to its end."""
    submitted = {item: team.api.submit(item, data) for item, data in FILLED.items()}
    ended = lambda request: request["status"] in ("completed", "failed")
    return {item: team.api.follow(request, ended, 60) for item, request in submitted.items()}


@pytest.mark.parametrize("item", FILLED)
def test_a_document_completes_in_sandbox_mode(requests, item):
    request = requests[item]
    assert request["status"] == "completed", request["errorContext"]
    assert all(step["status"] in ("completed", "skipped") for step in request["actions"])


def test_every_effect_happened_once(team, requests):
    state = team.sandbox.state
    assert state["unkeyed"] == 0
    assert {key: count for key, count in state["effects"].items() if count != 1} == {}


def test_a_value_arrives_literally_wherever_it_goes(team, requests):
    state = team.sandbox.state
    variables = {variable["attributes"]["key"]: variable["attributes"]["value"]
                 for workspace in state["terraform"]["workspaces"] if "private-dns" in workspace["name"] for variable in workspace["variables"]}
    assert variables["comment"] == HOSTILE
    tasks = state["servicenow"]["sc_task"]
    assert any(task["description"] == HOSTILE for task in tasks)
    mails = [call["body"] for call in team.sandbox.calls("mail.sandbox.example") if "ada@" in str(call["body"])]
    assert [mail["text"] for mail in mails] == ["Reason: " + HOSTILE]


def test_secrets_are_nowhere_but_where_they_were_sent(team, requests):
    team.api.get("/health/ready")
    for file in team.directory.data.glob("pao.db*"):
        assert b"Canary-" not in file.read_bytes(), file
    for request in requests.values():
        shown = str(request) + str(team.api.get(f"/requests/{request['id']}/logs").body)
        assert "Canary-" not in shown and "sandbox-client" not in shown
    password = [variable["attributes"] for workspace in team.sandbox.state["terraform"]["workspaces"]
                for variable in workspace["variables"] if variable["attributes"]["key"] == "password"]
    assert [attributes["sensitive"] for attributes in password] == [True]


def test_an_event_of_the_manual_part_opens_a_ticket_that_a_person_resolves(team):
    request = team.api.submit("desk-move", {"person": "ada", "room": "2.14"})
    ticket = team.api.ticket(request)
    assert ticket["title"] == "Move ada to 2.14"
    assert any(call["body"]["specversion"] == "1.0" for call in team.sandbox.calls("facility.corp.example"))
    team.api.post(f"/tickets/{ticket['id']}/resolve", {}).expect(200)
    team.api.follow(request)


STEPS = {
    "github-workflow": ("POST /repos/corp/x/actions", {"repository": "corp/x", "workflow": "y.yml"}),
    "gitlab-pipeline": ("POST /api/v4/projects/7/pipeline", {"project": "7", "ref": "main"}),
    "servicenow-ticket": ("POST /api/now/table/incident", {"shortDescription": "x"}),
    "terraform": ("POST /api/v2/runs", {"moduleSource": "corp/x/aws", "variables": {"a": 1}}),
    "jira-ticket": ("POST /rest/api/2/issue", {"ticket": {"project": "OPS", "summaryTemplate": "x"}}),
    "webhook": ("POST /hook", {"url": "https://hooks.example/hook"}),
}


@pytest.mark.parametrize("type", STEPS)
@pytest.mark.parametrize("fault", ["cut", "status"])
def test_an_answer_that_was_lost_is_found_out_and_nothing_is_done_twice(servers, make, type, fault):
    match, config = STEPS[type]
    server = servers()
    server.sandbox.fault(match, fault, 503 if fault == "status" else None)
    item = server.publish(make.item({"id": "step", "type": type, "config": config}))
    done = server.api.run(item, within=60)
    state = server.sandbox.state
    assert (list(state["effects"].values()), state["unkeyed"]) == ([1], 0), done


@pytest.mark.parametrize("type", STEPS)
def test_killed_while_the_answer_is_awaited_it_happens_once(servers, make, type):
    match, config = STEPS[type]
    server = servers()
    server.sandbox.fault(match, "hang", 60_000)
    item = server.publish(make.item({"id": "step", "type": type, "config": config}))
    request = server.api.submit(item)
    eventually(lambda: server.sandbox.state["effects"], what="the effect")
    server.crash()
    server.start().wait_until_ready()
    server.api.follow(request, within=60)
    state = server.sandbox.state
    assert (list(state["effects"].values()), state["unkeyed"]) == ([1], 0)


def test_mail_whose_fate_is_unknown_is_not_sent_again(servers, make):
    server = servers()
    server.sandbox.fault("POST /messages", "cut")
    item = server.publish(make.item({"id": "mail", "type": "email", "config": {"to": "a@x.example", "subject": "s", "body": "b"}}))
    request = server.api.run(item, until="failed")
    assert action(request, "mail")["attempts"][-1]["errorType"] == "in_doubt"
    assert list(server.sandbox.state["effects"].values()) == [1]


def test_a_run_that_fails_fails_the_step_and_a_retry_makes_another(servers, make):
    server = servers()
    item = server.publish(make.item({"id": "run", "type": "github-workflow", "config": {"repository": "corp/x", "workflow": "y.yml"}}))
    request = server.api.submit(item)
    eventually(lambda: server.sandbox.advance("corp/x", "failure") or server.sandbox.advance("", "failure"), what="a run")
    failed = server.api.follow(request, "failed")
    assert action(failed, "run")["attempts"][-1]["errorType"] == "workflow_failure"
    server.api.operate(request, "retry")
    server.api.follow(request)
    assert list(server.sandbox.state["effects"].values()) == [2]


# Without the sandbox: real mail, real git, a real program.

@pytest.fixture
def mailbox():
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    class Kept(Message):
        def __init__(self):
            super().__init__()
            self.messages = []

        def handle_message(self, message):
            self.messages.append(message)

    kept = Kept()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kept.port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    yield kept
    controller.stop()


def test_a_mail_reaches_a_mail_server_as_it_was_written(servers, make, mailbox):
    smtp = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "from": "pao@corp.example"}
    server = servers(sandbox=False, environment={"PAO_SMTP": json.dumps(smtp)})
    mail = {"id": "mail", "type": "email", "config": {"to": "ada@corp.example, bob@corp.example", "subject": "Für {{fields.name}}", "body": "**For**\n{{fields.name}}"}}
    item = server.publish(make.item(mail, fields=["name"]))
    request = server.api.run(item, {"name": HOSTILE})
    [message] = mailbox.messages
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.get_payload()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_payload(decode=True).decode().replace("\r\n", "\n") == "**For**\n" + HOSTILE
    shown = html.get_payload(decode=True).decode()
    body = re.search(r"<body>\n<p>(.*)</p>\n</body>", shown, re.DOTALL).group(1)
    assert unescape(body.replace("<br>\n", "\n").replace("<strong>For</strong>", "**For**")) == "**For**\n" + HOSTILE and "</script>" not in body
    assert str(make_header(decode_header(message["Subject"]))) == "Für " + HOSTILE.replace("\n", " ")
    assert message["Message-ID"] == action(request, "mail")["outputs"]["messageId"]
    assert message["X-RcptTo"] == "ada@corp.example, bob@corp.example"


def test_a_module_becomes_a_commit_and_a_person_tells_what_the_pipeline_made_of_it(servers, make, tmp_path):
    origin = repository(tmp_path)
    repositories = {"./modules/": {"url": f"file://{origin}", "branch": "main", "path": "live"}}
    server = servers(sandbox=False, environment={"PAO_INTEGRATIONS_TERRAFORM_REPOSITORIES": json.dumps(repositories)})
    step = {"id": "tf", "type": "terraform", "outputs": ["endpoint"],
            "config": {"moduleSource": "./modules/redis", "variables": {"name": "{{fields.name}}"}, "workspace": "orders"}}
    item = server.publish(make.item(step, fields=["name"], instance={"outputs": {"endpoint": "{{outputs.tf.endpoint}}", "commit": "{{outputs.tf.commit}}"}}))
    request = server.api.submit(item, {"name": HOSTILE})
    ticket = server.api.ticket(request)
    server.api.post(f"/tickets/{ticket['id']}/resolve", {"outputs": {"endpoint": "redis:6379"}}).expect(200)
    done = server.api.follow(request)
    outputs = action(done, "tf")["outputs"]
    assert git(origin, "rev-parse", outputs["branch"]) == outputs["commit"]
    text = git(origin, "show", f"{outputs['branch']}:live/orders/main.tf")
    assert r"""  name = "a\"b'c\\d $${x} %%{y} {{z}} $$${q}\n*bold* [l|http://x] {code} </script> é" """.rstrip() in text
    assert server.api.get(f"/instances/{done['instanceId']}").json["outputs"] == {"endpoint": "redis:6379", "commit": outputs["commit"]}


def repository(folder):
    """A bare repository with one commit."""
    work, origin = folder / "work", folder / "origin.git"
    for arguments in (["init", "-q", "-b", "main", work], ["-C", work, "-c", "user.name=t", "-c", "user.email=t@x", "commit", "-q", "--allow-empty", "-m", "first"],
                      ["clone", "-q", "--bare", work, origin]):
        subprocess.run(["git", *map(str, arguments)], check=True)
    return origin


def git(origin, *arguments):
    return subprocess.run(["git", f"--git-dir={origin}", *arguments], check=True, capture_output=True, text=True).stdout.strip()
