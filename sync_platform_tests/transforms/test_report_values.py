"""Numbers, flags and times as old reports write them."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_platform.transforms.report_values import amount, flag, key, moment, whole
from sync_platform.transforms.values import ValueRejected

LOS_ANGELES = ZoneInfo("America/Los_Angeles")
MONEY = st.decimals(Decimal("-9999999999.9999"), Decimal("9999999999.9999"), places=4)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def spellings(value: Decimal) -> list[str]:
    """The same amount as people and programs write it."""
    size, sign = abs(value), "-" if value < 0 else ""
    return [
        f"{value:f}",
        f" {value:,f} ",
        f"{sign}${size:,f}",
        f"$ {sign}{size:f}",
        f"(${size:,f})" if value < 0 else f"+{size:f}",
    ]


@given(MONEY)
def test_every_spelling_of_an_amount_is_the_same_exact_number(value: Decimal) -> None:
    """SYS-01: currency sign, thousands, accountants' brackets; never a float."""
    assert {amount(text, "total_sales") for text in spellings(value)} == {value}


@given(st.decimals(Decimal(0), Decimal(10**9), places=9))
def test_more_decimals_than_are_stored_are_rounded_as_the_database_does(value: Decimal) -> None:
    """SYS-01: numeric(14,4), halves away from zero."""
    assert amount(f"{value:f}", "x") == value.quantize(Decimal("0.0001"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "12,50",
            "1.234,50",
            "1,23,456",
            "NaN",
            "inf",
            "1e5",
            "12-",
            "--5",
            "($-5)",
            "(5",
            "5)",
            "$",
            ".",
            "-",
            "1 2",
        ),
        *("١٢", "9" * 65, "9999999999.99995", "10,000,000,000"),
    ],
)
def test_what_could_mean_two_things_or_does_not_fit_is_no_amount(text: str) -> None:
    """SYS-01, SYS-08: refused, not guessed."""
    with pytest.raises(ValueRejected):
        amount(text, "total_sales")


@given(st.text(max_size=80))
@example("(" * 80)
@example("1" * 40 + ",")
def test_no_text_breaks_the_readers(text: str) -> None:
    """SYS-08: a value, or a reject with a reason that does not repeat the text."""
    rejected: list[ValueRejected] = []
    for read in (amount, whole, flag, key, lambda value, column: moment(value, column, LOS_ANGELES)):
        try:
            read(text, "column")
        except ValueRejected as error:
            rejected.append(error)
    assert all(error.path == "column" and len(error.detail) < 120 for error in rejected)


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("12.0", 12), ("1,200", 1200), ("-3", -3), ("2147483647", 2**31 - 1)]
)
def test_whole_numbers_may_be_written_with_a_zero_behind_the_point(text: str, value: int) -> None:
    assert whole(text, "total_visits") == value


@pytest.mark.parametrize("text", ["12.5", "2147483648", "-2147483649", "9" * 40, "many"])
def test_other_numbers_are_no_whole_numbers(text: str) -> None:
    with pytest.raises(ValueRejected):
        whole(text, "total_visits")


@pytest.mark.parametrize(("texts", "value"), [("yes Yes true TRUE 1 t y", True), ("no false False 0 f n", False)])
def test_flags_are_read_as_people_and_databases_write_them(texts: str, value: bool) -> None:
    assert {flag(f" {text} ", "vip_status") for text in texts.split()} == {value}


@pytest.mark.parametrize("text", ["maybe", "2", "10", "ja"])
def test_anything_else_is_no_flag(text: str) -> None:
    with pytest.raises(ValueRejected, match="yes, no"):
        flag(text, "vip_status")


@given(MOMENTS, st.sampled_from([LOS_ANGELES, ZoneInfo("Australia/Sydney"), ZoneInfo("Asia/Kathmandu"), UTC]))
def test_a_time_with_a_zone_is_that_instant(at: datetime, zone: ZoneInfo) -> None:
    """SYS-02: the tenant's zone plays no part."""
    at = at.replace(year=max(at.year, 1950))  # before, offsets have seconds, which no report writes
    local = at.astimezone(zone)
    for text in (
        local.isoformat(),
        local.isoformat(sep=" "),
        f"{at:%Y-%m-%d %H:%M:%S.%f}Z",
        f"{at:%Y-%m-%dT%H:%M:%S.%f} +00",
    ):
        assert moment(text, "date", LOS_ANGELES) == (at, False)


@given(MOMENTS, st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Australia/Sydney"]))
@example(datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "America/Los_Angeles")
def test_a_time_without_a_zone_is_on_the_tenants_clock(at: datetime, name: str) -> None:
    """SYS-02: and says that it was assumed. An hour that comes twice means the first."""
    zone = ZoneInfo(name)
    local = at.replace(microsecond=0).astimezone(zone)
    first = local.replace(fold=0).astimezone(UTC)
    texts = (f"{local:%Y-%m-%d %H:%M:%S}", f"{local:%m/%d/%Y %H:%M:%S}", f"{local:%m/%d/%Y %I:%M:%S %p}",
             f"{local.month}/{local.day}/{local.year}, {local:%I:%M:%S%p}")  # fmt: skip
    for text in texts:
        assert moment(text, "date", zone) == (first, True)


@pytest.mark.parametrize("text", ["2026-11-05", "11/05/2026", "11/5/2026 12:00 AM", "2026-11-05 00:00"])
def test_a_day_is_its_midnight_in_the_tenants_zone(text: str) -> None:
    """SYS-02."""
    assert moment(text, "date", LOS_ANGELES) == (datetime(2026, 11, 5, 8, tzinfo=UTC), True)


def test_an_hour_that_a_clock_change_leaves_out_is_read_as_if_it_had_not_changed() -> None:
    """SYS-02: 02:30 on the day on which California's clocks jump from 2 to 3."""
    found, _ = moment("2026-03-08 02:30:00", "date", LOS_ANGELES)
    assert found == datetime(2026, 3, 8, 1, 30, tzinfo=LOS_ANGELES).astimezone(UTC) + timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "13/05/2026",
            "02/30/2026",
            "2026-02-30",
            "11/05/26",
            "05.11.2026",
            "2026-11-05 25:00",
            "11/05/2026 13:00 PM",
        ),
        *("11/05/2026 0:30 AM", "1762349002", "yesterday", "2026-W10-1"),
        *("0001-01-01 00:00:00+14:00", "9999-12-31 23:00-05"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """SYS-02, SYS-08."""
    with pytest.raises(ValueRejected, match="is not a time"):
        moment(text, "date", LOS_ANGELES)


@pytest.mark.parametrize("text", ["", "  ", "\x00", "k" * 201])
def test_a_key_is_not_blank_and_fits_into_an_index(text: str) -> None:
    """SYS-21: and is trimmed."""
    with pytest.raises(ValueRejected):
        key(text, "member_id")
    assert key(" abc ", "member_id") == "abc"
