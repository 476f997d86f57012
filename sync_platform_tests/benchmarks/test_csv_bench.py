"""The bench of purchase imports measures what it says: three ways into the ledger that leave the same rows (CSV-10)."""

from dataclasses import replace

import pytest

from benchmarks.purchase_imports import imported, opened, shop_of
from benchmarks.purchase_sql import NotTheSame, by_copy, contents, row_by_row
from benchmarks.stage import Stage

LINES = 300


def test_all_three_ways_leave_the_same_rows(stage: Stage, database_url: str) -> None:
    """CSV-10: purchases, lines, messages, and each value of them."""
    shop = shop_of(1000)
    path = shop.file(stage.folder / "march.csv", LINES)
    with opened(stage, database_url) as platform:
        ways = {"ours": imported, "copy": by_copy, "single": row_by_row}
        for name, way in ways.items():
            tenant = shop.tenant(platform.database, name)
            seconds = way(platform if way is imported else platform.database, tenant, path)  # type: ignore[operator]
            assert seconds > 0
    found = contents(database_url)
    assert found.keys() == ways.keys()
    assert len(set(found.values())) == 1
    purchases, lines, messages, _ = found["ours"]
    assert (lines, messages) == (LINES, purchases)


def test_both_others_look_their_users_and_skus_up(stage: Stage, database_url: str) -> None:
    """CSV-08: a file of somebody else's users is refused by both, and nothing is left."""
    shop = shop_of(1000)
    foreign = replace(shop, users=["somebody-else"]).file(stage.folder / "foreign.csv", 20)
    with opened(stage, database_url) as platform:
        tenant = shop.tenant(platform.database, "strict")
        for way in (by_copy, row_by_row):
            with pytest.raises(NotTheSame):
                way(platform.database, tenant, foreign)
    assert contents(database_url) == {}
