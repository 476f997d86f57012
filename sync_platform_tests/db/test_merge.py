"""The one way rows are written: insert, update if different, nothing if equal, nothing if older (SYS-05)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.blaze_tables import CUSTOMERS, TRANSACTION_ITEMS
from sync_platform.db.copy_text import array_text, copy_line
from sync_platform.db.merge import Merged, MergeScope, delete_gone_lines, lock_tables, merge
from sync_platform.db.pool import Database
from sync_platform.db.target import Column, Target

HASH = "00000000000000000000000000000000"
NAMES = [name for name, _ in CUSTOMERS.staged]


def customer(member_id: str, modified: int = 1_000, **values: Any) -> tuple[Any, ...]:
    row = dict.fromkeys(NAMES) | {"member_id": member_id, "content_hash": HASH, "deleted": False}
    return tuple((row | {"source_modified_at": modified, "business_day": modified} | values).values())


def write(database: Database, tenant: Tenant, rows: list[Any], target: Target = CUSTOMERS, **scope: Any) -> Merged:
    with database.transaction(tenant.id) as conn:
        lock_tables(conn, tenant.id, target)
        lines = [copy_line([array_text(v) if isinstance(v, list) else v for v in row]) for row in rows]
        return merge(conn, target, lines, MergeScope(tenant.id, tenant.zone_name, 1, **scope))


def stored(database: Database, tenant: Tenant, columns: str, table: str = "blaze.customers") -> list[Any]:
    with database.transaction(tenant.id) as conn:
        return conn.execute(f"select {columns} from {table} order by 1, 2").fetchall()  # type: ignore[arg-type]


def fates(merged: Merged) -> tuple[int, int, int, int]:
    c = merged.counters
    return (c.inserted, c.updated, c.unchanged, c.stale)


def test_new_different_equal_and_older_rows_each_have_their_fate(database: Database, tenant: Tenant) -> None:
    """SYS-05."""
    assert fates(write(database, tenant, [customer("a"), customer("b"), customer("c", 5_000)])) == (3, 0, 0, 0)
    again = [customer("a"), customer("b", 2_000, name="Bo"), customer("c", 4_000, name="old"), customer("d")]
    merged = write(database, tenant, again)
    assert fates(merged) == (1, 1, 1, 1)
    assert merged.existing == {"a", "b", "c"}
    assert merged.stale == {"c"}
    assert stored(database, tenant, "member_id, name") == [("a", None), ("b", "Bo"), ("c", None), ("d", None)]


def test_a_second_identical_write_touches_no_row(database: Database, tenant: Tenant) -> None:
    """SYS-05: equal means no write at all; ``xmin`` tells."""
    rows = [customer(f"m{n}", loyalty_points=Decimal("1.50")) for n in range(50)]
    write(database, tenant, rows)
    before = stored(database, tenant, "member_id, xmin::text, last_seen_at")
    assert fates(write(database, tenant, rows)) == (0, 0, 50, 0)
    assert stored(database, tenant, "member_id, xmin::text, last_seen_at") == before


def test_an_equal_version_that_differs_is_written(database: Database, tenant: Tenant) -> None:
    """SYS-05: different content with the same ``modified`` is an update, not stale."""
    write(database, tenant, [customer("a", name="Ann")])
    assert fates(write(database, tenant, [customer("a", name="Anne")])) == (0, 1, 0, 0)


def test_times_arrive_exactly_and_days_are_the_tenants(database: Database, make_tenant: Any) -> None:
    """SYS-02: milliseconds are kept, from before 1970 to 9999; the day is the tenant's calendar day."""
    tenant = make_tenant(zone="Australia/Sydney")
    times = [-62_135_596_800_000 + 86_400_000, -1, 1, 1_741_975_562_551, 253_402_300_799_999 - 86_400_000]
    write(database, tenant, [customer(f"m{n}", 1_000, last_visited=ms) for n, ms in enumerate(times)])
    exact = stored(database, tenant, "member_id, (extract(epoch from last_visited) * 1000)::bigint")
    assert [ms for _, ms in exact] == times
    noon_utc = int(datetime(2026, 3, 1, 14, tzinfo=UTC).timestamp() * 1000)
    write(database, tenant, [customer("day", noon_utc)])
    assert ("day", "2026-03-02") in stored(database, tenant, "member_id, business_day::text")


