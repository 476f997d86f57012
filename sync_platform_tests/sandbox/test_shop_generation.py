"""A shop follows from its description alone, at any size (SBX-01)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.sandbox.demo_world import demo_shops, demo_specs
from sync_platform.sandbox.history import listed_at
from sync_platform.sandbox.shop import ENTITIES, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec

ZONES = ("America/Los_Angeles", "Europe/Berlin", "Australia/Sydney", "Pacific/Apia", "Asia/Kathmandu", "UTC")


def test_the_same_description_gives_the_same_shop() -> None:
    """SBX-01: also after the same changes."""
    shops = [build_shop(shop_spec()) for _ in range(2)]
    for shop in shops:
        shop.refund(shop.returnable_sales()[5])
        shop.add_member()
    one, other = shops
    assert all(one.collection(entity).bodies() == other.collection(entity).bodies() for entity in ENTITIES)
    assert one.lookups == other.lookups


def test_another_seed_gives_another_shop() -> None:
    """SBX-01: no id is shared."""
    one, other = build_shop(shop_spec(seed=1)), build_shop(shop_spec(seed=2))
    for entity in ENTITIES:
        assert not set(one.collection(entity).ids()) & set(other.collection(entity).ids())


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    zone=st.sampled_from(ZONES),
    first_day=st.dates(date(2012, 1, 1), date(2035, 12, 31)),
    days=st.integers(1, 20),
    hours=st.sampled_from([(9, 22), (0, 24), (23, 24), (2, 3)]),
    members=st.integers(0, 30),
    transactions=st.integers(0, 60),
)
def test_every_shop_is_sound(
    seed: int,
    zone: str,
    first_day: date,
    days: int,
    hours: tuple[int, int],
    members: int,
    transactions: int,
) -> None:
    """SBX-01: exact numbers, unique ids, nothing after now, sales within opening hours of the shop's clock."""
    spec = shop_spec(
        seed=seed,
        zone=zone,
        first_day=first_day,
        days=days,
        members=members,
        transactions=transactions,
        opens=hours[0],
        closes=hours[1],
        products=5,
    )
    shop = build_shop(spec)
    sizes = {entity: len(shop.collection(entity)) for entity in ENTITIES}
    open_days = {first_day.toordinal() + number for number in range(days)}
    traded = {
        datetime.fromtimestamp(row["completedTime"] / 1000, spec.tz)
        for row in shop.truth("transactions")
        if row["completedTime"]
    }
    assert {moment.date().toordinal() for moment in traded} <= open_days
    if zone == "UTC":
        assert all(hours[0] <= moment.hour < hours[1] for moment in traded)
    # a day can be missing from the calendar: Apia had no 30 December 2011, which is before all of these
    assert sizes == {"members": members, "transactions": transactions, "products": 5}
    keys = [row["id"] for entity in ENTITIES for row in shop.truth(entity)]
    assert len(set(keys)) == len(keys)
    for entity in ENTITIES:
        assert all(row["created"] <= row["modified"] <= spec.now_ms for row in shop.truth(entity))
    assert all(listed_at(row) <= spec.now_ms for row in shop.truth("transactions"))


def test_returns_point_at_a_sale_that_shows_them() -> None:
    """SBX-01: parent status, line status, quantities and ``modified`` follow the refund."""
    shop = build_shop(shop_spec(transactions=2_000))
    rows = {row["id"]: row for row in shop.truth("transactions")}
    returns = [row for row in rows.values() if row["parentTransactionId"]]
    assert {row["transType"] for row in returns} == {"Refund", "Exchange"}
    for row in returns:
        parent = rows[row["parentTransactionId"]]
        assert parent["transactionRefundStatus"] in ("Complete_Refund", "Partial_Refund")
        assert parent["modified"] >= row["completedTime"] >= parent["completedTime"]
        gone = [item for item in parent["cart"]["items"] if item["status"] != "Active"]
        assert gone
        assert all(item["totalRefundQty"] == item["quantity"] for item in gone)
        left = [item for item in parent["cart"]["items"] if item["status"] == "Active"]
        assert (parent["transactionRefundStatus"] == "Complete_Refund") == (not left)


def test_receipts_have_2_7_lines_on_average() -> None:
    """PERF-01: a large tenant has about 500,000 lines on 186,394 transactions."""
    shop = build_shop(shop_spec(transactions=3_000))
    lines = [len(row["cart"]["items"]) for row in shop.truth("transactions") if row["cart"]]
    assert min(lines) == 1
    assert max(lines) == 8
    assert 2.5 <= sum(lines) / 3_000 <= 2.9


def test_members_carry_what_their_sales_earned() -> None:
    """SBX-01: last visit and points agree with the transactions."""
    shop = build_shop(shop_spec(transactions=800))
    last: dict[str, int] = {}
    for row in sorted(shop.truth("transactions"), key=listed_at):
        if row["transType"] == "Sale" and row["status"].lower() == "completed" and row["memberId"]:
            last[row["memberId"]] = row["completedTime"]
    members = {row["id"]: row for row in shop.truth("members")}
    assert last
    assert {key: members[key]["lastVisitDate"] for key in last} == last
    assert all(not row["lastVisitDate"] for key, row in members.items() if key not in last)


def test_the_day_in_progress_has_sales_up_to_now() -> None:
    """SBX-01."""
    now = datetime(2026, 11, 4, 23, 0, tzinfo=UTC)
    spec = shop_spec(now=now, transactions=None, sales_per_day=60)
    shop = build_shop(spec)
    today = now.astimezone(spec.tz).date()
    moments = [datetime.fromtimestamp(listed_at(row) / 1000, spec.tz) for row in shop.truth("transactions")]
    assert sum(moment.date() == today for moment in moments) > 5
    assert max(moments) <= now


def test_a_shop_that_has_not_opened_has_no_sales() -> None:
    """SBX-01."""
    shop = build_shop(shop_spec(now=datetime(2026, 10, 26, 12, 0, tzinfo=UTC), transactions=None))
    assert shop.truth("transactions") == []


def test_the_demonstration_has_three_shops_of_the_announced_size() -> None:
    """CLI-07: three zones, one partner key, own shop keys."""
    shops = demo_shops(date(2026, 11, 21))
    assert [shop.spec.shop_key for shop in shops] == [f"demo-shop-key-{number}" for number in (1, 2, 3)]
    assert {shop.spec.partner_key for shop in shops} == {"demo-partner-key"}
    assert len({shop.spec.zone for shop in shops}) == 3
    for shop in shops:
        assert 2_300 <= len(shop.transactions) <= 2_700
        lines = sum(len(row["cart"]["items"]) for row in shop.truth("transactions") if row["cart"])
        assert 6_000 <= lines <= 7_500
        assert (len(shop.members), len(shop.products)) == (400, 250)
        days = {
            datetime.fromtimestamp(listed_at(row) / 1000, shop.spec.tz).date() for row in shop.truth("transactions")
        }
        assert (min(days), max(days)) == (date(2026, 10, 23), date(2026, 11, 21))


def test_the_demonstration_stops_at_the_present() -> None:
    """CLI-07."""
    now = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    for spec in demo_specs(date(2026, 11, 21), now=now):
        newest = max(listed_at(row) for row in build_shop(spec).truth("transactions"))
        assert newest <= now.timestamp() * 1000


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"products": 0}, {"members": -1}, {"opens": 12, "closes": 9}, {"now": datetime(2026, 1, 1)}],  # noqa: DTZ001
)
def test_impossible_shops_are_refused(wrong: dict[str, Any]) -> None:
    """SBX-01."""
    with pytest.raises(ValueError):
        shop_spec(**wrong)
