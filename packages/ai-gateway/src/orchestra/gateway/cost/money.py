"""Money as whole nano-dollars, and how it is read and written."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

from orchestra.shared.errors import Invalid

NANO = 1_000_000_000
"""Nano-dollars of a dollar."""
_MOST = Decimal(1_000_000_000)  # dollars


def nano(dollars: str | float | Decimal) -> int:
    """Dollars in nano-dollars, rounded up.

    Raises:
        Invalid: it is no amount, or one below zero or beyond a billion.
    """
    try:
        amount = Decimal(str(dollars))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= _MOST:
        raise Invalid(
            f"`{str(dollars)[:40]}` is not an amount of dollars", hint="write it as 2.50, or as 20"
        )
    return int((amount * NANO).to_integral_value(ROUND_CEILING))


def dollars(nanos: int) -> str:
    """Nano-dollars as dollars with all the digits that there are, and at least two."""
    whole, rest = divmod(abs(nanos), NANO)
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nanos < 0 else ''}{whole}.{digits}"


def roughly(nanos: int) -> str:
    """For people: `$3.20`, and small amounts with three digits that say something."""
    amount = Decimal(nanos) / NANO
    if nanos == 0 or abs(amount) >= 1:
        return f"${amount:.2f}"
    return f"${amount:.{max(2, 2 - amount.adjusted())}f}"
