"""Purchase files that are made: right ones, wrong ones, of any size."""

import gzip
import io
from decimal import Decimal
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest

from sync_platform.core.purchase_fields import STAGED
from sync_platform.sandbox.purchase_files import (
    ERRORS,
    EXPORT,
    FIELDS,
    PLAIN,
    SPANISH,
    Dialect,
    sample,
    template,
    write_purchases,
)
from sync_platform.transforms.purchase_file import read_purchases
from sync_platform.transforms.purchase_rules import FileRules

USERS, SKUS = ["ann", "bob", "Zoë"], ["s-1", "s-2"]


def written(lines: int, **options) -> bytes:
    out = io.BytesIO()
    write_purchases(out, lines, USERS, SKUS, **options)
    return out.getvalue()


def lines_of(data: bytes, mapping=None) -> list[dict[str, str | None]]:
    file = read_purchases(io.BytesIO(data), FileRules(ZoneInfo("UTC")), mapping)
    found = [dict(zip(STAGED, line, strict=True)) for line in file.lines()]
    assert file.errors == []
    assert file.warnings == ()
    return found


@pytest.mark.parametrize(
    "dialect",
    [
        PLAIN,
        EXPORT,
        Dialect("\t", "utf-16", "\r", ",", names=SPANISH),
        Dialect("|", "utf-8-sig", packed=True, quote_all=True),
    ],
)
def test_a_made_file_is_right_in_any_dialect(dialect: Dialect) -> None:
    """CSV-40: ids, dates and totals."""
    found = lines_of(written(300, dialect=dialect), dialect.mapping())
    assert len(found) == 300
    assert {line["user_id"] for line in found} == set(USERS)
    for _, group in groupby(found, key=lambda line: line["transaction_number"]):
        items = [{name: Decimal(line[name] or 0) for name in STAGED[5:11]} for line in group]
        assert all(one["line_total"] == one["quantity"] * one["unit_price"] for one in items)
        total = sum(one["line_total"] for one in items)
        assert {total - one["discount_amount"] + one["tax_amount"] for one in items} == {items[0]["final_amount"]}


def test_the_same_seed_makes_the_same_file_and_another_one_another() -> None:
    """CSV-40: a packed one too."""
    assert written(50) == written(50) != written(50, seed=2)
    assert written(50, dialect=Dialect(packed=True)) == written(50, dialect=Dialect(packed=True))
    assert gzip.decompress(written(50, dialect=Dialect(packed=True))) == written(50)


def test_it_says_how_many_lines_and_purchases_it_wrote() -> None:
    """CSV-40: numbers of purchases go on where another file ended."""
    out = io.BytesIO()
    made = write_purchases(out, 400, USERS, SKUS, first_number=1_000)
    found = lines_of(out.getvalue())
    assert made.lines == len(found) == 400
    assert made.purchases == len({line["transaction_number"] for line in found})
    assert found[0]["transaction_number"] == "T-0001000"


@pytest.mark.parametrize("error", [*ERRORS, "quoting"])
@pytest.mark.parametrize("dialect", [PLAIN, EXPORT])
def test_a_seeded_error_changes_one_line(error: str, dialect: Dialect) -> None:
    """CSV-40: that which was chosen."""
    right = written(60, dialect=dialect).splitlines()
    wrong = written(60, dialect=dialect, errors={31: error}).splitlines()
    assert [number for number, (a, b) in enumerate(zip(right, wrong, strict=True), 1) if a != b] == [31]


def test_template_and_sample_can_be_imported_as_they_are() -> None:
    """CSV-40: with the tenant's own ids."""
    assert template().decode().strip().split(",") == list(FIELDS)
    assert lines_of(template()) == []
    found = lines_of(sample(USERS, SKUS))
    assert len(found) == 6
    assert {line["sku_id"] for line in found} <= set(SKUS)
