"""A stand-in for a service with OpenAI's `/v1/chat/completions` door."""

from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request


class FakeChat(HttpService):
    """Answers every question with `content`, to those who have its key and name its model."""

    def __init__(self, key: str, *, model: str = "small", content: str = "") -> None:
        super().__init__()
        self.key = key
        self.model = model
        self.content = content

    def answer(self, request: Request) -> Reply:
        """What the real service would say."""
        if request.bearer != self.key:
            return _error(401, "Incorrect API key provided")
        if (request.method, request.path) != ("POST", "/v1/chat/completions"):
            return _error(404, f"Invalid URL ({request.method} {request.path})")
        asked = request.json
        if asked.get("model") != self.model:
            return _error(404, f"The model `{asked.get('model')}` does not exist")
        messages = asked.get("messages")
        if not isinstance(messages, list) or not messages:
            return _error(400, "'messages' is invalid")
        message: JsonObject = {"role": "assistant", "content": self.content}
        choice: JsonValue = {"index": 0, "message": message, "finish_reason": "stop"}
        usage: JsonObject = {"prompt_tokens": 8, "completion_tokens": 8, "total_tokens": 16}
        return Reply(
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1_790_000_000,
                "model": self.model,
                "choices": [choice],
                "usage": usage,
            }
        )

    @property
    def questions(self) -> list[str]:
        """What was asked so far: the last message of each request."""
        return [_last(request.json["messages"]) for request in self.requests]


def _last(messages: JsonValue) -> str:
    last = messages[-1] if isinstance(messages, list) else None
    return str(last["content"]) if isinstance(last, dict) else ""


def _error(status: int, message: str) -> Reply:
    return Reply({"error": {"message": message, "type": "invalid_request_error"}}, status)
