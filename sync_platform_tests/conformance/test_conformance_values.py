"""Values of every kind on their way from the source's JSON to the column: exact, or in the quarantine."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from sync_platform_tests.conformance.source import EntityUnderTest, Kind, SourceUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject

Case = tuple[Any, Any]
"""As sent, as stored."""

SPECIAL: list[Case] = [
    (text, text)
    for text in (
        'O\'Brien "quoted"',
        "back\\slash \\N \\t \\.",
        "tab\tnew\nline\r\n",
        "  white space stays  ",
        "%s %(name)s {0} $1 :name",
        "'; drop table tenants; --",
        "=HYPERLINK(1)",
        "עברית ‏ abc",
        "👩\u200d🌾 \U0001d4b3",
        "null",
        "NaN",
        "0",
        "x" * 20_000,
    )
]
ENCODED: list[Case] = [
    # stored as it is: nobody asked us to decode it a second time
    ("caf%C3%A9", "caf%C3%A9"),
    ("&lt;b&gt; &amp;", "&lt;b&gt; &amp;"),
    ("Y2Fmw6k=", "Y2Fmw6k="),
    ("\\u00e9", "\\u00e9"),
    ("=?utf-8?q?caf=C3=A9?=", "=?utf-8?q?caf=C3=A9?="),
    # one text in two encodings of Unicode is one text, and NUL cannot be stored (SYS-21)
    ("cafe\u0301", "caf\u00e9"),
    ("nul\x00in", "nulin"),
    ("", None),
    ("   ", None),
    (None, None),
]
VALUES: dict[Kind, list[Case]] = {
    "text": SPECIAL + ENCODED,
    "flag": [(True, True), (False, False), (None, None), ("true", True), ("false", False), ("", None)],
    "integer": [(0, 0), (-1, -1), (2**31, 2**31), (2**63 - 1, 2**63 - 1), (None, None), ("17", 17)],
    "bigint": [
        (1, 1),
        (2**31, 2**31),
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (None, None),
        ("17", 17),
        ("", None),
    ],
    "money": [
        (0, Decimal(0)),
        (0.1, Decimal("0.1")),
        (19.99, Decimal("19.99")),
        (-12.5, Decimal("-12.5")),
        (0.0001, Decimal("0.0001")),
        (1e3, Decimal(1000)),
        (9999999999.9999, Decimal("9999999999.9999")),
        ("12.50", Decimal("12.5")),
        (None, None),
        ("", None),
    ],
    "time": [
        (0, None),
        (None, None),
        (1, 1),
        (-1, -1),
        (951_782_400_123, 951_782_400_123),  # 29 February 2000
        (1_772_960_400_000, 1_772_960_400_000),  # 8 March 2026, clocks go forward in America
        (1_793_520_000_001, 1_793_520_000_001),  # 1 November 2026, clocks go back
        (-62_135_596_800_000, -62_135_596_800_000),
        (253_402_300_799_999, 253_402_300_799_999),
    ],
    "date": [
        ("2000-02-29", date(2000, 2, 29)),
        ("1969-12-31", date(1969, 12, 31)),
        ("9999-12-31", date(9999, 12, 31)),
        (" 2026-11-21 ", date(2026, 11, 21)),
        (None, None),
        ("", None),
    ],
}
REFUSED: dict[Kind, list[Any]] = {
    "text": [7, True, {"a": 1}],
    "flag": ["perhaps", [True]],
    "integer": ["many", 1.5, 2**63],
    "bigint": ["many", 1.5, 2**63],
    "money": ["a lot", "NaN", 1e10, "Infinity", {}],
    "time": ["yesterday", 253_402_300_800_000, 1.5],
    "date": ["yesterday", "2026-02-30", "2026-13-01", "01/02/2026", 20260101],
}
KINDS: tuple[Kind, ...] = ("text", "flag", "integer", "bigint", "money", "time", "date")
# made by the platform out of other values
DERIVED = {"day", "hash"}


def test_the_fields_under_test_are_of_every_kind_that_the_tables_have(source: SourceUnderTest) -> None:
    """Section 16: all columns parse; a kind without a field would not be tested."""
    for entity in source.entities:
        told = (column for column in entity.target.columns if column.name not in {*entity.target.key, *entity.unsent})
        wanted = {column.kind for column in told} - DERIVED
        assert wanted <= {field.kind for field in entity.fields}, entity.name


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_arrives_exactly(entity: EntityUnderTest, stand_in: StandIn, subject: Subject, kind: Kind) -> None:
    """Section 16: date, boolean, integer, decimal columns, special characters, encoded text; SYS-01, SYS-02, SYS-21.

    Each value in a record of its own.
    """
    for field in (field for field in entity.fields if field.kind == kind):
        cases = field.cases or VALUES[kind]
        keys = sorted(stand_in.records(entity.name))[: len(cases)]
        assert len(keys) == len(cases)
        for key, (sent, _) in zip(keys, cases, strict=True):
            stand_in.change(entity.name, key, {field.path: sent})
        subject.synced(entity)
        rows = subject.rows(entity)
        assert [(sent, rows[key][field.column]) for key, (sent, _) in zip(keys, cases, strict=True)] == list(cases)
        assert subject.quarantined(entity) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_that_no_column_can_hold_is_refused_with_its_field(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject, kind: Kind
) -> None:
    """Section 16, SYS-08: the record stays behind, with the path of the field; the others are loaded."""
    for field in (field for field in entity.fields if field.kind == kind and (field.refused or not field.cases)):
        refused = field.refused or REFUSED[kind]
        keys = sorted(stand_in.records(entity.name))[: len(refused)]
        for key, sent in zip(keys, refused, strict=True):
            stand_in.change(entity.name, key, {field.path: sent})
        subject.sync(entity)
        items = subject.quarantined(entity)
        assert {item["source_id"]: item["field_path"] for item in items} == dict.fromkeys(keys, field.path)
        assert set(subject.rows(entity)) == set(stand_in.records(entity.name)) - set(keys)
