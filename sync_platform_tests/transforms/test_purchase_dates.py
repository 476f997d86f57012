"""Dates and times of purchase files."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.purchase_dates import CODES, Times
from sync_platform.transforms.purchase_rules import Dates
from sync_platform_tests.transforms.purchase_reading import BERLIN, read, with_cells

ZONES = st.sampled_from(
    ["Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001


def moment(cell: str, dates: Dates = "iso", zone: ZoneInfo = BERLIN) -> str:
    """The cell as UTC, or the code of its error."""
    found = Times(dates, zone)[cell]
    return found if found in CODES else f"{datetime.fromisoformat(found).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-07-14", "2026-07-13 22:00:00"),
        ("2026-01-14", "2026-01-13 23:00:00"),
        ("2026-07-14T10:02", "2026-07-14 08:02:00"),
        ("2026-07-14 10:02:25", "2026-07-14 08:02:25"),
        ("2026-07-14T10:02:25.45Z", "2026-07-14 10:02:25"),
        ("2026-07-14t10:02:25z", "2026-07-14 10:02:25"),
        ("2026-07-14T10:02:25+05:45", "2026-07-14 04:17:25"),
        ("2026-07-14 10:02:25 -0700", "2026-07-14 17:02:25"),
        ("2026-07-14 10:02:25-07", "2026-07-14 17:02:25"),
        ("  2026-07-14  ", "2026-07-13 22:00:00"),
        # the hour that comes twice: its first; the one that does not come: as if the clock had not changed
        ("2026-10-25T02:30:00", "2026-10-25 00:30:00"),
        ("2026-03-29T02:30:00", "2026-03-29 01:30:00"),
        ("", "missing_value"),
        ("2026-02-30", "not_a_date"),
        ("2026-07-14T24:00", "not_a_date"),
        ("2026-07-14T10:60", "not_a_date"),
        ("2026-07-14T10", "not_a_date"),
        ("20260714", "not_a_date"),
        ("2026-W29-2", "not_a_date"),
        ("14.07.2026", "not_a_date"),
        ("2026-07-14T10:02+23:00", "not_a_date"),
        ("\uff12\uff10\uff12\uff16-07-14", "not_a_date"),
        ("45123", "not_a_date"),
        ("0026-07-14", "date_out_of_range"),
        ("2200-01-01", "date_out_of_range"),
    ],
)
def test_a_date_is_iso_8601_with_or_without_time_and_zone(cell: str, expected: str) -> None:
    """CSV-06, SYS-02: without a zone it is the tenant's."""
    assert moment(cell) == expected


@pytest.mark.parametrize(
    ("cell", "dates", "expected"),
    [
        ("03.04.2026", "day_first", "2026-04-02 22:00:00"),
        ("3/4/2026 9:05", "day_first", "2026-04-03 07:05:00"),
        ("3/4/2026 9:05", "month_first", "2026-03-04 08:05:00"),
        ("03-04-2026 09:05:30", "month_first", "2026-03-04 08:05:30"),
        ("13/04/2026", "month_first", "not_a_date"),
        ("3/4.2026", "day_first", "not_a_date"),
        ("3/4/26", "day_first", "not_a_date"),
        ("2026-04-03", "day_first", "not_a_date"),
    ],
)
def test_another_order_is_read_only_where_the_sender_says_so(cell: str, dates: Dates, expected: str) -> None:
    """CSV-06: 03/04 is never guessed."""
    assert moment(cell, dates) == expected
    if expected != "not_a_date":
        assert moment(cell) == "not_a_date"


@given(st.lists(MOMENTS, min_size=1, max_size=20), ZONES)
def test_times_without_a_zone_are_the_tenants(moments: list[datetime], zone: str) -> None:
    """SYS-02: the same as the calendar's own answer, around changes of the clock too."""
    times = Times("iso", ZoneInfo(zone))
    for one in moments:
        found = datetime.fromisoformat(times[one.isoformat(" ")])
        assert found.replace(tzinfo=None) == one
        assert abs(found - one.replace(tzinfo=ZoneInfo(zone))) < timedelta(seconds=1)


@given(ZONES, st.integers(0, 365 * 24 * 4))
def test_every_quarter_of_an_hour_of_a_year_is_the_calendars(zone: str, quarter: int) -> None:
    """SYS-02."""
    local = datetime(2026, 1, 1) + timedelta(minutes=15 * quarter)  # noqa: DTZ001
    tenants = ZoneInfo(zone)
    assert datetime.fromisoformat(Times("iso", tenants)[f"{local}"]) == local.replace(tzinfo=tenants).astimezone(UTC)


@given(st.text(max_size=40))
def test_no_text_breaks_the_dates(cell: str) -> None:
    """CSV-06."""
    for dates in ("iso", "day_first", "month_first"):
        Times(dates, BERLIN)[cell]


def test_what_is_remembered_is_bounded() -> None:
    """CSV-14: a file may have a million times."""
    times = Times("iso", BERLIN)
    for second in range(50_000):
        times[f"{datetime(2026, 1, 1) + timedelta(seconds=second)}"]  # noqa: DTZ001
    assert len(times) <= 20_000


def test_a_wrong_date_is_an_error_of_its_cell() -> None:
    """CSV-08, CSV-12."""
    told = read(with_cells([{}, {"transaction_date": "yesterday"}, {"transaction_date": "2026-02-29"}]))
    assert told.codes == [(3, "transaction_date", "not_a_date"), (4, "transaction_date", "not_a_date")]
    assert told.column("transaction_date") == ["2026-03-04 00:00+01:00", None, None]
