"""Servers as they are declared: the form works, says no secret, and gives no more than it allows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp_types import CallToolResult, TextContent
from orchestra.context import ContextLog
from orchestra.mcp import McpEndpoints
from orchestra.mcp.enhanced_config import servers
from orchestra.mcp.servers import (
    Backends,
    Outcome,
    PortkeyMCP,
    PulumiMCP,
    Question,
    WeaviateMCP,
    wire,
)
from orchestra.mcp.servers.pulumi import Operation
from orchestra.mcp.servers.roster import Declared
from orchestra.mcp.testing import Calls, McpHost, serving
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.events import EventLog
from orchestra.shared.identity import Caller
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from pydantic import ValidationError

pytestmark = pytest.mark.requirement("mcp.config")

PAGE = Path(__file__).parents[3] / "docs" / "mcp.md"


class Cloud:
    """A cloud of the test's own, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    async def preview(
        self, stack: str, terms: PulumiMCP, caller: Caller, *, destroy: bool
    ) -> Outcome:
        self.asked.append(("destroy?" if destroy else "preview", stack, caller.name))
        return Outcome(
            f"plan-1: {stack} gains 1", {"plan_id": "plan-1", "rollback": terms.auto_rollback}
        )

    async def carry_out(
        self, operation: Operation, plan_id: str, terms: PulumiMCP, caller: Caller
    ) -> Outcome:
        assert operation in terms.allowed_ops
        self.asked.append((operation, plan_id, caller.name))
        return Outcome(f"{operation} of {plan_id} is done")


class Providers:
    """Models of the test's own."""

    async def ask(self, question: Question, terms: PortkeyMCP, caller: Caller) -> Outcome:
        return Outcome(f"{terms.primary} to {caller.name}: {question.prompt.upper()}")


@pytest.fixture
def secret_manager(tmp_path: Path) -> Secrets:
    (tmp_path / "secrets").mkdir()
    return Secrets(tmp_path, Redactor())


@asynccontextmanager
async def serve(
    context: tuple[EventLog, ContextLog],
    *declared: Declared,
    **backends: Any,  # noqa: ANN401 - passed on
) -> AsyncIterator[McpHost]:
    events, log = context
    calls = Calls()
    wired = wire({type(d).__name__: d for d in declared}, Backends(**backends))
    endpoints = McpEndpoints(
        wired.parts,
        version="0.1.0",
        hosts=["127.0.0.1"],
        metrics=calls,
        absent=wired.absent,
        alone=wired.alone,
    )
    host = McpHost(endpoints, log, events, calls)
    async with endpoints.run(), serving(host) as url:
        host.url = url
        yield host


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def test_the_declaration_on_the_page_works_as_it_stands_there(secret_manager: Secrets) -> None:
    (example,) = [
        block.partition("```")[0]
        for block in PAGE.read_text().split("```python\n")[1:]
        if "PulumiMCP(" in block
    ]
    names: dict[str, Any] = {"secret_manager": secret_manager}
    exec(example, names)
    declared = names["servers"]
    assert {name: type(server) for name, server in declared.items()} == {
        "pulumi": PulumiMCP,
        "weaviate": WeaviateMCP,
        "portkey": PortkeyMCP,
    }
    assert declared == servers(secret_manager)
    assert declared["pulumi"].allowed_ops == ("preview", "up", "destroy")
    assert declared["portkey"].fallbacks == ("anthropic", "cohere")


def test_what_has_no_backend_is_absent_and_says_what_it_lacks(secret_manager: Secrets) -> None:
    wired = wire(servers(secret_manager), Backends())
    assert wired.parts == []
    assert wired.absent == {
        "pulumi": "needs an infrastructure backend",
        "weaviate": "needs VECTOR_STORE=weaviate",
        "portkey": "needs a model gateway",
    }


def test_a_secret_is_read_only_when_it_is_used_and_never_printed(
    secret_manager: Secrets, tmp_path: Path
) -> None:
    key = secret_manager.get_secret("PULUMI_AI_KEY")
    with pytest.raises(NotFound, match="PULUMI_AI_KEY"):
        key.reveal(reason="test")
    path = tmp_path / "secrets" / "PULUMI_AI_KEY"
    path.write_text("pul-0123456789abcdef")
    path.chmod(0o600)
    declared = PulumiMCP(access_key=key, allowed_ops=("preview",))
    assert declared.access_key.reveal(reason="test").get_secret_value() == "pul-0123456789abcdef"
    assert "pul-0" not in f"{declared!r} {declared} {key!r} {declared.model_dump()}"
    with pytest.raises(Invalid):
        secret_manager.get_secret("../../etc/passwd")


