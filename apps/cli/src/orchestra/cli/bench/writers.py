"""Writers that append events with their own ids, and remember what was acknowledged."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2
from orchestra.cli.bench.system import BenchSystem

_PAUSE = 0.010  # seconds between two appends of a writer: below what one key may ask
_AGAIN = 0.020  # seconds until an append that failed is sent again


@dataclass(slots=True)
class Writer:
    """What one writer knows of its stream. `acknowledged` is the number that each id got."""

    stream: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    longest_wait: float = 0.0  # seconds until an append was acknowledged


@dataclass(frozen=True, slots=True)
class Losses:
    """What reading everything again found."""

    acknowledged: int
    lost: int
    doubled: int
    stored_unacknowledged: int
    broken_streams: list[str]


class Writers:
    """Write from the beginning of the block to its end; so many streams, and one saves files."""

    def __init__(self, system: BenchSystem, count: int) -> None:
        self._system = system
        self._stop = threading.Event()
        self.writers = [Writer(f"notes/bench-{number}") for number in range(count)]
        self.saves = 0
        self._threads = [
            threading.Thread(target=self._write, args=[writer, self._key(writer)])
            for writer in self.writers
        ]
        self._threads.append(threading.Thread(target=self._save))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def losses(self) -> Losses:
        """Read every stream to its end and compare; verify those, and the context's own."""
        lost = doubled = unacknowledged = 0
        client = self._system.client
        streams = [writer.stream for writer in self.writers] + [client.get("/status")["stream"]]
        for writer in self.writers:
            stored = [(e["id"], e["seq"]) for e in self._events(writer.stream)]
            found = dict(stored)
            doubled += len(stored) - len(found)
            lost += sum(found.get(id) != seq for id, seq in writer.acknowledged.items())
            unacknowledged += len(found.keys() - writer.acknowledged.keys())
        broken = [s for s in streams if not client.get(f"/events/{s}/verify")["intact"]]
        acknowledged = sum(len(writer.acknowledged) for writer in self.writers)
        return Losses(acknowledged, lost, doubled, unacknowledged, broken)

    def _events(self, stream: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            parameters = {"after": str(after), "limit": "1000"}
            page = self._system.client.get(f"/events/{stream}", parameters)
            found += page["events"]
            after = page["next_after"]
        return found

    def _key(self, writer: Writer) -> str:
        name = writer.stream.replace("/", "-")
        body = {"name": name, "kind": "service", "scopes": ["events:write"]}
        return str(self._system.client.call("POST", "/keys", body=body)["key"])

    def _write(self, writer: Writer, key: str) -> None:
        url = f"{self._system.url}/api/v1/events/{writer.stream}"
        headers = {"Authorization": f"Bearer {key}"}
        with httpx2.Client(headers=headers, timeout=30) as http:
            while not self._stop.wait(_PAUSE):
                number = {"n": len(writer.acknowledged)}
                body: dict[str, object] = {"kind": "note", "data": number, "id": str(uuid4())}
                began = time.monotonic()
                while not self._append(http, url, body, writer):
                    if self._stop.wait(_AGAIN):
                        return
                writer.longest_wait = max(writer.longest_wait, time.monotonic() - began)

    @staticmethod
    def _append(http: httpx2.Client, url: str, body: dict[str, object], writer: Writer) -> bool:
        try:
            answer = http.post(url, json=body)
        except httpx2.TransportError:
            writer.failures += 1
            return False
        if answer.status_code != 201:
            writer.failures += 1
            return False
        writer.acknowledged[str(body["id"])] = answer.json()["seq"]
        return True

    def _save(self) -> None:
        folder: Path = self._system.repository / "saved"
        folder.mkdir(exist_ok=True)
        while not self._stop.wait(0.05):
            (folder / f"file-{self.saves:05}.txt").write_text("x")
            self.saves += 1
