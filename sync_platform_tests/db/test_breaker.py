"""The circuit breaker of a tenant's source (HTTP-07)."""

from collections.abc import Callable
from typing import Any

import pytest

from sync_platform.core.errors import CircuitOpen
from sync_platform.core.tenant import Tenant
from sync_platform.db.breaker import PostgresBreaker
from sync_platform.db.pool import Database


class Counting:
    """A database that counts its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.transactions = 0

    def run(self, *arguments: Any) -> Any:
        self.transactions += 1
        return self._database.run(*arguments)


class Clock:
    """A clock that stands still unless it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


Process = Callable[..., PostgresBreaker]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(database: Database, tenant: Tenant, clock: Clock) -> Process:
    """The breaker as one more process sees it."""

    def make(of: Tenant = tenant, source: str = "blaze") -> PostgresBreaker:
        return PostgresBreaker(database, of.id, source, failures=5, open_for=60, clock=clock)

    return make


def fail(breaker: PostgresBreaker, times: int) -> None:
    for _ in range(times):
        breaker.before_call()
        breaker.failure()


def let_the_pause_pass(database: Database, tenant: Tenant) -> None:
    with database.transaction(tenant.id) as conn:
        conn.execute(
            "update platform.circuit_breakers set opened_at = opened_at - interval '61 s', "
            "probe_at = probe_at - interval '61 s'"
        )


def test_five_failures_in_a_row_open_it_for_every_process(process: Process):
    """HTTP-07."""
    fail(process(), 4)
    process().before_call()
    fail(process(), 1)
    for breaker in (process(), process()):
        with pytest.raises(CircuitOpen, match="no call is made"):
            breaker.before_call()


def test_a_success_in_between_starts_the_count_again(process: Process):
    """HTTP-07: in a row."""
    breaker = process()
    fail(breaker, 4)
    breaker.before_call()
    breaker.success()
    fail(breaker, 4)
    breaker.before_call()


def test_a_success_clears_what_another_process_counted(process: Process, clock: Clock):
    """HTTP-07: failures in a row over all processes."""
    healthy, failing = process(), process()
    fail(failing, 4)
    healthy.before_call()
    healthy.success()
    fail(failing, 1)
    clock.now += 2
    failing.before_call()


def test_after_the_pause_one_process_probes_and_the_others_wait(process: Process, database: Database, tenant: Tenant):
    """HTTP-07: half-open."""
    fail(process(), 5)
    let_the_pause_pass(database, tenant)
    probe, other = process(), process()
    probe.before_call()
    with pytest.raises(CircuitOpen):
        other.before_call()
    probe.success()
    other.before_call()
    process().before_call()


def test_a_probe_that_fails_opens_it_again(process: Process, database: Database, tenant: Tenant):
    """HTTP-07."""
    fail(process(), 5)
    let_the_pause_pass(database, tenant)
    probe = process()
    probe.before_call()
    probe.failure()
    for breaker in (probe, process()):
        with pytest.raises(CircuitOpen):
            breaker.before_call()


def test_a_probe_that_never_reports_back_is_forgotten(process: Process, database: Database, tenant: Tenant):
    """HTTP-07: its process was killed."""
    fail(process(), 5)
    let_the_pause_pass(database, tenant)
    process().before_call()
    let_the_pause_pass(database, tenant)
    process().before_call()


def test_only_this_tenant_and_source_stop(process: Process, other_tenant: Tenant):
    """HTTP-07."""
    fail(process(), 5)
    process(other_tenant).before_call()
    process(source="crm").before_call()


def test_while_all_goes_well_calls_cost_nothing(database: Database, tenant: Tenant, clock: Clock):
    """HTTP-07."""
    counting = Counting(database)
    breaker = PostgresBreaker(counting, tenant.id, "blaze", failures=5, open_for=60, clock=clock)
    for _ in range(100):
        breaker.before_call()
        breaker.success()
    assert counting.transactions == 1
    clock.now += 1.1
    for _ in range(100):
        breaker.before_call()
        breaker.success()
    assert counting.transactions == 2


def test_an_open_breaker_is_noticed_within_a_second(process: Process, clock: Clock):
    """HTTP-07: another process opened it."""
    breaker = process()
    breaker.before_call()
    fail(process(), 5)
    clock.now += 1.1
    with pytest.raises(CircuitOpen):
        breaker.before_call()
