"""Many subscribers in a process of their own, as the measuring process holds them."""

import json
import subprocess
import sys
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from orchestra.cli.bench.reader_process import Answer, Plan, Question
from orchestra.shared.errors import Unavailable
from orchestra.shared.settings import child_environment


class Readers:
    """Subscribed when made; `ask` ends the subscriptions and says what they got."""

    def __init__(self, plan: Plan) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orchestra.cli.bench.reader_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        ready = self._exchange(asdict(plan))["ready"]
        if ready != plan.count:
            self._process.kill()
            raise Unavailable(
                f"{ready} of {plan.count} subscribers were served",
                hint="see the limit of open files, and the log of the server",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, question: Question) -> Answer:
        """What arrived; nothing is taken down any more."""
        return Answer(**self._exchange(asdict(question)))

    def _exchange(self, document: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise Unavailable("the readers have no pipes", hint="this cannot be")
        stdin.write(json.dumps(document) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise Unavailable("the readers ended early", hint="see what they said on stderr")
        answer: dict[str, Any] = json.loads(line)
        return answer
