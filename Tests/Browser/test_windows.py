"""What holds a request back, when it may start, templates of forms, and what people are told of."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def freeze(server):
    """freeze(reason): nothing of the tests' item starts until the test is over."""
    windows = []

    def begin(reason):
        windows.append(server.call("POST", "/api/v1/admin/freeze-windows", {"reason": reason, "catalogItemIds": ["tests-every-field"]})["id"])
        return windows[-1]

    yield begin
    for window in windows:
        if any(one["id"] == window and one["endsAt"] is None for one in server.call("GET", "/api/v1/admin/freeze-windows")["data"]):
            server.call("POST", f"/api/v1/admin/freeze-windows/{window}/end", {})


def test_a_frozen_request_says_why_it_waits_and_starts_all_the_same(open_page, server, freeze):
    freeze("Year end")
    page = open_page("/requests/" + server.submit("tests-every-field", name="frozen-one", environment="dev"))
    card = page.get_by_role("region", name="Why it waits")
    expect(card).to_contain_text("Waits for the end of a freeze")
    expect(card).to_contain_text("Until somebody ends it. Frozen by ann: Year end.")
    expect(page.locator(".headline .state")).to_have_text("Waits to start")
    card.get_by_role("button", name="Start it now…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Year end")
    dialog.get_by_label("Reason").fill("The customer is down.")
    dialog.get_by_role("button", name="Start now").click()
    expect(page.locator(".headline .state")).to_have_text("Completed")
    expect(card).to_have_count(0)


def test_the_end_of_a_freeze_shows_without_a_reload(open_page, server, freeze):
    window = freeze("An hour of quiet")
    page = open_page("/requests/" + server.submit("tests-every-field", name="frozen-two", environment="dev"))
    expect(page.get_by_role("region", name="Why it waits")).to_be_visible()
    server.call("POST", f"/api/v1/admin/freeze-windows/{window}/end", {})
    expect(page.locator(".headline .state")).to_have_text("Completed", timeout=20_000)


def test_who_may_not_start_it_is_told_who_may(server, browser, freeze, signed_in):
    freeze("Not for everyone")
    request = server.submit("tests-every-field", name="frozen-three", environment="dev")
    context = browser.new_context(base_url=server.url, storage_state=signed_in)
    page = context.new_page()
    page.route("**/auth/session", lambda route: route.fulfill(json={"user": {"login": "ann", "name": "ann", "permissions": ["requests.read"]}}))
    page.goto(f"/requests/{request}")
    card = page.get_by_role("region", name="Why it waits")
    expect(card).to_contain_text("Whoever has admin.settings can start it now.", timeout=20_000)
    expect(card.get_by_role("button")).to_have_count(0)
    context.close()


def test_a_request_is_submitted_for_later(open_page, server):
    later = datetime.now(timezone.utc) + timedelta(days=2)
    page = open_page("/catalog/items/tests-needs-approval", timezone_id="UTC")
    page.get_by_label("Name").fill("starts-later")
    page.get_by_text("Start later").click()
    page.get_by_label("Not before").fill(later.strftime("%Y-%m-%dT%H:%M"))
    expect(page.get_by_text("Starts at the time you chose.")).to_be_visible()
    page.get_by_role("button", name="Request Needs Approval").click()
    page.wait_for_url("**/requests/req-*")
    found = server.call("GET", "/api/v1/requests/" + page.url.rsplit("/", 1)[1])
    assert found["startAfter"].startswith(later.strftime("%Y-%m-%dT%H:%M"))


