"""Finds the running system, and talks to it."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx2
from orchestra.cli.typed import typed
from orchestra.shared.errors import (
    Forbidden,
    NotFound,
    OrchestraError,
    Unauthenticated,
    Unavailable,
)
from orchestra.shared.settings import Settings

_TIMEOUT = httpx2.Timeout(10.0, read=75.0)  # seconds; a long poll answers within 60


@dataclass(frozen=True, slots=True)
class System:
    """Where the system answers, and the key for it."""

    url: str
    key: str
    pid: int | None
    doctor: str = "orchestra doctor"
    """The command that says what is wrong with it."""

    @property
    def headers(self) -> dict[str, str]:
        """The credentials of a request."""
        return {"Authorization": f"Bearer {self.key}"}


def find(settings: Settings) -> System:
    """The system that serves this repository, or the one that ORCHESTRA_URL names.

    Raises:
        Unavailable: none runs, as far as the state folder says.
        Unauthenticated: there is no key for it.
    """
    url, pid = settings.url, None
    if url is None:
        try:
            announced = json.loads((settings.state_folder / "system.json").read_text())
        except (OSError, ValueError):
            given = settings.state_dir is not None
            place = f"in `{settings.state_folder}`" if given else f"for `{settings.repo}`"
            raise Unavailable(
                f"Orchestra does not run {place}",
                hint=f"start it: {typed(settings, 'up', serve=True)}"
                " (a system elsewhere is found by --repo, --state-dir or ORCHESTRA_URL)",
            ) from None
        url, pid = str(announced["url"]), int(announced["pid"])
    return System(url.rstrip("/"), _key(settings), pid, typed(settings, "doctor"))


def _key(settings: Settings) -> str:
    if settings.key is not None:
        return settings.key.get_secret_value()
    path = settings.state_folder / "admin.key"
    try:
        return path.read_text().strip()
    except OSError as error:
        raise Unauthenticated(
            f"there is no key for the system: `{path}` cannot be read ({error.strerror})",
            hint="set ORCHESTRA_KEY to a key of yours",
        ) from None


class Client:
    """Calls of the HTTP API; an error of the API is raised as the error that it is."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._http = httpx2.Client(
            base_url=f"{system.url}/api/v1", headers=system.headers, timeout=_TIMEOUT
        )

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON document at a path."""
        return self.call("GET", path, params=params)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """The JSON document that a request is answered with; empty for an empty answer.

        Raises:
            Unavailable: nobody answers there.
            OrchestraError: what the API says is wrong.
        """
        try:
            answer = self._http.request(method, path, params=params, json=body)
        except httpx2.TransportError as error:
            raise _silent(self.system, error) from None
        if answer.is_error:
            raise _error(answer.status_code, answer.content)
        return cast("dict[str, Any]", answer.json()) if answer.content else {}

    def ready(self) -> bool:
        """Whether the system serves."""
        try:
            return self._http.get(f"{self.system.url}/readyz", timeout=2.0).is_success
        except httpx2.TransportError:
            return False

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Generator[Generator[str]]:
        """The lines of an answer that goes on."""
        try:
            with self._http.stream("GET", path, headers=dict(headers), timeout=40.0) as answer:
                if answer.is_error:
                    raise _error(answer.status_code, answer.read())
                yield cast("Generator[str]", answer.iter_lines())
        except httpx2.TransportError as error:
            raise _silent(self.system, error) from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


@contextmanager
def client(settings: Settings) -> Generator[Client]:
    """A client of the running system."""
    made = Client(find(settings))
    try:
        yield made
    finally:
        made.close()


def _silent(system: System, error: Exception) -> Unavailable:
    return Unavailable(
        f"`{system.url}` does not answer ({type(error).__name__})",
        hint=f"see `{system.doctor}`",
    )


def _error(status: int, content: bytes) -> OrchestraError:
    try:
        problem = json.loads(content)
        message, hint = str(problem["detail"]), str(problem.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        message, hint = f"the system answers with status {status}", "see the log of the API"
    kinds: dict[int, type[OrchestraError]] = {
        401: Unauthenticated,
        403: Forbidden,
        404: NotFound,
        503: Unavailable,
    }
    return kinds.get(status, OrchestraError)(message, hint=hint)