def test_a_source_flag_deletes_softly_and_a_row_that_comes_back_is_revived(database: Database, tenant: Tenant) -> None:
    """SYS-15."""
    write(database, tenant, [customer("a")])
    write(database, tenant, [customer("a", 2_000, deleted=True)])
    assert stored(database, tenant, "member_id, deleted_at is not null") == [("a", True)]
    merged = write(database, tenant, [customer("a", 3_000)])
    assert (merged.counters.updated, merged.counters.revived) == (1, 1)
    assert stored(database, tenant, "member_id, deleted_at is not null") == [("a", False)]


def test_a_dry_run_reports_the_same_and_writes_nothing(database: Database, tenant: Tenant) -> None:
    """SYS-20: same fates, a sample with before and after, personal values masked."""
    write(database, tenant, [customer("a", name="Ann", loyalty_points=Decimal(1))])
    merged = write(
        database, tenant, [customer("a", 2_000, name="Bea", loyalty_points=Decimal(2)), customer("b")], dry_run=True
    )
    assert fates(merged) == (1, 1, 0, 0)
    change = next(item for item in merged.sample if item["key"] == "a")["changes"]
    assert change["loyalty_points"]["before"] == 1
    assert "Ann" not in str(merged.sample)
    assert "Bea" not in str(merged.sample)
    assert stored(database, tenant, "member_id, name") == [("a", "Ann")]


def test_first_and_last_sight_and_the_run_are_recorded(database: Database, tenant: Tenant) -> None:
    """SYS-06."""
    write(database, tenant, [customer("a")])
    first = stored(database, tenant, "first_seen_at, last_changed_at, run_id, origin, source_modified_at")[0]
    with database.transaction(tenant.id) as conn:
        lock_tables(conn, tenant.id, CUSTOMERS)
        merge(conn, CUSTOMERS, [copy_line(customer("a", 2_000))], MergeScope(tenant.id, "UTC", 7))
    later = stored(database, tenant, "first_seen_at, last_changed_at, run_id, origin, source_modified_at")[0]
    assert later[0] == first[0]
    assert later[1] > first[1]
    assert (first[2], later[2], later[3]) == (1, 7, "blaze")
    assert later[4] == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


LINE_NAMES = [name for name, _ in TRANSACTION_ITEMS.staged]


def line(receipt: str, item: str, modified: int = 1_000, **values: Any) -> tuple[Any, ...]:
    row = dict.fromkeys(LINE_NAMES) | {"transaction_id": receipt, "order_item_id": item, "line_no": 1}
    return tuple((row | {"synthetic_key": False, "source_modified_at": modified} | values).values())


def test_lines_take_their_strain_from_the_product_and_ignore_the_receipts_version(
    database: Database, tenant: Tenant
) -> None:
    """BLZ-22; BLZ-12: a receipt that only changed its status changes none of its lines."""
    with database.transaction(tenant.id) as conn:
        conn.execute(
            "insert into blaze.products (tenant_id, product_id, flower_type, strain, content_hash, first_seen_at,"
            " last_seen_at, last_changed_at, run_id) values (%s, 'p', 'Hybrid', 'OG', %s, now(), now(), now(), 1)",
            (tenant.id, HASH),
        )
    rows = [line("t", "a", product_id="p"), line("t", "b", product_id="unknown")]
    assert fates(write(database, tenant, rows, TRANSACTION_ITEMS)) == (2, 0, 0, 0)
    later = [line("t", "a", 9_000, product_id="p"), line("t", "b", 9_000, product_id="unknown")]
    assert fates(write(database, tenant, later, TRANSACTION_ITEMS)) == (0, 0, 2, 0)
    table = "blaze.transaction_items"
    assert stored(database, tenant, "order_item_id, strain, flower_type", table) == [
        ("a", "OG", "Hybrid"),
        ("b", None, None),
    ]


