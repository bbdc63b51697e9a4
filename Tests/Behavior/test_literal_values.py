"""A value full of other languages' syntax, in a field of every type that takes text, arrives as it was entered in each target. (Golden files
per context: Tests/OrchestrationTests/Fixtures/literal.)"""
import base64
import json
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from client import action

HOSTILE = 'say "hi" \'ho\' \\ ${var.x} %{ if y } {{fields.z}} {% raw %}\n*bold* _it_ h1. {code} [l|http://x] {"json": [1]} <b> é 漢 😀'
LINE = HOSTILE.replace("\n", " ")

VALUES = {
    "text": LINE,
    "area": HOSTILE,
    "secret": "pass " + LINE,
    "mail": "o'brien+x{y}@example.com",
    "link": "https://example.com/a?b=${c}&d=%7B%7B#e",
    "amount": 12.5,
    "many": 7,
    "share": 33.3,
    "flag": True,
    "choice": LINE,
    "choices": [LINE, "plain"],
    "day": "2026-12-24",
    "clock": "02:30",
    "moment": "2026-12-24T02:30:00Z",
    "lines": [LINE, '"'],
    "record": {"key": LINE, "value": '{"a": "${b}"}'},
    "secrets": [{"key": "A", "value": "one " + LINE}, {"key": "B", "value": "two"}],
    "document": {"name": "no{te}.txt", "mediaType": "text/plain", "content": base64.b64encode(HOSTILE.encode()).decode()},
}
CUSTOM = {"validation": {"enum": ["a"], "allowCustom": True}}
FIELDS = [
    {"id": "text", "type": "string"}, {"id": "area", "type": "textarea"}, {"id": "secret", "type": "password"},
    {"id": "mail", "type": "email"}, {"id": "link", "type": "url"}, {"id": "amount", "type": "number"}, {"id": "many", "type": "integer"},
    {"id": "share", "type": "percentage"}, {"id": "flag", "type": "boolean"}, {"id": "choice", "type": "select", **CUSTOM},
    {"id": "choices", "type": "multiselect", **CUSTOM}, {"id": "day", "type": "date"}, {"id": "clock", "type": "time"},
    {"id": "moment", "type": "datetime"}, {"id": "lines", "type": "list", "items": {"type": "string"}},
    {"id": "record", "type": "object", "properties": [{"id": "key", "type": "string"}, {"id": "value", "type": "string"}]},
    {"id": "document", "type": "file"},
    {"id": "secrets", "type": "list", "items": {"type": "object", "properties": [
        {"id": "key", "type": "string"}, {"id": "value", "type": "password"}]}},
]
TEXTS = [field for field in VALUES if isinstance(VALUES[field], str)]


def each(form):
    return {field: form.replace("X", "fields." + field) for field in VALUES}


@pytest.fixture(scope="module")
def arrived(server):
    """What the sandbox was sent by one request with a step of each kind."""
    host = "https://literal.example"
    structure = {"id": "structure", "type": "rest-api", "config": {
        "endpoint": {"url": host + "/structure", "method": "PUT"}, "body": {"type": "json", "content": each("{{X}}")}}}
    template = {"id": "template", "type": "rest-api", "config": {
        "endpoint": {"url": host + "/template", "method": "PUT"}, "body": {"type": "json", "contentTemplate": "{%s}" % ", ".join(
            ['"%s": {{json fields.%s}}' % (field, field) for field in VALUES]
            + ['"%s in text": "<{{fields.%s}}>"' % (field, field) for field in TEXTS]
            + ['"each": [{{#each fields.secrets}}"{{key}}={{value}}"{{#unless @last}},{{/unless}}{{/each}}]'])}}}
    address = {"id": "address", "type": "rest-api", "config": {
        "endpoint": {"url": host + "/address/{{fields.text}}/end", "method": "PUT"}, "query": {field: "{{fields.%s}}" % field for field in TEXTS},
        "headers": {"X-Value": "{{fields.text}}"}}}
    form = {"id": "form", "type": "rest-api", "config": {
        "endpoint": {"url": host + "/form", "method": "PUT"}, "body": {"type": "form", "fields": {field: "{{fields.%s}}" % field for field in TEXTS}}}}
    workflow = {"id": "workflow", "type": "github-workflow", "config": {
        "repository": "corp/literal", "workflow": "y.yml", "inputs": {field: "{{fields.%s}}" % field for field in TEXTS}}}
    pipeline = {"id": "pipeline", "type": "gitlab-pipeline", "config": {
        "project": "corp/literal", "variables": {field: "{{fields.%s}}" % field for field in TEXTS}}}
    ticket = {"id": "ticket", "type": "jira-ticket", "config": {"ticket": {
        "project": "LIT", "summaryTemplate": "About {{fields.text}}", "descriptionTemplate": "```\n{{fields.area}}\n```",
        "customFields": {"customfield_%d" % index: "{{fields.%s}}" % field for index, field in enumerate(TEXTS)}}}}
    record = {"id": "record", "type": "servicenow-ticket", "config": {
        "shortDescription": "x", "description": "{{fields.area}}", "fields": {"u_" + field: "{{fields.%s}}" % field for field in TEXTS}}}
    module = {"id": "module", "type": "terraform", "config": {
        "moduleSource": "corp/literal/aws", "workspace": "literal", "variables": {field: "{{fields.%s}}" % field for field in VALUES}}}
    mail = {"id": "mail", "type": "email", "config": {"to": "lit@example.com", "subject": "{{fields.text}}", "body": "\n\n".join("{{fields.%s}}" % field for field in TEXTS)}}
    event = {"id": "event", "type": "webhook", "config": {"url": host + "/event", "data": each("{{X}}")}}
    from documents import Maker
    item = server.publish(Maker("literal").item(
        structure, template, address, form, workflow, pipeline, ticket, record, module, mail, event, fields=FIELDS))
    request = server.api.run(item, VALUES, within=60)
    return request, server.sandbox.state


