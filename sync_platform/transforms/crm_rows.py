"""The field map of the CRM (CRM-12): one typed record in, one tuple per table out.

The order of a tuple is the order of the columns in ``sync_platform.db.crm_tables``; a test holds the two together. A
package's tuple lacks the profile before it, which the CRM does not know, and ends with the columns that the CRM says
to be null.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UnsetType

from sync_platform.transforms.crm_records import Customer, Number, Package, Text
from sync_platform.transforms.loaded import Loaded
from sync_platform.transforms.values import ValueRejected, iso_ms, key, money, text

MAX_KEY = 200  # an index cannot hold an entry of more than 2,704 bytes

# what the field is called here -> what the CRM calls it, the first that says something counts
_TEXTS = {
    "customer_name": ("customer_name",),
    "package_name": ("package_name_from_def", "package_name"),
    "package_display_name": ("package_display_name_from_def", "package_display_name"),
    "package_type": ("package_type_from_def", "package_type_name"),
    "validity_period": ("package_validity_period_from_def",),
}
_NUMBERS = {
    "total_hours": ("package_total_hours_from_def", "total_hours"),
    "pax": ("package_pax_from_def", "pax"),
    "remaining_hours": ("calculated_remaining_hours", "remaining_hours"),
    "used_hours": ("calculated_used_hours", "used_hours"),
}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS = ("first_use_date", "expiration_date")
_PURCHASED = "created_at_for_purchase_date"
_ORDER = """customer_name package_name package_display_name package_type total_hours pax validity_period first_use_date
    expiration_date remaining_hours used_hours purchased_at""".split()


def customer(record: Customer, content_hash: str) -> Loaded:
    """A customer as the CRM writes it: phone and name are normalised where they are compared, not here."""
    number = record.contact_number
    row = (
        record.id,
        text(record.stable_hash_id),
        text(record.customer_name),
        text(str(number)) if number is not None else None,
        text(record.email),
        content_hash,
        None,  # the CRM does not say when a row changed
    )
    return Loaded(str(record.id), 0, row, [])


def package(record: Package, content_hash: str, zone: ZoneInfo) -> Loaded:
    """A package, whatever its dates: expired and undated ones are kept (CRM-12). ``zone`` is the tenant's: a time of
    purchase may come without one."""
    package_id = key(str(record.id), "id")
    if len(package_id) > MAX_KEY:
        raise ValueRejected("out_of_range", "id", f"id has more than {MAX_KEY} characters; correct it at the source")
    found: dict[str, tuple[Any, bool]] = {name: _text(record, names) for name, names in _TEXTS.items()}
    found |= {name: _number(record, names) for name, names in _NUMBERS.items()}
    found |= {name: _day(record, name) for name in _DAYS}
    found["purchased_at"] = _moment(record.created_at_for_purchase_date, zone)
    values = [found[name][0] for name in _ORDER]
    row = (package_id, record.stable_hash_id, *values, content_hash, None, explicit_nulls(found))
    return Loaded(package_id, 0, row, [])


def explicit_nulls(found: Mapping[str, tuple[Any, bool]]) -> tuple[str, ...]:
    """Columns that the CRM says to be nothing, unlike those that it does not show or leaves blank (SYS-07)."""
    return tuple(name for name in _ORDER if found[name][0] is None and found[name][1])


def _text(record: Package, names: tuple[str, ...]) -> tuple[str | None, bool]:
    """The first that is neither null nor blank, and whether one is null."""
    said: list[Text] = [getattr(record, name) for name in names]
    texts = (text(value) for value in said if not isinstance(value, UnsetType))
    return next((value for value in texts if value is not None), None), None in said


def _number(record: Package, names: tuple[str, ...]) -> tuple[Decimal | None, bool]:
    """The first that is not null: 0 hours are left where 0 is said."""
    said: list[Number] = [getattr(record, name) for name in names]
    for name, value in zip(names, said, strict=True):
        if value is not None and not isinstance(value, UnsetType):
            return money(value, name), False
    return None, None in said


def _day(record: Package, name: str) -> tuple[str | None, bool]:
    """A calendar date, which is the same in every zone. Raises ValueRejected."""
    value: Text = getattr(record, name)
    found = value.strip() if isinstance(value, str) else ""
    if not found:
        return None, value is None
    try:
        day = date.fromisoformat(found) if _DATE.fullmatch(found) else None
    except ValueError:  # no such day or month
        day = None
    if day is None:
        raise ValueRejected("wrong_type", name, f"{name} is not a date such as 2025-05-01; correct it at the source")
    return found, False


def _moment(value: Text, zone: ZoneInfo) -> tuple[int | None, bool]:
    said = None if isinstance(value, UnsetType) else value
    return iso_ms(said, _PURCHASED, zone)[0], value is None
