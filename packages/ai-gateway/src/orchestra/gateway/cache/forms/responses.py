"""OpenAI's responses."""

from collections.abc import Iterator
from typing import Any

from orchestra.gateway.wire.sse import written

Document = dict[str, Any]


def is_whole(document: Document) -> bool:
    """It is completed, and holds text and reasoning alone."""
    items = document["output"]
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    settled = document["status"] == "completed" and not document.get("incomplete_details")
    plain = all(item["type"] in ("message", "reasoning") for item in items)
    return settled and plain and bool(parts) and all(p["type"] == "output_text" for p in parts)


def gathered(events: list[tuple[str, Document]], ended: bool) -> Document | None:  # noqa: ARG001 - it has an end of its own
    """The document that the last event carries."""
    kind = events[-1][1]["type"] if events else ""
    return dict(events[-1][1]["response"]) if kind == "response.completed" else None


def streamed(document: Document, usage: bool) -> bytes:  # noqa: ARG001 - this format always says it
    """The events of each item, one delta for each text."""
    begun = {**document, "status": "in_progress", "output": [], "usage": None}
    events: list[Document] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(document["output"]):
        events += _of_item(index, item)
    events.append({"type": "response.completed", "response": document})
    numbered = (event | {"sequence_number": number} for number, event in enumerate(events))
    return b"".join(written(event, str(event["type"])) for event in numbered)


def _of_item(index: int, item: Document) -> Iterator[Document]:
    begun = {**item, **({"content": []} if item["type"] == "message" else {})}
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for place, part in enumerate(item["content"] if item["type"] == "message" else []):
        at = {"item_id": item["id"], "output_index": index, "content_index": place}
        yield {"type": "response.content_part.added", **at, "part": {**part, "text": ""}}
        yield {"type": "response.output_text.delta", **at, "delta": part["text"]}
        yield {"type": "response.output_text.done", **at, "text": part["text"]}
        yield {"type": "response.content_part.done", **at, "part": part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}
