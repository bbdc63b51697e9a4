"""Numbers that lead to their rows, the picture of what stands on what, and the facets of the catalog."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def used(server):
    """A completed request, and one that failed at its second action."""
    completed = server.submit("tests-every-field", name="counted-one", environment="dev")
    server.wait(completed, "completed")
    server.fault(match="POST /publish", fault="status", value=422, times=1)
    failed = server.submit("tests-every-field", name="counted-two", environment="dev")
    server.wait(failed, "failed")
    return completed, failed


def test_every_number_leads_to_exactly_its_rows(open_page, used):
    page = open_page("/insights")
    card = page.get_by_role("article", name="Every Field")
    expect(card).to_be_visible()
    links = card.get_by_role("listitem").get_by_role("link").evaluate_all("links => links.map((link) => [link.innerText, link.getAttribute('href')])")
    assert len(links) >= 4
    for text, target in links:
        count = int(re.findall(r"\d+", text)[-1])
        page.goto(target)
        expect(page.locator("tbody tr")).to_have_count(count)


def test_the_action_that_fails_most_is_named(open_page, used):
    page = open_page("/insights")
    card = page.get_by_role("article", name="Every Field")
    expect(card).to_contain_text("Fails most at")
    card.get_by_role("link", name="Publish it").click()
    expect(page.get_by_role("row").filter(has_text=used[1])).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=used[0])).to_have_count(0)
    page.get_by_role("button", name="Failed at publish").click()
    expect(page.get_by_role("row").filter(has_text=used[0])).to_be_visible()


def test_what_waits_for_people_is_counted(open_page, server, used):
    waiting = server.call("GET", "/api/v1/insights")["waiting"]
    page = open_page("/insights")
    tile = page.get_by_role("link", name="Failures to decide on")
    expect(tile).to_contain_text(str(waiting["decisions"]["count"]))
    expect(tile).to_contain_text("the oldest")
    tile.click()
    page.wait_for_url("**/requests?status=failed,escalated")


def test_the_days_are_chosen_in_the_address(open_page, used):
    page = open_page("/insights")
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(re.compile(r"\?days=7$"))
    expect(page.get_by_role("img", name="Requests per day").first).to_be_visible()


@pytest.fixture(scope="module")
def database(server):
    """A database instance that two applications use, one of them with a longer name."""
    def made(item, **data):
        return server.wait(server.submit(item, **data), "completed")["instanceId"]
    provider = made("database-postgresql-standard", instanceName="graph-db", environment="dev")
    users = [made("compute-container-app", appName=name, image="registry.example.com/app:1", database=provider) for name in ("graph-web", "graph-jobs")]
    return provider, users


def test_the_graph_is_walked_by_keyboard(open_page, database):
    provider, users = database
    page = open_page(f"/instances/{provider}")
    graph = page.get_by_role("region", name="Dependencies")
    expect(graph.get_by_role("link", name="graph-db, Active")).to_have_attribute("aria-current", "page")
    graph.get_by_role("link", name="graph-web, Active").focus()
    page.keyboard.press("ArrowDown")
    expect(graph.get_by_role("link", name="graph-jobs, Active")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/instances/{users[1]}")
    expect(page.get_by_role("heading", name="graph-jobs", level=1)).to_be_visible()


def test_the_graph_says_the_same_as_a_list(open_page, database):
    page = open_page(f"/instances/{database[0]}")
    graph = page.get_by_role("region", name="Dependencies")
    graph.get_by_text("As a list").click()
    rows = graph.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="graph-web")).to_contain_text("graph-web stands on graph-db database, optional")


def test_what_depends_stands_left_of_what_it_depends_on(open_page):
    page = open_page("/catalog")
    columns = page.evaluate("""async () => {
        const { layout } = await import('/components/graph.js');
        const nodes = ['app', 'db', 'net', 'other'].map((id) => ({ id }));
        const edges = [['app', 'db'], ['db', 'net'], ['app', 'net'], ['other', 'net']].map(([from, to]) => ({ from, to }));
        const { places } = layout(nodes, edges);
        const circle = layout(nodes, [...edges, { from: 'net', to: 'app' }]).places.size;
        return [edges.every(({ from, to }) => places.get(from).x < places.get(to).x), new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size, circle];
    }""")
    assert columns == [True, 4, 4]


def test_an_instance_that_stands_alone_has_no_graph(open_page, server, used):
    instance = server.call("GET", f"/api/v1/requests/{used[0]}")["instanceId"]
    page = open_page(f"/instances/{instance}")
    expect(page.get_by_role("region", name="Outputs")).to_be_visible()
    expect(page.get_by_role("region", name="Dependencies")).to_have_count(0)


def test_facets_count_with_the_other_filters_held(open_page, server):
    page = open_page("/catalog?owner=platform-data-team")
    listed = server.call("GET", "/api/v1/catalog?owner=platform-data-team&facets=true&limit=1")["facets"]
    for name, title in (("category", "Category"), ("tags", "Tags")):
        shown = page.get_by_role("group", name=title).get_by_role("button")
        expect(shown.first).to_be_visible()
        counts = {text.split("\n")[0].lower(): int(text.split("\n")[1]) for text in shown.all_inner_texts() if "\n" in text}
        wanted = {one["value"]: one["count"] for one in listed[name]}
        assert counts and all(wanted[value] == count for value, count in counts.items())


def test_a_tag_narrows_and_the_order_is_kept_in_the_address(open_page):
    page = open_page("/catalog?tags=web")
    expect(page.get_by_role("heading", name="2 found")).to_be_visible()
    names = page.locator(".card h3")
    before = names.all_inner_texts()
    page.get_by_label("Sort").select_option("Name, from Z")
    expect(page).to_have_url(re.compile(r"sort=-name"))
    expect(names.first).to_have_text(before[-1])


def test_a_catalog_that_is_read_in_pages_shows_the_facets_of_the_server(open_page):
    page = open_page("/requests")
    asked = []

    def paged(route):
        answer = route.fetch()
        body = answer.json()
        if "facets" in route.request.url:
            asked.append(route.request.url)
            body["facets"]["category"] = [{"value": "from-the-server", "count": 4711}]
        else:
            body["pagination"] = {**body["pagination"], "has_more": True}
        route.fulfill(response=answer, json=body)

    page.route("**/api/v1/catalog?*", paged)
    page.goto("/catalog?sort=category")
    expect(page.get_by_role("group", name="Category").get_by_role("button", name="From the server 4711")).to_be_visible()
    assert "sort=category" in asked[0]
