"""A shop changes while it is served, and says so in ``modified`` (SBX-01, SBX-02)."""

from collections.abc import Callable

import pytest

from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.shop import ENTITIES, Entity, Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_modified_record_moves_to_the_newest(shop: Shop, entity: Entity) -> None:
    """SBX-01."""
    key = shop.collection(entity).ids()[3]
    shop.modify(entity, key, updated=True)
    (newest,) = shop.collection(entity).newest_modified(0, 2**62, 0, 1)
    assert newest == shop.collection(entity).body(key)
    assert shop.collection(entity).get(key)["modified"] == shop.spec.now_ms + 1000


def test_a_record_can_be_published_late_with_an_older_time(shop: Shop) -> None:
    """SBX-02: what an overlap has to catch."""
    late = shop.spec.now_ms - 3_600_000
    key = shop.members.ids()[0]
    record = shop.modify("members", key, modified=late, firstName="Late")
    assert (record["modified"], shop.members.get(key)["firstName"]) == (late, "Late")
    new = shop.publish("members", record | {"id": "f" * 24})
    assert shop.members.get(new["id"])["modified"] == late


def test_a_deleted_record_stays_listed_and_an_erased_one_does_not(shop: Shop) -> None:
    """SBX-01."""
    deleted, erased = shop.products.ids()[:2]
    shop.delete("products", deleted)
    shop.erase("products", erased)
    truth = {row["id"]: row for row in shop.truth("products")}
    assert truth[deleted]["deleted"] is True
    assert erased not in truth
    assert shop.products.count_modified(0, 2**62) == 119


def test_a_sale_moves_the_member_it_belongs_to(shop: Shop) -> None:
    """SBX-01: last visit, points, ``modified``."""
    before = shop.truth("members")[0]
    sale = shop.add_sale(member_id=before["id"])
    after = shop.members.get(before["id"])
    assert after["lastVisitDate"] == sale["completedTime"]
    assert after["modified"] > before["modified"]
    earned = round(before["loyaltyPoints"] + sale["pointsEarned"], 2)
    assert after["loyaltyPoints"] == earned


def test_nothing_is_returned_twice(shop: Shop) -> None:
    """SBX-01: a partial refund leaves the rest, a complete one nothing."""
    sales = map(shop.transactions.get, shop.returnable_sales())
    sale = next(row for row in sales if len(row["cart"]["items"]) > 1)
    first = shop.refund(sale["id"], lines=1)
    assert first.sale["transactionRefundStatus"] == "Partial_Refund"
    rest = shop.refund(sale["id"])
    assert rest.sale["transactionRefundStatus"] == "Complete_Refund"
    taken = len(first.transaction["cart"]["items"]) + len(rest.transaction["cart"]["items"])
    assert taken == len(sale["cart"]["items"])
    with pytest.raises(ValueError, match="nothing is left"):
        shop.refund(sale["id"])


def test_a_clock_never_runs_backwards() -> None:
    """SBX-01: changes get later times even when the clock stands still."""
    shop = build_shop(shop_spec(transactions=5), clock=lambda: 0.0)
    assert shop.tick() < shop.tick()
    now = shop.spec.now_ms / 1000 + 5_000
    assert build_shop(shop_spec(transactions=5), clock=lambda: now).tick() == int(now * 1000)


def test_seeded_changes_repeat() -> None:
    """SBX-02: the same seed, the same changes, the same shop afterwards."""
    made = []
    for _ in range(2):
        shop = build_shop(shop_spec())
        made.append((SeededChanges(shop, 3).apply(60), [shop.collection(one).bodies() for one in ENTITIES]))
    assert made[0] == made[1]
    kinds = {change.split()[1] for change in made[0][0]}
    assert kinds == {"modify", "add", "delete", "refund", "void"}


def test_changes_can_be_kept_to_one_entity(shop: Shop) -> None:
    """SBX-02."""
    before: Callable[[Entity], list[bytes]] = lambda entity: shop.collection(entity).bodies()  # noqa: E731
    products, transactions = before("products"), before("transactions")
    made = SeededChanges(shop, 3).apply(30, entity="members")
    assert all(change.startswith("members ") for change in made)
    assert (products, transactions) == (before("products"), before("transactions"))
