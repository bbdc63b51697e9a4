"""Every command of the contract, run as a person runs it."""
import json
import os
import re
import signal
import sqlite3
import stat
import time

import pytest
from appliance import PASSWORD, ROOT, Directory, Process, eventually, pao
from client import Client

# demo


@pytest.fixture(scope="module")
def demonstration():
    return pao("demo", "--run", timeout=120)


def test_demo_run_ends_with_0_when_its_request_is_completed(demonstration):
    assert demonstration.returncode == 0, demonstration.stdout + demonstration.stderr
    assert re.search(r"req-[a-z2-7]{12}\s+completed", demonstration.stdout)
    assert re.search(r"Instance si-[a-z2-7]{12}\s+orders-db\s+active", demonstration.stdout)


def test_demo_prints_url_user_password_and_token(demonstration):
    said = dict(re.findall(r"^\s+(URL|user|password|token)\s+(\S+)$", demonstration.stdout, re.MULTILINE))
    assert set(said) == {"URL", "user", "password", "token"}
    assert said["token"].startswith("pao_user_")


def test_a_second_demo_on_the_same_data_prints_a_new_password_that_lets_one_in(directory):
    passwords = []
    for _ in range(2):
        demo = Process(["demo", "--data", directory.root / "demo", "--listen", "127.0.0.1:0"], directory.root / "demo.log")
        url = demo.url_after("listening on")
        password = eventually(lambda: re.search(r"password\s+(\S+)", demo.printed))[1]
        Client(url, None).post("/auth/login", {"user": "demo", "password": password}).expect(200)
        passwords.append(password)
        assert demo.terminate() == 0
    assert passwords[0] != passwords[1]


# init and serve


def test_init_leaves_a_database_a_private_key_and_a_token_file(directory):
    assert directory.database.exists()
    for name in ("pao.db", "master.key"):
        assert stat.S_IMODE((directory.data / name).stat().st_mode) & 0o077 == 0, name
    assert stat.S_IMODE((directory.root / "token").stat().st_mode) == 0o600
    assert re.fullmatch(r"pao_user_[a-z2-7]{26}_[a-z2-7]{6}", directory.token)


def test_init_without_a_password_file_prints_a_password_once(tmp_path):
    done = pao("init", "--data", tmp_path / "data", "--admin", "ada")
    assert done.returncode == 0
    assert re.search(r"^password\s+\S{20,}$", done.stdout, re.MULTILINE)
    assert re.search(r"^token\s+pao_user_\S+$", done.stdout, re.MULTILINE)


def test_the_password_of_the_file_signs_in(server):
    server.api.with_token(None).post("/auth/login", {"user": "ada", "password": PASSWORD}).expect(200)


def test_init_refuses_a_short_password(tmp_path):
    (tmp_path / "password").write_text("short\n")
    done = pao("init", "--data", tmp_path / "data", "--admin", "ada", "--password-file", tmp_path / "password")
    assert done.returncode == 1
    assert "password" in done.stderr


def test_serve_prints_one_line_when_it_answers_and_ends_with_0_on_sigterm(servers):
    server = servers()
    assert server.process.printed.count("listening on ") == 1
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
    assert server.stop() == 0


def test_serve_in_sandbox_mode_says_where_the_sandbox_is(server):
    assert "effects" in server.sandbox.state


def test_the_control_socket_is_its_owners_alone(server):
    assert stat.S_IMODE((server.directory.data / "pao.sock").stat().st_mode) == 0o600


def test_serve_without_a_database_ends_with_78_and_says_how_to_make_one(tmp_path):
    done = pao("serve", "--data", tmp_path)
    assert done.returncode == 78
    assert "pao init" in done.stderr


def test_a_second_server_on_the_same_data_is_refused(server):
    done = pao("serve", "--data", server.directory.data, "--listen", "127.0.0.1:0")
    assert done.returncode in (65, 78), done.stderr
    assert "listening" not in done.stdout
    server.api.get("/health").expect(200)
    assert (server.directory.data / "pao.sock").exists()


