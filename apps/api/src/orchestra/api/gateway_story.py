"""The story of a call, in sentences: route, attempts, cache, price."""

from typing import Any

from orchestra.api.routes.gateway_models import CallView, Told
from orchestra.gateway.cost.money import dollars, roughly
from orchestra.gateway.cost.tables import LedgerRow, OpenRow

_SOURCES = {
    "provider": "as the provider says",
    "table": "its tokens at the listed price",
    "cache": "a kept answer costs nothing",
    "estimate": "estimated: the provider did not count it to the end",
    "unknown": "nobody knows the price; set it in [prices] of the gateway's configuration",
}


def story(row: LedgerRow | OpenRow) -> Told:
    """What a row of the ledger tells."""
    if isinstance(row, OpenRow):
        return Told(
            id=row.id,
            state="under way",
            call=None,
            lines=[f"asked for `{row.asked}` at {row.at:%H:%M:%S} UTC, and is under way"],
            attempts=[],
            price=None,
            reserved=None if row.reserved is None else dollars(row.reserved),
        )
    detail: dict[str, Any] = row.detail or {}
    reserved = detail.get("reserved")
    return Told(
        id=row.id,
        state="over",
        call=CallView.of(row),
        lines=[*_route(row, detail), *_attempts(detail), *_end(row, detail), _price(row, reserved)],
        attempts=detail.get("attempts", []),
        price=row.price,
        reserved=None if reserved is None else dollars(reserved),
    )


def _route(row: LedgerRow, detail: dict[str, Any]) -> list[str]:
    lines = [f"asked for `{row.asked}`" + (f", route `{row.route}`" if row.route else "")]
    if why := detail.get("why"):
        lines.append(f"why that route: {why}")
    return lines


def _attempts(detail: dict[str, Any]) -> list[str]:
    return [
        f"attempt {number}: {one['provider']}/{one['model']}: "
        + (f"{one['error']}" if one["error"] else "answered")
        + (f" (status {one['status']})" if one["status"] else "")
        + f" after {one['seconds']:.2f} s"
        for number, one in enumerate(detail.get("attempts", []), 1)
    ]


def _end(row: LedgerRow, detail: dict[str, Any]) -> list[str]:
    headers: dict[str, str] = detail.get("headers", {})
    if row.cache:
        lines = [f"cache: {headers.get('cache', row.cache)}"]
    elif row.finish == "lost":
        return ["its process ended before the answer did; it is booked at the most it could cost"]
    else:
        lines = [f"cache: {headers.get('cache', 'no kept answer was used')}"]
    first = f", first token after {row.first_token:.2f} s" if row.first_token is not None else ""
    lines.append(f"ended as `{row.finish}`, status {row.status}, after {row.seconds:.2f} s{first}")
    if error := headers.get("error"):
        lines.append(f"broke off: {error}")
    return lines


def _price(row: LedgerRow, reserved: int | None) -> str:
    cost = "unknown" if row.cost is None else roughly(row.cost)
    aside = "" if reserved is None else f"; {roughly(reserved)} had been set aside"
    origin = f" ({row.price})" if row.price else ""
    return f"cost: {cost}, {_SOURCES.get(row.source, row.source)}{origin}{aside}"
