"""What MX Merchant does not document is noticed; what it leaves out by habit is not (SYS-17)."""

from typing import Any

import msgspec
import pytest

from sync_platform.db.mx_tables import TABLES
from sync_platform.transforms.drift import DriftDetector, new_values
from sync_platform.transforms.mx_catalogue import ALWAYS_SENT, FIELDS, VALUES
from sync_platform.transforms.mx_records import Invoice, InvoiceDetail, Payment
from sync_platform_tests.transforms.mx_samples import DETAIL, INVOICE, PAYMENT, PURCHASES, with_changes

KINDS = {
    "payments": (Payment, PAYMENT),
    "invoices": (Invoice, INVOICE),
    "invoice_details": (InvoiceDetail, DETAIL),
}


def drift(kind: str, **changes: Any) -> list[tuple[str, str, str]]:
    record_type, sample = KINDS[kind]
    detector = DriftDetector(FIELDS[kind], record_type, ALWAYS_SENT[kind])
    found = detector.sample([msgspec.Raw(msgspec.json.encode(with_changes(sample, changes)))], 1)
    return [(item.kind, item.path, item.detail) for item in found]


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_as_documented_has_no_drift(kind: str) -> None:
    """SYS-17, trap 1: money in quotes is what the vendor documents; a quantity of a line is a number."""
    assert drift(kind) == []


def test_a_field_that_applies_sometimes_is_not_missed() -> None:
    """Vendor page section 4: absent values are left out."""
    assert drift("payments", tax=None, authCode=None, cardAccount=None, invoice=None) == []
    assert drift("payments", status=None) == [("missing_field", "status", "")]


def test_new_fields_and_other_kinds_are_named_with_their_path() -> None:
    """SYS-17."""
    odd = {"quantity": "1", "price": 175, "mood": "sunny"}
    assert sorted(drift("invoice_details", purchases=[{**PURCHASES[0], **odd}], terms=5)) == [
        ("changed_type", "purchases.price", "text -> number"),
        ("changed_type", "purchases.quantity", "number -> text"),
        ("changed_type", "terms", "text -> number"),
        ("unknown_field", "purchases.mood", "text"),
    ]
    assert drift("payments", invoice=2636) == [("changed_type", "invoice", "text -> number")]


def test_new_values_are_told_and_case_is_not() -> None:
    """SYS-17: ``card`` is ``Card``; the list of states is the vendor's."""
    names = ["status", "tender_type"]
    known = {name: VALUES["payments"][name] for name in names}
    found = new_values(known, names, [("Settled", "card"), ("Frozen", "ACH")])
    assert [(item.path, item.detail) for item in found] == [("status", "Frozen")]


def test_values_are_kept_for_columns_that_exist() -> None:
    """SYS-17: a column that is renamed takes its values along."""
    assert VALUES.keys() == TABLES.keys()
    assert all(name in TABLES[table].names for table, columns in VALUES.items() for name in columns)


def test_every_field_we_read_is_in_the_catalogue() -> None:
    """SYS-17, section 16: else it would be reported as new."""
    for kind, (record_type, _) in KINDS.items():
        fields = {field.encode_name for field in msgspec.structs.fields(record_type)}
        # the number of a customer is said by the list alone, and read from either
        assert fields <= FIELDS[kind][""], kind
        assert all(names <= FIELDS[kind][path] for path, names in ALWAYS_SENT[kind].items())
