"""The embedder behind a service: any that has OpenAI's `/v1/embeddings` door."""

import asyncio
import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx2
import numpy as np
import numpy.typing as npt
import orjson
from orchestra.shared.errors import Invalid, OrchestraError, TooLarge, TooManyRequests, Unavailable
from orchestra.vectors.embedders.name import named
from orchestra.vectors.index import Kind
from orchestra.vectors.retry import Retry, Transient
from pydantic import SecretStr

MOST_TEXTS = 10_000
_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes
_CONCURRENT = 4

_Rows = npt.NDArray[np.float32]


class HttpEmbedder:
    """Sends texts in batches; what comes back is held to its number, order, length and finiteness.

    The dimension is not known before the first answer, unless it is given: a service that is away
    at the start of a process may come later. `prefixes` are put before texts of a kind, for models that were trained so: `{"query": "query: "}`.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: SecretStr | None = None,
        *,
        dimension: int | None = None,
        prefixes: dict[Kind, str] | None = None,
        batch: int = 128,
        timeout: float = 30.0,
        retry: Retry | None = None,
    ) -> None:
        self._url = f"{url.rstrip('/').removesuffix('/v1')}/v1/embeddings"
        self._model = model
        self._dimension = dimension
        self._prefixes = prefixes or {}
        self._batch = batch
        self._retry = retry or Retry()
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._client = httpx2.AsyncClient(headers=headers, timeout=timeout)
        self._slots = asyncio.Semaphore(_CONCURRENT)

    async def __aenter__(self) -> Self:
        """Nothing is asked of the service yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    @property
    def name(self) -> str:
        """The model, and what is put before its texts."""
        told = hashlib.sha256(repr(sorted(self._prefixes.items())).encode()).hexdigest()[:8]
        return named("http", self._model, *([told] if self._prefixes else []))

    @property
    def dimension(self) -> int:
        """The length of each vector.

        Raises:
            Invalid: nothing was embedded yet, and it was not given.
        """
        if self._dimension is None:
            raise Invalid(
                f"the dimension of `{self._model}` is not known yet",
                hint="embed something first, or give the dimension",
            )
        return self._dimension

    async def embed(self, texts: Sequence[str], kind: Kind = "document") -> _Rows:
        """One row of length 1 for each text; zeros for one that is blank, which is not sent.

        Raises:
            TooLarge: more than 10,000 texts, or the service takes less.
            Invalid: the service does not take a text, or knows no such model.
            TooManyRequests: it refuses although it was asked several times.
            Unavailable: it does not answer, refuses the key, or its answer makes no sense.
        """
        if len(texts) > MOST_TEXTS:
            raise TooLarge(f"`{len(texts)}` texts at once", hint=f"send at most {MOST_TEXTS}")
        before = self._prefixes.get(kind, "")
        said = [number for number, text in enumerate(texts) if text.strip()]
        batches = [said[start : start + self._batch] for start in range(0, len(said), self._batch)]
        tasks = [asyncio.create_task(self._some([before + texts[n] for n in b])) for b in batches]
        try:
            found = await asyncio.gather(*tasks)
        finally:  # one that failed ends the others
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        rows = np.zeros((len(texts), self._dimension or 0), dtype=np.float32)
        for batch, part in zip(batches, found, strict=True):
            rows[batch] = part
        return rows

    async def _some(self, texts: list[str]) -> _Rows:
        async with self._slots:
            answer = await self._retry(lambda: self._post(texts))
        rows = _checked(answer, len(texts))
        if self._dimension is None:
            self._dimension = rows.shape[1]
        if rows.shape[1] != self._dimension:
            raise _senseless(
                f"has vectors of `{rows.shape[1]}` numbers where `{self._dimension}` were expected"
            )
        return rows

    async def _post(self, texts: list[str]) -> bytes:
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        try:
            answer = await self._client.post(self._url, json=body)
        except httpx2.HTTPError as error:
            text = f"the embedding service does not answer ({type(error).__name__})"
            hint = "see whether it runs, and ORCHESTRA_EMBEDDER_URL"
            raise Transient(Unavailable(text, hint=hint)) from error
        if answer.status_code != 200:
            raise self._refused(answer)
        if len(answer.content) > _LARGEST_ANSWER:
            raise _senseless(f"has `{len(answer.content)}` bytes")
        return answer.content

    def _refused(self, answer: httpx2.Response) -> OrchestraError | Transient:
        status = answer.status_code
        if status == 429:
            busy = TooManyRequests("the embedding service is asked too often", hint="wait a little")
            return Transient(busy, _seconds(answer.headers.get("retry-after")))
        if status >= 500 or status == 408:
            broken = Unavailable(f"the embedding service fails ({status})", hint="see its log")
            return Transient(broken, _seconds(answer.headers.get("retry-after")))
        if status in (401, 403):
            return Unavailable(
                "the embedding service refuses the key", hint="see ORCHESTRA_EMBEDDER_KEY"
            )
        if status == 413:
            return TooLarge("the embedding service takes less at once", hint="cut the texts")
        said = " ".join(answer.text[:300].split())
        return Invalid(
            f"the embedding service does not take this for `{self._model}` ({status}): `{said}`",
            hint="see ORCHESTRA_EMBEDDER_MODEL, and the longest text that it takes",
        )


def _checked(answer: bytes, number: int) -> _Rows:
    """The vectors of an answer in the order of the texts, each of length 1."""
    try:
        data = orjson.loads(answer)["data"]
        ordered = {int(one["index"]): one["embedding"] for one in data}
        if sorted(ordered) != list(range(number)) or len(data) != number:
            raise _senseless(f"does not have one vector for each of `{number}` texts")
        exact = np.array([ordered[n] for n in range(number)], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:  # also what is not JSON
        raise _senseless(f"has another form ({type(error).__name__})") from None
    if exact.ndim != 2 or exact.shape[1] == 0:
        raise _senseless("does not have vectors of one length")
    largest = np.abs(exact).max(axis=1, keepdims=True)
    if not np.isfinite(exact).all() or (largest < 1e-30).any():
        raise _senseless("has a vector without a direction")
    exact = exact / largest  # so that squares neither overflow nor vanish
    rows: _Rows = (exact / np.linalg.norm(exact, axis=1, keepdims=True)).astype(np.float32)
    return rows


def _senseless(what: str) -> Unavailable:
    return Unavailable(
        f"the answer of the embedding service {what}", hint="is that /v1/embeddings as OpenAI's?"
    )


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None  # a date: then as long as we see fit