def test_lines_that_are_gone_are_deleted_softly_and_only_those_of_the_receipt(
    database: Database, tenant: Tenant
) -> None:
    """BLZ-12."""
    write(database, tenant, [line("t", "a"), line("t", "b"), line("u", "a")], TRANSACTION_ITEMS)
    with database.transaction(tenant.id) as conn:
        scope = MergeScope(tenant.id, "UTC", 2)
        assert delete_gone_lines(conn, TRANSACTION_ITEMS, ["t"], [("t", "b")], scope) == 1
        assert delete_gone_lines(conn, TRANSACTION_ITEMS, ["t"], [("t", "b")], scope) == 0
        assert delete_gone_lines(conn, TRANSACTION_ITEMS, [], [], scope) == 0
    table = "blaze.transaction_items"
    found = stored(database, tenant, "transaction_id, order_item_id, deleted_at is not null", table)
    assert found == [("t", "a", True), ("t", "b", False), ("u", "a", False)]
    assert write(database, tenant, [line("t", "a")], TRANSACTION_ITEMS).counters.revived == 1


POLICIES = Target(
    "blaze",
    "policies",
    ("id",),
    (
        Column("id"),
        Column("kept", policy="keep"),
        Column("accepted", policy="accept"),
        Column("mirrored"),
        Column("source_modified_at", "time", policy="keep"),
    ),
    has_deleted=False,
)


@pytest.fixture
def policy_table(database: Database) -> None:
    """A table whose columns have each null policy; production tables come with their own issue."""
    with database.transaction(role="sp_owner") as conn:
        conn.execute(
            "create table blaze.policies (tenant_id uuid, id text, kept text, accepted text, mirrored text,"
            " first_seen_at timestamptz, last_seen_at timestamptz, last_changed_at timestamptz, run_id bigint,"
            " source_modified_at timestamptz, deleted_at timestamptz, primary key (tenant_id, id));"
            " grant select, insert, update on blaze.policies to sp_loader"
        )


@pytest.mark.usefixtures("policy_table")
def test_trap_7_null_never_overwrites_against_its_policy_and_is_counted(database: Database, tenant: Tenant) -> None:
    """SYS-07, trap 7: keep by default, accept an explicit null, mirror always."""
    write(database, tenant, [("1", "k", "a", "m", 1, [])], POLICIES)
    merged = write(database, tenant, [("1", None, None, None, 1, [])], POLICIES)  # absent or blank
    assert fates(merged) == (0, 1, 0, 0)
    assert merged.suppressed == {"kept": 1, "accepted": 1}
    assert merged.counters.suppressed == 2
    assert stored(database, tenant, "id, kept, accepted, mirrored", "blaze.policies") == [("1", "k", "a", None)]
    explicit = write(database, tenant, [("1", None, None, None, 1, ["accepted"])], POLICIES)
    assert explicit.suppressed == {"kept": 1}
    assert stored(database, tenant, "id, kept, accepted, mirrored", "blaze.policies") == [("1", "k", None, None)]


versions = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(1, 6), st.sampled_from(["x", "y", None])), max_size=12
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(versions)
def test_any_order_of_versions_ends_with_the_newest_and_every_row_has_one_fate(
    database: Database, tenant: Tenant, arrivals: list[tuple[str, int, str | None]]
) -> None:
    """SYS-05: a model of one row at a time agrees with the set-based merge."""
    truth: dict[str, tuple[int, str | None]] = {}
    with database.transaction(tenant.id) as conn:
        conn.execute("update blaze.customers set source_modified_at = to_timestamp(0), deleted_at = null")
        _known(conn, truth)
    for key, modified, name in arrivals:
        merged = write(database, tenant, [customer(key, modified, name=name)])
        assert merged.counters.accounted == 1
        if key not in truth or modified >= truth[key][0]:
            truth[key] = (modified, name)
    assert dict(stored(database, tenant, "member_id, name")) == {k: n for k, (_, n) in truth.items()}


def _known(conn: Connection[Any], truth: dict[str, tuple[int, str | None]]) -> None:
    for key, name in conn.execute("select member_id, name from blaze.customers"):
        truth[key] = (0, name)
