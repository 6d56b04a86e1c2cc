"""A stand-in for a service with OpenAI's `/v1/embeddings` door."""

import hashlib

from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request


class FakeEmbeddings(HttpService):
    """Answers with vectors that depend on the text alone; the last text comes first."""

    def __init__(
        self, key: str, *, model: str = "small", dimension: int = 8, most: int = 16
    ) -> None:
        super().__init__()
        self.key = key
        self.model = model
        self.dimension = dimension
        self.most = most

    def answer(self, request: Request) -> Reply:
        """What the real service would say."""
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "Incorrect API key provided")
        if (request.method, request.path) != ("POST", "/v1/embeddings"):
            return _error(404, f"Invalid URL ({request.method} {request.path})")
        asked = request.json
        texts = asked["input"]
        if asked["model"] != self.model:
            return _error(404, f"The model `{asked['model']}` does not exist")
        if not isinstance(texts, list) or not 1 <= len(texts) <= self.most or "" in texts:
            return _error(400, "'$.input' is invalid")
        data: list[JsonValue] = [
            {"object": "embedding", "index": index, "embedding": self.vector(str(text))}
            for index, text in enumerate(texts)
        ]
        usage: JsonObject = {"prompt_tokens": 8, "total_tokens": 8}
        return Reply({"object": "list", "data": data[::-1], "model": self.model, "usage": usage})

    def vector(self, text: str) -> list[JsonValue]:
        """The vector of a text."""
        digest = hashlib.sha512(text.encode()).digest()
        return [byte / 16 - 8 for byte in digest[: self.dimension]]


def _error(status: int, message: str) -> Reply:
    return Reply({"error": {"message": message, "type": "invalid_request_error"}}, status)
