"""How single values of a vendor become column values. Blank, zero time and null all mean "nothing" (SYS-02, SYS-21)."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

# numeric(14,4) holds ten digits before the point (SYS-01)
MONEY_LIMIT = Decimal(10) ** 10
_MONEY_FLOOR = -MONEY_LIMIT

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# year 1 to year 9999, what timestamptz and a calendar both hold
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)


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


def iso_ms(value: str | None, path: str, zone: ZoneInfo) -> tuple[int | None, bool]:
    """A time in ISO 8601 as epoch milliseconds, and whether ``zone`` had to be assumed because it names none (SYS-02).

    Of an hour that a clock change repeats the first is meant; one that it leaves out is read as if the clock had not
    changed. The first instant of year 1 is how some services write "no time". Raises ValueRejected.
    """
    found = value.strip().upper() if value else ""
    if not found:
        return None, False
    try:
        moment = datetime.fromisoformat(found) if _ISO.fullmatch(found) else None
    except ValueError:  # no such day, hour or minute
        moment = None
    if moment is None:
        detail = f"{path} is not a time such as 2025-03-14T10:02:25.45Z; ask the vendor"
        raise ValueRejected("wrong_type", path, detail)
    if found.startswith("0001-01-01T00:00:00"):
        return None, False
    assumed = moment.tzinfo is None
    ms = ((moment.replace(tzinfo=zone) if assumed else moment) - _EPOCH) // _MILLISECOND
    if not FIRST_MS <= ms <= LAST_MS:
        raise ValueRejected("out_of_range", path, f"{path} is outside the years 1 to 9999; correct it at the source")
    return ms, assumed


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
