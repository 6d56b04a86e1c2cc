"""The dashboard in a real browser, over a real repository."""

import json
import os
import re
import signal

import pytest
from orchestra.cli.testing import Running
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.requirement("obs.dashboard")


@pytest.mark.requirement("ctx.push")
def test_a_saved_file_appears_without_a_reload(page: Page, system: Running) -> None:
    page.evaluate("window.mark = 'the same page'")

    (system.repository / "seen-live.py").write_text("print('hello')\n")

    expect(page.get_by_test_id("change").filter(has_text="seen-live.py")).to_be_visible()
    (system.repository / "seen-live.py").unlink()
    expect(page.get_by_test_id("change").filter(has_text="seen-live.py")).to_have_count(0)
    assert page.evaluate("window.mark") == "the same page"


def test_a_file_name_is_text_and_never_markup(page: Page, system: Running) -> None:
    name = "<img src=x onerror=document.title='owned'>.txt"
    (system.repository / name).write_text("x")

    expect(page.get_by_test_id("change").filter(has_text=name)).to_be_visible()

    assert "owned" not in page.title()


def test_the_page_is_live_again_after_the_api_was_killed(page: Page, system: Running) -> None:
    pid = json.loads((system.state / "system.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    page.get_by_test_id("connection").filter(has_text="Live").wait_for(state="hidden")
    page.get_by_test_id("connection").filter(has_text="Live").wait_for(timeout=60_000)
    (system.repository / "after-the-kill.txt").write_text("x")

    expect(page.get_by_test_id("change").filter(has_text="after-the-kill.txt")).to_be_visible()


def test_every_room_opens_and_says_what_it_is(page: Page) -> None:
    for room in ("Search", "Memory", "Sources", "Keys", "About", "Context"):
        page.get_by_role("navigation").get_by_role("link", name=room).first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_key_is_made_shown_once_and_revoked(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Keys").first.click()
    page.get_by_role("button", name="Create key").first.click()
    dialog = page.get_by_role("dialog", name="Create key")
    dialog.get_by_label("Name").fill("browser-made")
    dialog.get_by_role("button", name="Create").click()
    key = page.get_by_text(re.compile(r"^orc_\w{12}_\w{49}$")).first.inner_text()
    page.keyboard.press("Escape")

    expect(page.get_by_test_id("key").filter(has_text="browser-made")).to_be_visible()
    assert key not in page.content()


def test_it_fits_a_telephone(browser: Browser, system: Running) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 700})
    page = context.new_page()
    page.goto(system.json("login")["url"])
    page.get_by_test_id("connection").filter(has_text="Live").wait_for()

    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    context.close()

    assert wide is False


def test_a_used_link_opens_nothing(browser: Browser, system: Running) -> None:
    link = system.json("login")["url"]
    for expected in (True, False):
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        if expected:
            page.get_by_test_id("connection").filter(has_text="Live").wait_for()
        else:
            expect(page.get_by_text("orchestra login").first).to_be_visible()
        context.close()


def test_nothing_is_written_to_the_console(browser: Browser, system: Running) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(system.json("login")["url"])
    page.get_by_test_id("connection").filter(has_text="Live").wait_for()
    context.close()

    assert said == []
