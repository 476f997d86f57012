"""Where a derived value changes: one step before, and the step itself (BLZ-30 to BLZ-35). In both views."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync_platform.db.connect import connect
from sync_platform.db.pool import Database
from sync_platform.transforms.derived_values import Values
from sync_platform_tests.db.derived_books import Books
from sync_platform_tests.db.derived_store import seen

MakeBooks = Callable[..., Books]


@pytest.fixture(scope="module")
def shared(template: str, new_database: Callable[..., str], drop_database: Callable[[str], None]) -> Iterator[str]:
    """The URL of one database for all tests here: each has a tenant of its own."""
    name = f"sp_boundaries_{uuid.uuid4().hex[:12]}"
    yield new_database(name, template)
    drop_database(name)


@pytest.fixture
def make_books(shared: str) -> Iterator[MakeBooks]:
    """``make_books(zone=..., settings=...)`` opens a new tenant's books."""
    with connect(shared) as administrator:

        def make(**values: Any) -> Books:
            return Books(administrator, **values)

        yield make


@pytest.fixture
def values_of(shared: str) -> Iterator[Callable[[Books], Values]]:
    """Closes the books and returns what both views say of their only customer, which has to be the same."""
    with Database(shared, pool_size=1) as database:

        def read(books: Books) -> Values:
            books.close()
            _, staging, production = seen(database, books.tenant_id)
            assert staging == production
            (values,) = staging.values()
            return values

        yield read


ValuesOf = Callable[[Books], Values]


@pytest.mark.parametrize(
    ("days", "risk"), [(0, "low"), (29, "low"), (30, "medium"), (59, "medium"), (60, "high"), (400, "high")]
)
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_risk_grows_with_the_days_since_the_last_visit(
    make_books: MakeBooks, values_of: ValuesOf, zone: str, days: int, risk: str
) -> None:
    """BLZ-33, BLZ-34: calendar days of the tenant, whatever their length."""
    books = make_books(zone=zone)
    books.customer("a")
    books.sale("a", days_ago=days)
    values = values_of(books)
    assert (values.days_since_last_visit, values.churn_risk) == (days, risk)


@pytest.mark.parametrize(("days", "risk"), [(6, "low"), (7, "medium"), (13, "medium"), (14, "high")])
def test_a_tenant_has_its_own_days_of_risk(make_books: MakeBooks, values_of: ValuesOf, days: int, risk: str) -> None:
    """BLZ-34."""
    books = make_books(settings={"churn_medium_days": 7, "churn_high_days": 14})
    books.customer("a", books.noon(days))
    assert values_of(books).churn_risk == risk


@pytest.mark.parametrize(
    ("visits", "value", "vip"),
    [(9, "1000", False), (10, "999.99", False), (10, "1000.00", True), (11, "1000.01", True)],
)
def test_a_vip_reaches_both_visits_and_value(
    make_books: MakeBooks, values_of: ValuesOf, visits: int, value: str, vip: bool
) -> None:
    """BLZ-35."""
    books = make_books()
    books.customer("a")
    books.sale("a", value)
    for day in range(1, visits):
        books.sale("a", "0", days_ago=day)
    values = values_of(books)
    assert (values.total_visits, values.lifetime_value, values.vip_status) == (visits, Decimal(value), vip)


@pytest.mark.parametrize(("value", "vip"), [("49.99", False), ("50", True)])
def test_a_tenant_has_its_own_vips(make_books: MakeBooks, values_of: ValuesOf, value: str, vip: bool) -> None:
    """BLZ-35."""
    books = make_books(settings={"vip_visits": 1, "vip_value": 50})
    books.customer("a")
    books.sale("a", value)
    assert values_of(books).vip_status is vip


def test_a_customer_who_never_came_has_no_risk(make_books: MakeBooks, values_of: ValuesOf) -> None:
    """BLZ-34: NULL, not high."""
    books = make_books()
    books.customer("a")
    nothing = Decimal(0)
    assert values_of(books) == Values(nothing, nothing, nothing, 0, None, False, None)


