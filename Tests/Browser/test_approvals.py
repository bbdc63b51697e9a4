"""What people have to agree to: deciding in place, who else must, what one asked for oneself, decisions that come too late."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def ask(server):
    """ask(name): a developer's request that needs two approvers and then an administrator."""
    def submit(name, by=None):
        return server.submit("tests-needs-approval", by=by or server.person("dev", "developer"), name=name)
    return submit


def decide(server, request, login, decision="approve", reason=""):
    token = server.person(login, "approver")
    open_ones = server.call("GET", "/api/v1/approvals?limit=200", token=token)["data"]
    approval = next(one for one in open_ones if one["subject"]["id"] == request)
    server.call("POST", f"/api/v1/approvals/{approval['id']}/{decision}", {"reason": reason}, token=token)


def card(page, name):
    return page.get_by_role("region", name="For you to decide").get_by_role("article").filter(has_text=name)


def test_approving_in_place_lets_the_request_go_on(open_page, server, ask):
    request = ask("goes-on")
    decide(server, request, "first-approver", reason="Fits the budget.")
    page = open_page("/approvals")
    mine = card(page, "goes-on")
    expect(mine).to_contain_text("for dev of platform")
    expect(mine).to_contain_text("Approver, 1 of 2 agreed")
    expect(mine).to_contain_text("first-approver agreed")
    expect(mine).to_contain_text("Fits the budget.")
    mine.get_by_role("button", name="Approve").click()
    expect(mine.get_by_role("heading", name="The last word")).to_be_visible()
    mine.get_by_role("button", name="Approve").click()
    expect(mine).to_have_count(0)
    server.wait(request, "completed")


def test_a_voice_that_is_not_the_last_is_counted(open_page, server, ask):
    request = ask("needs-one-more")
    page = open_page("/approvals")
    card(page, "needs-one-more").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").get_by_text("Others must agree too")).to_be_visible()
    expect(card(page, "needs-one-more")).to_have_count(0)
    assert server.call("GET", f"/api/v1/requests/{request}")["status"] == "pending_approval"


def test_rejecting_asks_for_a_reason_and_tells_it(open_page, server, ask):
    request = ask("refused")
    page = open_page("/approvals")
    mine = card(page, "refused")
    mine.get_by_role("button", name="Reject").click()
    expect(mine.get_by_role("alert")).to_contain_text("Say why")
    expect(mine.get_by_label("Reason")).to_be_focused()
    mine.get_by_label("Reason").fill("Too expensive.")
    mine.get_by_role("button", name="Reject").click()
    expect(mine).to_have_count(0)
    found = server.call("GET", f"/api/v1/requests/{request}")
    assert found["status"] == "rejected" and "Too expensive." in found["statusReason"]


def test_the_oldest_is_first_and_the_rail_counts(open_page, server, ask):
    names = [f"in-order-{index}" for index in range(3)]
    for name in names:
        ask(name)
    page = open_page("/approvals")
    expect(card(page, names[-1])).to_be_visible()
    shown = page.get_by_role("region", name="For you to decide").get_by_role("article").all_inner_texts()
    assert [name for text in shown for name in names if name in text] == names
    count = len(server.call("GET", "/api/v1/approvals?limit=100")["data"])
    expect(page.locator("nav a[href='/approvals'] .count")).to_contain_text(str(count))


def test_what_was_decided_meanwhile_says_so_and_keeps_what_was_typed(open_page, server, ask):
    request = ask("too-late")
    page = open_page("/approvals")
    mine = card(page, "too-late")
    mine.get_by_label("Reason").fill("I am still think")
    decide(server, request, "quick-approver", "reject", "Nobody needs it.")
    expect(mine.get_by_role("alert")).to_contain_text("No longer open")
    expect(mine).to_contain_text("quick-approver refused")
    mine.get_by_role("button", name="Remove from the list").click()
    expect(mine).to_have_count(0)


def test_a_decision_the_server_refuses_as_stale_is_not_lost_in_silence(open_page, server, ask):
    request = ask("raced")
    page = open_page("/approvals")
    page.route("**/approve", lambda route: (decide(server, request, "quick-approver", "reject", "Faster."), route.continue_()))
    card(page, "raced").get_by_label("Reason").fill("Fine.")
    card(page, "raced").get_by_role("button", name="Approve").click()
    expect(card(page, "raced").get_by_role("alert")).to_contain_text("Your answer was not counted")


def test_ones_own_requests_are_shown_as_waiting_for_others(open_page, server, ask):
    request = ask("my-own", by=server.token)
    page = open_page("/approvals")
    own = page.get_by_role("region", name="Waiting for others").get_by_role("article").filter(has_text=request)
    expect(own).to_contain_text("Two of the platform")
    expect(own).to_contain_text("Comes later")
    expect(card(page, "my-own")).to_have_count(0)


def test_a_decision_is_handed_over(open_page, server, ask):
    ask("handed-over")
    server.person("stand-in", "approver")
    page = open_page("/approvals")
    card(page, "handed-over").get_by_role("button", name="Hand over…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Login of who decides").fill("nobody-of-that-name")
    dialog.get_by_role("button", name="Hand over").click()
    expect(dialog.get_by_role("alert")).to_contain_text("no user nobody-of-that-name")
    dialog.get_by_label("Login of who decides").fill("stand-in")
    dialog.get_by_role("button", name="Hand over").click()
    expect(card(page, "handed-over")).to_have_count(0)
