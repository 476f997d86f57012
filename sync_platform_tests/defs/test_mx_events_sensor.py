"""The sensor of deliveries and its job: a storm is one run and one fetch, and nothing that waits is forgotten."""

from typing import Any

import dagster as dg
import msgspec
import pytest
from dagster import DagsterRunStatus
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.db.credentials import accounts as accounts_of
from sync_platform.db.credentials import mark_rejected
from sync_platform.db.webhooks import StoredEvent, stored_events
from sync_platform.defs.event_jobs import handle_mx_events
from sync_platform.defs.sensors import events as events_sensor
from sync_platform.defs.sensors.events import EVENTS_TAG, look, mx_merchant_events
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_notifications import notification
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import ledger_run
from sync_platform.sync.waiting_events import WaitingEvents
from sync_platform.sync.webhooks import new_token, receive
from sync_platform_tests.defs.mx_world import MxWorld


def tick(clinics: MxWorld, cursor: str | None = None) -> dg.SensorResult:
    """One evaluation, which must ask nothing of the source."""
    clinics.server.journal.clear()
    context = dg.build_sensor_context(instance=clinics.instance, resources={"platform": clinics.source}, cursor=cursor)
    result: Any = mx_merchant_events(context)
    assert clinics.calls() == {}
    return result  # type: ignore[no-any-return]