def test_a_data_directory_with_a_long_path_works_or_is_refused_in_words(tmp_path):
    long = tmp_path / ("x" * 100)
    assert pao("init", "--data", long, "--admin", "ada").returncode == 0
    process = Process(["serve", "--data", long, "--listen", "127.0.0.1:0"], tmp_path / "serve.log")
    eventually(lambda: process.process.poll() is not None or "listening on" in process.printed)
    if process.process.poll() is None:
        assert process.terminate() == 0
    else:
        assert process.process.returncode == 78 and "too long" in process.log.read_text()


@pytest.mark.parametrize("environment, words", [
    ({"PAO_LISTEN": "nowhere"}, "ADDRESS:PORT"),
    ({"PAO_LISTEN": "0.0.0.0:0"}, "TLS"),
    ({"PAO_DATABASE": "oracle"}, "sqlite"),
    ({"PAO_LIMITS_CONCURRENCY": "many"}, "limits.concurrency"),
    ({"PAO_EGRESS_ALLOW": "not json"}, "PAO_EGRESS_ALLOW"),
])
def test_a_bad_setting_ends_serve_with_78_and_is_named(directory, environment, words):
    done = pao("serve", "--data", directory.data, environment=environment)
    assert done.returncode == 78, done.stdout + done.stderr
    assert words in done.stderr


def test_an_unknown_key_of_the_configuration_is_refused_with_its_place(directory):
    file = directory.root / "pao.yaml"
    file.write_text("listen: 127.0.0.1:0\ncatalogue:\n  source: x\n")
    done = pao("serve", "--data", directory.data, "--config", file)
    assert done.returncode == 78
    assert f"{file}:2:1" in done.stderr and "catalog" in done.stderr


def test_the_configuration_file_sets_what_the_environment_may_override(directory):
    file = directory.root / "pao.yaml"
    file.write_text(f"listen: 127.0.0.1:1\nenvironmentName: from-file\ndataDirectory: {directory.data}\n")
    process = Process(["serve", "--config", file], directory.root / "serve.log", {"PAO_LISTEN": "127.0.0.1:0"})
    url = process.url_after("listening on")
    assert Client(url, None).get("/version").json["environmentName"] == "from-file"
    assert process.terminate() == 0


# sandbox


def test_sandbox_prints_its_urls_and_ends_with_0_on_sigterm(tmp_path):
    process = Process(["sandbox", "--listen", "127.0.0.1:0"], tmp_path / "sandbox.log")
    url = process.url_after("sandbox on")
    eventually(lambda: f"{url}/provision" in process.printed and f"{url}/rest/api/2" in process.printed)
    first = Client(url, None, "").post("/provision", {"name": "orders"}, headers={"Idempotency-Key": "k"}).expect(200).json
    again = Client(url, None, "").post("/provision", {"name": "orders"}, headers={"Idempotency-Key": "k"}).expect(200).json
    assert first == again and first["id"].startswith("res-")
    assert Client(url, None, "/_sandbox").get("/state").json["effects"] == {"k": 1}
    assert process.terminate() == 0


# schema


SCHEMA = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 3}}, "required": ["size"]}


@pytest.mark.parametrize("schema, name, data, code, words", [
    (SCHEMA, "data.json", '{"size": 4}', 0, ""),
    (SCHEMA, "data.yaml", "size: 4\n", 0, ""),
    (SCHEMA, "data.json", '{"size": 2}', 1, "/size"),
    (SCHEMA, "data.json", "{}", 1, "size"),
    (SCHEMA, "data.yaml", "size: two\n", 1, "/size"),
    (SCHEMA, "data.json", '{"size": 1, "size": 4}', 1, "size"),
    ({"type": "objekt"}, "data.json", "{}", 2, "type"),
    ({"$ref": "#/nowhere"}, "data.json", "{}", 2, "nowhere"),
    (None, "data.json", "{}", 2, "schema.json"),
    (SCHEMA, None, None, 2, "absent"),
])
def test_schema_validate_tells_valid_not_valid_and_unusable_apart(tmp_path, schema, name, data, code, words):
    if schema is not None:
        (tmp_path / "schema.json").write_text(json.dumps(schema))
    if name:
        (tmp_path / name).write_text(data)
    done = pao("schema", "validate", tmp_path / "schema.json", tmp_path / (name or "absent.json"))
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout


