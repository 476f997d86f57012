"""Odd records of MX Merchant: rows where a value can be told, rejects with a reason where not; never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.reject import Reject
from sync_platform_tests.transforms.mx_samples import (
    DETAIL,
    DETAILS_DECODER,
    INVOICE,
    INVOICES_DECODER,
    PAYMENT,
    PAYMENTS_DECODER,
    PURCHASES,
    outcome,
    payment,
    with_changes,
)


@pytest.mark.parametrize(
    ("changes", "reason", "path"),
    [
        ({"id": None}, "missing_required", "id"),
        ({"created": None}, "missing_required", "created"),
        ({"created": " "}, "missing_required", "created"),
        ({"created": "0001-01-01T00:00:00Z"}, "missing_required", "created"),
        ({"merchantId": None}, "missing_required", "merchantId"),
        ({"id": "P1"}, "wrong_type", "id"),
        ({"id": 4e15 + 0.5}, "wrong_type", "id"),
        ({"id": 2**63}, "out_of_range", "id"),
        ({"id": 0}, "out_of_range", "id"),
        ({"id": " 17 "}, "wrong_type", "id"),
        ({"amount": "12,50"}, "wrong_type", "amount"),
        ({"amount": "$5"}, "wrong_type", "amount"),
        ({"amount": "NaN"}, "out_of_range", "amount"),
        ({"amount": "10000000000"}, "out_of_range", "amount"),
        ({"created": 1741946545}, "wrong_type", "created"),
        ({"created": "Mar 14 2025 10:02AM"}, "wrong_type", "created"),
        ({"created": "2025-02-30T10:00:00Z"}, "wrong_type", "created"),
        ({"created": "9999-12-31T23:59:59-12:00"}, "out_of_range", "created"),
        ({"settledDate": "2025-03-13"}, "wrong_type", "settledDate"),
        ({"responseCode": "eEXAMPLE0000000000000000"}, "wrong_type", "responseCode"),
        ({"cardAccount": []}, "wrong_type", "cardAccount"),
        ({"invoiceIds": ["a"]}, "wrong_type", "invoiceIds[0]"),
    ],
)
def test_a_payment_that_cannot_be_loaded_is_rejected_with_its_field(
    changes: dict[str, Any], reason: str, path: str
) -> None:
    """SYS-08, traps 7 and 10."""
    reject = outcome(PAYMENTS_DECODER, with_changes(PAYMENT, changes))
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.field_path) == (reason, path)
    assert reject.detail


def test_a_line_without_an_id_rejects_its_invoice() -> None:
    """MX-09: an invoice with some of its lines would be wrong."""
    lines = [PURCHASES[0], {"productName": "Lab Fee"}]
    reject = outcome(DETAILS_DECODER, {**DETAIL, "purchases": lines})
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.field_path) == ("missing_required", "purchases[1].id")


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"id": "4000000000000101"}, "payment_id", 4000000000000101),
        ({"responseCode": "51"}, "response_code", 51),
        ({"authOnly": "true"}, "auth_only", True),
        ({"amount": " 12.5 "}, "amount", 12.5),
        ({"amount": ""}, "amount", None),
        ({"reviewIndicator": ""}, "review_indicator", None),
    ],
)
def test_numbers_and_flags_sent_as_text_still_load(changes: dict[str, Any], column: str, value: Any) -> None:
    """SYS-17: a changed type never fails a record that can be read; a blank is nothing."""
    assert payment(**changes)[column] == value


def test_a_reject_is_known_by_its_number_and_keeps_nothing_of_a_card() -> None:
    """SYS-08, SYS-13."""
    card = {"last4": "4444", "token": "PEXAMPLE1", "cardId": "EXAMPLEcard", "expiryMonth": "07", "expiryYear": "28"}
    reject = outcome(PAYMENTS_DECODER, {**PAYMENT, "amount": "x", "cardAccount": card, "barCode": "iVBOR"})
    assert isinstance(reject, Reject)
    assert reject.record_key == "4000000000000101"
    assert reject.raw["cardAccount"] == {"last4": "4444"}
    assert not {"paymentToken", "barCode"} & reject.raw.keys()
    assert "Pat Sample" not in reject.detail


@pytest.mark.parametrize("identity", [True, 4.5, None, [], {}])
def test_what_is_no_number_is_no_id(identity: Any) -> None:
    """SYS-08: such a record is known by its content."""
    reject = outcome(PAYMENTS_DECODER, {**PAYMENT, "id": identity})
    assert isinstance(reject, Reject)
    assert reject.record_key.startswith("hash:")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CASES = [(PAYMENTS_DECODER, PAYMENT), (INVOICES_DECODER, INVOICE), (DETAILS_DECODER, DETAIL)]


@given(case=st.sampled_from(CASES), data=st.data())
def test_no_record_ever_raises(case: tuple[Any, dict[str, Any]], data: st.DataObject) -> None:
    """SYS-08: whatever a source sends is a row or a reject."""
    decoder, record = case
    odd = data.draw(st.dictionaries(st.sampled_from(sorted(record)), json_values, max_size=4))
    outcome(decoder, json.dumps({**record, **odd}).encode())


@given(case=st.sampled_from(CASES), at=st.integers(0, 3_000), byte=st.integers(0, 255))
def test_no_mangled_record_ever_raises(case: tuple[Any, dict[str, Any]], at: int, byte: int) -> None:
    """F-25."""
    body = bytearray(json.dumps(case[1]).encode())
    body[at % len(body)] = byte
    outcome(case[0], bytes(body))