def launch(clinics: MxWorld, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """What the daemon does with a request."""
    return clinics.execute("handle_mx_events", request.tags, request.run_config)


def deliver(clinics: MxWorld, name: str, payment: int, times: int = 1) -> None:
    """The same body again and again."""
    token = new_token(clinics.platform, clinics.tenants[name], "test")
    body = msgspec.json.encode(notification(clinics.server.merchant(name), payment, "PaymentSuccess"))
    for _ in range(times):
        assert receive(clinics.platform, token, body).status == 200


def a_sale(clinics: MxWorld, name: str) -> int:
    """A payment that is in the past now."""
    payment = int(clinics.server.merchant(name).add_sale()["id"])
    clinics.platform.clock.forward(1)  # type: ignore[attr-defined]
    return payment


def events(clinics: MxWorld, name: str) -> list[StoredEvent]:
    with clinics.platform.database.transaction(clinics.tenants[name].id) as conn:
        return stored_events(conn, clinics.tenants[name].id, limit=1000)


def later(clinics: MxWorld, minutes: float) -> None:
    """By the clock of Dagster's instance, whose runs were just made."""
    newest = max((r.create_timestamp.timestamp() for r in clinics.instance.get_run_records()), default=0)
    clinics.platform.clock.forward((newest - clinics.platform.clock().timestamp()) / 60 + minutes)  # type: ignore[attr-defined]


def test_a_storm_of_deliveries_to_two_tenants_is_one_run_and_one_fetch_each(clinics: MxWorld) -> None:
    """MX-24, F-40, DAG-11: and then there is nothing to launch."""
    assert tick(clinics).run_requests == []
    payments = {name: a_sale(clinics, name) for name in ("fir", "yew")}
    for name, payment in payments.items():
        deliver(clinics, name, payment, times=100)
    (request,) = tick(clinics).run_requests or ()
    assert request.run_config["ops"]["handle_events"]["config"] == {"tenants": ["fir", "yew"]}
    assert launch(clinics, request).success
    assert clinics.calls() == {"/payment/{id}": 2, "/invoice/{id}": 2}
    for name, payment in payments.items():
        assert [one.state for one in events(clinics, name)] == ["handled"]
        linked = clinics.rows(name, "select has_invoice from mx_merchant.payments where payment_id = %s", payment)
        assert linked == [(True,)]
    assert tick(clinics).run_requests == []


def test_the_run_key_is_the_same_until_something_changes(clinics: MxWorld) -> None:
    """DAG-11: a tick that is evaluated twice, or whose cursor is lost, launches nothing twice."""
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    keys = {one.run_key for cursor in (None, "", "fir", "zzz") for one in tick(clinics, cursor).run_requests or ()}
    assert len(keys) == 1
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    (after,) = tick(clinics).run_requests or ()
    assert after.run_key not in keys


def test_nothing_is_launched_while_deliveries_are_being_handled(clinics: MxWorld) -> None:
    """DAG-12."""
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    run = clinics.instance.create_run_for_job(handle_mx_events, status=DagsterRunStatus.STARTED)
    assert not tick(clinics).run_requests
    clinics.instance.report_run_failed(run)
    assert tick(clinics).run_requests


def test_what_a_run_that_died_left_behind_is_launched_again_after_a_pause(clinics: MxWorld) -> None:
    """DAG-11, F-46: a run key is spent for ever, so it counts the runs; the pause grows."""
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    (first,) = tick(clinics).run_requests or ()
    died = clinics.instance.create_run_for_job(handle_mx_events, tags=first.tags, status=DagsterRunStatus.STARTED)
    clinics.instance.report_run_failed(died)
    later(clinics, 0.5)
    assert not tick(clinics).run_requests
    later(clinics, 1.5)
    (second,) = tick(clinics).run_requests or ()
    assert second.run_key != first.run_key
    assert second.tags[EVENTS_TAG] == first.tags[EVENTS_TAG]
    assert launch(clinics, second).success
    assert [one.state for one in events(clinics, "fir")] == ["handled"]


def test_a_payment_that_cannot_be_read_fails_the_run_and_waits_for_its_time(clinics: MxWorld) -> None:
    """MX-24: the others are handled; what failed is due later, and then it is launched."""
    good, bad = a_sale(clinics, "fir"), a_sale(clinics, "yew")
    deliver(clinics, "fir", good)
    deliver(clinics, "yew", bad)
    clinics.server.faults.add(Fault(kind="status", path=f"/payment/{bad}"))
    result = launch(clinics, (tick(clinics).run_requests or ())[0])
    assert not result.success
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert "yew" in str(failure.user_failure_data)
    assert [one.state for one in events(clinics, "fir")] == ["handled"]
    assert [one.state for one in events(clinics, "yew")] == ["failed"]
    assert not tick(clinics).run_requests
    clinics.server.faults.clear()
    clinics.platform.clock.forward(2)  # type: ignore[attr-defined]
    (request,) = tick(clinics).run_requests or ()
    assert launch(clinics, request).success
    assert [one.state for one in events(clinics, "yew")] == ["handled"]


def test_a_sync_that_is_under_way_is_not_a_failure_and_the_next_run_handles_it(clinics: MxWorld) -> None:
    """SYS-19."""
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    sync = SyncRequest(clinics.tenants["fir"], "payments", (), "manual", "test", source="mx_merchant")
    entities = ("payments", "invoices", "invoice_items")
    with ledger_run(clinics.platform, sync, "mx_merchant", entities, None, no_progress):
        assert launch(clinics, (tick(clinics).run_requests or ())[0]).success
    assert [one.state for one in events(clinics, "fir")] == ["new"]
    later(clinics, 1.5)
    assert launch(clinics, (tick(clinics).run_requests or ())[0]).success
    assert [one.state for one in events(clinics, "fir")] == ["handled"]


def test_deliveries_to_refused_keys_wait_for_new_ones(clinics: MxWorld) -> None:
    """HTTP-04: no run after run that may not ask."""
    deliver(clinics, "fir", a_sale(clinics, "fir"))
    (account,) = accounts_of(clinics.platform.database, clinics.tenants["fir"].id, "mx_merchant")
    mark_rejected(clinics.platform.database, account, "401")
    assert not tick(clinics).run_requests


def test_by_hand_everybody_is_handled_for_whom_something_waits(clinics: MxWorld) -> None:
    """DAG-11: the launchpad needs no list of tenants."""
    deliver(clinics, "yew", a_sale(clinics, "yew"))
    assert clinics.launch("handle_mx_events", "handle_events").success
    assert [one.state for one in events(clinics, "yew")] == ["handled"]
    assert clinics.rows("fir", "select * from platform.sync_runs") == []


@given(number=st.integers(0, 8), per_tick=st.integers(1, 4))
def test_a_look_around_that_needs_several_ticks_comes_to_everybody(waiting, number, per_tick):
    """DAG-11: a tick ends in time whatever the number of tenants."""
    tenants = [type("T", (), {"slug": f"t{n}"})() for n in reversed(range(number))]
    cursor, seen = "", []
    for _ in range(20):
        ticks = iter(range(1000))
        found, cursor = look(None, tenants, "mx_merchant", cursor, per_tick, lambda: float(next(ticks)))  # noqa: B023
        seen += [one.tenant for one in found]
        if not cursor:
            break
    assert sorted(set(seen)) == sorted(tenant.slug for tenant in tenants)


@pytest.fixture(scope="module")
def waiting():
    """Something waits for everybody."""
    with pytest.MonkeyPatch.context() as patch:
        everybody = lambda _, tenants, __: [WaitingEvents(one.slug, 1, one.slug) for one in tenants]  # noqa: E731
        patch.setattr(events_sensor, "waiting_events", everybody)
        patch.setattr(events_sensor, "AT_ONCE", 2)
        yield
