"""What an account at Portkey keeps: configurations, virtual keys and logs, through Portkey's own SDK.

The SDK is the extra `portkey` of this package. It takes seconds of processor time to import, so that
happens in a thread when it is first used; calls to models never go through it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from orchestra.gateway.portkey.section import CLOUD
from orchestra.shared.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from orchestra.shared.json import JsonObject
from orchestra.shared.wording import plain
from pydantic import SecretStr
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

if TYPE_CHECKING:
    from portkey_ai import AsyncPortkey

_PATIENCE = 20.0  # seconds for one call
_MOST = 200  # things of one kind that are listed
_PAUSE = 2.0  # seconds, at most, before a call is made again

T = TypeVar("T")


class PortkeyAdmin:
    """An account, as far as its key may see it. Only what a service could not answer is asked again."""

    def __init__(
        self, key: SecretStr, url: str = CLOUD, *, attempts: int = 3, pause: float = _PAUSE
    ) -> None:
        self._key = key
        self._url = url
        self._sdk: AsyncPortkey | None = None
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=wait_random_exponential(max=pause),
            stop=stop_after_attempt(attempts),
            reraise=True,
        )

    async def configs(self) -> list[JsonObject]:
        """The configurations, without their contents."""
        sdk = await self._client()
        return _listed(await self._ask(sdk.configs.list))

    async def config(self, slug: str) -> JsonObject:
        """One configuration with its content.

        Raises:
            NotFound: there is none of that name.
        """
        sdk = await self._client()
        return _object(await self._ask(lambda: sdk.configs.retrieve(slug=slug)))

    async def save_config(self, name: str, config: JsonObject, slug: str | None = None) -> str:
        """Make a configuration, or change the one that is named; its slug, `pc-…`.

        Raises:
            Invalid: Portkey does not take it.
        """
        sdk = await self._client()
        if slug is not None:
            await self._ask(lambda: sdk.configs.update(slug=slug, name=name, config=config))
            return slug
        made = _object(await self._ask(lambda: sdk.configs.create(name=name, config=config)))
        return str(made["slug"])

    async def remove_config(self, slug: str) -> None:
        """Remove a configuration."""
        sdk = await self._client()
        await self._ask(lambda: sdk.configs.delete(slug=slug))

    async def virtual_keys(self) -> list[JsonObject]:
        """The keys of providers that the account keeps, masked by Portkey."""
        sdk = await self._client()
        return _listed(await self._ask(sdk.virtual_keys.list))

    async def log_exports(self) -> list[JsonObject]:
        """The exports of logs that were asked for, and how far they are."""
        sdk = await self._client()
        return _listed(await self._ask(sdk.logs.exports.list))

    async def export_logs(self, since: str, until: str, description: str) -> str:
        """Begin an export of what was called between two times (ISO 8601); its id."""
        sdk = await self._client()
        filters = {"time_of_generation_min": since, "time_of_generation_max": until}
        wanted = ["id", "created_at", "ai_model", "ai_org", "cost", "response_status_code"]
        made = _object(
            await self._ask(
                lambda: sdk.logs.exports.create(
                    filters=filters, description=description, requested_data=wanted
                )
            )
        )
        export = str(made["id"])
        await self._ask(lambda: sdk.logs.exports.start(export_id=export))
        return export

    async def log(self, request: JsonObject, response: JsonObject, metadata: JsonObject) -> None:
        """Add a call that did not go through Portkey to the account's log."""
        sdk = await self._client()
        await self._ask(
            lambda: sdk.logs.create(request=request, response=response, metadata=metadata)
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._sdk is not None:
            await self._sdk.close()
            self._sdk = None

    async def _client(self) -> "AsyncPortkey":
        if self._sdk is None:
            make = await asyncio.to_thread(_sdk_class)
            sdk: AsyncPortkey = make(
                api_key=self._key.get_secret_value(), base_url=self._url, timeout=_PATIENCE
            )
            sdk.max_retries = 0  # we try again, and say so
            self._sdk = sdk
        return self._sdk

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._retrying(_once, call)


def _sdk_class() -> "Callable[..., AsyncPortkey]":
    try:
        from portkey_ai import AsyncPortkey
    except ImportError:
        raise Unavailable(
            "Portkey's SDK is not installed", hint="install `orchestra-gateway[portkey]`"
        ) from None
    made: Callable[..., AsyncPortkey] = AsyncPortkey
    return made


async def _once(call: Callable[[], Awaitable[T]]) -> T:
    from portkey_ai.api_resources.exceptions import APIConnectionError, APIStatusError

    try:
        async with asyncio.timeout(_PATIENCE):
            return await call()
    except APIStatusError as error:
        raise _refused(error.status_code, str(error)) from None
    except (APIConnectionError, TimeoutError) as error:
        raise Unavailable(
            f"Portkey does not answer: {type(error).__name__}", hint="try again later"
        ) from None


def _refused(status: int, text: str) -> Exception:
    said = f"Portkey answered {status}: {plain(text, 300)}"
    if status in (401, 403):
        return Forbidden(said, hint="give the account's key the right to do this, or another key")
    if status == 404:
        return NotFound(said, hint="list what there is")
    if status == 409:
        return Conflict(said, hint="look again, and try again")
    if status < 500 and status != 429:
        return Invalid(said, hint="see Portkey's documentation of this object")
    return Unavailable(said, hint="try again later")


def _object(answer: Any) -> JsonObject:  # noqa: ANN401 - the SDK's models have no common class
    document: JsonObject = answer.model_dump(mode="json", exclude_none=True)
    inner = document.get("data")
    return inner if isinstance(inner, dict) else document


def _listed(answer: Any) -> list[JsonObject]:  # noqa: ANN401 - the same
    items = answer.model_dump(mode="json", exclude_none=True).get("data") or []
    return [item for item in items if isinstance(item, dict)][:_MOST]
