"""Makes, checks, lists and revokes keys; a revocation reaches every process by the event log."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import structlog
from orchestra.shared.db import Database
from orchestra.shared.errors import NotFound
from orchestra.shared.events import EventLog
from orchestra.shared.identity.keys import KeyText, digest, random_text
from orchestra.shared.identity.principal import Caller, KeyInfo, Kind, NewKey
from orchestra.shared.identity.rows import check_order, ensure_principal, find_caller, unknown
from orchestra.shared.json import JsonObject
from orchestra.shared.tables import KeyRow, PrincipalRow, SessionRow
from sqlalchemy import delete, select, update

STREAM = "identity"
_CACHE_FOR = 5.0  # seconds; the event log tells sooner, this bounds what a lost hint may cost
_CODE_LIVES = timedelta(minutes=15)
_SESSION_LIVES = timedelta(days=7)

_log = structlog.get_logger(__name__)


class Identity:
    """The keeper of principals, keys and sessions."""

    def __init__(self, database: Database, events: EventLog) -> None:
        self._database = database
        self._events = events
        self._cache: dict[bytes, tuple[float, Caller]] = {}
        self._loading: dict[tuple[bytes, str | None], asyncio.Task[Caller]] = {}
        self._watchers: set[Callable[[str], None]] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to hear of revocations."""
        self._task = asyncio.create_task(self._hear(), name="identity")

    async def close(self) -> None:
        """Stop hearing of them."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def on_revoked(self, watcher: Callable[[str], None]) -> Callable[[], None]:
        """Call `watcher` with each key's id that is revoked; returns how to stop that."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    async def create_key(
        self,
        name: str,
        *,
        kind: Kind = "agent",
        scopes: Iterable[str] = ("context:read",),
        lifetime: timedelta | None = None,
        actor: str,
    ) -> NewKey:
        """Make a key for the principal of that name, who is made too when new.

        Raises:
            Invalid: the name or a scope is not one, or the name is of another kind of principal.
        """
        wanted = check_order(name, scopes)
        key, now = KeyText.new(), datetime.now(UTC)
        expires_at = None if lifetime is None else now + lifetime
        async with self._database.transaction() as session:
            principal = await ensure_principal(session, name, kind, now)
            session.add(
                KeyRow(
                    id=key.id,
                    principal_id=principal.id,
                    digest=digest(key.secret),
                    scopes=wanted,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
        data: JsonObject = {"key": key.id, "principal": name, "scopes": [*wanted]}
        await self._events.append(STREAM, "key.created", data, actor=actor)
        caller = Caller(principal.id, name, kind, key.id, frozenset(wanted), expires_at)
        return NewKey(key, caller)

    async def list_keys(self) -> list[KeyInfo]:
        """Every key, newest first."""
        query = select(KeyRow, PrincipalRow).join(PrincipalRow).order_by(KeyRow.created_at.desc())
        async with self._database.transaction() as session:
            return [
                KeyInfo(
                    k.id,
                    p.name,
                    p.kind,
                    k.scopes,
                    k.created_at,
                    k.expires_at,
                    k.last_used_at,
                    k.revoked_at,
                )
                for k, p in await session.execute(query)
            ]

    async def revoke_key(self, key_id: str, *, actor: str) -> None:
        """Make a key worthless, with its sessions, on every process and open stream.

        Raises:
            NotFound: there is no such key, or it is revoked already.
        """
        async with self._database.transaction() as session:
            revoked = await session.scalar(
                update(KeyRow)
                .where(KeyRow.id == key_id, KeyRow.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
                .returning(KeyRow.id)
            )
            if revoked is None:
                raise NotFound(
                    f"there is no key `{key_id[:40]}` that could be revoked",
                    hint="see `orchestra keys list`",
                )
            await session.execute(delete(SessionRow).where(SessionRow.key_id == key_id))
        await self._events.append(STREAM, "key.revoked", {"key": key_id}, actor=actor)
        self._forget(key_id)

    async def check_key(self, text: str) -> Caller:
        """The caller that a bearer token stands for.

        Raises:
            Unauthenticated: it is no key, or one that is unknown, expired or revoked.
        """
        key = KeyText.parse(text)
        if key is None:
            raise unknown("the credentials are not an Orchestra key")
        return await self._check(digest(key.secret), key_id=key.id)

    async def check_session(self, text: str) -> Caller:
        """The caller that a session cookie stands for.

        Raises:
            Unauthenticated: the session is unknown or over.
        """
        return await self._check(digest(text), key_id=None)

    async def create_code(self, caller: Caller) -> str:
        """A one-time code that opens a browser session with the caller's scopes."""
        return await self._create_session("code", caller, _CODE_LIVES)

    async def open_session(self, credentials: str) -> str:
        """A session cookie's value for a one-time code, which is used up, or for a key.

        Raises:
            Unauthenticated: the code was used or is over, or the key is not good.
        """
        caller: Caller | None
        if credentials.startswith("orc_"):
            caller = await self.check_key(credentials)
        else:
            async with self._database.transaction() as session:
                key_id = await session.scalar(
                    delete(SessionRow)
                    .where(
                        SessionRow.digest == digest(credentials),
                        SessionRow.kind == "code",
                        SessionRow.expires_at > datetime.now(UTC),
                    )
                    .returning(SessionRow.key_id)
                )
                caller = None if key_id is None else await find_caller(session, key_id)
            if caller is None:
                raise unknown("the login code was used already, or is over")
        return await self._create_session("session", caller, _SESSION_LIVES)

    async def close_session(self, text: str) -> None:
        """End a session; an unknown one is ended already."""
        async with self._database.transaction() as session:
            await session.execute(delete(SessionRow).where(SessionRow.digest == digest(text)))
        self._cache.pop(digest(text), None)

    async def _create_session(self, kind: str, caller: Caller, lives: timedelta) -> str:
        text, now = random_text(43), datetime.now(UTC)
        async with self._database.transaction() as session:
            await session.execute(delete(SessionRow).where(SessionRow.expires_at < now))
            session.add(
                SessionRow(
                    digest=digest(text), kind=kind, key_id=caller.key_id, expires_at=now + lives
                )
            )
        return text

    async def _check(self, secret: bytes, key_id: str | None) -> Caller:
        clock = asyncio.get_running_loop().time()
        cached = self._cache.get(secret)
        if cached is not None and cached[0] > clock:
            caller = cached[1]
            if key_id not in (None, caller.key_id):
                raise unknown("the key is not known")
        else:
            caller = await self._load_once(secret, key_id)
            if len(self._cache) > 10_000:
                self._cache.clear()
            self._cache[secret] = (clock + _CACHE_FOR, caller)
        if caller.expires_at is not None and caller.expires_at <= datetime.now(UTC):
            raise unknown("the key has expired")
        return caller

    async def _load_once(self, secret: bytes, key_id: str | None) -> Caller:
        """Load; all who ask for the same credentials meanwhile share the answer."""
        loading = self._loading.get((secret, key_id))
        if loading is None:
            loading = asyncio.create_task(self._load(secret, key_id), name="identity-load")
            self._loading[secret, key_id] = loading
            loading.add_done_callback(lambda done: self._loaded(done, (secret, key_id)))
        return await asyncio.shield(loading)

    def _loaded(self, done: "asyncio.Task[Caller]", key: tuple[bytes, str | None]) -> None:
        del self._loading[key]
        if not done.cancelled():
            done.exception()  # those who wait have it; if none does, it is no news

    async def _load(self, secret: bytes, key_id: str | None) -> Caller:
        now = datetime.now(UTC)
        async with self._database.transaction() as session:
            if key_id is None:
                key_id = await session.scalar(
                    select(SessionRow.key_id).where(
                        SessionRow.digest == secret,
                        SessionRow.kind == "session",
                        SessionRow.expires_at > now,
                    )
                )
                found = key_id
            else:
                found = await session.scalar(
                    update(KeyRow)
                    .where(KeyRow.id == key_id, KeyRow.digest == secret)
                    .values(last_used_at=now)
                    .returning(KeyRow.id)
                )
            caller = None if found is None else await find_caller(session, found)
        if caller is None:
            raise unknown("the key or session is not known, or was revoked")
        return caller

    async def _hear(self) -> None:
        head = await self._events.head(STREAM)
        async for event in self._events.follow(STREAM, after=head.seq if head else 0):
            if event.kind == "key.revoked":
                self._forget(str(event.data["key"]))

    def _forget(self, key_id: str) -> None:
        self._cache = {k: v for k, v in self._cache.items() if v[1].key_id != key_id}
        for watcher in list(self._watchers):
            watcher(key_id)
