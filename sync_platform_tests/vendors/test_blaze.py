"""The Blaze client: paths, parameters, zones, and what is dropped on arrival."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import ContractBroken, InvalidRequest, NotFound, VendorTimeout
from sync_platform.core.window import Window
from sync_platform.vendors.blaze import BLAZE_HOSTS, BlazeClient, BlazeOptions, blaze_headers
from sync_platform_tests.vendors.model_server import ids
from sync_platform_tests.vendors.vendor_rig import Rig, make_rig, script

ZONE = ZoneInfo("America/Los_Angeles")
DAY = Window.of_days(date(2026, 2, 10), date(2026, 2, 10), ZONE)

Pages = Callable[[str, dict[str, str]], list[dict[str, Any]]]


def shop(pages: Pages, total: int = 131_005, **options: Any) -> tuple[BlazeClient, Rig]:
    """A client of a shop that answers each call with the records of ``pages(path, parameters)``."""

    def answer(request: httpx.Request) -> httpx.Response:
        params = dict(parse_qsl(request.url.query.decode()))
        values = pages(request.url.path, params)
        return httpx.Response(200, json={"values": values, "skip": 0, "limit": 100, "total": total})

    rig = make_rig(answer)
    return BlazeClient(rig.http, BlazeOptions(**options), ZONE), rig


def asked(rig: Rig) -> list[dict[str, str]]:
    return [dict(parse_qsl(request.url.query.decode())) for request in rig.requests]


def test_keys_go_bare_in_the_configured_headers() -> None:
    """BLZ-02: no ``Bearer``; the name of the partner's header is a setting."""
    assert blaze_headers("p", "s", BlazeOptions()) == {"partner_key": "p", "Authorization": "s"}
    assert blaze_headers("p", "s", BlazeOptions(partner_key_header="x-api-key"))["x-api-key"] == "p"
    assert set(BLAZE_HOSTS) == {"production", "stage"}


@pytest.mark.parametrize(("reader", "path"), [("members", "/members"), ("products_modified", "/products/modified")])
def test_modified_windows_are_asked_in_milliseconds(reader: str, path: str) -> None:
    """BLZ-04, BLZ-05, trap 5; no news is one call."""
    client, rig = shop(lambda path, params: [])
    assert list(getattr(client, reader)(DAY)) == []
    assert [request.url.path for request in rig.requests] == ["/api/v1/partner" + path]
    assert asked(rig) == [{"startDate": "1770710400000", "endDate": "1770796800000", "skip": "0", "limit": "100"}]
    assert rig.observed[0][0] == path


def test_transactions_are_asked_by_days_of_the_shop() -> None:
    """BLZ-05, trap 5: MM/dd/yyyy, every day that the window touches."""
    client, rig = shop(lambda path, params: [], total=0)
    window = Window(datetime(2026, 2, 10, 7, tzinfo=UTC), datetime(2026, 2, 10, 9, tzinfo=UTC))
    list(client.transactions(window))
    assert asked(rig) == [{"startDate": "02/09/2026", "endDate": "02/10/2026", "skip": "0", "limit": "100"}]


def test_an_exclusive_end_date_is_a_setting() -> None:
    """BLZ-05: the vendor does not say which it is."""
    client, rig = shop(lambda path, params: [], total=0, end_date_inclusive=False)
    list(client.transactions(DAY))
    assert (asked(rig)[0]["startDate"], asked(rig)[0]["endDate"]) == ("02/10/2026", "02/11/2026")


@settings(max_examples=30)
@given(first=st.dates(date(2024, 2, 20), date(2026, 12, 31)), days=st.integers(1, 60))
def test_a_long_range_becomes_weeks_without_gap_or_overlap(first: date, days: int) -> None:
    """BLZ-05: at most seven calendar days a call, over leap days and both changes of the clocks."""
    client, rig = shop(lambda path, params: [], total=0)
    last = first + timedelta(days=days - 1)
    list(client.transactions(Window.of_days(first, last, ZONE)))
    covered: list[date] = []
    for params in asked(rig):
        start, end = (datetime.strptime(params[name], "%m/%d/%Y").date() for name in ("startDate", "endDate"))  # noqa: DTZ007
        assert (end - start).days < 7
        covered += [start + timedelta(days=n) for n in range((end - start).days + 1)]
    assert covered == [first + timedelta(days=n) for n in range(days)]