def call(state, path):
    found, = [call for call in state["calls"] if call["url"].startswith("https://literal.example" + path)]
    return found


def test_json_bodies_hold_each_value_in_its_type(arrived):
    _, state = arrived
    assert call(state, "/structure")["body"] == VALUES
    body = call(state, "/template")["body"]
    assert {field: body[field] for field in VALUES} == VALUES
    assert body["each"] == [f"{secret['key']}={secret['value']}" for secret in VALUES["secrets"]]
    assert {field: body[field + " in text"] for field in TEXTS} == {field: f"<{VALUES[field]}>" for field in TEXTS}


def test_an_address_and_a_form_hold_each_text(arrived):
    _, state = arrived
    parts = urlsplit(call(state, "/address")["url"])
    assert parts.path.count("/") == 3 and not parts.fragment
    assert dict(parse_qsl(parts.query)) == {field: VALUES[field] for field in TEXTS}
    body = call(state, "/form")["body"]
    assert (dict(parse_qsl(body)) if isinstance(body, str) else body) == {field: VALUES[field] for field in TEXTS}


def test_workflows_and_pipelines_get_each_text(arrived):
    _, state = arrived
    inputs = next(call["body"]["inputs"] for call in state["calls"] if "corp/literal/actions" in call["url"] and call["method"] == "POST")
    assert {field: inputs[field] for field in TEXTS} == {field: VALUES[field] for field in TEXTS}
    body = next(call["body"] for call in state["calls"] if "/pipeline" in call["url"] and call["method"] == "POST")
    variables = {variable["key"]: variable["value"] for variable in body["variables"]}
    assert {field: variables[field] for field in TEXTS} == {field: VALUES[field] for field in TEXTS}


def test_tickets_mails_and_events_say_what_was_entered(arrived):
    request, state = arrived
    issue = next(issue for issue in state["jira"]["issues"] if issue["key"] == action(request, "ticket")["externalReference"])
    assert issue["summary"] == "About " + LINE
    assert {issue["fields"]["customfield_%d" % index] for index in range(len(TEXTS))} == {VALUES[field] for field in TEXTS}
    assert HOSTILE in issue["fields"]["description"]
    record, = [record for record in state["servicenow"]["incident"] if record["description"] == HOSTILE]
    assert {field: record["u_" + field] for field in TEXTS} == {field: VALUES[field] for field in TEXTS}
    mail = next(call["body"] for call in state["calls"] if "mail.sandbox" in call["url"] and "lit@example.com" in str(call["body"]))
    assert (mail["subject"], mail["text"]) == (LINE, "\n\n".join(VALUES[field] for field in TEXTS))
    paragraphs = re.findall("<p>(.*?)</p>", mail["html"], re.DOTALL)
    assert [unescape(paragraph.replace("<br>\n", "\n")) for paragraph in paragraphs] == [VALUES[field] for field in TEXTS]
    assert call(state, "/event")["body"]["data"] == VALUES


def test_terraform_gets_each_value(arrived):
    _, state = arrived
    workspace = next(workspace for workspace in state["terraform"]["workspaces"] if workspace["name"] == "literal")
    variables = {variable["attributes"]["key"]: variable["attributes"] for variable in workspace["variables"]}
    assert {field: variables[field]["value"] for field in TEXTS if field != "secret"} == {
        field: VALUES[field] for field in TEXTS if field != "secret"}
    assert variables["secret"]["sensitive"] is True and variables["document"]["sensitive"] is True
    assert json.loads(variables["many"]["value"]) == 7 and variables["many"]["hcl"] is True


def test_a_document_of_jira_says_what_was_entered(servers):
    """Version 3 of its interface; version 2 is above."""
    server = servers(environment={"PAO_INTEGRATIONS_JIRA_INSTANCES": json.dumps({"cloud": {
        "baseUrl": "https://corp.atlassian.net", "apiVersion": 3, "authentication": {"type": "bearer", "token": "x"}}})})
    from documents import Maker
    ticket = {"id": "ticket", "type": "jira-ticket", "config": {"ticket": {
        "project": "LIT", "summaryTemplate": "About {{fields.text}}",
        "descriptionTemplate": "\n\n".join("{{fields.%s}}" % field for field in TEXTS) + "\n\n```\n{{fields.area}}\n```"}}}
    server.api.run(server.publish(Maker("adf").item(ticket, fields=FIELDS)), VALUES)
    issue, = server.sandbox.state["jira"]["issues"]
    assert issue["summary"] == "About " + LINE

    def text(node):
        return "\n" if node["type"] == "hardBreak" else node.get("text", "") + "".join(map(text, node.get("content", [])))
    assert [text(node) for node in issue["fields"]["description"]["content"]] == [VALUES[field] for field in TEXTS] + [HOSTILE]
