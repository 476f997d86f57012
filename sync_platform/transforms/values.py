"""How single values of a vendor become column values. Blank, zero time and null all mean "nothing" (SYS-02, SYS-21)."""

import unicodedata
from decimal import Decimal, InvalidOperation

# numeric(14,4) holds ten digits before the point (SYS-01)
MONEY_LIMIT = Decimal(10) ** 10
_MONEY_FLOOR = -MONEY_LIMIT


class ValueRejected(Exception):
    """A value that no column can hold. ``path`` is the vendor's name of the field."""

    def __init__(self, reason: str, path: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.path, self.detail = reason, path, detail


def text(value: str | None) -> str | None:
    """Free text as valid NFC without NUL (SYS-21). Blank is nothing; white space inside a value stays."""
    if not value or value.isspace():
        return None
    if value.isascii() and "\x00" not in value:
        return value
    cleaned = unicodedata.normalize("NFC", value.replace("\x00", ""))
    return cleaned if cleaned and not cleaned.isspace() else None


def key(value: str | None, path: str) -> str:
    """An identifier, trimmed (SYS-03, SYS-21). Raises ValueRejected where nothing is left of it."""
    cleaned = text(value)
    trimmed = cleaned.strip() if cleaned else ""
    if not trimmed:
        raise ValueRejected("missing_required", path, f"{path} is blank; the source has to give the record an id")
    return trimmed


def time_ms(value: int | None) -> int | None:
    """Epoch milliseconds; ``0`` is the vendor's "no time" (SYS-02). Negative values are legal."""
    return value or None


def money(value: Decimal | None, path: str) -> Decimal | None:
    """An amount or quantity as received (SYS-01). Raises ValueRejected beyond what numeric(14,4) holds."""
    if value is None:
        return None
    try:
        fits = _MONEY_FLOOR < value < MONEY_LIMIT
    except InvalidOperation:  # "NaN" sent as a text
        fits = False
    if fits:
        return value
    raise ValueRejected("out_of_range", path, f"{path} does not fit numeric(14,4); correct it at the source")


def known_money(value: Decimal | None, path: str) -> Decimal | None:
    """An amount where the vendor writes 0.0 for "not set" (BLZ-23: purchasePrice)."""
    return money(value, path) or None