def test_the_later_of_last_visited_and_the_last_sale_counts(make_books: MakeBooks, values_of: ValuesOf) -> None:
    """BLZ-33."""
    books = make_books()
    books.customer("a", books.noon(40))
    books.sale("a", days_ago=3)
    books.receipt("a", date=books.noon(1), status="Void")
    assert values_of(books).days_since_last_visit == 3


@pytest.mark.parametrize(("shops", "visits"), [(("s1", "s1"), 1), (("s1", "s2"), 2), (("s1", None), 2)])
def test_a_visit_is_a_day_in_a_shop(
    make_books: MakeBooks, values_of: ValuesOf, shops: tuple[str | None, ...], visits: int
) -> None:
    """BLZ-32: two receipts of one day are two visits only in two shops."""
    books = make_books()
    books.customer("a")
    for shop in shops:
        books.receipt("a", date=books.noon(1), shop=shop)
    assert values_of(books).total_visits == visits


def test_a_sale_without_a_day_is_money_and_no_visit(make_books: MakeBooks, values_of: ValuesOf) -> None:
    """BLZ-31, BLZ-32."""
    books = make_books()
    books.customer("a")
    books.receipt("a", "12.50", date=None)
    values = values_of(books)
    assert (values.lifetime_value, values.total_visits, values.churn_risk) == (Decimal("12.50"), 0, None)


def test_more_refunded_than_sold_is_a_negative_value(make_books: MakeBooks, values_of: ValuesOf) -> None:
    """BLZ-31: and tax goes back as well."""
    books = make_books()
    books.customer("a")
    books.receipt("a", "50", tax="5", date=books.noon(2))
    books.receipt("a", "-80", tax="-8", refunded="80", kind="Refund", status="RefundWithInventory", date=books.noon(1))
    values = values_of(books)
    assert values.lifetime_value == values.total_sales == Decimal(-30)
    assert values.lifetime_value_net == Decimal(-27)
    assert (values.total_visits, values.days_since_last_visit) == (1, 2)


@pytest.mark.parametrize(
    ("refunded", "total", "value"), [("30", "99", 70), ("0", "-40", 60), (None, "40", 60), (None, None, 100)]
)
def test_refunded_money_is_the_first_amount_that_is_not_zero(
    make_books: MakeBooks, values_of: ValuesOf, refunded: str | None, total: str | None, value: int
) -> None:
    """BLZ-31: production may know the total before it knows what was refunded."""
    books = make_books()
    books.customer("a")
    books.sale("a", "100")
    books.receipt("a", total, refunded=refunded, kind="REFUND", status="RefundWithoutInventory")
    assert values_of(books).lifetime_value == value


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        *((status, False) for status in ("Void", "VOIDSALES", "canceled", "Draft", "Queued", "hold", "InProgress")),
        *((status, True) for status in ("RefundWithInventory", "refundwithoutinventory", "Completed", "SomethingNew")),
    ],
)
def test_a_refund_counts_unless_it_was_undone_or_is_open(
    make_books: MakeBooks, values_of: ValuesOf, status: str, counts: bool
) -> None:
    """BLZ-30, BLZ-31."""
    books = make_books()
    books.customer("a")
    books.receipt("a", None, refunded="5", kind="Refund", status=status)
    assert values_of(books).lifetime_value == (-5 if counts else 0)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Auckland", "Pacific/Honolulu"])
def test_a_visit_tomorrow_was_not_a_negative_number_of_days_ago(
    make_books: MakeBooks, values_of: ValuesOf, zone: str
) -> None:
    """BLZ-33: never negative."""
    books = make_books(zone=zone)
    books.customer("a", datetime.now(UTC) + timedelta(days=1, hours=1))
    books.sale("a", days_ago=-1)
    values = values_of(books)
    assert (values.days_since_last_visit, values.churn_risk) == (0, "low")


def test_the_largest_amounts_do_not_break_the_view(make_books: MakeBooks, values_of: ValuesOf) -> None:
    """One receipt of nonsense may not take the values of all other customers away."""
    books = make_books()
    books.customer("a")
    books.sale("a", "9999999999.9999")
    books.sale("a", "9999999999.9999")
    assert values_of(books).lifetime_value == Decimal("19999999999.9998")
