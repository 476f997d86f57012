"""A comparison whose statement runs into the time limit: it is done in parts, with the same result."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sync_platform.db import comparison_sql
from sync_platform.db.compared import ComparisonResult
from sync_platform.db.field_map import MappedEntity
from sync_platform.db.pool import Database
from sync_platform.sync.comparison import compare, newest
from sync_platform.sync.platform import Platform
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import CutOver, LedgerRows, begin
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import variants

LIMIT = 1.0
ROWS, DIFFERENT = 1000, 40


@dataclass
class Slow:
    """Over too many rows the statement takes minutes, over fewer what it takes. ``ranges`` is what was asked for."""

    too_many: int
    ranges: list[tuple[bool, bool]] = field(default_factory=list)
    quick: Any = comparison_sql.stage

    def stage(self, entity: MappedEntity, *, low: bool, high: bool, days: bool) -> sql.SQL:
        """The real statement, after a sleep that only the server's time limit ends."""
        self.ranges.append((low, high))
        text = self.quick(entity, low=low, high=high, days=days).as_string()
        head, rows = text.split("select * from (", 1)
        sleep = f"(select pg_sleep(case when count(*) > {self.too_many} then 300 else 0 end)::text from found)"
        return sql.SQL(f"{head}with found as materialized (select * from ({rows})"
                       f" select found.* from found where {sleep} is not null")  # fmt: skip


@pytest.fixture
def limited(stage: Stage) -> Iterator[Platform]:
    """The use cases over connections with a low limit."""
    with Database(stage.database_url, statement_timeout=LIMIT) as database:
        yield replace(stage.platform(), database=database)


def without_time(result: ComparisonResult) -> ComparisonResult:
    """What two comparisons of the same rows have in common."""
    return replace(result, id=0, snapshot_at=result.snapshot_at.min, seconds=0)


def kept(cut_over: CutOver) -> LedgerRows:
    """Rows and days that the newest comparison left to look at."""
    entity = cut_over.field.partition(".")[0]
    rows = "select key_1, key_2, row_class, classes from platform.comparison_rows where entity = %s order by 1, 2"
    days = (
        "select day, shop_id, production_rows, staging_rows, matched from platform.comparison_days where entity = %s"
        " order by day, shop_id"
    )
    return cut_over.ask(rows, entity) + cut_over.ask(days, entity)


@variants("name", ["customers.phone"], ["customers.phone", "transaction_items.brand_name"])
def test_a_comparison_that_takes_too_long_is_halved(
    stage: Stage, limited: Platform, monkeypatch: pytest.MonkeyPatch, note: Note, name: str
) -> None:
    """F-15: every part over 300 of 1,000 rows is cancelled by the server; the result is the one without a limit."""
    cut_over = begin(stage, name, ROWS, DIFFERENT)
    entity = name.partition(".")[0]
    cut_over.sides.production("customers", [{"member_id": f"only{n}"} for n in range(7)])
    (whole,) = compare(stage.platform(), cut_over.tenant, [entity], actor="test")
    expected = kept(cut_over)
    slow = Slow(too_many=300)
    monkeypatch.setattr(comparison_sql, "stage", slow.stage)
    (halved,) = compare(limited, cut_over.tenant, [entity], actor="test")
    assert slow.ranges[:2] == [(False, False), (False, True)], "the lower half comes first"
    assert len(slow.ranges) == 7, "1,000 rows, two halves, four quarters"
    assert without_time(halved) == without_time(whole)
    assert halved.matched == ROWS
    assert kept(cut_over) == expected != []
    note(statements=len(slow.ranges))


def test_a_comparison_that_cannot_be_halved_any_more_keeps_nothing(
    stage: Stage, limited: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-15: it ends, and the one before stays the newest."""
    cut_over = begin(stage, "customers.phone", 2, 0)
    (before,) = newest(limited, cut_over.tenant, "customers")
    slow = Slow(too_many=0)
    monkeypatch.setattr(comparison_sql, "stage", slow.stage)
    with pytest.raises(psycopg.errors.QueryCanceled):
        compare(limited, cut_over.tenant, ["customers"], actor="test")
    assert newest(limited, cut_over.tenant, "customers") == [before]
