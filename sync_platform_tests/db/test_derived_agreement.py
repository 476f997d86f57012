"""The views of derived values against a second implementation in pandas (BLZ-36)."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.db.connect import connect
from sync_platform.db.pool import Database
from sync_platform.db.sql_files import sql_root
from sync_platform_tests.db.derived_books import Books
from sync_platform_tests.db.derived_shops import STATUSES, TYPES, generated
from sync_platform_tests.db.derived_store import Stored, copy_in, differences
from sync_platform_tests.faults.tiers import FIRST_SEED, seeded
from sync_platform_tests.properties.effort import effort

TENANTS = 1000

money = st.none() | st.decimals("-2000", "2000", places=4)
moments = st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spelling = st.sampled_from((str.lower, str.upper, str.title, str))
thresholds = {
    "churn_medium_days": st.integers(1, 30),
    "churn_high_days": st.integers(31, 400),
    "vip_visits": st.integers(1, 3),
    "vip_value": st.integers(1, 100),
}


@pytest.fixture
def administrator(database_url: str) -> Iterator[psycopg.Connection]:
    with connect(database_url) as connection:
        yield connection


@pytest.fixture(scope="module")
def mistaken(
    template: str, new_database: Callable[..., str], drop_database: Callable[[str], None]
) -> Iterator[Callable[[str, str], str | None]]:
    """``mistaken(right, wrong)``: a difference of 1,000 tenants once that text stands in the file of the views."""
    name = f"sp_derived_{uuid.uuid4().hex[:12]}"
    url = new_database(name, template)
    views = (sql_root() / "views" / "01_customer_metrics.sql").read_text(encoding="utf-8")
    with connect(url) as administrator, Database(url, pool_size=1) as database:
        copy_in(administrator, generated(FIRST_SEED, TENANTS, datetime.now(UTC)))
        stored = Stored(administrator)

        def found(right: str, wrong: str) -> str | None:
            assert right in views
            with administrator.transaction():
                administrator.execute("set local role sp_owner")
                administrator.execute(views.replace(right, wrong).encode())
            return next(differences(database, stored, stored.tenants), None)

        yield found
    drop_database(name)


@seeded()
def test_a_thousand_generated_tenants_have_no_difference(
    database: Database, administrator: psycopg.Connection, seed: int
) -> None:
    """F-85, BLZ-30 to BLZ-36, TEN-05: read as a reader of each tenant, whose member ids all tenants have."""
    copy_in(administrator, generated(seed, TENANTS, datetime.now(UTC)))
    stored = Stored(administrator)
    assert len(stored.tenants) == TENANTS
    assert list(differences(database, stored, stored.tenants)) == []
    _assert_every_outcome_occurred(stored)


def _assert_every_outcome_occurred(stored: Stored) -> None:
    """Agreement on a thousand empty shops would prove nothing."""
    outcomes: Counter[tuple[str, object]] = Counter()
    for tenant_id in stored.tenants:
        for found in stored.expected(tenant_id, datetime.now(UTC)):
            for values in found.values():
                outcomes["churn", values.churn_risk] += 1
                outcomes["vip", values.vip_status] += 1
                outcomes["negative", values.lifetime_value < 0] += 1
                outcomes["no visit", values.total_visits == 0] += 1
                outcomes["net differs", values.lifetime_value != values.lifetime_value_net] += 1
    wanted: list[tuple[str, object]] = [("churn", risk) for risk in (None, "low", "medium", "high")]
    wanted += [(name, flag) for name in ("vip", "negative", "no visit", "net differs") for flag in (True, False)]
    assert {name: outcomes[name] for name in wanted if outcomes[name] < 100} == {}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("r.status = 'completed'", "r.status <> 'void'"),
        ("'cancelled', ", ""),
        ("'pending')", "'archived')"),
        ("nullif(r.refunded, 0)", "r.refunded"),
        ("- abs(coalesce(", "(coalesce("),
        ("bool_or(r.sold)", "true"),
        (" and r.day is not null as visited", " as visited"),
        ("group by r.customer_id, r.shop_id, r.day", "group by r.customer_id, r.day"),
        ("- abs(r.tax)", "r.tax"),
        ("(now() at time zone t.zone)", "(now() at time zone 'UTC')"),
        ("(c.last_visited at time zone t.zone)", "(c.last_visited at time zone 'UTC')"),
        ("greatest(0, t.today", "greatest(-9, t.today"),
        ("< v.churn_medium_days", "<= v.churn_medium_days"),
        ("< v.churn_high_days", "<= v.churn_high_days"),
        ("v.total_visits >= v.vip_visits", "v.total_visits > v.vip_visits"),
        ("v.lifetime_value >= v.vip_value", "v.lifetime_value > v.vip_value"),
        ("'churn_medium_days')::integer, 30)", "'churn_medium_days')::integer, 31)"),
        ("'churn_high_days')::integer, 60)", "'churn_high_days')::integer, 61)"),
        ("'vip_visits')::integer, 10)", "'vip_visits')::integer, 11)"),
        ("'vip_value')::numeric, 1000)", "'vip_value')::numeric, 500)"),
        (" and r.deleted_at is null", ""),
        ("'c.deleted_at is null'", "'true'"),
        ("r.date at time zone (select t.zone from tenant t)", "r.date at time zone 'UTC'"),
        ("r.blaze_status ilike 'refundwith%'", "false"),
        ("min(l.lookup_id)", "max(l.lookup_id)"),
        ("coalesce(r.shop_id, s.shop_id,", "coalesce(r.shop_id,"),
        ("nullif(btrim(r.shop_location), '')", "r.shop_location"),
    ],
)
def test_a_rule_that_is_broken_in_the_views_makes_differences(
    mistaken: Callable[[str, str], str | None], right: str, wrong: str
) -> None:
    """The test of the test, BLZ-30 to BLZ-35: the tenants find each of these mistakes."""
    assert mistaken(right, wrong) is not None


@given(data=st.data())
@effort(25, 500)
def test_any_few_receipts_of_one_customer_agree(
    data: st.DataObject, database: Database, administrator: psycopg.Connection
) -> None:
    """BLZ-30 to BLZ-36: whatever types, statuses, amounts, shops and times, with any thresholds."""
    own = data.draw(st.fixed_dictionaries({}, optional=thresholds))
    zone = data.draw(st.sampled_from(("Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")))
    books = Books(administrator, zone=zone, settings=own)
    books.customer("a", data.draw(moments))
    for _ in range(data.draw(st.integers(0, 6))):
        books.receipt(
            "a",
            kind=data.draw(spelling)(data.draw(st.sampled_from(TYPES))),
            status=data.draw(spelling)(data.draw(st.sampled_from(STATUSES))),
            shop=data.draw(st.sampled_from((None, "s1", "s2"))),
            date=data.draw(moments),
            amount=data.draw(money),
            tax=data.draw(money),
            refunded=data.draw(money),
        )
    books.close()
    assert list(differences(database, Stored(administrator), [books.tenant_id])) == []
