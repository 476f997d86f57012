"""Raw records to rows and rejects: one bad record is quarantined alone."""

import hashlib
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.reject import Reject
from sync_platform.db.blaze_tables import CUSTOMERS
from sync_platform.transforms import blaze_rows
from sync_platform.transforms.blaze_records import Member, Transaction
from sync_platform.transforms.decode import RecordDecoder

MEMBERS = RecordDecoder(Member, blaze_rows.customer)
RECEIPTS = RecordDecoder(Transaction, blaze_rows.transaction)


def outcome(body: bytes, decoder: RecordDecoder[Any] = MEMBERS) -> Any:
    rows, rejects = decoder.rows([msgspec.Raw(body)], [hashlib.blake2b(body, digest_size=16).digest()])
    assert len(rows) + len(rejects) == 1
    return (rows or rejects)[0]


@pytest.mark.parametrize(
    ("body", "reason", "path"),
    [
        (b'{"modified":1}', "missing_required", "id"),
        (b'{"id":"","modified":1}', "missing_required", "id"),
        (b'{"id":"  ","modified":1}', "missing_required", "id"),
        (b'{"id":"a"}', "missing_required", "modified"),
        (b'{"id":7,"modified":1}', "wrong_type", "id"),
        (b'{"id":"a","modified":1,"address":{"city":5}}', "wrong_type", "address.city"),
        (b'{"id":"a","modified":1,"address":[]}', "wrong_type", "address"),
        (b'{"id":"a","modified":1,"loyaltyPoints":99999999999}', "out_of_range", "loyaltyPoints"),
        (b'{"id":"a","modified":1,"loyaltyPoints":"NaN"}', "out_of_range", "loyaltyPoints"),
        (b'{"id":"a","modified":1,"lastVisitDate":253402300800000}', "out_of_range", "lastVisitDate"),
        (b'{"id":"' + b"k" * 201 + b'","modified":1}', "out_of_range", "id"),
        (b'{"id":"a","modified":1,"firstName":"\\ud800"}', "not_json", ""),
        (b"null", "wrong_type", ""),
        (b"[" * 5000 + b"]" * 5000, "not_json", ""),
    ],
)
def test_a_bad_record_is_rejected_with_its_field_and_reason(body: bytes, reason: str, path: str) -> None:
    """SYS-08: reason code, field path, and never an exception."""
    reject = outcome(body)
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.field_path) == (reason, path)
    assert reject.detail


def test_the_good_records_of_a_page_load_beside_a_bad_one() -> None:
    """SYS-08: the rest of the page goes on."""
    bodies = [b'{"id":"a","modified":1}', b'{"id":5,"modified":1}', b'{"id":"b","modified":1}']
    rows, rejects = MEMBERS.rows([msgspec.Raw(b) for b in bodies], [bytes([n]) * 16 for n in range(3)])
    assert [row.key for row in rows] == ["a", "b"]
    assert [reject.raw_hash.bytes for reject in rejects] == [b"\x01" * 16]


def test_numbers_and_flags_sent_as_text_still_load() -> None:
    """SYS-17: a changed type never fails a record that can be read."""
    row = outcome(b'{"id":"a","modified":"17","medical":"true","loyaltyPoints":"41.5","lifetimePoints":""}').row
    named = dict(zip([name for name, _ in CUSTOMERS.staged], row, strict=True))
    assert (named["member_id"], named["blaze_modified"], named["is_medical"]) == ("a", 17, True)
    assert (named["loyalty_points"], named["lifetime_points"]) == (Decimal("41.5"), None)


def test_a_reject_keeps_the_record_without_what_is_never_kept() -> None:
    """SYS-13, SYS-08."""
    body = {"id": 5, "firstName": "Ann", "identifications": [{"no": "X1"}], "careGivers": ["y"], "pin": "1234"}
    reject = outcome(json.dumps(body).encode())
    assert reject.raw == {"id": 5, "firstName": "Ann"}
    assert reject.record_key == f"hash:{reject.raw_hash.hex}"


def test_a_reject_names_types_and_never_values() -> None:
    """SEC-22: details go to logs and lists."""
    reject = outcome(b'{"id":"a","modified":1,"email":{"secret":"hunter2"}}')
    assert "hunter2" not in reject.detail
    assert reject.source_id == "a"


@given(st.decimals(min_value=Decimal("-9999999999.9999"), max_value=Decimal("9999999999.9999"), places=4))
def test_money_is_exact_from_the_wire_to_the_row(amount: Decimal) -> None:
    """SYS-01: no binary float anywhere between."""
    body = b'{"id":"t","modified":1,"cart":{"total":%s}}' % format(amount, "f").encode()
    row = outcome(body, RECEIPTS).row
    assert row[7] == amount
    assert str(row[7]) == format(amount, "f")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_free_text_keeps_its_inner_white_space_and_loses_only_nul(value: str) -> None:
    """SYS-21: valid UTF-8, NFC, NUL removed, never trimmed."""
    import unicodedata

    body = json.dumps({"id": "a", "modified": 1, "email": value}).encode()
    email = outcome(body).row[4]
    expected = unicodedata.normalize("NFC", value.replace("\x00", ""))
    assert email == (expected if expected.strip() else None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = ["id", "modified", "firstName", "address", "cpn", "medical", "lastVisitDate", "loyaltyPoints", "deleted"]


@given(st.dictionaries(st.sampled_from(fields), json_values))
def test_no_record_ever_raises(values: dict[str, Any]) -> None:
    """SYS-08: whatever a source sends is a row or a reject."""
    outcome(json.dumps(values).encode())
