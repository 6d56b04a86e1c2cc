"""Asks an outside service over HTTP: bounded in time and size, with ETag, never led elsewhere."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
from orchestra.context.collectors.polling import SourceFailed
from orchestra.shared.json import JsonValue
from orchestra.shared.wording import plain
from pydantic import BaseModel, SecretStr, ValidationError

_LARGEST = 8 * 1024 * 1024  # bytes of one answer
_REDIRECTS = 3
_REMEMBERED = 32  # addresses whose last answer is kept for `If-None-Match`
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: JSON, and the header fields in lower case."""

    value: JsonValue
    headers: Mapping[str, str]
    url: str


class Service:
    """One service at one address, which the operator has set; a repository cannot change it."""

    def __init__(
        self,
        name: str,
        base_url: str,
        token: Callable[[], SecretStr | None],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 15.0,
    ) -> None:
        """`token` is asked before each request; `timeout` (seconds) is for a whole answer."""
        self.name = name
        self.base_url = base_url.rstrip("/")
        self._token = token
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._answers: OrderedDict[str, tuple[str, Answer]] = OrderedDict()

    async def get(self, path: str, query: Mapping[str, str | int | None] | None = None) -> Answer:
        """Ask for `path`; an unchanged answer (304) is returned from memory.

        Raises:
            SourceFailed: for whatever reason; it says when to ask again, if the service did.
        """
        pairs = {k: v for k, v in (query or {}).items() if v is not None}
        url = self.base_url + path + (f"?{urlencode(pairs)}" if pairs else "")
        try:
            async with asyncio.timeout(self._timeout), self._client() as client:
                return await self._ask(client, url)
        except TimeoutError:
            raise self._failed(f"did not answer within {self._timeout:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._failed(f"cannot be reached ({type(error).__name__})") from None

    def read(self, model: type[Model], answer: Answer) -> Model:
        """The answer as a `model`.

        Raises:
            SourceFailed: it has another shape.
        """
        try:
            return model.model_validate(answer.value)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise self._failed(
                f"sent JSON of an unexpected shape (at `{plain(where, 100)}`)"
            ) from None

    def _client(self) -> httpx2.AsyncClient:
        local = urlsplit(self.base_url).hostname in _LOOPBACK
        headers = {"accept": "application/json", "user-agent": "orchestra", **self._headers}
        token = self._token()
        if token is not None:
            headers["authorization"] = f"Bearer {token.get_secret_value()}"
        return httpx2.AsyncClient(headers=headers, timeout=self._timeout, trust_env=not local)

    async def _ask(self, client: httpx2.AsyncClient, url: str) -> Answer:
        asked, remembered = url, self._answers.get(url)
        conditional = {"if-none-match": remembered[0]} if remembered else {}
        for _ in range(_REDIRECTS + 1):
            async with client.stream("GET", asked, headers=conditional) as response:
                if response.status_code in (301, 302, 303, 307, 308):
                    asked = self._follow(asked, response.headers.get("location", ""))
                    continue
                headers = {k.lower(): v for k, v in response.headers.items()}
                if response.status_code == 304 and remembered:
                    return Answer(remembered[1].value, headers, url)
                if response.status_code != 200:
                    raise self._refused(response.status_code, headers)
                answer = Answer(await self._read_json(response), headers, url)
            self._remember(url, headers.get("etag"), answer)
            return answer
        raise self._failed("redirects in a circle")

    def _follow(self, asked: str, location: str) -> str:
        target = urljoin(asked, location)
        here, there = urlsplit(asked), urlsplit(target)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise self._failed("redirects to another host", hint="check the service's address")
        return target

    async def _read_json(self, response: httpx2.Response) -> JsonValue:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > _LARGEST:
                raise self._failed(f"sent more than {_LARGEST >> 20} MiB")
        if not content:
            return None  # a probe that says all with its status
        try:
            value: JsonValue = json.loads(content)
        except (ValueError, RecursionError):
            raise self._failed("sent something that is not JSON") from None
        return value

    def _remember(self, url: str, etag: str | None, answer: Answer) -> None:
        self._answers.pop(url, None)
        if etag:
            self._answers[url] = (etag, answer)
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)

    def _refused(self, status: int, headers: Mapping[str, str]) -> SourceFailed:
        wait = _wait(headers)
        if status == 429 or (status == 403 and wait is not None):
            return self._failed("asks to slow down", hint="it is asked again later", wait=wait)
        if status in (401, 403):
            return self._failed(f"refused the key (HTTP {status})", hint="check the key's value")
        if status == 404:
            return self._failed("knows no such thing (HTTP 404)", hint="check names and ids")
        return self._failed(f"answered HTTP {status}", wait=wait)

    def _failed(
        self, what: str, *, hint: str = "it is asked again soon", wait: float | None = None
    ) -> SourceFailed:
        return SourceFailed(f"{self.name} {what}; hint: {hint}", wait=wait)


def _wait(headers: Mapping[str, str]) -> float | None:
    """Seconds until the service wants to be asked again, if it says so."""
    after = headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    if after:
        try:
            return max(0.0, (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None