# template


@pytest.mark.parametrize("context, template, expected", [
    ("text", "Hello {{fields.name}}", 'Hello a"b/c ${d} *e*'),
    ("json", '{"n": "{{fields.name}}", "c": {{fields.count}}}', '{"n": "a\\"b/c ${d} *e*", "c": 3}'),
    ("url", "https://x.example/{{fields.name}}", "https://x.example/a%22b%2Fc%20%24%7Bd%7D%20%2Ae%2A"),
    ("hcl", 'name = "{{fields.name}}"', 'name = "a\\"b/c $${d} *e*"'),
    ("jira", "*Name*: {{fields.name}}", '*Name*: a"b/c $\\{d\\} \\*e\\*'),
    ("text", "{{#if fields.count > 2}}many{{else}}few{{/if}}", "many"),
    ("text", "{{#each fields.list}}{{@index}}{{this}}{{/each}}", "0x1y"),
    ("text", "{{fields.none | default('unset') | upper}}", "UNSET"),
])
def test_template_render_escapes_by_the_place_it_writes_for(tmp_path, context, template, expected):
    scope = {"fields": {"name": 'a"b/c ${d} *e*', "count": 3, "list": ["x", "y"]}}
    (tmp_path / "scope.json").write_text(json.dumps(scope))
    done = pao("template", "render", "--scope", tmp_path / "scope.json", "--as", context, input=template)
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected


def test_template_render_without_a_context_writes_text(tmp_path):
    (tmp_path / "scope.json").write_text('{"fields": {"n": "a&b"}}')
    assert pao("template", "render", "--scope", tmp_path / "scope.json", input="{{fields.n}}").stdout == "a&b"


@pytest.mark.parametrize("template, place", [
    ("ok\n  {{fields.}}", "line 2"), ("{{#if fields.a}}", "line 1"), ("{{fields.nothing}}", "fields.nothing"), ("{{nofunction(1)}}", "line 1"),
])
def test_template_render_ends_with_1_and_the_place_of_the_error(tmp_path, template, place):
    (tmp_path / "scope.json").write_text('{"fields": {"a": true}}')
    done = pao("template", "render", "--scope", tmp_path / "scope.json", input=template)
    assert done.returncode == 1
    assert place in done.stderr and done.stdout == ""


# catalog


@pytest.fixture
def broken(tmp_path, make):
    document = make.item(make.call(config={"body": {"type": "json", "contentTemplate": '{"n": "{{field.name}}"}'}}), fields=["name"])
    folder = tmp_path / "catalog/compute/broken"
    folder.mkdir(parents=True)
    (folder / "service.yaml").write_text(json.dumps(document, indent=1))
    return tmp_path


def test_catalog_validate_accepts_the_demo_catalog():
    done = pao("catalog", "validate", ROOT / "seed")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ documents, 0 errors, 0 warnings$", done.stdout, re.MULTILINE), done.stdout


def test_catalog_validate_names_file_line_column_and_rule(broken):
    done = pao("catalog", "validate", broken)
    assert done.returncode == 1
    assert re.search(r"service\.yaml:\d+:\d+: error: .*fields.* \[unknown-scope\]", done.stdout), done.stdout


def test_catalog_validate_writes_json(broken):
    done = pao("catalog", "validate", broken, "--format", "json")
    assert done.returncode == 1
    findings = json.loads(done.stdout)
    assert {"file", "line", "column", "severity", "rule", "message", "suggestion"} <= set(findings[0])
    assert any(finding["rule"] == "unknown-scope" and finding["severity"] == "error" for finding in findings)


def test_catalog_validate_writes_sarif(broken):
    done = pao("catalog", "validate", broken, "--format", "sarif")
    run = json.loads(done.stdout)["runs"][0]
    assert run["tool"]["driver"]["name"] == "pao"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] >= 1 and region["startColumn"] >= 1


