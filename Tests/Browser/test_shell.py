"""The frame around the pages: signing in, keys, palette, theme, addresses."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect


def test_signing_in_leads_back_to_where_one_wanted_to_be(open_page, server):
    page = open_page("/requests?status=failed", signed=False)
    page.wait_for_url("**/sign-in?return=*")
    page.get_by_label("User").fill(server.user)
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("User and password do not match")
    page.get_by_label("Password").fill(server.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests?status=failed")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in*")


def test_the_cookie_of_an_ended_session_does_not_lock_anyone_out(open_page, server):
    page = open_page("/sign-in", signed=False)
    page.context.add_cookies([{"name": "pao-session", "value": "ended", "url": server.url}])
    page.reload()
    page.get_by_label("User").fill(server.user)
    page.get_by_label("Password").fill(server.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog")


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_way_back_never_leads_elsewhere(open_page, server, target):
    page = open_page("/catalog")
    page.goto("/sign-in?return=" + quote(target, safe=""))
    page.wait_for_url("**/catalog")
    assert page.url.startswith(server.url)


@pytest.mark.parametrize("keys, path", [("gc", "/catalog"), ("gr", "/requests"), ("ga", "/approvals"), ("gt", "/tickets"), ("gi", "/instances"), ("gw", "/workshop"), ("gs", "/insights")])
def test_two_keys_lead_to_each_page(open_page, keys, path):
    page = open_page("/requests" if path != "/requests" else "/instances")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_url("**" + path)
    expect(page.locator("nav [aria-current=page]")).to_have_attribute("href", path)


def test_slash_goes_to_the_search_of_the_page(page):
    expect(page.get_by_label("Search the catalog")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Search the catalog")).to_be_focused()
    page.keyboard.type("postgresql")
    expect(page.get_by_role("link", name="PostgreSQL Database")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/catalog\?search=postgresql$"))


def test_the_palette_finds_and_opens(page):
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("postgres")
    expect(page.get_by_role("option", name="PostgreSQL Database")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/items/database-postgresql-standard")


def test_question_mark_shows_the_keys_and_escape_closes_them(page):
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_arrows_move_in_a_list_and_enter_opens(open_page, server):
    for name in ("arrow-one", "arrow-two"):
        server.wait(server.submit("tests-every-field", name=name, environment="dev"), "completed")
    page = open_page("/requests")
    rows = page.locator("[data-row]")
    expect(rows.nth(1)).to_be_visible()
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    target = rows.nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + target)


def test_keys_do_nothing_while_typing(page):
    page.get_by_label("Search the catalog").fill("")
    page.get_by_label("Search the catalog").type("gr?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "/catalog" in page.url


def test_the_theme_is_chosen_and_kept_from_the_first_paint(page):
    button = page.get_by_role("button", name="Theme")
    button.click()
    button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload(wait_until="commit")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    expect(button).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 22)"


def test_filters_live_in_the_address(open_page):
    page = open_page("/catalog?category=databases")
    expect(page.get_by_role("button", name="Databases")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Databases").click()
    page.wait_for_url("**/catalog")


@pytest.mark.parametrize("path, words", [
    ("/requests/req-nosuchthing", "No such request"), ("/instances/si-nosuchthing", "No such instance"),
    ("/catalog/items/no-such-item", "No such item"), ("/nowhere/at/all", "no such page"),
])
def test_what_is_not_there_says_so(open_page, path, words):
    expect(open_page(path).get_by_text(words)).to_be_visible()
