"""A running system, and a real browser where there is one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from orchestra.cli.testing import Running, make_repository
from orchestra.shared.settings import environment_value
from playwright.sync_api import Browser, Page, sync_playwright

_FLAGS = [
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def system() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="orchestra-e2e-") as folder:
        Path(folder).chmod(0o755)
        system = Running(make_repository(Path(folder) / "shop"), Path(folder) / "state")
        yield system
        system.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = environment_value("CHROMIUM_BIN") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium here: install one, or set CHROMIUM_BIN")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, system: Running) -> Iterator[Page]:
    """A page that is logged in and live."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(system.json("login")["url"])
    page.get_by_test_id("connection").filter(has_text="Live").wait_for()
    yield page
    context.close()
