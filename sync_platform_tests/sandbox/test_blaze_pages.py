"""What the stand-in answers: envelopes, caps, windows, orders, keys, both error bodies (SBX-01)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from sync_platform.core.window import Window
from sync_platform.sandbox.endpoints import Rules
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.history import listed_at
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform_tests.sandbox.corner_shop import FIRST_DAY, shop_spec

WEEK_MS = 7 * 86_400_000
WEEK = {"startDate": "10/26/2026", "endDate": "11/01/2026"}
OLD_SHAPE = {"field", "message", "errorType", "references"}
NEW_SHAPE = {"error", "message", "status"}


def pages(client: httpx.Client, path: str, offset: str = "skip", **params: Any) -> Iterator[dict[str, Any]]:
    """Every page until an empty one, advancing by the rows received."""
    seen = 0
    while True:
        page: dict[str, Any] = client.get(path, params={**params, offset: seen}).json()
        if not page["values"]:
            return
        yield page
        seen += len(page["values"])


def everything(client: httpx.Client, path: str, offset: str = "skip", **params: Any) -> list[dict[str, Any]]:
    return [row for page in pages(client, path, offset, **params) for row in page["values"]]


def test_a_page_holds_at_most_100_rows_whatever_was_asked(client: httpx.Client) -> None:
    """SBX-01: the reply echoes the limit that was applied."""
    for path, params in (("/transactions", WEEK), ("/members", {}), ("/products", {})):
        page = client.get(path, params={**params, "limit": 500}).json()
        assert (len(page["values"]), page["skip"], page["limit"]) == (100, 0, 100)
        assert len(client.get(path, params={**params, "limit": 3}).json()["values"]) == 3


def test_paging_transactions_gives_each_record_of_the_window_once(client: httpx.Client, shop: Shop) -> None:
    """SBX-01: calendar days of the shop's zone, both ends included, oldest completion first."""
    rows = everything(client, "/transactions", **WEEK)
    window = Window.of_days(FIRST_DAY, date(2026, 11, 1), shop.spec.tz)
    start, end = (moment.timestamp() * 1000 for moment in (window.start, window.end))
    expected = [row for row in shop.truth("transactions") if start <= listed_at(row) < end]
    assert sorted(row["id"] for row in rows) == sorted(row["id"] for row in expected)
    assert [listed_at(row) for row in rows] == sorted(listed_at(row) for row in rows)
    assert client.get("/transactions", params=WEEK).json()["total"] == len(expected)


def test_a_day_follows_the_clock_of_the_shop(client: httpx.Client, shop: Shop) -> None:
    """SBX-01: the first and the last millisecond of a 25-hour day belong to it, their neighbours do not."""
    day = Window.of_days(date(2026, 11, 1), date(2026, 11, 1), shop.spec.tz)
    first, end = (int(moment.timestamp() * 1000) for moment in (day.start, day.end))
    assert end - first == 25 * 3_600_000
    inside = {shop.add_sale(completed=at)["id"] for at in (first, end - 1)}
    outside = {shop.add_sale(completed=at)["id"] for at in (first - 1, end)}
    listed = everything(client, "/transactions", startDate="11/01/2026", endDate="11/01/2026")
    found = {row["id"] for row in listed}
    assert inside <= found
    assert not outside & found


def test_without_dates_the_last_seven_days_are_listed(client: httpx.Client, shop: Shop) -> None:
    """SBX-01."""
    today = datetime.fromtimestamp(shop.spec.now_ms / 1000, shop.spec.tz).date()
    window = Window.of_days(today - timedelta(days=6), today, shop.spec.tz)
    rows = everything(client, "/transactions")
    assert rows
    assert all(window.start.timestamp() * 1000 <= listed_at(row) for row in rows)
    assert len(rows) == shop.transactions.count_listed(
        int(window.start.timestamp() * 1000), int(window.end.timestamp() * 1000)
    )


