"""What `make test-models` asks for; without it nothing here runs."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from orchestra.gateway.portkey.child import PortkeyChild
from orchestra.gateway.portkey.section import PortkeySection

PATIENCE = 60.0  # seconds; Node starts slowly where others are busy


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--models", action="store_true", help="run what needs Portkey's gateway")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--models", default=False):
        for item in items:
            if item.path.parent.name == "models":
                item.add_marker(pytest.mark.skip("Portkey is run by `make test-models`"))


@asynccontextmanager
async def child(section: PortkeySection | None = None) -> AsyncGenerator[PortkeyChild]:
    """A child that was started, and is ended with the block."""
    portkey = PortkeyChild(section or PortkeySection(), [], lambda text: text)
    await portkey.start()
    try:
        yield portkey
    finally:
        await portkey.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portkey() -> AsyncGenerator[PortkeyChild]:
    """One that serves."""
    async with child() as started:
        await started.wait(PATIENCE)
        yield started


async def until(look: Callable[[], bool | Awaitable[bool]]) -> None:
    """Return when it is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = look()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)
