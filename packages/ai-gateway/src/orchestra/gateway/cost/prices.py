"""The prices of the models that are asked, in memory: the operator's own, then the library's."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog
from orchestra.gateway.cost.config import PricesSection
from orchestra.gateway.cost.rates import Card, Rates
from orchestra.shared.settings import child_environment

Pair = tuple[str, str]
"""A provider's name and a model's there."""

FILE = "gateway-prices.json"
_KNOWN = 4096  # pairs
_AT_ONCE = 256  # pairs of one look-up
_CHILD = 60.0  # seconds that it may take
_PATIENCE = 10.0  # seconds that a call waits for the price of a model that was never asked before
_RETRY = 60.0  # seconds
_LARGEST = 16 * 1024 * 1024  # bytes

_log = structlog.get_logger(__name__)


class _Steps(msgspec.Struct, array_like=True):
    above: int
    rates: Rates


class _Row(msgspec.Struct):
    origin: str
    steps: list[_Steps]
    tiers: dict[str, list[_Steps]]
    window: int | None
    until: float | None


class _Kept(msgspec.Struct):
    library: str
    rows: list[tuple[str, str, str, _Row]]
    """Provider, its URL, model, what was found."""


class Prices:
    """Answers from memory; what it does not know yet, a child process looks up."""

    def __init__(
        self, own: PricesSection, urls: Mapping[str, str], folder: Path | None = None
    ) -> None:
        """`urls` are the providers' addresses; in `folder` is kept what was looked up."""
        self._own = {
            name: section.card("the gateway's configuration") for name, section in own.root.items()
        }
        self._patterns = sorted((n for n in self._own if "*" in n), key=len, reverse=True)
        self._urls = urls
        self._file = None if folder is None else folder / FILE
        self._cards: dict[Pair, Card | None] = {}
        self._rows: dict[Pair, _Row] = {}
        self._wanted: set[Pair] = set()
        self._missed: set[Pair] = set()
        self._looking: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, pairs: Iterable[Pair]) -> None:
        """Begin to look up what will be asked; a call that needs it sooner waits for it."""
        self._load()
        await self.learn(pairs, patience=0)
        self._task = asyncio.create_task(self._renew(), name="gateway-prices")

    async def close(self) -> None:
        """Stop looking."""
        for task in (self._task, self._looking):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def find(self, provider: str, model: str) -> Card | None:
        """The prices of a model at a provider; None when nobody knows them."""
        return self._cards.get((provider, model))

    def knows(self, provider: str, model: str) -> bool:
        """Whether it was looked up, whatever was found."""
        return (provider, model) in self._cards

    async def learn(self, pairs: Iterable[Pair], *, patience: float = _PATIENCE) -> None:
        """Look up what is not known; what takes too long stays unknown for now."""
        for pair in pairs:
            if pair in self._cards:
                continue
            own = self._of_operator(*pair)
            if own is not None:
                self._remember(pair, own)
            elif len(self._wanted) < _AT_ONCE:
                self._wanted.add(pair)
        if self._wanted:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look(), name="gateway-price-lookup")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._looking), patience)

    def _of_operator(self, provider: str, model: str) -> Card | None:
        name = f"{provider}/{model}"
        if name in self._own:
            return self._own[name]
        return next((self._own[p] for p in self._patterns if fnmatchcase(name, p)), None)

    def _remember(self, pair: Pair, card: Card | None) -> None:
        while len(self._cards) >= _KNOWN:
            self._cards.popitem()  # the newest: those that are configured came first
        self._cards[pair] = card

    async def _look(self) -> None:
        while self._wanted:
            pairs = sorted(self._wanted)
            try:
                rows = await self._ask(pairs)
            except (OSError, TimeoutError, msgspec.MsgspecError) as error:
                _log.warning("prices cannot be looked up", error=str(error), models=len(pairs))
                self._wanted.clear()
                self._missed.update(pairs)
                for pair in pairs:  # calls do not wait for it again; `_renew` tries it later
                    self._cards.setdefault(pair, None)
                return
            self._wanted.difference_update(pairs)
            for pair, row in zip(pairs, rows, strict=True):
                self._remember(pair, None if row is None else _card(row))
                if row is not None:
                    self._rows[pair] = row
            self._save()

    async def _ask(self, pairs: list[Pair]) -> list[_Row | None]:
        wanted = [{"provider": p, "url": self._urls.get(p, ""), "model": m} for p, m in pairs]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "orchestra.gateway.cost.price_lookup",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=child_environment(),
        )
        try:
            async with asyncio.timeout(_CHILD):
                said, _ = await child.communicate(msgspec.json.encode(wanted))
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        rows = msgspec.json.decode(said, type=list[_Row | None])
        if len(rows) != len(pairs):
            raise msgspec.ValidationError("another number of prices came than was asked for")
        return rows

    def _load(self) -> None:
        """What was looked up before, as long as it is from the same edition of the library."""
        if self._file is None:
            return
        try:
            kept = msgspec.json.decode(self._file.read_bytes()[:_LARGEST], type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return
        if kept.library != version("genai-prices"):
            return
        now = time.time()
        for provider, url, model, row in kept.rows[:_KNOWN]:
            fresh = row.until is None or row.until > now
            if fresh and self._urls.get(provider) == url and not self._of_operator(provider, model):
                self._rows[provider, model] = row
                self._cards[provider, model] = _card(row)

    def _save(self) -> None:
        if self._file is None:
            return
        rows = [(p, self._urls.get(p, ""), m, row) for (p, m), row in self._rows.items()]
        kept = msgspec.json.encode(_Kept(version("genai-prices"), rows[-_KNOWN:]))
        temporary = self._file.with_suffix(".new")
        try:
            temporary.write_bytes(kept)
            temporary.replace(self._file)
        except OSError as error:
            _log.warning("prices cannot be kept", error=str(error))

    async def _renew(self) -> None:
        """Look up again what has other prices now; until that is done, the old ones hold."""
        while True:
            await asyncio.sleep(_RETRY)
            now = time.time()
            changed = [
                pair
                for pair, row in self._rows.items()
                if row.until is not None and row.until <= now
            ]
            self._wanted.update(changed[:_AT_ONCE])
            await self.learn(())


def _card(row: _Row) -> Card:
    tiers = {name: _stepped(row, steps) for name, steps in row.tiers.items()}
    standard = _stepped(row, row.steps)
    return Card(standard.origin, standard.rates, standard.above, tiers, row.window, row.until)


def _stepped(row: _Row, steps: list[_Steps]) -> Card:
    above = tuple((step.above, step.rates) for step in steps[1:])
    return Card(row.origin, steps[0].rates, above)