def test_members_come_newest_first_and_total_is_the_whole_membership(client: httpx.Client, shop: Shop) -> None:
    """SBX-01."""
    end = shop.spec.now_ms
    window = {"startDate": end - 3 * 86_400_000, "endDate": end}
    first = client.get("/members", params=window).json()
    rows = everything(client, "/members", **window)
    expected = [row for row in shop.truth("members") if window["startDate"] <= row["modified"] <= end]
    assert 0 < len(rows) < first["total"] == 130
    assert {row["id"] for row in rows} == {row["id"] for row in expected}
    assert [row["modified"] for row in rows] == sorted((row["modified"] for row in rows), reverse=True)


def test_products_are_whole_and_in_no_order_by_date(client: httpx.Client, shop: Shop) -> None:
    """SBX-01: deleted and archived ones included; the same order each time."""
    rows = everything(client, "/products")
    assert rows == shop.truth("products")
    assert [row["modified"] for row in rows] != sorted(row["modified"] for row in rows)
    start = shop.spec.start_ms
    changed = everything(client, "/products/modified", startDate=start, endDate=shop.spec.now_ms)
    assert 0 < len(changed) < len(rows)
    assert {row["id"] for row in changed} == {row["id"] for row in rows if row["modified"] >= start}


@pytest.mark.parametrize("entity", ["members", "transactions", "products"])
def test_one_record_is_found_by_its_id(client: httpx.Client, shop: Shop, entity: str) -> None:
    """SBX-01."""
    for record in shop.truth(entity)[:3]:
        assert client.get(f"/{entity}/{record['id']}").json() == record
    missing = client.get(f"/{entity}/{'0' * 24}")
    assert (missing.status_code, set(missing.json())) == (404, OLD_SHAPE)


def test_lookups_take_the_offset_under_their_own_name(client: httpx.Client, shop: Shop) -> None:
    """SBX-01: ``skip`` for vendors, ``start`` for employees and brands; the other name is ignored."""
    for path, offset, entity in (
        ("/vendors", "skip", "vendors"),
        ("/employees", "start", "employees"),
        ("/store/inventory/brands", "start", "brands"),
    ):
        truth = shop.truth(entity)
        other = {"skip": "start", "start": "skip"}[offset]
        assert everything(client, path, offset, limit=2) == truth
        assert client.get(path, params={other: 1}).json()["values"] == truth
    assert client.get("/store/inventory/terminals").json() == {"values": shop.truth("terminals")}
    assert client.get("/store/inventory/categories").json()["total"] == 7
    assert client.get("/store").json()["shop"]["timeZone"] == "America/Los_Angeles"


@pytest.mark.parametrize(
    ("path", "params", "shape"),
    [
        ("/members", {"startDate": 1, "endDate": 2 + WEEK_MS}, NEW_SHAPE),
        ("/members", {"startDate": 5, "endDate": 4}, OLD_SHAPE),
        ("/members", {"startDate": 5}, OLD_SHAPE),
        ("/members", {"startDate": "10/26/2026", "endDate": "10/27/2026"}, OLD_SHAPE),
        ("/members", {"limit": 0}, OLD_SHAPE),
        ("/members", {"skip": -1}, OLD_SHAPE),
        ("/transactions", {"startDate": "10/26/2026", "endDate": "11/02/2026"}, NEW_SHAPE),
        ("/transactions", {"startDate": "2026-10-26", "endDate": "2026-10-27"}, OLD_SHAPE),
        ("/transactions", {"startDate": "10/26/2026"}, OLD_SHAPE),
        ("/products", {"limit": "many"}, OLD_SHAPE),
    ],
)
def test_bad_arguments_are_refused_in_both_shapes(
    client: httpx.Client, path: str, params: dict[str, Any], shape: set[str]
) -> None:
    """SBX-01."""
    answer = client.get(path, params=params)
    assert (answer.status_code, set(answer.json())) == (400, shape)


def test_a_week_is_the_longest_window(client: httpx.Client) -> None:
    """SBX-01: exactly seven days are still served."""
    assert client.get("/members", params={"startDate": 1, "endDate": 1 + WEEK_MS}).status_code == 200
    assert client.get("/transactions", params=WEEK).status_code == 200


