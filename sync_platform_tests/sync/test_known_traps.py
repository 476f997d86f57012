"""Traps known from comparable systems (section 18) that no other test names."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from psycopg import sql
from psycopg.errors import FeatureNotSupported

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import with_database
from sync_platform.db.migrations import upgrade
from sync_platform.db.pool import Database
from sync_platform.db.schema_check import check
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.platform import Platform
from sync_platform_tests.conftest import run_sql
from sync_platform_tests.sync.conftest import MakePlatform, TestClock, within_reach
from sync_platform_tests.sync.syncing import rows, sync, sync_all
from sync_platform_tests.sync.truth import assert_tables_equal_truth, stored_rows

PAGE = 10


@pytest.fixture
def small_pages(make_platform: MakePlatform) -> Platform:
    return make_platform(sync={"max_reject_share": 1.0}, blaze={"page_size": PAGE})


def test_a_page_of_which_nothing_is_left_does_not_end_the_reading(
    small_pages: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """Trap 3: the second page holds nothing that can be loaded, later ones nothing that is not known already."""
    ids = shop.products.ids()
    second = ids[PAGE : 2 * PAGE]
    for key in second:
        shop.publish("products", shop.products.get(key) | {"unitPrice": "a lot"})
    clock.forward()
    assert sync(small_pages, owner, "products").state == "failed"  # a page that was rejected whole (SYS-08)
    assert {key for (key,) in stored_rows(small_pages.database, owner, "products")} == set(ids) - set(second)
    assert sync(small_pages, owner, "customers").state == "succeeded"
    oldest = min(shop.truth("members"), key=lambda record: record["modified"])
    shop.publish("members", oldest | {"firstName": "Behind all known pages"})
    assert sync(small_pages, owner, "customers").reports[0].counters.updated == 1


def test_a_record_without_a_modification_is_found_by_the_full_pass(
    platform: Platform, owner: Tenant, shop: Shop, clock: TestClock
) -> None:
    """Trap 5: no list of changes shows it, neither when it is new nor when it changes (SYS-15, BLZ-08)."""
    sync_all(platform, owner)
    new = shop.add_product(modified=0)
    for price in (1.25, 2.5):
        shop.publish("products", new | {"unitPrice": price})
        clock.forward()
        assert sync(platform, owner, "products", days=1).reports[0].counters.written == 0
        assert sync(platform, owner, "products", full=True).reports[0].counters.written == 1
        assert_tables_equal_truth(platform.database, owner, [shop], ["products"])


def test_a_write_that_the_database_did_not_make_is_no_success(
    make_platform: MakePlatform, database: Database, owner: Tenant, shop: Shop
) -> None:
    """Trap 7, SYS-11: a trigger swallows one row without a word; the run fails and its batch is rolled back whole."""
    platform = make_platform(blaze={"page_size": PAGE})
    swallowed = shop.members.ids()[7]
    with database.transaction(role="sp_owner") as conn:
        conn.execute(
            sql.SQL(
                "create function blaze.swallow() returns trigger language plpgsql as"
                " $$ begin if new.member_id = {} then return null; end if; return new; end $$;"
                " create trigger swallow before insert on blaze.customers for each row"
                " execute function blaze.swallow()"
            ).format(sql.Literal(swallowed))
        )
    result = sync(platform, owner, "customers")
    assert (result.state, type(result.error).__name__) == ("failed", "LedgerUnbalanced")
    assert result.reports[0].counters.inserted == 0
    assert stored_rows(database, owner, "customers") == {}
    assert rows(database, owner, "select watermark, position from platform.sync_cursors") == []
    with database.transaction(role="sp_owner") as conn:
        conn.execute("drop function blaze.swallow() cascade")
    sync(platform, owner, "customers")
    assert_tables_equal_truth(database, owner, [shop], ["customers"])


@pytest.mark.parametrize("entity", ["members", "transactions", "products"])
def test_a_backfill_ends_although_records_keep_changing(
    small_pages: Platform, owner: Tenant, shop: Shop, sandbox: BlazeSandbox, clock: TestClock, entity: Any
) -> None:
    """Trap 14: five changes behind every page. The upper bound was fixed when the run began (HTTP-14)."""
    within_reach(shop)
    asked: Any = {"members": "customers"}.get(entity, entity)
    sync(small_pages, owner, asked, 1)
    clock.forward(60)
    began = int(clock.epoch() * 1000)
    sandbox.journal.clear()
    sandbox.faults.add(Fault(kind="mutate", rows=5, field=entity))
    assert sync(small_pages, owner, asked).state == "succeeded"
    sandbox.faults.clear()
    entries = [entry for entry in sandbox.journal.entries() if entry.endpoint.startswith(f"/{entity}")]
    assert len(entries) < 150
    if entity != "transactions":  # their bound is a day
        assert max(int(parse_qs(entry.query)["endDate"][0]) for entry in entries) == began
    clock.forward(60)
    sync(small_pages, owner, asked, full=True)
    if entity != "transactions":
        assert_tables_equal_truth(small_pages.database, owner, [shop], [asked])


KEYS = ["a", "B", "b", "A", "_", "Z", "z", "\u00e4", "\u00c4", "-", "a-b", "ab", "a b", "10", "9", "\u00df", "ss"]


class TestOrderOfTexts:
    """Trap 12: on a database that orders texts as people do, where the server can; the byte order where it cannot."""

    @pytest.fixture
    def database_url(self, server_url: str, drop_database: Callable[[str], None]) -> Iterator[str]:
        name = f"sp_order_{uuid.uuid4().hex[:12]}"
        create = sql.SQL("create database {} template template0 encoding 'UTF8'").format(sql.Identifier(name))
        try:
            run_sql(server_url, create + sql.SQL(" locale_provider icu icu_locale 'en-US' locale 'C'"))
        except FeatureNotSupported:
            run_sql(server_url, create + sql.SQL(" locale 'C'"))
        url = with_database(server_url, name)
        upgrade(url)
        yield url
        drop_database(name)

    def test_keys_are_the_same_keys_in_any_order(
        self, small_pages: Platform, owner: Tenant, shop: Shop, clock: TestClock
    ) -> None:
        """Trap 12: none is missed, none is taken for another; a second read writes nothing."""
        for key in KEYS:
            for entity, add in (("products", shop.add_product), ("members", shop.add_member)):
                record = add()
                shop.erase(entity, record["id"])
                shop.publish(entity, record | {"id": key})
        clock.forward()
        sync_all(small_pages, owner, full=True)
        assert_tables_equal_truth(small_pages.database, owner, [shop])
        again = sync_all(small_pages, owner, full=True, verify=True)
        assert [report.counters.written for result in again for report in result.reports] == [0] * 4
        assert small_pages.settings.database_url is not None
        assert not check(small_pages.settings.database_url.get_secret_value())
