"""Signed webhooks: the context pushed to places outside, in order and at least once."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import structlog
from orchestra.context.log import ContextLog, Delta
from orchestra.context.tables import WebhookRow
from orchestra.shared.db import Database
from orchestra.shared.errors import Invalid, NotFound, Unavailable
from orchestra.shared.leadership import Leadership
from orchestra.shared.outbound import check_address
from sqlalchemy import Select, delete, select, update
from standardwebhooks import Webhook as Signer

_TIMEOUT = httpx2.Timeout(10.0)
_PAUSE = 0.25  # seconds between two deliveries: what changes meanwhile goes together
_FIRST_RETRY, _LONGEST_RETRY = 1.0, 600.0  # seconds
_LATE = 200  # changes after which a snapshot is sent instead
_MOST = 50  # webhooks of one system
_GONE = 410  # the receiver wants no more

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """A webhook and how it fares; `seq` is the last change that it took."""

    id: str
    url: str
    agent: str
    topics: list[str]
    created_by: str
    created_at: datetime
    seq: int
    failures: int
    last_error: str | None
    delivered_at: datetime | None


class Webhooks:
    """Keeps the webhooks, and delivers to each from where it stopped.

    Deliveries follow Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`
    (HMAC-SHA256). A retry carries the same id, so a receiver can drop what it has had. A
    webhook's secret is derived from a key of the state folder; it is stored nowhere.
    """

    def __init__(
        self,
        database: Database,
        log: ContextLog,
        leadership: Leadership,
        *,
        master: bytes,
        private: bool = False,
        first_retry: float = _FIRST_RETRY,
    ) -> None:
        self._database = database
        self._context = log
        self._leadership = leadership
        self._master = master
        self._private = private
        self._first_retry = first_retry
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to deliver, if this process is the one that does."""
        self._task = asyncio.create_task(self._lead(), name="webhooks")

    async def close(self) -> None:
        """Stop; what was not taken is delivered by the next who starts."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def create(
        self, url: str, *, agent: str, topics: Sequence[str], actor: str
    ) -> tuple[WebhookInfo, str]:
        """A webhook, and the secret that its receiver checks signatures with.

        Raises:
            Invalid: the address may not be sent to, or there are as many webhooks as there can be.
        """
        await check_address(url, private=self._private)
        if len(await self.list()) >= _MOST:
            raise Invalid(f"there are {_MOST} webhooks already", hint="delete one that is unused")
        row = WebhookRow(
            id=f"whk_{secrets.token_hex(8)}",
            stream=self._context.stream,
            url=url,
            agent=agent,
            topics=list(topics),
            created_by=actor,
            created_at=datetime.now(UTC),
            epoch="",
            seq=0,
            failures=0,
        )
        async with self._database.transaction() as session:
            session.add(row)
        self._changed.set()
        return _info(row), self.secret(row.id)

    async def list(self) -> list[WebhookInfo]:
        """Every webhook, oldest first."""
        async with self._database.transaction() as session:
            rows = await session.scalars(self._ours.order_by(WebhookRow.created_at))
            return [_info(row) for row in rows]

    async def delete(self, id: str) -> None:
        """Send nothing more there.

        Raises:
            NotFound: there is no such webhook.
        """
        async with self._database.transaction() as session:
            statement = delete(WebhookRow).where(
                WebhookRow.id == id, WebhookRow.stream == self._context.stream
            )
            if await session.scalar(statement.returning(WebhookRow.id)) is None:
                raise NotFound(f"there is no webhook `{id[:40]}`", hint="GET /api/v1/webhooks")
        self._changed.set()

    @property
    def _ours(self) -> "Select[WebhookRow]":
        """The webhooks of this repository; several may share a database."""
        return select(WebhookRow).where(WebhookRow.stream == self._context.stream)

    def secret(self, id: str) -> str:
        """The secret of a webhook: `whsec_…`."""
        derived = hmac.new(self._master, id.encode(), hashlib.sha256).digest()
        return f"whsec_{base64.b64encode(derived).decode()}"

    async def _lead(self) -> None:
        while True:
            async with self._leadership.hold():
                lost = asyncio.create_task(self._leadership.lost())
                delivering: dict[str, asyncio.Task[None]] = {}
                try:
                    while not lost.done():
                        self._changed.clear()
                        await self._adjust(delivering)
                        changed = asyncio.create_task(self._changed.wait())
                        await asyncio.wait(
                            {lost, changed}, return_when=asyncio.FIRST_COMPLETED, timeout=5
                        )
                        changed.cancel()
                finally:
                    lost.cancel()
                    for task in delivering.values():
                        task.cancel()

    async def _adjust(self, delivering: "dict[str, asyncio.Task[None]]") -> None:
        """Have one task for each webhook that there is."""
        try:
            async with self._database.transaction() as session:
                rows = {row.id: row for row in await session.scalars(self._ours)}
        except Unavailable:
            return
        for id in set(delivering) - set(rows):
            delivering.pop(id).cancel()
        for id, row in rows.items():
            if id not in delivering or delivering[id].done():
                delivering[id] = asyncio.create_task(self._deliver(row), name=f"webhook-{id}")

    async def _deliver(self, row: WebhookRow) -> None:
        epoch, seq, topics = row.epoch, row.seq, frozenset(row.topics) or None
        retry, failures = self._first_retry, row.failures
        async with httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as http:
            while True:
                grown = self._context.grown()
                if (epoch, seq) == (self._context.epoch, self._context.seq):
                    await grown.wait()
                    continue
                body, reached = self._body(epoch, seq, topics)
                error = None if body is None else await self._send(http, row, body, reached)
                if error is None:
                    epoch, seq, failures, retry = self._context.epoch, reached, 0, self._first_retry
                    if body is not None:
                        await self._record(row.id, epoch, seq, failures, None)
                    await asyncio.sleep(_PAUSE)
                    continue
                failures += 1
                await self._record(row.id, epoch, seq, failures, error)
                if error.startswith(str(_GONE)):
                    with contextlib.suppress(NotFound):
                        await self.delete(row.id)
                    return
                await asyncio.sleep(retry)
                retry = min(retry * 2, _LONGEST_RETRY)

    def _body(
        self, epoch: str, seq: int, topics: frozenset[str] | None
    ) -> tuple[bytes | None, int]:
        """What to send, and the number that it reaches; None when the filter leaves nothing."""
        log = self._context
        deltas: list[Delta] | None = log.since(seq) if epoch == log.epoch else None
        if deltas is None or len(deltas) > _LATE or any(not d.topic for d in deltas):
            return b'{"type":"context.snapshot","data":%b}' % log.snapshot(topics), log.seq
        chosen = [d.json for d in deltas if topics is None or d.topic in topics]
        if not chosen:
            return None, log.seq
        return b'{"type":"context.deltas","data":[%b]}' % b",".join(chosen), log.seq

    async def _send(
        self, http: httpx2.AsyncClient, row: WebhookRow, body: bytes, reached: int
    ) -> str | None:
        """Deliver once; returns what went wrong."""
        id, now = f"msg_{row.id}_{reached}", datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Orchestra",
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Signer(self.secret(row.id)).sign(id, now, body.decode()),
        }
        try:
            address = await check_address(row.url, private=self._private)
            answer = await http.post(
                address.url,
                content=body,
                headers=headers | address.headers,
                extensions=address.extensions,
            )
        except (httpx2.HTTPError, Invalid) as error:
            return str(error)[:300] or type(error).__name__
        return None if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"

    async def _record(
        self, id: str, epoch: str, seq: int, failures: int, error: str | None
    ) -> None:
        changes: dict[str, object] = {"failures": failures, "last_error": error}
        if error is None:
            changes |= {"epoch": epoch, "seq": seq, "delivered_at": datetime.now(UTC)}
        else:
            _log.warning("webhook not delivered", id=id, failures=failures, error=error)
        with contextlib.suppress(Unavailable):  # then it is sent again: at least once
            async with self._database.transaction() as session:
                await session.execute(
                    update(WebhookRow).where(WebhookRow.id == id).values(**changes)
                )


def _info(row: WebhookRow) -> WebhookInfo:
    return WebhookInfo(
        row.id,
        row.url,
        row.agent,
        row.topics,
        row.created_by,
        row.created_at,
        row.seq,
        row.failures,
        row.last_error,
        row.delivered_at,
    )