@settings(max_examples=30)
@given(first=st.dates(date(2024, 2, 20), date(2026, 12, 31)), days=st.integers(1, 60), size=st.integers(1, 7))
def test_no_call_for_modified_records_spans_more_than_its_days_of_24_hours(first: date, days: int, size: int) -> None:
    """BLZ-05: a week with a 25-hour day is longer than the vendor's 7 days, and was refused."""
    client, rig = shop(lambda path, params: [], max_window_days=size)
    window = Window.of_days(first, first + timedelta(days=days - 1), ZONE)
    list(client.members(window))
    bounds = [(int(params["startDate"]), int(params["endDate"])) for params in asked(rig)]
    assert all(0 < end - start <= size * 86_400_000 for start, end in bounds)
    assert [start for start, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert (bounds[0][0], bounds[-1][1]) == (window.start.timestamp() * 1000, window.end.timestamp() * 1000)


def test_reading_advances_by_the_rows_received() -> None:
    """BLZ-06, trap 6: whatever was asked, a page may hold less, and a short page is not the end."""
    rows = [{"id": f"t{number}"} for number in range(250)]

    def pages(path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        skip = int(params["skip"])
        return rows[skip : skip + 60]

    client, _ = shop(pages, total=250, page_size=500)
    assert ids(client.transactions(DAY)) == [row["id"] for row in rows]


def test_records_that_only_the_client_would_filter_do_not_end_the_reading() -> None:
    """Trap 3: deleted records are records."""
    rows = [{"id": f"m{number}", "modified": 1770790000000 - number, "deleted": number < 200} for number in range(250)]

    def pages(path: str, params: dict[str, str]) -> list[dict[str, Any]]:
        inside = [row for row in rows if int(params["startDate"]) <= row["modified"] <= int(params["endDate"])]
        return inside[int(params["skip"]) :][:100]

    client, _ = shop(pages)
    assert ids(client.members(DAY)) == [row["id"] for row in rows]


def test_the_catalogue_says_when_it_was_read_whole() -> None:
    """SYS-15: only then may absence mean deletion."""

    def answer(total: int) -> Callable[[httpx.Request], httpx.Response]:
        def handler(request: httpx.Request) -> httpx.Response:
            skip = int(request.url.params["skip"])
            values = [{"id": f"p{number}"} for number in range(30)][skip : skip + 20]
            return httpx.Response(200, json={"values": values, "limit": 100, "total": total})

        return handler

    for total, complete in ((30, True), (31, False)):
        rig = make_rig(answer(total))
        pages = list(BlazeClient(rig.http, BlazeOptions(), ZONE).products())
        assert len(ids(pages)) == 30
        assert [page.complete for page in pages][-1] is complete
        assert "startDate" not in rig.requests[0].url.params


def test_a_week_that_times_out_is_asked_in_halves() -> None:
    """HTTP-05."""

    def handler(request: httpx.Request) -> httpx.Response:
        params = request.url.params
        if int(params["endDate"]) - int(params["startDate"]) > 4 * 86_400_000:
            raise httpx.ReadTimeout("x")
        return httpx.Response(200, json={"values": []})

    rig = make_rig(handler)
    client = BlazeClient(rig.http, BlazeOptions(), ZONE)
    assert list(client.members(Window.of_days(date(2026, 2, 2), date(2026, 2, 8), ZONE))) == []
    assert [status for _, status, _ in rig.observed] == ["timeout", "timeout", "200", "200", "200"]


def test_a_day_that_times_out_is_tried_as_often_as_anything_else() -> None:
    """HTTP-05."""
    rig = make_rig(script(httpx.ReadTimeout("x")))
    with pytest.raises(VendorTimeout):
        list(BlazeClient(rig.http, BlazeOptions(), ZONE).members(DAY))
    assert len(rig.requests) == 6


def test_a_page_is_delivered_whole_or_not_at_all() -> None:
    """HTTP-03, F-25: a truncated page is asked for again."""
    whole = json.dumps({"values": [{"id": "a"}, {"id": "b"}], "total": 2}).encode()
    headers = {"content-type": "application/json"}
    rig = make_rig(
        script(
            httpx.Response(200, headers=headers, content=whole[:25]),
            httpx.Response(200, headers=headers, content=whole),
        )
    )
    assert ids(BlazeClient(rig.http, BlazeOptions(), ZONE).transactions(DAY)) == ["a", "b"]


@pytest.mark.parametrize("kind", ["member", "transaction", "product"])
def test_a_single_record_is_read_by_its_quoted_identifier(kind: str) -> None:
    """BLZ-04: an identifier from outside never leaves its place in the path."""
    rig = make_rig(script(httpx.Response(200, json={"id": "x", "price": 1.10})))
    client = BlazeClient(rig.http, BlazeOptions(), ZONE)
    assert bytes(getattr(client, kind)("a/../b?c=1#d%2e\u00e9")) == b'{"id":"x","price":1.1}'
    sent = rig.requests[0].url.raw_path.decode()
    assert sent == f"/api/v1/partner/{kind}s/a%2F..%2Fb%3Fc%3D1%23d%252e%C3%A9"
    assert rig.observed[0][0] == f"/{kind}s/{{id}}"
    for outside in ("", ".", ".."):
        with pytest.raises(InvalidRequest):
            getattr(client, kind)(outside)
    assert len(rig.requests) == 1


def test_a_record_that_is_gone_is_not_found() -> None:
    """HTTP-04."""
    rig = make_rig(script(httpx.Response(404)))
    with pytest.raises(NotFound, match=r"/members/\{id\}"):
        BlazeClient(rig.http, BlazeOptions(), ZONE).member("x")


def test_the_shop_tells_its_zone() -> None:
    """BLZ-04."""
    rig = make_rig(script(httpx.Response(200, json={"shop": {"id": "s", "timeZone": "America/Denver"}})))
    assert BlazeClient(rig.http, BlazeOptions(), ZONE).store()["shop"]["timeZone"] == "America/Denver"
    with pytest.raises(ContractBroken):
        BlazeClient(make_rig(script(httpx.Response(200, json=[1]))).http, BlazeOptions(), ZONE).store()


@pytest.mark.parametrize("options", [{"max_window_days": 8}, {"max_window_days": 0}, {"page_size": 0}])
def test_options_the_vendor_would_refuse_are_refused_at_once(options: dict[str, int]) -> None:
    """BLZ-05."""
    with pytest.raises(InvalidRequest):
        BlazeOptions(**options)  # type: ignore[arg-type]
