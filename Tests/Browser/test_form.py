"""The form of an item: checks while typing, plan, drafts, submit, refusals."""

import json

from playwright.sync_api import expect

ITEM = "/catalog/items/tests-every-field"


def drafts(page):
    return page.evaluate("JSON.stringify(Object.entries(localStorage).filter(([key]) => key.startsWith('pao.draft.')))")


def test_a_field_is_checked_when_left_and_then_while_typing(open_page):
    page = open_page(ITEM)
    name = page.get_by_label("Name", exact=True)
    name.type("A")
    expect(page.get_by_text("4 to 30 lower-case characters")).to_have_count(0)
    name.blur()
    expect(page.get_by_text("4 to 30 lower-case characters")).to_be_visible()
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("orders")
    expect(page.get_by_text("4 to 30 lower-case characters")).to_have_count(0)


def test_submitting_an_incomplete_form_shows_all_and_goes_to_the_first(open_page):
    page = open_page(ITEM)
    page.get_by_role("button", name="Request Every Field").click()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_text("Fill this in.")).to_have_count(2)


def test_a_condition_shows_and_hides_a_field(open_page):
    page = open_page(ITEM)
    expect(page.get_by_label("Encryption key")).to_be_visible()
    page.get_by_label("Encrypt at rest").uncheck()
    expect(page.get_by_label("Encryption key")).to_have_count(0)


def fill_everything(page, name):
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Notes").fill("A few words")
    page.get_by_label("Admin password").fill("canary-Sup3r-secret")
    page.get_by_label("Contact").fill("ann@example.com")
    page.get_by_label("Runbook").fill("https://example.com/runbook")
    page.get_by_label("Storage").fill("40")
    page.get_by_label("Nodes").fill("2")
    page.get_by_label("Environment").select_option("prod")
    page.get_by_label("alpha").check()
    page.get_by_label("Encryption key").fill("key-1")
    page.get_by_label("Starts on").fill("2030-01-31")
    page.get_by_label("Backup at").fill("02:30")
    page.get_by_label("Maintenance window").fill("2030-07-01T10:30")
    page.get_by_label("Certificate").set_input_files({"name": "a.pem", "mimeType": "application/x-pem-file", "buffer": b"hello"})
    page.get_by_role("button", name="Add variable").click()
    page.get_by_label("Key", exact=True).fill("TOKEN")
    page.locator("#field-variables_0__value").fill("canary-hush")
    page.get_by_role("button", name="Add host").click()
    page.get_by_label("Host 1", exact=True).fill("db.example.com")
    page.get_by_label("Size").fill("10")


def test_every_type_of_field_arrives_as_it_was_entered(open_page, server):
    page = open_page(ITEM, timezone_id="Europe/Berlin")
    fill_everything(page, "all-of-it")
    page.get_by_role("button", name="Request Every Field").click()
    page.wait_for_url("**/requests/req-*")
    expect(page.get_by_text("Completed").first).to_be_visible()
    data = server.call("GET", "/api/v1/requests/" + page.url.rsplit("/", 1)[1])["requestData"]
    assert data["storage"] == 40 and data["nodes"] == 2 and data["share"] == 50 and data["encrypted"] is True
    assert data["window"] == "2030-07-01T10:30:00+02:00" and data["start"] == "2030-01-31" and data["backup"] == "02:30"
    assert data["extensions"] == ["alpha"] and data["hosts"] == ["db.example.com"] and data["pool"] == {"size": 10}
    assert data["certificate"] == {"name": "a.pem", "mediaType": "application/x-pem-file", "content": "********"}
    assert "canary" not in json.dumps(data)


def test_the_plan_shows_rendered_values_and_masks_secrets(open_page):
    page = open_page(ITEM)
    fill_everything(page, "planned")
    plan = page.get_by_role("region", name="What will happen")
    plan.get_by_text("POST https://provisioning.example.com/provision").click()
    expect(plan.locator(".rendered").first).to_contain_text("planned")
    assert "canary" not in plan.inner_text()


def test_a_draft_survives_a_reload_without_its_secrets(open_page):
    page = open_page(ITEM)
    fill_everything(page, "kept-draft")
    page.wait_for_function("() => Object.keys(localStorage).some((key) => key.startsWith('pao.draft.'))")
    page.wait_for_timeout(500)
    assert "canary" not in drafts(page) and "kept-draft" in drafts(page) and "aGVsbG8=" not in drafts(page)
    page.reload()
    expect(page.get_by_text("Your draft from")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("kept-draft")
    expect(page.get_by_label("Admin password")).to_have_value("")
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert drafts(page) == "[]"


def test_what_the_server_refuses_stands_beside_its_field(open_page, server):
    server.wait(server.submit("tests-every-field", name="taken-name", environment="dev"), "completed")
    page = open_page(ITEM)
    page.get_by_label("Name", exact=True).fill("taken-name")
    page.get_by_label("Environment").select_option("dev")
    page.get_by_role("button", name="Request Every Field").click()
    alert = page.get_by_role("alert").first
    expect(alert).to_be_visible()
    assert page.url.endswith(ITEM)


def test_a_request_can_be_made_again(open_page, server):
    made = server.submit("tests-every-field", name="made-once", environment="prod", nodes=3)
    server.wait(made, "completed")
    page = open_page(f"/requests/{made}")
    page.get_by_role("link", name="Request again").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("made-once")
    expect(page.get_by_label("Nodes")).to_have_value("3")