def test_a_scheduled_request_says_until_when_it_waits(open_page, server):
    later = (datetime.now(timezone.utc) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:00Z")
    body = {"catalogItemId": "tests-every-field", "requestData": {"name": "waits-hours", "environment": "dev"}, "startAfter": later}
    page = open_page("/requests/" + server.call("POST", "/api/v1/requests", body)["id"], timezone_id="UTC")
    card = page.get_by_role("region", name="Why it waits")
    expect(card).to_contain_text("Starts later")
    expect(card).to_contain_text(later[:10])
    expect(card).to_contain_text(re.compile(r"in 2 h|in 3 h"))


def test_a_maintenance_window_says_when_it_opens(open_page, server):
    opens = datetime.now(timezone.utc) + timedelta(hours=2)
    document = (Path(__file__).parent / "catalog/tests/needs-approval.yaml").read_text().replace("needs-approval", "at-night").replace("Needs Approval", "At Night")
    before, after = document.split("  approvals:\n")
    window = f'  maintenanceWindows:\n    - {{from: "{opens:%H:%M}", to: "{opens + timedelta(minutes=30):%H:%M}"}}\n'
    (server.source / "catalog/tests/at-night.yaml").write_text(before + window + after[after.index("  automatic:"):])
    server.call("POST", "/api/v1/catalog/refresh?wait=true", {})
    page = open_page("/requests/" + server.submit("tests-at-night", name="sleeps-first"), timezone_id="UTC")
    card = page.get_by_role("region", name="Why it waits")
    expect(card).to_contain_text("Waits for its maintenance window")
    expect(card).to_contain_text(f"Until {opens:%Y-%m-%d %H:%M}:00 +00:00")
    expect(card).to_contain_text("At Night starts only in its maintenance window")


def test_who_must_agree_is_on_the_page_of_the_request(open_page, server):
    request = server.submit("tests-needs-approval", by=server.person("dev", "developer"), name="on-the-page")
    page = open_page(f"/requests/{request}")
    agreement = page.get_by_role("region", name="Who agrees")
    expect(agreement).to_contain_text("0 of 2 agreed")
    token = server.person("first-approver", "approver")
    approval = next(one for one in server.call("GET", "/api/v1/approvals?limit=200", token=token)["data"] if one["subject"]["id"] == request)
    server.call("POST", f"/api/v1/approvals/{approval['id']}/approve", {"reason": "Go on."}, token=token)
    expect(agreement).to_contain_text("1 of 2 agreed")
    expect(agreement).to_contain_text("Go on.")


def test_a_form_is_saved_as_a_template_and_filled_in_from_it(open_page, server):
    page = open_page("/catalog/items/tests-needs-approval")
    page.get_by_label("Name").fill("as-usual")
    page.get_by_label("Cost").fill("77")
    page.get_by_role("button", name="Save as template…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("The usual")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url.endswith("/catalog/items/tests-needs-approval")
    page.get_by_label("Cost").fill("1")
    page.get_by_label("Fill in from a template").select_option(label="The usual, by ann")
    expect(page.get_by_label("Cost")).to_have_value("77")
    expect(page.get_by_label("Name")).to_have_value("as-usual")


def test_the_bell_counts_what_is_new_and_lists_it(open_page, server):
    server.call("POST", "/api/v1/notifications/read", {})
    page = open_page("/catalog")
    bell = page.get_by_role("button", name="Notifications, 0 unread")
    expect(bell).to_be_visible()
    request = server.submit("tests-every-field", name="rings-the-bell", environment="dev")
    server.wait(request, "completed")
    page.get_by_role("button", name="Notifications, 1 unread").click()
    row = page.get_by_role("dialog").get_by_role("listitem").filter(has_text="rings-the-bell")
    expect(row).to_contain_text("is ready")
    row.get_by_role("link").click()
    page.wait_for_url(f"**/requests/{request}")
    expect(page.get_by_role("button", name="Notifications, 0 unread")).to_be_visible()


def test_a_request_says_what_one_was_told_of_it(open_page, server):
    request = server.submit("tests-every-field", name="tells-me", environment="dev")
    server.wait(request, "completed")
    page = open_page("/catalog")
    expect(page.get_by_role("button", name=re.compile("Notifications, [1-9]"))).to_be_visible()
    page.goto(f"/requests/{request}?tab=history")
    expect(page.get_by_role("region", name="You were told")).to_contain_text("Every Field tells-me is ready")


def test_several_requests_are_submitted_at_once(open_page, server):
    page = open_page("/requests")
    page.get_by_role("button", name="Submit several…").click()
    dialog = page.get_by_role("dialog")
    requests = [f"- {{catalogItemId: tests-every-field, requestData: {{name: {name}, environment: dev}}}}" for name in ("batch-one", "batch-two", "No!")]
    dialog.get_by_label("Requests as a YAML or JSON list").fill("\n".join(requests))
    dialog.get_by_role("button", name="Submit", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("4 to 30 lower-case characters")
    dialog.get_by_label("All or none").uncheck()
    dialog.get_by_role("button", name="Submit", exact=True).click()
    rows = page.get_by_role("dialog", name="Submitted").get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("not submitted")
    server.wait(rows.nth(1).get_by_role("link").inner_text(), "completed")