def test_catalog_validate_writes_annotations_for_github(broken):
    done = pao("catalog", "validate", broken, "--format", "github")
    assert re.search(r"^::error file=.*service\.yaml,line=\d+,col=\d+,title=unknown-scope::", done.stdout, re.MULTILINE), done.stdout


def test_catalog_validate_ends_with_2_for_a_path_that_is_not_there(tmp_path):
    assert pao("catalog", "validate", tmp_path / "absent").returncode == 2


# backup, audit, migrate


def test_a_backup_of_a_running_server_is_whole_and_restores_what_was_acknowledged(servers, make, tmp_path):
    server = servers()
    item = server.publish(make.item(make.call()))
    request = server.api.run(item)["id"]
    file = tmp_path / "backup.db"
    assert pao("backup", "create", file, "--data", server.directory.data).returncode == 0
    assert pao("backup", "verify", file, "--data", server.directory.data).returncode == 0
    later = server.api.submit(item)
    server.api.follow(later)
    assert pao("restore", file, "--data", server.directory.data).returncode != 0, "a running server's data must not be replaced"
    server.stop()
    assert pao("restore", file, "--data", server.directory.data).returncode == 0
    server.start().wait_until_ready()
    assert server.api.read(request)["status"] == "completed"
    server.api.get(f"/requests/{later}").problem(404)


def test_a_backup_without_a_server_works_too(directory, tmp_path):
    assert pao("backup", "create", tmp_path / "backup.db", "--data", directory.data).returncode == 0
    assert pao("backup", "verify", tmp_path / "backup.db", "--data", directory.data).returncode == 0


