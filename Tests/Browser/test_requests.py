"""A request on its way: live steps and logs, failures and the ways on, tickets, instances."""

from playwright.sync_api import expect


def test_a_request_runs_to_its_instance_without_a_reload(open_page, server):
    server.fault(match="POST /provision", fault="delay", value=1500, times=1)
    page = open_page("/requests/" + server.submit("tests-every-field", name="runs-live", environment="dev"))
    page.evaluate("window.isSamePage = true")
    expect(page.locator(".headline .state")).to_have_text("Completed")
    expect(page.get_by_role("heading", name="runs-live")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("request completed")
    assert page.evaluate("window.isSamePage")
    page.get_by_role("link", name="Open the instance").click()
    expect(page.locator(".headline .state")).to_have_text("Active")
    expect(page.get_by_role("region", name="Outputs")).to_contain_text("runs-live")


def failed(server, name):
    server.fault(match="POST /publish", fault="status", value=422, times=1)
    request = server.submit("tests-every-field", name=name, environment="dev", secret="canary-Sup3r-secret")
    server.wait(request, "failed")
    return request


def test_a_failure_says_what_happened_and_a_retry_goes_on(open_page, server):
    page = open_page("/requests/" + failed(server, "fails-once"))
    card = page.get_by_role("region", name="Publish it failed")
    expect(card).to_contain_text("422")
    expect(card).to_contain_text("Made so far, and kept: Make it")
    card.get_by_role("button", name="Retry…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator(".headline .state")).to_have_text("Completed")


def test_a_retry_with_changes_keeps_sealed_values(open_page, server):
    request = failed(server, "changes-it")
    page = open_page("/requests/" + request)
    page.get_by_role("button", name="Retry with changes…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("changes-it")
    dialog.get_by_label("Nodes").fill("3")
    dialog.get_by_role("button", name="Retry with these values").click()
    expect(page.locator(".headline .state")).to_have_text("Completed")
    data = server.call("GET", f"/api/v1/requests/{request}")["requestData"]
    assert data["nodes"] == 3 and data["secret"] == "********"


def test_a_failed_step_can_be_done_by_hand(open_page, server):
    page = open_page("/requests/" + failed(server, "by-hand"))
    page.get_by_role("button", name="Do it by hand…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What was done").fill("Published in the console.")
    dialog.get_by_role("button", name="Mark as done by hand").click()
    dialog.get_by_label("address").fill("https://example.com/by-hand")
    dialog.get_by_role("button", name="Mark as done by hand").click()
    expect(page.locator(".headline .state")).to_have_text("Completed")


def test_a_failed_step_can_be_skipped(open_page, server):
    page = open_page("/requests/" + failed(server, "skips-it"))
    page.get_by_role("button", name="Skip this step…").click()
    page.get_by_label("Why it is not needed").fill("Nobody looks at it.")
    page.get_by_role("dialog").get_by_role("button", name="Skip this step").click()
    expect(page.locator(".headline .state")).to_have_text("Completed")


def test_an_escalated_request_can_be_aborted(open_page, server):
    page = open_page("/requests/" + failed(server, "gives-up"))
    page.get_by_role("button", name="Escalate…").click()
    page.get_by_label("What is needed").fill("Somebody who knows the publisher.")
    page.get_by_role("dialog").get_by_role("button", name="Escalate").click()
    expect(page.locator(".headline .state")).to_have_text("Escalated")
    page.locator(".ways").get_by_role("button", name="Abort…").click()
    page.get_by_label("Reason").fill("No longer wanted.")
    page.get_by_role("dialog").get_by_role("button", name="Abort request").click()
    expect(page.locator(".headline .state")).to_have_text("Aborted")


def test_a_refused_action_keeps_its_dialog_and_says_why(open_page, server):
    request = failed(server, "too-late")
    page = open_page("/requests/" + request)
    page.get_by_role("button", name="Retry…").click()
    page.route("**/retry", lambda route: (server.call("POST", f"/api/v1/requests/{request}/abort", {"reason": "first"}), route.continue_()))
    page.get_by_role("dialog").get_by_role("button", name="Retry", exact=True).click()
    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("aborted")
    expect(alert).to_contain_text("Correlation id")


def test_the_list_shows_a_new_request_and_its_end(open_page, server):
    page = open_page("/requests")
    expect(page.get_by_role("heading", name="Requests")).to_be_visible()
    page.wait_for_timeout(500)
    request = server.submit("tests-every-field", name="appears", environment="dev")
    row = page.get_by_role("row").filter(has_text=request)
    expect(row).to_contain_text("Completed")


def test_rows_do_not_move_under_the_pointer(open_page, server):
    server.wait(server.submit("tests-every-field", name="stays-put", environment="dev"), "completed")
    page = open_page("/requests")
    first = page.locator("tbody tr").first
    expect(first).to_be_visible()
    first.hover()
    before = first.inner_text()
    server.wait(server.submit("tests-every-field", name="comes-later", environment="dev"), "completed")
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    assert page.locator("tbody tr").first.inner_text().split()[:3] == before.split()[:3]
    page.get_by_role("button", name="1 new").click()
    expect(page.locator("tbody tr").first).not_to_contain_text(before.split()[-1] if before.startswith("req-") else "never")


def test_a_ticket_is_claimed_commented_and_resolved(open_page, server):
    request = server.submit(
        "access-vpn", email="cy@example.com", reason="Works from home on Fridays.", level="standard", until="2030-01-31", devices=["laptop"])
    page = open_page("/tickets")
    ticket = page.get_by_role("article").filter(has_text=request)
    ticket.get_by_role("button", name="Claim").click()
    expect(ticket).to_contain_text("with ann")
    ticket.get_by_role("button", name="Comments…").click()
    page.get_by_label("New comment").fill("On it.")
    page.get_by_role("button", name="Add comment").click()
    ticket.get_by_role("button", name="Resolve…").click()
    page.get_by_label("profileUrl").fill("https://vault.example.com/profile")
    page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    expect(ticket).to_have_count(0)
    server.wait(request, "completed")
