"""The one HTTP client: which calls are repeated, after which pause, and when it gives up."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import (
    CircuitOpen,
    CredentialsRejected,
    NotFound,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from sync_platform.vendors.http import HttpLimits
from sync_platform.vendors.verdict import Expected
from sync_platform_tests.vendors.vendor_rig import HOST, NOW, make_rig, script


def good(**extra: Any) -> httpx.Response:
    return httpx.Response(200, json={"ok": True}, **extra)


def test_an_answer_carries_its_body_and_the_request_its_keys() -> None:
    """BLZ-02: the keys go as headers, nowhere else."""
    rig = make_rig(script(good()))
    assert rig.get().body == b'{"ok":true}'
    sent = rig.requests[0]
    assert (sent.headers["authorization"], sent.headers["partner_key"]) == ("shop-canary-2", "partner-canary-1")
    assert str(sent.url) == f"https://{HOST}/v1/things?skip=0"
    assert rig.observed == [("/things", "200", 11)]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 520, 521, 522, 523, 524])
def test_a_passing_fault_is_retried_and_each_request_is_counted(status: int) -> None:
    """HTTP-04, HTTP-11, F-22."""
    rig = make_rig(script(httpx.Response(status), good()))
    assert rig.get().status == 200
    assert [status for _, status, _ in rig.observed] == [str(status), "200"]
    assert rig.budget.acquired == 2


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, VendorRejected),
        (401, CredentialsRejected),
        (403, CredentialsRejected),
        (404, NotFound),
        (409, VendorRejected),
        (422, VendorRejected),
    ],
)
def test_a_refusal_is_never_retried_and_does_not_count_for_the_breaker(status: int, error: type[Exception]) -> None:
    """HTTP-04, F-24."""
    rig = make_rig(script(httpx.Response(status)))
    with pytest.raises(error) as caught:
        rig.get()
    assert type(caught.value) is error
    assert len(rig.requests) == 1
    assert rig.breaker.reports == [True]


def test_a_refused_key_stays_refused_when_its_error_page_is_broken() -> None:
    """HTTP-04: a truncated error body does not turn a 401 into something that is tried again."""
    rig = make_rig(
        script(httpx.Response(401, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8b")))
    )
    with pytest.raises(CredentialsRejected):
        rig.get()
    assert len(rig.requests) == 1


def test_six_tries_are_the_end() -> None:
    """HTTP-05."""
    rig = make_rig(script(httpx.Response(503)))
    with pytest.raises(VendorUnavailable, match="tried 6 times"):
        rig.get()
    assert len(rig.requests) == 6
    assert all(0 <= pause <= 2**step for step, pause in enumerate(rig.clock.slept))


def test_ten_minutes_are_the_end_whatever_the_source_asks() -> None:
    """HTTP-05: Retry-After is honoured up to 300 s, and no pause is begun that ends after 600 s."""
    rig = make_rig(script(httpx.Response(503, headers={"Retry-After": "900"})))
    with pytest.raises(VendorUnavailable):
        rig.get()
    assert rig.clock.slept == [300.0]


def test_waiting_for_budget_uses_up_no_retry_time() -> None:
    """HTTP-10: it is not a failure."""
    rig = make_rig(script(httpx.Response(503), httpx.Response(503), good()))
    rig.budget.wait = 500.0
    assert rig.get().status == 200


@pytest.mark.parametrize("value", ["7", " 7 ", "7.0"])
def test_a_pause_in_seconds_is_kept_to_the_second(value: str) -> None:
    """HTTP-05."""
    rig = make_rig(script(httpx.Response(429, headers={"Retry-After": value}), good()))
    rig.get()
    assert rig.clock.slept == [7.0]


def test_a_pause_until_a_date_is_measured_on_the_clock_of_the_source() -> None:
    """HTTP-05, F-35: ours is ten minutes off."""
    theirs = NOW + timedelta(minutes=10)
    headers = {"Date": format_datetime(theirs, usegmt=True)}
    headers["Retry-After"] = format_datetime(theirs + timedelta(seconds=40), usegmt=True)
    rig = make_rig(script(httpx.Response(429, headers=headers), good()))
    rig.get()
    assert rig.clock.slept == [40.0]


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "nan", "inf", "Sun, 01 Mar 2020 00:00:00 GMT"])
def test_a_useless_pause_means_back_off_and_never_a_spin(value: str) -> None:
    """HTTP-05, F-20, trap 4: at least a second after zero, negative, unreadable or past."""
    rig = make_rig(script(httpx.Response(429, headers={"Retry-After": value}), good()))
    rig.get()
    assert rig.clock.slept == [1.0]


def test_a_429_without_a_pause_waits_the_configured_default_doubling() -> None:
    """HTTP-05 and what Blaze leaves open: 30 s, then 60 s, capped."""
    rig = make_rig(script(httpx.Response(429), httpx.Response(429), httpx.Response(429), good()))
    rig.get()
    assert rig.clock.slept == [30.0, 60.0, 60.0]


def test_a_429_without_a_pause_backs_off_when_no_default_is_set() -> None:
    """HTTP-05."""
    rig = make_rig(script(httpx.Response(429), good()), limits=HttpLimits(default_wait_429=None))
    rig.get()
    assert 1.0 <= rig.clock.slept[0] <= 1.0


def test_throttling_is_no_outage() -> None:
    """HTTP-07: a source that says 429 is up."""
    rig = make_rig(script(httpx.Response(429, headers={"Retry-After": "1"})), threshold=5)
    with pytest.raises(VendorUnavailable):
        rig.get()
    assert False not in rig.breaker.reports


@given(st.lists(st.sampled_from(["7", "0", "-1", "x", None]), min_size=1, max_size=8))
def test_a_storm_of_429_ends_within_the_limits(pauses: list[str | None]) -> None:
    """HTTP-05, F-20."""
    storm = [httpx.Response(429, headers={"Retry-After": p} if p is not None else {}) for p in pauses]
    rig = make_rig(script(*storm, good()))
    if len(pauses) < 6:
        assert rig.get().status == 200
    else:
        with pytest.raises(VendorUnavailable):
            rig.get()
    assert len(rig.requests) <= 6
    assert all(pause >= 1.0 for pause in rig.clock.slept)
    assert sum(rig.clock.slept) < 600


def test_an_open_breaker_stops_the_retries_of_the_running_request() -> None:
    """HTTP-07, F-23: five real requests, then none."""
    rig = make_rig(script(httpx.Response(503)), threshold=5)
    with pytest.raises(CircuitOpen):
        rig.get()
    assert len(rig.requests) == 5
    with pytest.raises(CircuitOpen):
        rig.get()
    assert len(rig.requests) == 5
    assert rig.budget.acquired == 5


def test_a_source_that_is_down_for_half_an_hour_is_called_at_most_forty_times() -> None:
    """F-23, with a run that tries again every 20 seconds; the first call after its return succeeds within 2 minutes."""
    rig = make_rig(lambda _: httpx.Response(503) if rig.clock.now < 1800 else good(), threshold=5)
    while rig.clock.now < 1800:
        with pytest.raises(VendorUnavailable):
            rig.get()
        rig.clock.now += 20
    assert len(rig.requests) <= 40
    while rig.breaker.opened_at is not None and rig.clock.now < 1920:
        rig.clock.now += 20
        try:
            rig.get()
        except CircuitOpen:
            continue
    assert rig.breaker.opened_at is None


@pytest.mark.parametrize("fault", [httpx.ReadError("x"), httpx.RemoteProtocolError("x"), httpx.ConnectError("x")])
def test_a_transport_fault_is_retried_and_counted(fault: httpx.TransportError) -> None:
    """HTTP-04, HTTP-11, F-32."""
    rig = make_rig(script(fault, good()))
    assert rig.get().status == 200
    assert rig.observed[0] == ("/things", "transport", 0)
    assert rig.breaker.reports == [False, True]


def test_a_call_that_keeps_timing_out_asks_to_be_made_smaller() -> None:
    """HTTP-05, F-30."""
    rig = make_rig(script(httpx.ReadTimeout("x")))
    with pytest.raises(VendorTimeout):
        rig.get(decode=bytes, timeout_tries=2)
    assert [status for _, status, _ in rig.observed] == ["timeout", "timeout"]
    with pytest.raises(VendorTimeout):
        rig.get()
    assert len(rig.requests) == 8


@pytest.mark.parametrize(
    ("first", "calls"),
    [
        (httpx.Response(500), 1),
        (httpx.ReadTimeout("x"), 1),
        (httpx.ReadError("x"), 1),
        (httpx.Response(429, headers={"Retry-After": "1"}), 2),
        (httpx.ConnectError("x"), 2),
    ],
)
def test_a_post_is_repeated_only_if_the_source_cannot_have_acted(first: Any, calls: int) -> None:
    """HTTP-06, F-32: no double effect."""
    rig = make_rig(script(first, good()))
    try:
        rig.http.request("POST", "/hooks", "/v1/hooks", {}, Expected(bytes), content=b"{}")
    except VendorUnavailable:
        assert calls == 1
    assert len(rig.requests) == calls