def test_an_end_date_that_is_exclusive_is_a_rule_of_the_stand_in(shop: Shop) -> None:
    """SBX-01: the vendor's page leaves it open."""
    with BlazeSandbox([shop], rules=Rules(end_date_inclusive=False)) as box:
        url = f"{box.url}/api/v1/partner/transactions"
        headers = {"x-api-key": "demo-partner-key", "Authorization": "corner-key"}
        day = {"startDate": "10/27/2026", "endDate": "10/27/2026"}
        assert httpx.get(url, params=day, headers=headers).json()["total"] == 0
        two = {"startDate": "10/27/2026", "endDate": "10/28/2026"}
        assert httpx.get(url, params=two, headers=headers).json()["total"] > 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"partner_key": "demo-partner-key"},
        {"Authorization": "corner-key"},
        {"partner_key": "wrong", "Authorization": "corner-key"},
        {"partner_key": "demo-partner-key", "Authorization": "Bearer corner-key"},
        {"partner_key": "demo-partner-key", "x-api-key": "wrong", "Authorization": "corner-key"},
    ],
)
def test_wrong_keys_are_refused(box: BlazeSandbox, headers: dict[str, str]) -> None:
    """SBX-01."""
    answer = httpx.get(f"{box.url}/api/v1/partner/members", headers=headers)
    assert (answer.status_code, set(answer.json())) == (401, NEW_SHAPE)


def test_the_shop_key_decides_the_shop(box: BlazeSandbox) -> None:
    """SBX-01: both spellings of the partner key's header are accepted, together too."""
    for keys in ({"x-api-key": "demo-partner-key"}, {"partner_key": "demo-partner-key"}):
        headers = {"x-api-key": "demo-partner-key", "Authorization": "other-key", **keys}
        answer = httpx.get(f"{box.url}/api/v1/partner/store", headers=headers).json()
        assert answer["shop"]["name"] == "Other"


def test_a_missing_permission_is_403_and_an_unknown_path_404(client: httpx.Client, shop: Shop) -> None:
    """SBX-01."""
    shop.denied.add("/employees")
    assert client.get("/employees").status_code == 403
    assert client.get("/vendors").status_code == 200
    assert client.get("/orders").status_code == 404
    assert client.post("/members", json={}).status_code == 405


def test_the_call_limit_slides(shop: Shop) -> None:
    """SBX-01: at most so many calls in any window, for the partner key; the answer says how long to wait."""
    now = [1_000.0]
    with BlazeSandbox([shop], limit=CallLimit(calls=3, seconds=60.0), clock=lambda: now[0]) as box:
        headers = {"partner_key": "demo-partner-key", "Authorization": "corner-key"}
        with httpx.Client(base_url=box.url, headers=headers) as client:
            statuses = []
            for moment in (1_000.0, 1_010.0, 1_020.0, 1_030.0, 1_059.0, 1_061.0, 1_062.0):
                now[0] = moment
                answer = client.get("/api/v1/partner/store")
                statuses.append((answer.status_code, answer.headers.get("Retry-After")))
    ok = (200, None)
    assert statuses == [ok, ok, ok, (429, "31"), (429, "2"), ok, (429, "9")]


def test_shops_of_one_company_list_the_same_members(shop: Shop) -> None:
    """SBX-01: two different shop ids among the members of one answer."""
    first = build_shop(shop_spec(company="Two Doors"))
    spec = shop_spec(company="Two Doors", name="Second", shop_key="second-key", seed=9, members=20)
    second = build_shop(spec, sibling=first)
    assert first.truth("members") == second.truth("members")
    assert len(second.truth("members")) == 150
    assert {first.lookups.shop_id, second.lookups.shop_id} <= {member["shopId"] for member in second.truth("members")}
    with pytest.raises(ValueError, match="not of one company"):
        build_shop(spec, sibling=shop)
