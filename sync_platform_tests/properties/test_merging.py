"""Any sequence of batches against a model that takes one record at a time (SYS-05)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.sandbox.collection import Collection, Record, encode
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.properties.effort import effort
from sync_platform_tests.sync.conftest import Connect, MakePlatform, TestClock, small_shop
from sync_platform_tests.sync.syncing import rows, sync
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

# many examples take longer than a test may usually take; a time-out in the middle of one would look like its failure
pytestmark = pytest.mark.timeout(3600)

PAGE = 4
Version = tuple[str, int, int, bool]
"""Key, version, price, deleted."""
versions = st.tuples(st.sampled_from("abcdef"), st.integers(1, 5), st.integers(1, 3), st.booleans())
passes = st.lists(st.lists(versions, max_size=14), min_size=1, max_size=4)


class Listed(Collection):
    """A catalogue that lists whatever it is told to, the same key several times if need be."""

    def __init__(self, records: list[Record]) -> None:
        self._catalogue = [encode(record) for record in records]
        self._keys = {record["id"] for record in records}

    def __len__(self) -> int:
        return len(self._keys)

    def unordered(self, skip: int, limit: int) -> list[bytes]:
        return self._catalogue[skip : skip + limit]


@dataclass
class Model:
    """The table as it has to be: key -> version, price, deleted as the source told it; keys that are deleted because
    nobody listed them; the fates of the records of the last pass."""

    stored: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    fates: Counter[str] = field(default_factory=Counter)

    def full_pass(self, listed: list[Version], pages_per_batch: int) -> None:
        """Batch after batch; then what was not listed is gone."""
        self.fates = Counter()
        shown: set[Version] = set()
        waiting: list[Version] = []
        for start in range(0, len(listed), PAGE):
            fresh = [version for version in dict.fromkeys(listed[start : start + PAGE]) if version not in shown]
            shown |= set(fresh)
            waiting += fresh
            # half of what a crash may repeat (SYS-09); a page that brings little does not fill a batch
            if 2 * len(waiting) >= PAGE * pages_per_batch:
                self._batch(waiting)
                waiting = []
        self._batch(waiting)
        listed_keys = {key for key, *_ in listed}
        for key in self.stored:
            if listed_keys and key not in listed_keys and not self.deleted(key):
                self.absent.add(key)
                self.fates["deleted"] += 1

    def deleted(self, key: str) -> bool:
        """Whatever the reason."""
        return self.stored[key][2] or key in self.absent

    def _batch(self, records: list[Version]) -> None:
        """Of equal keys the last by version, then by position, wins."""
        winners: dict[str, Version] = {}
        for record in records:
            if record[0] in winners:
                self.fates["duplicate_in_batch"] += 1
            if record[0] not in winners or record[1] >= winners[record[0]][1]:
                winners[record[0]] = record
        for key, *values in winners.values():
            self._one(key, (values[0], values[1], values[2]))  # type: ignore[arg-type]

    def _one(self, key: str, new: tuple[int, int, bool]) -> None:
        old = self.stored.get(key)
        if old is None:
            self.fates["inserted"] += 1
        elif new[0] < old[0]:
            self.fates["stale"] += 1
            return
        elif new == old and key not in self.absent:
            self.fates["unchanged"] += 1
            return
        else:  # also one that is told to be deleted after it was missing: its contents are others
            self.fates["updated"] += 1
            self.fates["revived"] += self.deleted(key) and not new[2]
        self.stored[key] = new
        self.absent.discard(key)


@pytest.fixture
def shop(clock: TestClock) -> Shop:
    return build_shop(small_shop(members=0, products=1, sales_per_day=0, days=1), clock=clock.epoch)


@pytest.fixture
def owner(shop: Shop, clock: TestClock, connect: Connect) -> Iterator[Tenant]:
    with BlazeSandbox([shop], clock=clock.epoch) as server:
        yield connect(server, shop)


@pytest.fixture
def platforms(make_platform: MakePlatform) -> dict[int, Platform]:
    """By pages per batch."""
    share: dict[str, Any] = {"max_delete_share": 1.0}
    return {
        pages: make_platform(sync=share | {"batch_records": PAGE * pages}, blaze={"page_size": PAGE})
        for pages in (1, 100)
    }


def forget(platform: Platform, tenant: Tenant) -> None:
    """The next example begins with empty tables."""
    with platform.database.transaction(tenant.id, "sp_owner") as conn:
        for table in ("products", "transactions", "transaction_items"):
            conn.execute(f"delete from blaze.{table}")  # type: ignore[arg-type]
        conn.execute("delete from platform.sync_cursors where entity <> 'lookups'")


def record(version: Version) -> Record:
    """As the source lists it."""
    key, modified, price, deleted = version
    return {"id": key, "shopId": "s", "modified": modified, "unitPrice": price, "deleted": deleted}


@example(catalogues=[[("a", 1, 1, False)] * 4 + [("a", 1, 3, False)] + [("a", 1, 1, False)] * 3], pages_per_batch=1)
@example(catalogues=[[("b", 1, 1, False)], [("a", 1, 1, False)], [("b", 1, 1, True)]], pages_per_batch=1)
@given(catalogues=passes, pages_per_batch=st.sampled_from([1, 100]))
@effort(15, 300)
def test_every_sequence_of_batches_is_what_one_record_at_a_time_would_make(
    platforms: dict[int, Platform], owner: Tenant, shop: Shop, catalogues: list[list[Version]], pages_per_batch: int
) -> None:
    """SYS-05, SYS-11, SYS-15: every fate is counted as the model counts it, and the tables hold what it holds."""
    platform, model = platforms[pages_per_batch], Model()
    forget(platform, owner)
    for listed in catalogues:
        shop.products = Listed([record(version) for version in listed])
        result = sync(platform, owner, "products", full=True)
        assert result.state == "succeeded"
        model.full_pass(listed, pages_per_batch)
        counted = result.reports[0].counters.as_dict()
        names = ("inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "deleted", "revived")
        assert {name: counted[name] for name in names} == {name: model.fates[name] for name in names}
        found = rows(
            platform.database,
            owner,
            "select product_id, (extract(epoch from source_modified_at) * 1000)::int, retail_price,"
            " deleted_at is not null from blaze.products",
        )
        assert {row[0]: (row[1], row[2], row[3]) for row in found} == {
            key: (version, Decimal(price), model.deleted(key)) for key, (version, price, _) in model.stored.items()
        }


items = st.fixed_dictionaries(
    {"quantity": st.integers(1, 3)},
    optional={
        "orderItemId": st.sampled_from(["x", "y", "z", " x ", "", None]),
        "productId": st.sampled_from(["p", "q"]),
    },
)
receipts = st.dictionaries(st.sampled_from("rst"), st.lists(items, max_size=5) | st.none(), min_size=1)


@given(changes=st.lists(receipts, min_size=1, max_size=4), verify=st.booleans())
@effort(15, 300)
def test_the_lines_of_a_receipt_are_always_those_of_its_last_version(
    platforms: dict[int, Platform], owner: Tenant, shop: Shop, clock: TestClock, changes: list[Any], verify: bool
) -> None:
    """BLZ-12, SYS-05: added, changed, removed, without a key and with a key twice; gone lines are marked as such."""
    platform = platforms[100]
    forget(platform, owner)
    for key in shop.transactions.ids():
        shop.erase("transactions", key)
    for changed in changes:
        for key, cart in changed.items():
            moment = shop.tick()
            shop.publish(
                "transactions",
                {"id": key, "modified": moment, "completedTime": moment, "transType": "Sale", "cart": {"items": cart}},
            )
        clock.forward()
        assert sync(platform, owner, "transactions", 2, verify=verify).state == "succeeded"
        assert_tables_equal_truth(platform.database, owner, [shop], ["transactions", "transaction_items"])
    assert_accounted(platform.database, owner)