@pytest.mark.parametrize(
    ("server", "fields"),
    [
        (PulumiMCP, {"access_key": None, "allowed_ops": ["preview"]}),
        (PortkeyMCP, {"primary": "openrouter", "cache_strategy": "telepathic"}),
        (PortkeyMCP, {"primary": "Open Router; rm -rf"}),
        (PortkeyMCP, {"fallbacks": ["anthropic"]}),
        (WeaviateMCP, {"vectorizer": "openai"}),
        (WeaviateMCP, {"embeded": True}),
    ],
)
def test_a_declaration_with_a_slip_in_it_is_refused(
    server: type[Declared], fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        server(**fields)


def test_an_operation_that_does_not_exist_is_refused(secret_manager: Secrets) -> None:
    key = secret_manager.get_secret("PULUMI_AI_KEY")
    for operations in (["preview", "obliterate"], []):
        with pytest.raises(ValidationError):
            PulumiMCP(access_key=key, allowed_ops=operations)


async def test_only_what_is_allowed_becomes_a_tool(
    context: tuple[EventLog, ContextLog], secret_manager: Secrets
) -> None:
    key, cloud = secret_manager.get_secret("PULUMI_AI_KEY"), Cloud()
    careful = PulumiMCP(access_key=key, allowed_ops=("preview",), auto_rollback=True)
    async with (
        serve(context, careful, stacks=cloud) as host,
        host.client("auto", name="operator") as client,
    ):
        assert [tool.name for tool in (await client.list_tools()).tools] == ["pulumi_preview"]
        plan = await client.call_tool("pulumi_preview", {"stack": "shop/prod"})
    assert text_of(plan) == "plan-1: shop/prod gains 1"
    assert plan.structured_content == {"plan_id": "plan-1", "rollback": True}
    assert cloud.asked == [("preview", "shop/prod", "operator")]


async def test_a_tool_is_seen_and_called_by_those_with_its_scope_alone(
    context: tuple[EventLog, ContextLog], secret_manager: Secrets
) -> None:
    key, cloud = secret_manager.get_secret("PULUMI_AI_KEY"), Cloud()
    bold = PulumiMCP(access_key=key, allowed_ops=("preview", "up", "destroy"))
    async with serve(context, bold, stacks=cloud) as host:
        async with host.client("auto", name="planner") as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["pulumi_preview"]
            refused = await client.call_tool("pulumi_destroy", {"plan_id": "plan-1"})
        async with host.client("auto", name="operator") as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            done = await client.call_tool("pulumi_up", {"plan_id": "plan-1"})
    assert "lacks the scope `infra:apply`" in text_of(refused)
    assert text_of(done) == "up of plan-1 is done"
    assert cloud.asked == [("up", "plan-1", "operator")]
    for name in ("pulumi_up", "pulumi_destroy"):
        hints = tools[name].annotations
        assert hints is not None
        assert (hints.read_only_hint, hints.destructive_hint) == (False, True)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("pulumi_preview", {"stack": "prod; rm -rf /"}),
        ("pulumi_preview", {"stack": "$(reboot)"}),
        ("pulumi_preview", {"stack": "../prod"}),
        ("pulumi_preview", {"stack": "--cwd=/"}),
        ("pulumi_preview", {"stack": "pr\u043ed"}),
        ("pulumi_preview", {"stack": "prod ", "destroy": False}),
        ("pulumi_preview", {"stack": "prod", "destroy": "false"}),
        ("pulumi_preview", {"stack": "prod", "config": {"a": "`id`"}}),
        ("pulumi_up", {"plan_id": "plan-1\n"}),
        ("pulumi_up", {"stack": "prod"}),
    ],
)
async def test_s23_what_a_shell_could_misread_never_reaches_the_backend(
    context: tuple[EventLog, ContextLog],
    secret_manager: Secrets,
    tool: str,
    arguments: dict[str, Any],
) -> None:
    key, cloud = secret_manager.get_secret("PULUMI_AI_KEY"), Cloud()
    bold = PulumiMCP(access_key=key, allowed_ops=("preview", "up"))
    async with (
        serve(context, bold, stacks=cloud) as host,
        host.client("auto", name="operator") as client,
    ):
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert cloud.asked == []


async def test_a_model_is_asked_on_the_declared_terms(
    context: tuple[EventLog, ContextLog],
) -> None:
    declared = PortkeyMCP(primary="openrouter", fallbacks=("anthropic",), cache_strategy="semantic")
    async with (
        serve(context, declared, models=Providers()) as host,
        host.client("auto", name="operator", path="/mcp/portkey") as client,
    ):
        answer = await client.call_tool("model_ask", {"prompt": "hello"})
    assert text_of(answer) == "openrouter to operator: HELLO"
