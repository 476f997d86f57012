"""The old reports of a shop: the same shop, decayed by known shares (CMP-05)."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.field_map import field_map
from sync_platform.db.legacy import report_columns
from sync_platform.sandbox.decay import NO_DECAY, Chance, Decay
from sync_platform.sandbox.demo_world import demo_shops
from sync_platform.sandbox.old_receipts import Row, is_completed_sale
from sync_platform.sandbox.old_reports import old_report_rows, write_old_reports
from sync_platform.sandbox.report_source import served_sources, source_of
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import shop_spec

Rows = dict[str, list[Row]]
KEYS = {name: entity.key for name, entity in field_map().items()}


@pytest.fixture(scope="module")
def big_shop() -> Shop:
    return build_shop(shop_spec(members=1_000, transactions=4_000, products=400))


@pytest.fixture(scope="module")
def decayed(big_shop: Shop) -> Rows:
    return old_report_rows(source_of(big_shop))


@pytest.fixture(scope="module")
def exact(big_shop: Shop) -> Rows:
    return old_report_rows(source_of(big_shop), decay=NO_DECAY)


def folded(value: str) -> str:
    return " ".join(value.lower().split())


def digits(value: str) -> str:
    return re.sub(r"[^0-9]", "", value)[-10:]


def share_of_differing(one: Rows, other: Rows, table: str, field: str, form: Callable[[str], str] = str) -> float:
    """Of the rows with a value on both sides, as a comparison counts them."""
    key = KEYS[table]
    known = {tuple(row[name] for name in key): row for row in other[table]}
    pairs = [
        (form(row[field]), form(found[field]))
        for row in one[table]
        if (found := known.get(tuple(row[name] for name in key))) and row.get(field) and found.get(field)
    ]
    return sum(left != right for left, right in pairs) / len(pairs)


def test_the_same_shop_and_seed_give_the_same_files(tmp_path: Path) -> None:
    """SBX-01: byte by byte; another seed hits other records."""
    shops = [build_shop(shop_spec()) for _ in range(2)]
    one, other = (write_old_reports(source_of(shop), tmp_path / str(n)) for n, shop in enumerate(shops))
    assert list(one) == list(field_map())
    assert all(one[table].read_bytes() == other[table].read_bytes() for table in one)
    third = write_old_reports(source_of(shops[0]), tmp_path / "third", seed=1)
    assert all(one[table].read_bytes() != third[table].read_bytes() for table in one)


def test_each_file_has_every_column_that_a_report_had(tmp_path: Path) -> None:
    """BLZ-20 to BLZ-23: those of production that were not added for the source; none is empty throughout."""
    for table, path in write_old_reports(source_of(build_shop(shop_spec())), tmp_path).items():
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == list(report_columns(field_map()[table]))
        assert [name for name in rows[0] if not any(row[name] for row in rows)] == []


@pytest.mark.parametrize(
    ("table", "field", "form", "low", "high"),
    [
        ("customers", "name", folded, 0.005, 0.015),
        ("customers", "name", str, 0.1, 0.2),
        ("customers", "phone", digits, 0.015, 0.025),
        ("customers", "phone", str, 0.2, 0.4),
        ("customers", "email", folded, 0.08, 0.1),
        ("customers", "street_address", folded, 0.05, 0.07),
        ("customers", "last_visited", str, 0.07, 0.09),
        ("customers", "loyalty_points", str, 0.03, 0.05),
        ("customers", "lifetime_value", str, 0.02, 0.035),
        ("customers", "total_visits", str, 0.01, 0.035),
        ("transactions", "date", str, 0.025, 0.035),
        ("transactions", "payment_type", folded, 0, 0),
        ("transactions", "payment_type", str, 0.1, 0.2),
        ("transactions", "total_amount", str, 0, 0),
        ("transaction_items", "product_name", folded, 0.015, 0.025),
        ("products", "retail_price", str, 0.055, 0.065),
        ("products", "cost", str, 0.2, 0.31),
        ("products", "name", folded, 0, 0),
    ],
)
def test_fields_differ_as_often_as_the_shares_say(
    decayed: Rows, exact: Rows, table: str, field: str, form: Callable[[str], str], low: float, high: float
) -> None:
    """CMP-05: some fields stay well under the gate of 5 %, some are clearly over it, some differ in spelling only."""
    assert low <= share_of_differing(decayed, exact, table, field, form) <= high


def test_each_shop_of_the_demonstration_has_fields_on_both_sides_of_the_gate() -> None:
    """CMP-05, CLI-07."""
    now = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    for shop in demo_shops(now.date(), now=now):
        source = source_of(shop)
        rows, right = old_report_rows(source), old_report_rows(source, decay=NO_DECAY)
        for field, form in (("phone", digits), ("name", folded), ("lifetime_value", str)):
            assert share_of_differing(rows, right, "customers", field, form) < 0.04
        for field, form in (("email", folded), ("last_visited", lambda at: at[:10])):
            assert share_of_differing(rows, right, "customers", field, form) > 0.06


def test_deleted_members_are_still_there_and_some_that_nobody_knows(big_shop: Shop, decayed: Rows) -> None:
    """CMP-01: rows of production only."""
    members = {record["id"]: record for record in big_shop.truth("members")}
    rows = {row["member_id"] for row in decayed["customers"]}
    assert {key for key, record in members.items() if record["deleted"]} <= rows
    assert len(rows - members.keys()) == 10
    assert members.keys() <= rows


def test_receipts_are_missing_lack_their_lines_or_left_them_behind(big_shop: Shop, decayed: Rows) -> None:
    """CMP-20: about 1 % each; what a sales report never lists is not there at all."""
    sales = {record["id"] for record in big_shop.truth("transactions") if is_completed_sale(record)}
    receipts = {row["transaction_id"] for row in decayed["transactions"]}
    with_lines = {row["transaction_id"] for row in decayed["transaction_items"]}
    assert 0.008 * len(sales) <= len(sales - receipts) <= 0.012 * len(sales)
    assert 0.003 * len(sales) <= len(receipts - with_lines) <= 0.007 * len(sales)
    assert 4 <= len(with_lines - receipts) <= 12
    assert all(key in sales or key.startswith("OLD-") for key in receipts)


def test_receipts_older_than_the_source_are_only_in_the_reports(big_shop: Shop, decayed: Rows) -> None:
    """CMP-05: they are told apart by their time, and belong to nobody whom the source knows."""
    first = min(record["completedTime"] for record in big_shop.truth("transactions") if record["completedTime"])
    begin = datetime.fromtimestamp(first / 1000, big_shop.spec.tz)
    older = [row for row in decayed["transactions"] if row["transaction_id"].startswith("OLD-")]
    assert 0.045 * 4_000 <= len(older) <= 0.05 * 4_000
    assert max(row["date"] for row in older) < f"{begin - timedelta(hours=12):%Y-%m-%d %H:%M:%S}"
    assert {row["customer_id"][:6] for row in older} == {"", "FORMER"}


def test_shifted_times_are_utc_on_the_shops_clock(decayed: Rows, exact: Rows) -> None:
    """SYS-02: seven or eight hours late in California."""
    right = {row["transaction_id"]: row["date"] for row in exact["transactions"]}
    hours = {
        datetime.fromisoformat(row["date"]) - datetime.fromisoformat(right[row["transaction_id"]])
        for row in decayed["transactions"]
        if row["transaction_id"] in right and not row["transaction_id"].startswith("OLD-")
    }
    assert hours == {timedelta(0), timedelta(hours=7), timedelta(hours=8)}


def test_one_share_does_not_move_another(big_shop: Shop, exact: Rows) -> None:
    """A test that needs one kind of decay gets that kind and nothing else."""
    only = old_report_rows(source_of(big_shop), decay=Decay(**{**vars(NO_DECAY), "stale_emails": 0.5}))
    changed: set[Sequence[str]] = set()
    for table, rows in only.items():
        assert len(rows) == len(exact[table])
        for row, right in zip(rows, exact[table], strict=True):
            changed |= {(table, name) for name in row if row[name] != right[name]}
    assert changed == {("customers", "email")}
    assert 0.49 < share_of_differing(only, exact, "customers", "email") < 0.51


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
def test_a_share_is_kept_however_few_candidates_there_are(share: float) -> None:
    """A shop of 400 members with 2 % has 8 of them, not 3 or 15."""
    for seed in range(20):
        chance = Chance(str(seed), Decay(stale_phones=share))
        assert abs(sum(chance.hits("stale_phones") for _ in range(400)) - 400 * share) < 1.001


@pytest.mark.parametrize("share", [-0.1, 1.1, 5])
def test_a_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="stale_emails is a share"):
        Decay(stale_emails=share)


def test_a_running_stand_in_is_exported_as_it_serves() -> None:
    """CLI-07: with what changed since it was started; the address must be one of this machine."""
    shop = build_shop(shop_spec())
    at = datetime.fromtimestamp(shop.spec.now_ms / 1000, UTC)
    with BlazeSandbox([shop]) as box:
        shop.add_member(firstName="New", lastName="Face")
        [source] = served_sources(box.url, at)
        assert (source.name, source.slug, source.zone) == ("Corner", "corner", shop.spec.tz)
        assert old_report_rows(source) == old_report_rows(source_of(shop))
    for url in (box.url, "http://example.com:80", "https://127.0.0.1", "nothing"):
        with pytest.raises(InvalidRequest, match="stand-in"):
            served_sources(url, at)
