"""What the vendor does not document is noticed, and fails nothing (SYS-17)."""

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest

from sync_platform.core.reject import Reject
from sync_platform.transforms.blaze_catalogue import FIELDS
from sync_platform.transforms.blaze_records import Member, Product, Transaction
from sync_platform.transforms.drift import DriftDetector, new_values, nul_removed, required_missing

MEMBER = dict.fromkeys(Member.__struct_encode_fields__) | {"id": "a", "modified": 1, "deleted": False}


def drift(detector: DriftDetector, *records: dict[str, Any], size: int = 10) -> list[tuple[str, str, str]]:
    found = detector.sample([msgspec.Raw(json.dumps(record).encode()) for record in records], size)
    return [(item.kind, item.path, item.detail) for item in found]


def test_a_record_as_documented_has_no_drift() -> None:
    """SYS-17."""
    assert drift(DriftDetector(FIELDS["customers"], Member), MEMBER) == []


def test_new_missing_and_changed_fields_are_named_with_their_path() -> None:
    """SYS-17: unknown field, missing field, changed type, in the record and inside it."""
    record = {**MEMBER, "mood": "sunny", "email": 5}
    del record["cpn"]
    assert sorted(drift(DriftDetector(FIELDS["customers"], Member), record)) == [
        ("changed_type", "email", "text -> number"),
        ("missing_field", "cpn", ""),
        ("unknown_field", "mood", "text"),
    ]
    receipt = dict.fromkeys(Transaction.__struct_encode_fields__) | {"cart": {"items": [{"novel": 1}]}}
    paths = {path for _, path, _ in drift(DriftDetector(FIELDS["transactions"], Transaction), receipt)}
    assert "cart.items.novel" in paths


def test_the_sample_is_bounded_and_spread_over_the_page() -> None:
    """SYS-17: a page is not read whole for it."""
    pages = [{**MEMBER, f"field{n}": 1} for n in range(100)]
    found = drift(DriftDetector(FIELDS["customers"], Member), *pages, size=2)
    assert [path for _, path, _ in found] == ["field0", "field50"]
    assert drift(DriftDetector(FIELDS["customers"], Member), *pages, size=0) == []
    assert drift(DriftDetector(FIELDS["products"], Product), size=2) == []


def test_new_enumeration_values_are_counted_and_case_does_not_matter() -> None:
    """SYS-17, vendor page section 4: unknown values must not fail a record."""
    rows = [("Completed",), ("COMPLETED",), ("Teleported",), ("Teleported",), (None,)]
    found = new_values({"blaze_status": frozenset({"completed"})}, ["blaze_status"], rows)
    assert [(d.kind, d.detail, d.count) for d in found] == [("new_value", "Teleported", 2)]


@pytest.mark.parametrize(("missing", "page", "raised"), [(1, 100, False), (2, 100, True), (1, 99, True)])
def test_a_required_field_missing_in_over_one_percent_of_a_page_is_drift(missing: int, page: int, raised: bool) -> None:
    """SYS-17."""
    reject = Reject(None, "missing_required", "id", "", None, UUID(int=0))
    assert bool(required_missing([reject] * missing, page)) is raised


def test_records_with_nul_in_a_text_are_counted() -> None:
    """SYS-21: removed and counted."""
    records = [msgspec.Raw(b'{"id":"a","email":"x\\u0000y"}'), msgspec.Raw(b'{"id":"b"}')]
    assert [(d.kind, d.count) for d in nul_removed(records)] == [("changed_type", 1)]
    assert nul_removed(records[1:]) == []
