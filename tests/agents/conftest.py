"""The installed agents, a world for each, and the report of what held."""

import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from orchestra.agents.testing.headless import AGENTS, Agent, version

from tests.agents.report import Held, Report
from tests.agents.world import World, make_world

_REPORT = pytest.StashKey[Report]()
_ASKED = "real agents are run by `make test-agents`"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--agents-bin", help="the folder with the programs of the agents")
    parser.addoption("--agents-report", help="the folder that the report is written into")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = Report()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep how each check of each agent ended."""
    report = yield
    params = item.callspec.params if isinstance(item, pytest.Function) else {}
    agent = params.get("world") or params.get("agent")
    if (
        isinstance(item, pytest.Function)
        and isinstance(agent, Agent)
        and (call.when == "call" or not report.passed)
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        check = (item.function.__doc__ or item.name).strip().format(**params)
        facts = {key: str(value) for key, value in report.user_properties}
        held = Held(agent.brand, check, report.outcome, facts, reason.removeprefix("Skipped: "))
        item.config.stash[_REPORT].add(held)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = session.config.getoption("--agents-report", default=None)
    report = session.config.stash.get(_REPORT, None)
    if folder and report:
        report.write(Path(folder))


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> Path:
    folder = request.config.getoption("--agents-bin", default=None)
    if not folder:
        pytest.skip(_ASKED)
    return Path(folder).absolute()


def _installed(request: pytest.FixtureRequest, programs: Path) -> Agent:
    agent: Agent = request.param
    found = version(agent, programs)
    if found is None:
        pytest.skip(f"{agent.name} does not run in {programs}: npm install {agent.package}")
    request.config.stash[_REPORT].versions[agent.brand] = f"{agent.name} {found}"
    return agent


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.brand)
def agent(request: pytest.FixtureRequest, programs: Path) -> Agent:
    return _installed(request, programs)


@pytest.fixture(scope="module", params=AGENTS, ids=lambda agent: agent.brand)
def world(request: pytest.FixtureRequest, programs: Path) -> Iterator[World]:
    agent = _installed(request, programs)
    with tempfile.TemporaryDirectory(prefix="orchestra-agents-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's account has to reach into it
        world = make_world(agent, programs, folder)
        yield world
        if world.system.up.poll() is None:
            world.system.stop()
