"""What others do between two halves of a promotion or rollback that was interrupted."""

from dataclasses import replace

import pytest

from sync_platform.core.errors import Refused
from sync_platform.db.connect import connect
from sync_platform.db.promotions import list_promotions
from sync_platform.sync.comparison import compare
from sync_platform.sync.finalize import look_at_the_end
from sync_platform.sync.following import follow
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote, roll_back
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.cut_over.sides import Sides

FIELD = "customers.phone"


class Interrupted(Exception):
    pass


def interrupt(_: int) -> None:
    raise Interrupted


@pytest.fixture
def small_batches(make_platform: MakePlatform, sides: Sides) -> Platform:
    """Of 100 customers the last 40 differ; promoted."""
    staged = [{"member_id": f"m{n:05}", "phone": f"+1555{n:07}"} for n in range(100)]
    sides.staging("customers", staged)
    sides.production(
        "customers", [row | ({"phone": f"+1444{n:07}"} if n >= 60 else {}) for n, row in enumerate(staged)]
    )
    platform = make_platform(cut_over={"batch_rows": 7})
    compare(platform, sides.tenant, ["customers"], actor="test")
    return platform


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_field_that_is_being_taken_back_is_not_followed(small_batches: Platform, sides: Sides, interrupted: bool):
    """CMP-15, BLZ-10: a row that a sync wrote behind the rollback's position would keep what it never had."""
    before = sides.checksum()
    promote(small_batches, sides.request(FIELD, override_reason="a test"))

    def a_sync_comes(done: int) -> None:
        if done == 7:
            sides.change("customers", "m00010", as_person=False, phone="+17770000010")
            (followed,) = follow(small_batches, sides.tenant)
            assert (followed.written, followed.left_alone) == (0, 0)

    if interrupted:
        with pytest.raises(Interrupted):
            roll_back(small_batches, sides.request(FIELD), interrupt)
        a_sync_comes(7)
        roll_back(small_batches, sides.request(FIELD))
    else:
        roll_back(small_batches, sides.request(FIELD), a_sync_comes)
    assert sides.checksum() == before


def test_nothing_is_final_while_a_rollback_is_not_finished(small_batches: Platform, sides: Sides):
    """CMP-17."""
    promote(small_batches, sides.request(FIELD, override_reason="a test"))
    with pytest.raises(Interrupted):
        roll_back(small_batches, sides.request(FIELD), interrupt)
    number = list_promotions(small_batches.database, sides.tenant.id)[0].id
    assert f"rollback {number} of {FIELD} is not finished" in look_at_the_end(small_batches, sides.tenant).open


def test_who_was_taken_for_dead_does_not_finish_what_others_finished(
    make_platform: MakePlatform, small_batches: Platform, sides: Sides, database_url: str
):
    """F-83: his lease ran out, somebody else went on, and took it back."""
    before = sides.checksum()
    wanted = sides.request(FIELD, override_reason="a test")

    def somebody_else(_: int) -> None:
        with connect(database_url) as conn:
            conn.execute("update platform.promotions set lease_until = now()")
        promote(small_batches, replace(wanted, actor="bert"))
        roll_back(small_batches, replace(wanted, actor="bert"))

    with pytest.raises(Refused, match="by somebody else"):
        promote(make_platform(), wanted, somebody_else)
    assert [row.state for row in list_promotions(small_batches.database, sides.tenant.id)] == ["done", "rolled_back"]
    assert sides.checksum() == before