def test_a_damaged_backup_is_found_and_not_restored(directory, tmp_path):
    file = tmp_path / "backup.db"
    pao("backup", "create", file, "--data", directory.data)
    whole = file.read_bytes()
    for damage in (whole[: len(whole) // 2], whole[:4096] + bytes(4096) + whole[8192:], b"no database"):
        file.write_bytes(damage)
        before = directory.database.read_bytes()
        assert pao("backup", "verify", file, "--data", directory.data).returncode == 1
        assert pao("restore", file, "--data", directory.data).returncode == 1
        assert directory.database.read_bytes() == before


def test_audit_verify_passes_with_and_without_a_server_and_finds_what_was_changed(servers, make):
    server = servers()
    server.api.run(server.publish(make.item(make.call())))
    assert pao("audit", "verify", "--data", server.directory.data).returncode == 0
    server.stop()
    assert pao("audit", "verify", "--data", server.directory.data).returncode == 0
    with sqlite3.connect(server.directory.database) as database:
        database.execute("DROP TRIGGER audit_logs_no_update")
        database.execute("UPDATE audit_logs SET actor_login = 'mallory' WHERE sequence = 3")
    database.close()
    done = pao("audit", "verify", "--data", server.directory.data)
    assert done.returncode == 1
    assert "row 3" in done.stdout


def test_the_database_refuses_to_change_or_delete_audit_rows(directory):
    with sqlite3.connect(directory.database) as database:
        for sql in ("UPDATE audit_logs SET action = 'x'", "DELETE FROM audit_logs"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(sql)
    database.close()


def test_migrate_status_lists_every_migration_as_applied(directory):
    done = pao("migrate", "status", "--data", directory.data)
    assert done.returncode == 0
    lines = done.stdout.strip().splitlines()
    assert len(lines) >= 5 and not any("pending" in line for line in lines), done.stdout


def test_migrate_status_and_audit_verify_leave_a_directory_without_a_database_alone(tmp_path):
    for command in (["migrate", "status"], ["audit", "verify"], ["backup", "create", tmp_path / "b"]):
        done = pao(*command, "--data", tmp_path / "absent")
        assert done.returncode != 0, (command, done.stdout)
        assert not (tmp_path / "absent" / "pao.db").exists()


# wrong use


@pytest.mark.parametrize("words", [
    ["frobnicate"], [], ["serve", "--dtaa", "x"], ["serve", "--data"], ["schema", "validate"], ["schema"], ["template", "render"],
    ["template", "render", "--scope"], ["catalog", "validate"], ["catalog", "frobnicate"], ["catalog", "validate", ".", "--format", "xml"],
    ["backup"], ["backup", "frobnicate", "f"], ["restore"], ["restore", "a", "b"], ["audit"], ["audit", "frobnicate"], ["migrate"],
    ["init"], ["init", "--data", "x"], ["demo", "--frobnicate"], ["sandbox", "--listen"], ["version", "--frobnicate"],
    ["serve", "surplus", "--data", "/nonexistent"], ["demo", "surplus"], ["version", "surplus"],
])
def test_wrong_use_ends_with_2(words):
    done = pao(*words, timeout=20)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", [
    "serve", "demo", "init", "sandbox", "catalog", "schema", "template", "backup", "restore", "audit", "migrate", "openapi", "version"])
def test_every_command_explains_itself(command):
    done = pao(command, "--help")
    assert done.returncode == 0
    assert f"Usage: pao {command}" in done.stdout


def test_openapi_prints_the_document_that_the_server_answers(server):
    done = pao("openapi")
    assert done.returncode == 0
    assert json.loads(done.stdout) == server.api.get("/openapi.json").json


def test_freeze_holds_back_what_has_not_begun_and_lets_it_go(servers, make):
    server = servers()
    begun = pao("freeze", "begin", "--data", server.directory.data, "--reason", "Year end", "--for", "2h", "--categories", "compute")
    assert begun.returncode == 0, begun.stderr
    window = begun.stdout.split()[0]
    assert window.startswith("frz-") and "active" in begun.stdout and "compute" in begun.stdout
    request = server.api.submit(server.publish(make.item(make.call())))
    server.api.follow(request, lambda request: (request["waiting"] or {}).get("reason") == "frozen by system: Year end")
    assert window in pao("freeze", "list", "--data", server.directory.data).stdout
    assert "ended" in pao("freeze", "end", window, "--data", server.directory.data).stdout
    server.api.follow(request)
    again = pao("freeze", "end", window, "--data", server.directory.data)
    assert again.returncode == 1 and "has ended" in again.stderr
    assert pao("freeze", "begin", "--data", server.directory.data, "--reason", "x", "--for", "soon").returncode == 2


def test_a_freeze_is_declared_by_the_clocks_of_a_time_zone(servers):
    server = servers()
    begin = lambda *more: pao("freeze", "begin", "--data", server.directory.data, "--reason", "x", "--time-zone", "Europe/Berlin", *more)
    assert begin("--from", "2050-03-27T02:30", "--until", "2050-10-30T02:30").returncode == 0
    window, = server.api.get("/admin/freeze-windows").json["data"]
    # Skipped by the clocks: when they are set. Shown twice: the second time.
    assert (window["startsAt"], window["endsAt"], window["state"]) == ("2050-03-27T01:00:00.000Z", "2050-10-30T01:30:00.000Z", "planned")
    sent = {"reason": "x", "startsAt": "2050-10-30T02:30", "endsAt": "2050-12-24T18:00:00-05:00", "timeZone": "Europe/Berlin"}
    declared = server.api.post("/admin/freeze-windows", sent).expect(201).json
    assert (declared["startsAt"], declared["endsAt"]) == ("2050-10-30T00:30:00.000Z", "2050-12-24T23:00:00.000Z")
    refused = lambda **changed: server.api.post("/admin/freeze-windows", sent | changed)
    for changed in ({"timeZone": "Europe/Berlim"}, {"timeZone": None}, {"startsAt": "soon"}):
        assert refused(**changed).findings() == {("startsAt", "instant")}, changed
    assert b"There is no time zone Europe/Berlim." in refused(timeZone="Europe/Berlim").body
    assert "no time zone" in pao("freeze", "begin", "--data", server.directory.data, "--reason", "x", "--until", "2050-10-30T02:30", "--time-zone", "Mars").stderr


def test_freeze_without_a_server_says_so(directory):
    done = pao("freeze", "list", "--data", directory.data)
    assert done.returncode == 1 and "No server runs" in done.stderr
