"""`python -m …`: many subscribers in one process that only takes down what arrives, and when.

One JSON line on stdin starts it (see `Plan`), a second ends it (see `Question`); it answers each
with a line. All parsing comes after the measurement, so that the readers are not what is measured.
"""

import gc
import json
import re
import selectors
import socket
import sys
import time
from bisect import bisect_left
from dataclasses import asdict, dataclass, field
from itertools import accumulate, pairwise

_STRAGGLERS = 20.0  # seconds that the last subscriber may take to be ready


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to subscribe with, where. `ready` ends what the server says before the first event."""

    port: int
    count: int
    opening: str
    ready: str
    per_second: float


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for: `tick` finds an event's mark, `sequence` its number among its kind."""

    tick: str
    sequence: str
    sent: dict[str, float]
    since: float


@dataclass(slots=True)
class Answer:
    """What all subscribers got. Latencies in seconds; `sample` is one event as it was read."""

    deliveries: int = 0
    gaps: int = 0
    missing: int = 0
    latencies: list[float] = field(default_factory=list)
    sample: str = ""


@dataclass(eq=False, slots=True)
class _Subscriber:
    socket: socket.socket
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def read(self) -> bool:
        try:
            chunk = self.socket.recv(262_144)
        except ConnectionError:
            chunk = b""
        self.times.append(time.monotonic())
        self.chunks.append(chunk)
        return bool(chunk)


def main() -> None:
    """Subscribe, take down, answer."""
    gc.disable()  # a pause of ours would look like one of theirs
    plan = Plan(**json.loads(sys.stdin.readline()))
    selector = selectors.DefaultSelector()
    subscribers = _subscribe(plan, selector)
    _say({"ready": sum(plan.ready.encode() in b"".join(s.chunks) for s in subscribers)})
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    while _take_down(selector, None):
        pass
    question = Question(**json.loads(sys.stdin.readline()))
    _say(asdict(_examine(subscribers, plan, question)))


def _say(document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _subscribe(plan: Plan, selector: selectors.BaseSelector) -> list[_Subscriber]:
    begun, subscribers = time.monotonic(), []
    for number in range(plan.count):
        while time.monotonic() < begun + number / plan.per_second:
            _take_down(selector, 0.001)
        made = _Subscriber(socket.create_connection(("127.0.0.1", plan.port), timeout=10))
        made.socket.sendall(plan.opening.encode())
        made.socket.setblocking(False)
        selector.register(made.socket, selectors.EVENT_READ, made)
        subscribers.append(made)
    waiting, ready = set(subscribers), plan.ready.encode()
    deadline = time.monotonic() + _STRAGGLERS
    while waiting and time.monotonic() < deadline:
        _take_down(selector, 0.05)
        waiting = {s for s in waiting if ready not in b"".join(s.chunks)}
    return subscribers


def _take_down(selector: selectors.BaseSelector, within: float | None) -> bool:
    """Read what is there; whether nobody asks yet."""
    for key, _ in selector.select(within):
        if key.data is None:
            return False
        if not key.data.read():
            selector.unregister(key.fileobj)
    return True


def _examine(subscribers: list[_Subscriber], plan: Plan, question: Question) -> Answer:
    answer = Answer()
    for subscriber in subscribers:
        _examine_one(subscriber, plan, question, answer)
    return answer


def _examine_one(subscriber: _Subscriber, plan: Plan, question: Question, answer: Answer) -> None:
    data = b"".join(subscriber.chunks)
    ends = list(accumulate(map(len, subscriber.chunks)))
    start = data.find(plan.ready.encode())
    numbers = []
    for match in re.finditer(question.sequence.encode(), data[start:]):
        numbers.append(int(match[1]))
        arrived = subscriber.times[bisect_left(ends, start + match.end())]
        answer.deliveries += arrived >= question.since
    answer.gaps += sum(after != before + 1 for before, after in pairwise(numbers))
    unseen = dict(question.sent)
    for match in re.finditer(question.tick.encode(), data):
        sent = unseen.pop(match[1].decode(), None)
        if sent is not None:
            arrived = subscriber.times[bisect_left(ends, match.end())]
            answer.latencies.append(arrived - sent)
            answer.sample = data[max(0, match.start() - 4000) : match.end() + 4000].decode()
    answer.missing += len(unseen)


if __name__ == "__main__":
    main()
