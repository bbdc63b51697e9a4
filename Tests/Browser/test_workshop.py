"""Writing a document: findings and their corrections, the form and the templates it gives, what would change, publishing."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conftest import Server, sign_in

ITEM = (Path(__file__).parent / "catalog/tests/needs-approval.yaml").read_text()
BROKEN = ITEM.replace("required: true}", "requird: true}", 1)


@pytest.fixture
def workshop(open_page):
    """workshop(text): the page with that text in the editor, checked."""
    def opened(text=ITEM, page=None):
        page = page or open_page("/workshop?item=tests-needs-approval")
        area = page.get_by_label("YAML of the document")
        expect(area).to_be_visible()
        area.fill(text)
        expect(page.get_by_text("Checking…")).to_have_count(0)
        return page, area
    return opened


def place(text, line, column):
    return sum(len(one) + 1 for one in text.split("\n")[:line - 1]) + column - 1


def test_a_starter_is_opened_and_has_no_findings(open_page):
    page = open_page("/workshop")
    expect(page.get_by_role("heading", name="Nothing is open")).to_be_visible()
    page.get_by_role("button", name="Open…").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Service", exact=True).click()
    expect(page.get_by_text("No findings")).to_be_visible()
    expect(page.get_by_role("region", name="Preview").get_by_label("Name")).to_be_visible()
    expect(page.get_by_role("region", name="What changes")).to_contain_text("1.0.0, new")


def test_a_document_of_the_catalog_opens_with_its_comments(open_page, server):
    page = open_page("/catalog/items/compute-static-site")
    page.get_by_role("link", name="Open in the workshop").click()
    area = page.get_by_label("YAML of the document")
    expect(area).to_have_value(re.compile("^# yaml-language-server"))
    expect(page.get_by_text("catalog/compute/static-site/service.yaml")).to_be_visible()
    expect(page.get_by_role("region", name="What changes")).to_contain_text("Nothing")


def test_a_finding_leads_to_its_place_and_is_corrected(workshop):
    page, area = workshop(BROKEN)
    line = next(number for number, text in enumerate(BROKEN.split("\n"), 1) if "requird" in text)
    column = BROKEN.split("\n")[line - 1].index("requird") + 1
    findings = page.get_by_role("list", name="Findings")
    expect(findings).to_contain_text("requird is not known here")
    # A field that is not required may be left empty, which its three readers are told, too.
    expect(page.locator(".mark")).to_have_count(4)
    findings.get_by_role("button", name=f"Go to line {line}, column {column}").click()
    expect(area).to_be_focused()
    assert area.evaluate("area => area.selectionStart") == place(BROKEN, line, column)
    findings.get_by_role("button", name="Change it to required").click()
    expect(page.get_by_text("No findings")).to_be_visible()
    expect(area).to_have_value(ITEM)
    page.keyboard.press("Control+z")
    expect(findings).to_contain_text("requird is not known here")


def test_a_rule_has_a_page_that_explains_it(workshop, open_page):
    page, _ = workshop(BROKEN)
    target = page.get_by_role("list", name="Findings").get_by_role("link", name="unknown-key").get_attribute("href")
    page = open_page(target)
    expect(page.get_by_role("heading", name="unknown-key")).to_be_visible()
    expect(page.get_by_text("mostly it is misspelled")).to_be_visible()


def test_tab_indents_and_escape_lets_it_leave(workshop):
    page, area = workshop("a:\nb: 1\nc: 2")
    area.evaluate("area => area.setSelectionRange(3, 3)")
    page.keyboard.press("Tab")
    expect(area).to_have_value("a:\n  b: 1\nc: 2")
    area.evaluate("area => area.setSelectionRange(3, area.value.length)")
    page.keyboard.press("Tab")
    expect(area).to_have_value("a:\n    b: 1\n  c: 2")
    page.keyboard.press("Shift+Tab")
    expect(area).to_have_value("a:\n  b: 1\nc: 2")
    area.evaluate("area => area.setSelectionRange(2, 2)")
    page.keyboard.press("Enter")
    expect(area).to_have_value("a:\n  \n  b: 1\nc: 2")
    expect(area).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(area).not_to_be_focused()


def test_the_form_fills_the_templates(workshop):
    page, _ = workshop(ITEM)
    preview = page.get_by_role("region", name="Preview")
    preview.get_by_label("Name").fill("from-the-form")
    preview.get_by_role("tab", name="Templates").click()
    expect(preview.get_by_role("region", name="Step make")).to_contain_text("from-the-form")


def test_values_of_a_run_are_asked_for_and_used(workshop):
    page, _ = workshop(ITEM.replace('instance:\n  name: "{{fields.name}}"', 'instance:\n  name: x\n  outputs: {id: "{{outputs.make.id}}"}'))
    preview = page.get_by_role("region", name="Preview")
    preview.get_by_role("tab", name="Templates").click()
    expect(preview).to_contain_text("<make.id>")
    preview.get_by_text("Values that only a run knows").click()
    preview.get_by_label("Further values as JSON").fill('{"outputs": {"make": ')
    expect(preview).to_contain_text("no JSON object yet")
    preview.get_by_label("Further values as JSON").fill('{"outputs": {"make": {"id": "made-7"}}}')
    expect(preview.get_by_role("region", name="Instance")).to_contain_text("made-7")


def test_the_last_good_form_stays_while_the_text_is_broken(workshop):
    page, _ = workshop(ITEM)
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_label("Cost")).to_be_visible()
    workshop("kind: CatalogItem\n  x: [", page)
    expect(page.get_by_role("list", name="Findings").get_by_role("listitem")).not_to_have_count(0)
    expect(preview).to_contain_text("From your last text without errors")
    expect(preview.get_by_label("Cost")).to_be_visible()


def test_what_breaks_names_the_requests_it_concerns(workshop, server):
    server.submit("tests-needs-approval", name="under-way")
    page, _ = workshop(ITEM.replace("{id: cost, name: Cost, type: integer, default: 10}", "{id: price, name: Price, type: integer, required: true}"))
    changes = page.get_by_role("region", name="What changes")
    expect(changes).to_contain_text("Breaking")
    expect(changes).to_contain_text(re.compile(r"requests? under way"))
    changes.get_by_role("link", name="Its requests").click()
    page.wait_for_url("**/requests?catalogItemId=tests-needs-approval")


def test_what_was_typed_survives_a_reload_until_it_is_discarded(workshop):
    page, area = workshop(ITEM + "# my words\n")
    page.wait_for_timeout(500)
    page.goto("/workshop")
    expect(page.get_by_label("YAML of the document")).to_have_value(re.compile("# my words"))
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_role("heading", name="Nothing is open")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Nothing is open")).to_be_visible()


def test_a_check_that_cannot_be_made_says_so_and_is_tried_again(workshop):
    page, area = workshop(ITEM)
    page.route("**/validate/catalog-item", lambda route: route.abort(), times=1)
    area.fill(ITEM + "\n")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No findings")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_catalog_that_is_a_directory_refuses_to_be_published_to(workshop):
    page, _ = workshop(ITEM)
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog.get_by_role("alert")).to_contain_text("only a Git repository can be published to")


def git(*words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *map(str, words)], check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def on_git(tmp_path, browser):
    """A server whose catalog is a bare repository, with the page of its administrator."""
    bare, work = tmp_path / "catalog.git", tmp_path / "work"
    git("init", "-q", "--bare", "-b", "main", bare)
    git("init", "-q", "-b", "main", work)
    (work / "catalog/tests").mkdir(parents=True)
    (work / "catalog/tests/needs-approval.yaml").write_text(ITEM)
    git("-C", work, "add", "-A")
    git("-C", work, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "first")
    git("-C", work, "push", "-q", bare, "HEAD:refs/heads/main")
    server = Server(tmp_path, catalog=f"file://{bare}")
    context = browser.new_context(base_url=server.url, storage_state=sign_in(server, browser))
    context.set_default_timeout(20_000)
    yield context.new_page(), bare
    context.close()
    server.stop()


def test_publishing_pushes_a_branch_and_says_which(on_git):
    page, bare = on_git
    page.goto("/workshop?item=tests-needs-approval")
    area = page.get_by_label("YAML of the document")
    expect(area).to_have_value(ITEM)
    changed = ITEM.replace("version: 1.0.0", "version: 1.0.1")
    area.fill(changed)
    page.get_by_role("button", name="Publish…").click()
    dialog = page.get_by_role("dialog", name="Publish")
    expect(dialog.get_by_label("File")).to_have_value("catalog/tests/needs-approval.yaml")
    dialog.get_by_label("What changes").fill("A better one")
    dialog.get_by_role("button", name="Publish").click()
    done = page.get_by_role("dialog", name="Published")
    expect(done).to_contain_text("open the pull request by hand")
    branch = re.search(r"catalog/[a-z0-9-]+", done.inner_text())[0]
    assert git("--git-dir", bare, "show", f"{branch}:catalog/tests/needs-approval.yaml") == changed.strip()
    assert git("--git-dir", bare, "log", "-1", "--format=%s", branch) == "A better one"


def test_nothing_is_published_with_an_error(on_git):
    page, bare = on_git
    page.goto("/workshop?item=tests-needs-approval")
    page.get_by_label("YAML of the document").fill(BROKEN)
    page.get_by_role("button", name="Publish…").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("requird")
    assert git("--git-dir", bare, "branch", "--list", "catalog/*") == ""
