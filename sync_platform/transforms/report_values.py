"""How the texts of an old report become column values (SYS-01, SYS-02): exactly, and never by guessing."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from sync_platform.transforms.values import MONEY_LIMIT, ValueRejected
from sync_platform.transforms.values import key as trimmed_key

LONGEST_KEY = 200  # characters, as for keys of the live source; an index holds no more than 2,700 bytes
_LONGEST_VALUE = 64  # characters of a number, flag or time
_STORED = Decimal("0.0001")
_HALF_STEP = _STORED / 2
_INTEGERS = range(-(2**31), 2**31)

# what nearly every value is, and needs no second look
_PLAIN = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,4})?")
# a comma separates thousands and nothing else: 12,50 is refused, because it could mean 12.50 or 1,250
_AMOUNT = re.compile(
    r"(?P<open>\()?(?P<sign>[-+]?)(?:[$€£] ?)?(?P<late>[-+]?)"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?P<part>\.[0-9]*)?(?P<close>\))?"
)
_ISO = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<clock>[0-9]{2}(?::[0-9]{2}){1,2}(?:\.[0-9]{1,9})?) ?(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_US = re.compile(
    r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})"
    r"(?:,? +(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?: *(?P<half>[AP])M)?)?",
    re.IGNORECASE,
)
_FLAGS = {
    **dict.fromkeys(("yes", "true", "1", "y", "t"), True),
    **dict.fromkeys(("no", "false", "0", "n", "f"), False),
}


def key(value: str, column: str) -> str:
    """A key, trimmed (SYS-21). Raises ValueRejected for a blank one, or one that no index holds."""
    found = trimmed_key(value, column)
    if len(found) > LONGEST_KEY:
        raise ValueRejected("out_of_range", column, f"is longer than {LONGEST_KEY} characters")
    return found


def amount(value: str, column: str) -> Decimal:
    """Money or a quantity, at most with a currency sign and commas between thousands; ``(5.00)`` is negative.

    Kept to four decimals, halves away from zero, as the column holds it. Raises ValueRejected.
    """
    if _PLAIN.fullmatch(value):
        return Decimal(value)
    found = _number(value, column)
    if abs(found) >= MONEY_LIMIT - _HALF_STEP:
        raise ValueRejected("out_of_range", column, "does not fit numeric(14,4)")
    return found.quantize(_STORED, ROUND_HALF_UP)


def whole(value: str, column: str) -> int:
    """A whole number; ``12.0`` is one. Raises ValueRejected."""
    found = _number(value, column)
    if abs(found) >= MONEY_LIMIT or int(found) not in _INTEGERS:
        raise ValueRejected("out_of_range", column, "does not fit an integer of 32 bits")
    if found != int(found):
        raise ValueRejected("not_a_number", column, "is not a whole number")
    return int(found)


def flag(value: str, column: str) -> bool:
    """Yes or no, as people and as databases write it. Raises ValueRejected."""
    found = _FLAGS.get(value.strip().lower())
    if found is None:
        raise ValueRejected("not_a_flag", column, "is not yes, no, true, false, 1 or 0")
    return found


def moment(value: str, column: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """A time in UTC, and whether ``zone`` had to be assumed because the text names none (SYS-02).

    ISO 8601, or MM/DD/YYYY with a clock of 12 or 24 hours. A day without a clock is its midnight. Of an hour that a
    clock change repeats the first is meant; one that it leaves out is read as if the clock had not changed.
    Raises ValueRejected.
    """
    text = value.strip()
    try:
        found = _iso(text) or _american(text)
        if found is not None:
            assumed = found.tzinfo is None
            return (found.replace(tzinfo=zone) if assumed else found).astimezone(UTC), assumed
    except (ValueError, OverflowError):
        pass  # no such day, hour or instant
    raise ValueRejected(
        "not_a_time", column, "is not a time such as 2026-11-05 14:03:22 (with or without zone) or 11/05/2026 2:03 PM"
    )


def _number(value: str, column: str) -> Decimal:
    text = value.strip()
    match = _AMOUNT.fullmatch(text) if len(text) <= _LONGEST_VALUE else None
    if match is None:
        raise _no_number(column)
    signs = match["sign"] + match["late"] + ("-" if match["open"] else "")
    digits = match["whole"].replace(",", "") + (match["part"] or "")
    if len(signs) > 1 or bool(match["open"]) != bool(match["close"]) or not digits.strip("."):
        raise _no_number(column)
    return Decimal(signs + digits)


def _no_number(column: str) -> ValueRejected:
    return ValueRejected("not_a_number", column, "is not a number such as 1234.50 or $1,234.50")


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    return datetime.fromisoformat(f"{match['day']}T{match['clock'] or '00:00'}{(match['zone'] or '').upper()}")


def _american(text: str) -> datetime | None:
    match = _US.fullmatch(text)
    if match is None:
        return None
    hour = int(match["hour"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].upper() == "P" else 0)
    return datetime(  # noqa: DTZ001  the text has no zone; the caller gives it one
        int(match["year"]), int(match["month"]), int(match["day"]), hour,
        int(match["minute"] or 0), int(match["second"] or 0),
    )  # fmt: skip
