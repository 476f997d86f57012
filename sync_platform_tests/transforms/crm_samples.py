"""Invented records of a CRM, as its page shows them, and a way to read one into named columns."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.core.reject import Reject
from sync_platform.db.crm_tables import CUSTOMERS, PACKAGES
from sync_platform.sync.crm_entities import CUSTOMER_RECORDS, package_records
from sync_platform.transforms.loaded import Loaded

ZONE = ZoneInfo("Asia/Bangkok")
HASH = "0f0e0d0c0b0a09080706050403020100"

PACKAGE: dict[str, Any] = {
    "id": 812, "crm_package_id": "812", "customer_name": "Sam Example", "stable_hash_id": HASH,
    "package_name_from_def": "Silver (15H)", "package_display_name_from_def": "Silver",
    "package_type_from_def": "Monthly", "package_total_hours_from_def": 15, "package_pax_from_def": 5,
    "package_validity_period_from_def": "3 months", "first_use_date": "2025-02-01", "expiration_date": "2025-05-01",
    "calculated_remaining_hours": 6.5, "calculated_used_hours": 8.5,
    "created_at_for_purchase_date": "2025-01-28T09:12:00+00:00",
}  # fmt: skip

CUSTOMER: dict[str, Any] = {
    "id": 4711, "customer_name": "Sam Example", "contact_number": "081-234-5678", "email": None,
    "stable_hash_id": HASH,
}  # fmt: skip


def outcome(record: Any, *, customer: bool = False) -> Loaded | Reject:
    """What becomes of a record."""
    raw = msgspec.Raw(record if isinstance(record, bytes) else msgspec.json.encode(record))
    entity = CUSTOMER_RECORDS if customer else package_records(ZONE)
    rows, rejects = entity.decoder.rows([raw], [content_hash(raw)])
    return (rows or rejects)[0]


def package(*, without: str = "", **fields: Any) -> dict[str, Any]:
    """The columns of a package, its profile aside, and ``explicit_nulls``."""
    record = {name: value for name, value in (PACKAGE | fields).items() if name not in without.split()}
    found = outcome(record)
    assert isinstance(found, Loaded), found
    return dict(zip([*PACKAGES.names[1:], "explicit_nulls"], found.row, strict=True))


def customer(**fields: Any) -> dict[str, Any]:
    """The columns of a customer."""
    found = outcome(CUSTOMER | fields, customer=True)
    assert isinstance(found, Loaded), found
    return dict(zip(CUSTOMERS.names, found.row, strict=True))


def rejected(record: Any, *, customer: bool = False) -> Reject:
    """The reject that a record becomes."""
    found = outcome(record, customer=customer)
    assert isinstance(found, Reject), found
    return found
