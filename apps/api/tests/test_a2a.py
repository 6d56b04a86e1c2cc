"""Agents from outside, over A2A, by the protocol's own client: they offer tasks, follow and cancel them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx  # noqa: TID251 - the client of A2A is built on it
import pytest
from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientError
from a2a.helpers import get_data_parts, new_raw_message, new_text_message
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Message,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import (
    A2AError,
    ContentTypeNotSupportedError,
    InvalidParamsError,
    PushNotificationNotSupportedError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from orchestra.api.testing import RunningApi, running_api
from orchestra.shared.settings import Settings, child_environment

pytestmark = [pytest.mark.requirement("agent.a2a"), pytest.mark.asyncio(loop_scope="session")]

SCOPES = ("tasks:read", "tasks:write")
NOW = SendMessageConfiguration(return_immediately=True)


@dataclass(frozen=True, slots=True)
class Outsider:
    """An agent from elsewhere: it has a key, and what the card says."""

    client: Client
    key_id: str

    async def ask(self, message: Message, *, now: bool = True) -> Task:
        """What comes of a message that is sent without a stream."""
        request = SendMessageRequest(message=message, configuration=NOW if now else None)
        return [event async for event in self.client.send_message(request)][-1].task

    def follow(self, id: str) -> AsyncIterator[StreamResponse]:
        return self.client.subscribe(SubscribeToTaskRequest(id=id))


@asynccontextmanager
async def outsider(
    api: RunningApi, *scopes: str, name: str = "outsider", streaming: bool = True
) -> AsyncIterator[Outsider]:
    order = {"name": name, "scopes": [*(scopes or SCOPES)]}
    made = (await api.http.post("/api/v1/keys", json=order)).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        card = await A2ACardResolver(http, api.url).get_agent_card()
        factory = ClientFactory(ClientConfig(httpx_client=http, streaming=streaming))
        yield Outsider(factory.create(card), made["id"])


def text(said: str, *, context_id: str | None = None, task_id: str | None = None) -> Message:
    return new_text_message(said, context_id=context_id, task_id=task_id, role=Role.ROLE_USER)


async def worker(api: RunningApi, name: str = "codex") -> dict[str, str]:
    order = {"name": name, "scopes": [*SCOPES]}
    made = (await api.http.post("/api/v1/keys", json=order)).json()
    return {"Authorization": f"Bearer {made['key']}"}


async def act(api: RunningApi, by: dict[str, str], id: str, what: str, **body: object) -> int:
    """Do something with a task as one of our own agents; returns the token of its claim."""
    method = "PATCH" if what == "" else "POST"
    answer = await api.http.request(
        method, f"/api/v1/tasks/{id}/{what}".rstrip("/"), json=body, headers=by
    )
    assert answer.status_code == 200, answer.text
    return int((answer.json()["claim"] or {"token": 0})["token"])


async def test_a_message_becomes_a_task_that_our_agents_see(shared_api: RunningApi) -> None:
    async with outsider(shared_api, streaming=False) as agent:
        task = await agent.ask(text("Mend the parser\n\nIt fails on tabs."))

    assert task.status.state == TaskState.TASK_STATE_SUBMITTED
    assert task.context_id == task.id
    known = (await shared_api.http.get(f"/api/v1/tasks/{task.id}")).json()
    assert known["title"] == "Mend the parser"
    assert known["goal"] == "Mend the parser\n\nIt fails on tabs."
    assert (known["state"], known["creator"]) == ("open", "outsider")


async def test_the_sender_follows_its_task_until_the_end(shared_api: RunningApi) -> None:
    codex = await worker(shared_api)
    seen: list[StreamResponse] = []
    async with outsider(shared_api) as agent, asyncio.timeout(60):
        request = SendMessageRequest(message=text("Mend the printer"))
        async for event in agent.client.send_message(request):
            seen.append(event)
            match event.WhichOneof("payload"):
                case "task":
                    id = event.task.id
                    token = await act(shared_api, codex, id, "claim")
                case "status_update" if (
                    event.status_update.status.state == TaskState.TASK_STATE_WORKING
                ):
                    progress = {"done": ["the tabs"], "next_step": "the spaces"}
                    await act(shared_api, codex, id, "", token=token, progress=progress)
                case "artifact_update" if len(seen) < 5 and "spaces" in str(event):
                    await act(shared_api, codex, id, "complete", token=token, result="it prints")

    kinds = [event.WhichOneof("payload") for event in seen]
    assert kinds[0] == "task"
    packet = next(e.artifact_update.artifact for e in seen if e.HasField("artifact_update"))
    assert get_data_parts(packet.parts)[0]["next_step"] == "the spaces"
    assert "data" in packet.description
    last = seen[-1].status_update.status
    assert last.state == TaskState.TASK_STATE_COMPLETED
    assert last.message.parts[0].text == "done by codex"
    result = seen[-2].artifact_update.artifact
    assert (result.name, result.parts[0].text) == ("result", "it prints")


async def test_a_task_shows_its_packet_and_its_result(shared_api: RunningApi) -> None:
    codex = await worker(shared_api)
    async with outsider(shared_api, streaming=False) as agent:
        id = (await agent.ask(text("Mend"))).id
        token = await act(shared_api, codex, id, "claim")
        await act(shared_api, codex, id, "", token=token, progress={"next_step": "the spaces"})
        await act(shared_api, codex, id, "complete", token=token, result="it prints")
        task = await agent.client.get_task(GetTaskRequest(id=id))

    assert [artifact.name for artifact in task.artifacts] == ["packet", "result"]
    assert get_data_parts(task.artifacts[0].parts)[0]["next_step"] == "the spaces"
    assert task.artifacts[1].parts[0].text == "it prints"


async def test_who_waits_for_the_end_gets_it(shared_api: RunningApi) -> None:
    codex = await worker(shared_api)
    async with outsider(shared_api, streaming=False) as agent, asyncio.timeout(60):
        message = text("Mend it while I wait")
        asking = asyncio.create_task(agent.ask(message, now=False))
        while not (found := await offered(shared_api, "Mend it while I wait")):
            await asyncio.sleep(0.05)
        token = await act(shared_api, codex, found, "claim")
        await act(shared_api, codex, found, "complete", token=token, result="done")
        task = await asking

    assert task.status.state == TaskState.TASK_STATE_COMPLETED


async def offered(api: RunningApi, title: str) -> str | None:
    tasks = (await api.http.get("/api/v1/tasks?limit=200")).json()["tasks"]
    return next((task["id"] for task in tasks if task["title"] == title), None)


async def test_another_may_subscribe_and_hears_of_a_handoff(shared_api: RunningApi) -> None:
    codex = await worker(shared_api)
    async with outsider(shared_api) as agent, asyncio.timeout(60):
        id = (await shared_api.http.post("/api/v1/tasks", json={"title": "Ours"})).json()["id"]
        token = await act(shared_api, codex, id, "claim")
        stream = agent.follow(id)
        assert (await anext(stream)).task.status.state == TaskState.TASK_STATE_WORKING
        body = {"task_id": id, "token": token, "to": "claude"}
        await shared_api.http.post("/api/v1/handoffs", json=body, headers=codex)
        said = [e async for e in until(stream, TaskState.TASK_STATE_SUBMITTED)][-1].status_update
        assert said.status.message.parts[0].text == (
            "handed over; it waits for claude to take it up"
        )


async def until(
    stream: AsyncIterator[StreamResponse], state: TaskState
) -> AsyncIterator[StreamResponse]:
    async for event in stream:
        yield event
        if event.status_update.status.state == state:
            return


async def test_a_sender_cancels_what_it_offered_and_nothing_else(shared_api: RunningApi) -> None:
    codex = await worker(shared_api)
    async with outsider(shared_api, streaming=False) as agent:
        mine = (await agent.ask(text("Mine"))).id
        held = (await agent.ask(text("Held"))).id
        await act(shared_api, codex, held, "claim")
        theirs = (await shared_api.http.post("/api/v1/tasks", json={"title": "Not"})).json()["id"]
        task = await agent.client.cancel_task(CancelTaskRequest(id=mine))
        assert task.status.state == TaskState.TASK_STATE_CANCELED
        for id in (mine, held, theirs):
            with pytest.raises(TaskNotCancelableError):
                await agent.client.cancel_task(CancelTaskRequest(id=id))

    for id in (held, theirs):
        known = (await shared_api.http.get(f"/api/v1/tasks/{id}")).json()
        assert known["state"] != "cancelled"


async def test_a_message_that_is_sent_again_is_no_second_task(shared_api: RunningApi) -> None:
    message = text("Once")
    async with outsider(shared_api, streaming=False) as agent:
        assert (await agent.ask(message)).id == (await agent.ask(message)).id
    async with outsider(shared_api, name="another", streaming=False) as other:
        again = await other.ask(message)

    assert again.metadata["title"] == "Once"
    pages = (await shared_api.http.get("/api/v1/tasks?limit=200")).json()["tasks"]
    assert len([task for task in pages if task["title"] == "Once"]) == 2


async def test_tasks_of_a_context_are_listed_page_by_page(shared_api: RunningApi) -> None:
    async with outsider(shared_api, streaming=False) as agent:
        first = await agent.ask(text("One"))
        made = [first.id] + [
            (await agent.ask(text(f"Part {n}", context_id=first.context_id))).id for n in range(2)
        ]
        await agent.ask(text("Of another context"))
        token, found = "", []
        while True:
            page = await agent.client.list_tasks(
                ListTasksRequest(context_id=first.context_id, page_size=2, page_token=token)
            )
            assert page.total_size == 3
            found += [task.id for task in page.tasks]
            token = page.next_page_token
            if not token:
                break
        working = ListTasksRequest(context_id=first.context_id, status=TaskState.TASK_STATE_WORKING)
        assert not (await agent.client.list_tasks(working)).tasks

    assert found == made[::-1]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (new_raw_message(b"\0", "application/zip", "a.zip"), ContentTypeNotSupportedError),
        (text(" \n "), InvalidParamsError),
        (text("x" * 100_000), InvalidParamsError),
        (Message(message_id=str(uuid4()), role=Role.ROLE_USER), InvalidParamsError),
        (text("x", task_id="tsk_0000000000000000"), TaskNotFoundError),
        (text("x", context_id="two words"), InvalidParamsError),
    ],
    ids=["no text", "blank", "too long", "no parts", "no such task", "no such context"],
)
async def test_what_cannot_be_offered_is_refused_in_the_words_of_a2a(
    shared_api: RunningApi, message: Message, error: type[A2AError]
) -> None:
    async with outsider(shared_api, streaming=False) as agent:
        with pytest.raises(error):
            await agent.ask(message)


async def test_what_there_is_not_is_refused_too(shared_api: RunningApi) -> None:
    async with outsider(shared_api, streaming=False) as agent:
        id = (await agent.ask(text("Mend"))).id
        with pytest.raises(UnsupportedOperationError, match="takes no more messages"):
            await agent.ask(text("And this", task_id=id))
        with pytest.raises(InvalidParamsError, match="another context"):
            await agent.ask(text("And this", task_id=id, context_id="other"))
        with pytest.raises(TaskNotFoundError):
            await agent.client.get_task(GetTaskRequest(id="tsk_0000000000000000"))
        config = TaskPushNotificationConfig(task_id=id, url="https://example.org/", id="a")
        with pytest.raises(PushNotificationNotSupportedError):
            await agent.client.create_task_push_notification_config(config)
        await agent.client.cancel_task(CancelTaskRequest(id=id))
    async with outsider(shared_api) as follower:
        with pytest.raises(UnsupportedOperationError):
            await anext(follower.follow(id))


async def test_a_reader_may_look_and_no_more(shared_api: RunningApi) -> None:
    id = (await shared_api.http.post("/api/v1/tasks", json={"title": "Seen"})).json()["id"]
    async with outsider(shared_api, "tasks:read", streaming=False) as reader:
        assert (await reader.client.get_task(GetTaskRequest(id=id))).id == id
        with pytest.raises(A2AClientError, match="403"):
            await reader.ask(text("Mend"))
        with pytest.raises(A2AClientError, match="403"):
            await reader.client.cancel_task(CancelTaskRequest(id=id))
    async with outsider(shared_api, "context:read", streaming=False) as stranger:
        with pytest.raises(A2AClientError, match="403"):
            await stranger.client.get_task(GetTaskRequest(id=id))


async def test_a_revoked_key_follows_nothing_any_more(shared_api: RunningApi) -> None:
    id = (await shared_api.http.post("/api/v1/tasks", json={"title": "Followed"})).json()["id"]
    async with outsider(shared_api) as agent, asyncio.timeout(30):
        stream = agent.follow(id)
        assert (await anext(stream)).task.id == id
        await shared_api.http.delete(f"/api/v1/keys/{agent.key_id}")
        with pytest.raises(A2AError, match="the key was revoked"):
            await anext(stream)


@pytest.mark.asyncio(loop_scope="function")
async def test_the_server_stops_though_somebody_follows(settings: Settings) -> None:
    async with asyncio.timeout(60), AsyncExitStack() as clients:
        async with running_api(settings) as api:
            agent = await clients.enter_async_context(outsider(api))
            id = (await api.http.post("/api/v1/tasks", json={"title": "A"})).json()["id"]
            stream = agent.follow(id)
            await anext(stream)
            ending = asyncio.create_task(anext(stream, None))
        with pytest.raises(A2AError, match="stopping"):
            await ending


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b"[" * 200_000,
        b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":[]}',
        b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":1}}',
        b'{"jsonrpc":"2.0","id":1,"method":["GetTask"],"params":{}}',
        b'{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"GetTask"}',
        b'[{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"tsk_0"}}]',
        b'{"jsonrpc":"2.0","id":1,"method":"DropTables"}',
        b'{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"tsk_\\u0000"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"pageToken":"\\u0000"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"pageSize":-1}}',
    ],
)
async def test_nonsense_gets_an_error_of_json_rpc(shared_api: RunningApi, body: bytes) -> None:
    answer = await shared_api.http.post("/a2a", content=body, headers={"A2A-Version": "1.0"})

    assert answer.status_code == 200
    assert answer.json()["error"]["code"] < -32000
    assert answer.json()["error"]["code"] != -32603
    assert "Traceback" not in answer.text


@pytest.mark.asyncio(loop_scope="function")
async def test_who_never_speaks_it_does_not_pay_for_it() -> None:
    look = "import sys, orchestra.api.main; print([m for m in sys.modules if m.split('.')[0] == 'a2a'])"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", look, stdout=asyncio.subprocess.PIPE, env=child_environment()
    )
    said, _ = await process.communicate()

    assert said.strip() == b"[]"
