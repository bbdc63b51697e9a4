"""What holds on every page: WCAG by axe, the policy, stillness, size, contrast."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from conftest import ROOT

SIZES = {"wide": (1440, 900), "tablet": (820, 1100), "phone": (390, 844)}
FIRST_VIEW_LIMIT = 60_000  # bytes on the wire, compressed
SHIFT_LIMIT = 0.02


@pytest.fixture(scope="module")
def paths(server):
    completed = server.submit("tests-every-field", name="looks-good", environment="dev")
    server.fault(match="POST /publish", fault="status", value=422, times=1)
    instance = server.wait(completed, "completed", "failed")
    failed = server.submit("tests-every-field", name="looks-bad", environment="dev")
    server.wait(failed, "completed", "failed")
    server.submit("tests-needs-approval", name="looks-mine")
    server.submit("tests-needs-approval", by=server.person("dev", "developer"), name="looks-theirs")
    asked = server.submit("tests-needs-approval", name="looks-asked-for")
    later = server.call("POST", "/api/v1/requests", {
        "catalogItemId": "tests-every-field", "requestData": {"name": "looks-later", "environment": "dev"}, "startAfter": "2030-01-01T00:00:00Z"})["id"]
    instances = server.call("GET", "/api/v1/instances")["data"]
    bundle = server.submit_bundle("bundle-web-application", appName="looks", environment="dev")
    server.submit("access-vpn", email="bo@example.com", reason="Works from home.", level="standard", until="2030-01-31", devices=["laptop"])
    return [
        "/catalog", "/catalog?search=nothing-has-this", "/catalog/items/tests-every-field", "/requests", f"/requests/{completed}",
        f"/requests/{failed}?tab=effects", f"/requests/{completed}?tab=history", "/approvals", "/tickets", "/instances",
        f"/requests/{asked}", f"/requests/{later}", f"/instances/{server.wait(bundle, 'completed')['instanceId']}", "/insights",
        "/workshop", "/workshop?item=tests-every-field", "/workshop?item=tests-every-field&tab=templates", "/workshop/rules?rule=unknown-key",
        f"/instances/{instances[0]['id']}" if instances else f"/instances/{instance['instanceId']}",
    ]


def settle(page):
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    page.wait_for_timeout(400)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_accessible_still_and_fits(open_page, paths, size, scheme):
    width, height = SIZES[size]
    page = open_page("/catalog", viewport={"width": width, "height": height}, color_scheme=scheme)
    found = []
    for path in paths:
        page.goto(path)
        settle(page)
        for violation in Axe().run(page).response["violations"]:
            found.append((path, violation["id"], [node["html"][:160] for node in violation["nodes"]][:3]))
        shifted, wider = page.evaluate("[window.shifted, document.documentElement.scrollWidth - window.innerWidth]")
        if shifted > SHIFT_LIMIT:
            found.append((path, "layout shift", shifted))
        if wider > 0:
            found.append((path, "wider than the window", wider))
    assert found == []


def test_sign_in_and_dialogs_are_accessible(open_page):
    page = open_page("/sign-in", signed=False)
    expect(page.get_by_label("User")).to_be_focused()
    assert Axe().run(page).response["violations"] == []
    page = open_page("/catalog")
    for key, name in (("?", "Keys"), ("Control+k", "Go to")):
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        page.wait_for_timeout(300)
        assert Axe().run(page).response["violations"] == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    for path, button, name in (
        ("/catalog", "Notifications", "Notifications"), ("/requests", "Submit several…", "Submit several"), ("/workshop", "Open…", "Open a document"),
        ("/workshop?item=tests-every-field", "Publish…", "Publish"), ("/catalog/items/tests-every-field", "Save as template…", "Save as template"),
    ):
        page.goto(path)
        page.get_by_role("button", name=button).first.click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        expect(page.locator("dialog .loading")).to_have_count(0)
        page.wait_for_timeout(300)
        assert Axe().run(page).response["violations"] == []


def test_the_first_view_is_small_and_asks_no_other_host(open_page, server):
    page = open_page("/catalog")
    settle(page)
    loaded = page.evaluate("performance.getEntries().filter((e) => e.encodedBodySize !== undefined).map((e) => [e.name, e.encodedBodySize])")
    assert all(name.startswith(server.url) for name, _ in loaded)
    assert sum(size for name, size in loaded if "/api/" not in name) <= FIRST_VIEW_LIMIT


def test_no_page_writes_markup_from_text():
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\(|new Function")
    sources = [path for path in (ROOT / "web-static").rglob("*") if path.suffix in (".js", ".html") and "vendor" not in path.parts]
    assert len(sources) > 50
    assert [path.name for path in sources if forbidden.search(path.read_text())] == []
    assert " style=" not in (ROOT / "web-static" / "index.html").read_text()


def test_markup_in_data_stays_text(open_page, server):
    text = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'
    request = server.submit("tests-every-field", name="hostile", environment="dev", key=text)
    page = open_page(f"/requests/{request}?tab=data")
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    expect(page.get_by_text(text)).to_be_visible()


# The colors of shapes and lines that mean something, on what they are drawn on: 3:1. Text is axe's.
SHAPES = ["ok", "fail", "warn", "run", "wait", "text-muted", "accent", "line-strong", "focus"]
GROUNDS = ["surface", "surface-raised"]
CONTRAST = """
([color, ground]) => {
    const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const luminance = (name) => {
        const element = document.createElement('i');
        element.style.setProperty('color', `var(--${name})`);
        document.body.append(element);
        probe.fillStyle = getComputedStyle(element).color;
        element.remove();
        probe.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...probe.getImageData(0, 0, 1, 1).data].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [a, b] = [luminance(color), luminance(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shapes_stand_out_from_their_ground(open_page, scheme):
    page = open_page("/catalog", color_scheme=scheme)
    weak = {(color, ground): ratio for color in SHAPES for ground in GROUNDS if (ratio := page.evaluate(CONTRAST, [color, ground])) < 3}
    assert weak == {}
