"""A server that answers as a model would, turn by turn from a script, and keeps what it was asked."""

from collections.abc import Mapping, Sequence

from orchestra.agents.testing import anthropic_messages, openai_chat, openai_responses
from orchestra.agents.testing.asked import Asked, Tool
from orchestra.agents.testing.moves import Call, Say, Turn, find_tool
from orchestra.agents.testing.protocol import Protocol, Said
from orchestra.shared.testing.http_service import HttpService, Reply, Request

_PROTOCOLS: Mapping[str, Protocol] = {
    "/v1/messages": anthropic_messages.PROTOCOL,
    "/v1/responses": openai_responses.PROTOCOL,
    "/v1/chat/completions": openai_chat.PROTOCOL,
}
_MOST_SEARCHES = 3  # for one tool, one after the other


class ScriptedModel(HttpService):
    """Serves Anthropic's Messages and OpenAI's Responses and Chat Completions at `url`.

    A request that offers no tools is an aside (a title, a summary): it gets a word and takes no
    turn. After the last turn the model says `done`.
    """

    def __init__(self, *turns: Turn | Say | Call) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        """The requests that took a turn, in order."""
        self.asides: list[Asked] = []
        self.unmet: list[str] = []
        """Calls of the script for which no tool was offered, with what was."""
        self._turns: list[Turn] = []
        self._searches = 0
        self.play(*turns)

    def play(self, *turns: Turn | Say | Call) -> None:
        """Begin another script; what was asked before is forgotten."""
        self._turns = [turn if isinstance(turn, Turn) else Turn(turn) for turn in turns]
        for kept in (self.asked, self.asides, self.unmet):
            kept.clear()

    @property
    def left(self) -> int:
        """How many turns of the script were not asked for."""
        return len(self._turns)

    async def respond(self, request: Request) -> Reply:
        """The next turn, in the protocol of the request."""
        if request.path.endswith("/count_tokens"):
            return Reply({"input_tokens": max(1, len(request.body) // 4)})
        protocol = _PROTOCOLS.get(request.path)
        if protocol is None or request.method != "POST":
            return self.answer(request)
        asked = protocol.read(request.path, request.json)
        if not asked.tools:
            self.asides.append(asked)
            return protocol.write(request.json, Said(len(self.requests), "A task"))
        self.asked.append(asked)
        turn = self._turns[0] if self._turns else Turn(Say("done"))
        search = self._search(turn.move, asked.tools)
        if search is not None:
            return protocol.write(request.json, search)
        self._searches, self._turns = 0, self._turns[1:]
        if turn.meanwhile is not None:
            await turn.meanwhile()
        return protocol.write(request.json, self._said(turn.move, asked.tools))

    def _search(self, move: Say | Call, tools: Sequence[Tool]) -> Said | None:
        """Where agents keep tools back until they are searched for, a model has to search first."""
        if isinstance(move, Say) or any(move.fits(tool) for tool in tools):
            return None
        search = find_tool(move)
        if self._searches == _MOST_SEARCHES or not any(search.fits(tool) for tool in tools):
            return None
        self._searches += 1
        return self._said(search, tools)

    def _said(self, move: Say | Call, tools: Sequence[Tool]) -> Said:
        number = len(self.requests)
        if isinstance(move, Say):
            return Said(number, move.text)
        tool = next((tool for tool in tools if move.fits(tool)), None)
        if tool is None:
            names = ", ".join(sorted(tool.full_name for tool in tools))
            self.unmet.append(f"{move.what}: offered were {names}")
            return Said(number, f"I have no tool for `{move.what}`")
        return Said(number, "", tool, move.arguments(tool))
