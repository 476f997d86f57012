"""The share of a budget that each of its tenants gets (HTTP-10, HTTP-13), with a clock in the test's hands."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database

START = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT, PERIOD = 60, 30.0
LEASE = 5


class Window:
    """A budget that is asked by callers at moments of the test's choice, and what it granted."""

    def __init__(self, connection: psycopg.Connection, credential: str, limit: int = LIMIT) -> None:
        self._connection, self._credential, self._limit = connection, credential, limit
        self.granted: list[tuple[float, str, int]] = []

    def take(self, at: float, caller: str, calls: int, tenant: Tenant | None = None) -> tuple[int, float]:
        """Calls granted, and seconds until the next try."""
        self._connection.execute("select set_config('app.tenant_id', %s, false)", (str(tenant.id) if tenant else "",))
        row = self._connection.execute(
            "select granted, wait_seconds from platform.take_calls(%s, %s, %s, %s, %s, %s)",
            (self._credential, calls, self._limit, timedelta(seconds=PERIOD), caller, START + timedelta(seconds=at)),
        ).fetchone()
        assert row is not None
        if row[0]:
            self.granted.append((at, caller, row[0]))
        return int(row[0]), float(row[1])

    def most(self) -> int:
        """Calls in the fullest period."""
        ends = [at for at, _, _ in self.granted]
        return max((sum(n for at, _, n in self.granted if end - PERIOD < at <= end) for end in ends), default=0)

    def by(self, caller: str, after: float = 0, before: float = float("inf")) -> int:
        """Calls of one caller in a stretch of time."""
        return sum(number for at, name, number in self.granted if name == caller and after <= at < before)


def compete(window: Window, wishes: dict[str, float], until: float, tenants: dict[str, Tenant] | None = None) -> None:
    """Each caller asks from its moment on as often as it may: again at once when served, else after its wait."""
    due = dict(wishes)
    while (now := min(due.values())) < until:
        for caller in sorted(name for name, at in due.items() if at == now):
            got, wait = window.take(now, caller, LEASE, (tenants or {}).get(caller))
            due[caller] = now + (0.02 if got else wait)


@pytest.fixture
def make_window(database_url: str) -> Any:
    with connect(database_url) as connection:
        yield lambda credential, limit=LIMIT: Window(connection, credential, limit)


def set_weight(database: Database, tenant: Tenant, weight: float) -> None:
    with database.transaction(tenant.id) as conn:
        conn.execute("update platform.tenants set settings = jsonb_build_object('call_weight', %s::float)", (weight,))


def test_a_caller_who_is_alone_may_use_all(make_window: Callable[..., Window]) -> None:
    """HTTP-13: a share is only kept for those who wait."""
    window = make_window("alone")
    compete(window, {"a": 0}, PERIOD / 2)
    assert window.by("a") == LIMIT


def test_a_late_caller_gets_its_half_from_a_greedy_one(make_window: Callable[..., Window]) -> None:
    """HTTP-13, F-36: within one period, and from then on."""
    window = make_window("late")
    compete(window, {"greedy": 0, "late": 10}, 10 * PERIOD)
    # from the greedy one's first calls leaving the period on
    for after in (PERIOD, 3 * PERIOD, 6 * PERIOD):
        late, greedy = (window.by(name, after, after + 4 * PERIOD) for name in ("late", "greedy"))
        assert late >= 0.9 * (late + greedy) / 2
        assert late + greedy >= 0.75 * LIMIT * 4
    assert window.most() <= LIMIT


def test_shares_follow_the_tenants_weights(
    make_window: Callable[..., Window], database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    """HTTP-13: weight 3 against 1."""
    set_weight(database, tenant, 3)
    window = make_window("weights")
    compete(window, {"a": 0, "b": 0}, 10 * PERIOD, {"a": tenant, "b": other_tenant})
    heavy, light = window.by("a", PERIOD), window.by("b", PERIOD)
    assert 0.9 * 0.75 <= heavy / (heavy + light) <= 1.1 * 0.75


def test_who_needs_little_is_served_and_leaves_the_rest(make_window: Callable[..., Window]) -> None:
    """HTTP-13: what nobody waits for is not kept."""
    window = make_window("modest")
    due = {"modest": 0.0, "greedy": 0.0}
    longest = 0.0
    while (now := min(due.values())) < 6 * PERIOD:
        caller = min(due, key=lambda name: due[name])
        _, wait = window.take(now, caller, 1 if caller == "modest" else LEASE)
        if caller == "modest":
            longest = max(longest, wait)
        # the modest one makes a call each five seconds, the greedy one as many as it can
        due[caller] = now + (wait or (5 if caller == "modest" else 0.02))
    assert longest <= 5
    assert window.by("modest") >= 0.75 * 36
    assert window.by("modest") + window.by("greedy") >= 0.75 * LIMIT * 6
    assert window.most() <= LIMIT


def test_whoever_stopped_waiting_is_forgotten(make_window: Callable[..., Window]) -> None:
    """HTTP-13: a process that died while it waited keeps nothing from the others."""
    window = make_window("dead")
    compete(window, {"a": 0}, 1)
    assert window.take(1, "dead", LEASE)[0] == 0
    compete(window, {"a": 1}, 4 * PERIOD)
    assert window.by("a", 1) >= 0.75 * LIMIT * 3


asks = st.lists(
    st.tuples(st.floats(0, 8, allow_nan=False), st.sampled_from("abc"), st.integers(1, 12)), min_size=1, max_size=60
)


@given(asks=asks, limit=st.integers(1, 40))
def test_no_period_ever_holds_more_than_the_limit(asks: list[tuple[float, str, int]], limit: int) -> None:
    """HTTP-10: whoever asks whenever for however much; and nobody is refused while a period is empty."""
    window = _SHARED.window(uuid.uuid4().hex, limit)
    now = 0.0
    for pause, caller, calls in asks:
        now += pause
        idle = not any(now - PERIOD - 1 < at <= now for at, _, _ in window.granted)
        got, wait = window.take(now, caller, calls)
        assert 0 <= got <= calls
        assert (wait > 0) == (got == 0)
        if idle:
            assert got >= 1
    assert window.most() <= limit


class _Shared:
    """One connection for all examples of a property."""

    connection: psycopg.Connection | None = None

    def window(self, credential: str, limit: int) -> Window:
        assert self.connection is not None
        return Window(self.connection, credential, limit)


_SHARED = _Shared()


@pytest.fixture(autouse=True)
def shared(database_url: str) -> Any:
    with connect(database_url) as connection:
        _SHARED.connection = connection
        yield
        _SHARED.connection = None
