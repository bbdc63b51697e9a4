"""Pictures of every page in light and dark at three widths, to be looked at: screenshots.py URL USER PASSWORD DIRECTORY."""

import os
import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZES = {"wide": (1440, 900), "tablet": (820, 1100), "phone": (390, 844)}
PAGES = ["/catalog", "/catalog/items/database-postgresql-standard", "/requests", "/approvals", "/tickets", "/instances",
         "/workshop", "/workshop?item=compute-static-site", "/workshop/rules", "/insights"]


def first_link(page, path):
    """The first row of a list, so that a request and an instance are in the pictures too."""
    page.goto(path)
    page.wait_for_timeout(800)
    links = page.locator("[data-row]")
    return [links.first.get_attribute("href")] if links.count() else []


def main(url, user, password, directory):
    Path(directory).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("PAO_CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for name, (width, height) in SIZES.items():
                page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, base_url=url).new_page()
                page.goto("/sign-in")
                page.screenshot(path=f"{directory}/sign-in-{scheme}-{name}.png")
                page.get_by_label("User").fill(user)
                page.get_by_label("Password").fill(password)
                page.keyboard.press("Enter")
                page.wait_for_url("**/catalog")
                for path in PAGES + first_link(page, "/requests") + first_link(page, "/instances"):
                    page.goto(path)
                    page.wait_for_timeout(900)
                    page.screenshot(path=f"{directory}/{re.sub(r'[^a-z0-9-]+', '-', path.strip('/'))}-{scheme}-{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
