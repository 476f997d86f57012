"""Blank, null, absent, zero and false are five different things (trap 6)."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from sync_platform.db.blaze_tables import CUSTOMERS
from sync_platform.sync.blaze_entities import CUSTOMERS_ENTITY
from sync_platform.transforms.blaze_catalogue import FIELDS
from sync_platform.transforms.blaze_records import Member
from sync_platform.transforms.drift import DriftDetector

ABSENT = object()


def row(**fields: Any) -> dict[str, Any]:
    """A member's row, through the decoder of the sync."""
    record = {"id": "m", "modified": 5} | {name: value for name, value in fields.items() if value is not ABSENT}
    rows, rejects = CUSTOMERS_ENTITY.decoder.rows([msgspec.Raw(msgspec.json.encode(record))], [bytes(16)])
    assert rejects == []
    return dict(zip([name for name, _ in CUSTOMERS.staged], rows[0].row, strict=True))


@pytest.mark.parametrize("nothing", [ABSENT, None, "", " ", "\t\n"])
def test_what_is_not_there_is_null_and_never_zero_or_false(nothing: Any) -> None:
    """Trap 6, SYS-02, SYS-07: a blank where a number or a flag belongs is not a value."""
    found = row(email=nothing, loyaltyPoints=nothing, textOptIn=nothing, lastVisitDate=nothing)
    assert [found[name] for name in ("email", "loyalty_points", "text_opt_in", "last_visited")] == [None] * 4


def test_zero_false_and_words_for_nothing_are_values() -> None:
    """Trap 6: zero points are known to be none; a refusal of mails is a refusal; a text is never interpreted."""
    found = row(email="null", primaryPhone="0", loyaltyPoints=0, lifetimePoints="0", textOptIn=False)
    assert [found[name] for name in ("email", "phone")] == ["null", "0"]
    assert [found[name] for name in ("loyalty_points", "lifetime_points")] == [Decimal(0), Decimal(0)]
    assert found["text_opt_in"] is False


@pytest.mark.parametrize(("value", "kinds"), [(ABSENT, {"missing_field"}), (None, set()), ("", set())])
def test_absent_is_told_apart_from_null_and_blank(value: Any, kinds: set[str]) -> None:
    """Trap 6, SYS-17: a field that a source no longer sends is drift; one without a value is not."""
    whole = dict.fromkeys(("firstName", "lastName", "email"), "x")
    record = whole | {"email": value} if value is not ABSENT else whole | {"email": None}
    if value is ABSENT:
        del record["email"]
    found = DriftDetector(FIELDS["customers"], Member).sample([msgspec.Raw(msgspec.json.encode(record))], 1)
    assert {drift.kind for drift in found if drift.path == "email"} == kinds
