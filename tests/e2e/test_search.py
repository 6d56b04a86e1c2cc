"""The search in a real browser: code that was just written is found, and goes into a task's context."""

import pytest
from orchestra.cli.testing import Running
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.requirement("ctx.index", "ctx.pack", "obs.dashboard")

_CODE = 'def price_of_zebra() -> int:\n    """<img src=x onerror=document.title=\'owned\'>"""\n'


def write(system: Running, name: str, text: str) -> None:
    """Save a file, and see to it that it is in the index."""
    (system.repository / name).write_text(text)
    found = system.json("search", "zebra price")["found"]  # it waits for what was saved
    assert name in [place["path"] for place in found]


def test_code_is_found_and_gathered_for_a_task(page: Page, system: Running) -> None:
    write(system, "zebra.py", _CODE)
    page.get_by_role("navigation").get_by_role("link", name="Search").click()
    expect(page.get_by_test_id("index")).to_contain_text("index ready")

    page.get_by_role("searchbox").fill("what is the price of a zebra")
    page.keyboard.press("Enter")
    place = page.get_by_test_id("place").filter(has_text="zebra.py")
    expect(place).to_contain_text("price_of_zebra")
    expect(place).to_contain_text("onerror")
    assert page.locator("main img").count() == 0

    page.get_by_role("button", name="Context for a task").click()
    item = page.get_by_test_id("pack-item").filter(has_text="zebra.py").first
    item.locator("summary").click()
    expect(item.locator("pre")).to_contain_text("def price_of_zebra() -> int:")
    page.get_by_role("button", name="4k").click()
    expect(page.get_by_role("heading", name="of 4,000 tokens")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="of 4,000 tokens")).to_be_visible()
    assert "owned" not in page.title()


def test_it_fits_a_telephone(browser: Browser, system: Running) -> None:
    write(system, "zebra" * 20 + ".py", "zebra = '" + "price " * 60 + "'\n")
    context = browser.new_context(viewport={"width": 375, "height": 700}, color_scheme="dark")
    page = context.new_page()
    page.goto(system.json("login")["url"])
    page.get_by_test_id("connection").filter(has_text="Live").wait_for()
    address = f"{system.announced['url']}/search?q=zebra+price"
    page.goto(address)
    page.get_by_test_id("place").filter(has_text="zebrazebra").wait_for()
    widths = [page.evaluate("document.documentElement.scrollWidth")]
    page.goto(f"{address}&mode=pack")
    page.get_by_test_id("pack-item").filter(has_text="zebrazebra").first.locator("summary").click()
    widths.append(page.evaluate("document.documentElement.scrollWidth"))
    context.close()

    assert max(widths) <= 375
