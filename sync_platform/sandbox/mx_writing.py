"""How MX Merchant writes money, quantities and times."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sync_platform.core.window import start_of_day

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def money(cents: int) -> str:
    """Cents as text without trailing zeros: ``"181.12"``, ``"269.1"``, ``"175"``, ``"-14.14"``, ``"0"``."""
    return str(cents // 100) if cents % 100 == 0 else full_money(cents).rstrip("0")


def full_money(cents: int) -> str:
    """Cents as notifications write them: always two places."""
    sign, (whole, rest) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02d}"


def cents(text: str) -> int:
    """The cents of a text written by ``money``."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(2, "0"))


def number(halves: int) -> int | float:
    """A quantity, counted in halves, as a line of an invoice writes it."""
    return halves // 2 if halves % 2 == 0 else halves / 2


def instant(ms: int) -> datetime:
    """Epoch milliseconds as a moment."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """``2025-03-14T10:02:25.45Z``: milliseconds without trailing zeros."""
    return _clock(instant(ms)) + "Z"


def local_iso(ms: int, zone: ZoneInfo) -> str:
    """The same on a merchant's clock, and without a word about the zone."""
    return _clock(instant(ms).astimezone(zone))


def milliseconds(text: str) -> int:
    """The instant of a text written by ``iso``."""
    return (datetime.fromisoformat(text) - EPOCH) // MILLISECOND


def midnight(day: date, zone: ZoneInfo) -> str:
    """A day as invoices write it: its local midnight in UTC."""
    return iso((start_of_day(day, zone) - EPOCH) // MILLISECOND)


def spoken(at: datetime) -> str:
    """``Mar  4 2025  6:02AM``: notifications pad day and hour with a blank."""
    hour, half = at.hour % 12 or 12, "PM" if at.hour >= 12 else "AM"
    return f"{MONTHS[at.month - 1]} {at.day:>2} {at.year} {hour:>2}:{at.minute:02d}{half}"


def _clock(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")[:23].rstrip("0").rstrip(".")
