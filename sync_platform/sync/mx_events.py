"""Handles what MX Merchant delivered: each payment is read once from the API and loaded as usual (MX-23, MX-24)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.retry import Item
from sync_platform.db.webhooks import DueEvent, due_events, mark_failed, mark_handled
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.events_handled import EventsHandled, run_of_events
from sync_platform.sync.mx_accounts import OpenMerchant, open_merchant
from sync_platform.sync.mx_details import fetch_details
from sync_platform.sync.mx_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.mx_merchant import payment_loader, require_whole
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, no_progress
from sync_platform.sync.running import Run


@dataclass
class _Tally:
    handled: int = 0
    failed: int = 0
    missing: dict[Item, str] = field(default_factory=dict)


def events_waiting(platform: Platform, tenant: Tenant) -> int:
    """How many events of a tenant are due; at most as many as one run takes."""
    return len(_due(platform, tenant))


def handle_events(
    platform: Platform,
    tenant: Tenant,
    actor: str,
    *,
    dagster_run_id: str | None = None,
    on_progress: OnProgress = no_progress,
) -> EventsHandled:
    """Read the payments that events name, each once however many events name it, and load them with their invoices.

    No value of an event's body goes anywhere. An event is handled in the transaction of its payment's data, so a crash
    before leaves it waiting, and none after repeats it (F-46). Never raises for a source: the result and the ledger
    tell; an event that failed waits longer each time.
    """
    due = _due(platform, tenant)
    if not due:
        return EventsHandled()
    request = SyncRequest(tenant, "payments", (), "event", actor, dagster_run_id, source=SOURCE)
    tally = _Tally()

    def handle(run: Run) -> None:
        usable = usable_accounts(platform, tenant, SOURCE, scheduled=True)
        known = {account.account for account in usable}
        lost = {event.id: "its account is not active" for event in due if event.account not in known}
        _note_failed(platform, tenant, run, lost, tally)
        for account in usable:
            mine = [event for event in due if event.account == account.account]
            if mine:
                with open_merchant(platform, account, run.calls) as opened:
                    _handle(platform, request, run, opened, mine, tally)
        require_whole(tally.missing)

    result = run_of_events(platform, request, LEDGER_ENTITIES, handle, on_progress)
    return EventsHandled(result, tally.handled, tally.failed)


def _due(platform: Platform, tenant: Tenant) -> list[DueEvent]:
    limit = platform.settings.mx_merchant.events_per_run
    now = platform.clock()
    return platform.database.run(lambda conn: due_events(conn, tenant.id, SOURCE, now, limit), tenant.id)


def _handle(
    platform: Platform,
    request: SyncRequest,
    run: Run,
    opened: OpenMerchant,
    events: Sequence[DueEvent],
    tally: _Tally,
) -> None:
    """In slices of payments, like batches."""
    by_payment: dict[int, list[int]] = {}
    for event in events:
        by_payment.setdefault(int(event.subject), []).append(event.id)
    mx = platform.settings.mx_merchant
    payments = list(by_payment)
    with payment_loader(platform, request, run, opened, details=True) as loader:
        for start in range(0, len(payments), mx.batch_payments):
            asked = payments[start : start + mx.batch_payments]
            fetched = fetch_details(run, opened.client.payment, asked, mx.detail_workers)
            problems = {event: why for payment, why in fetched.missing.items() for event in by_payment[payment]}
            _note_failed(platform, request.tenant, run, problems, tally)
            settled = [event for payment in fetched.records for event in by_payment[payment]]
            if settled:
                loader.load_details(list(fetched.records.values()), _marker(platform, request.tenant, run, settled))
                tally.handled += len(settled)
    tally.missing |= loader.missing


def _marker(platform: Platform, tenant: Tenant, run: Run, events: Sequence[int]) -> Any:
    now = platform.clock()

    def mark(conn: Connection[Any]) -> None:
        mark_handled(conn, tenant.id, events, run.id, now)

    return mark


def _note_failed(platform: Platform, tenant: Tenant, run: Run, problems: Mapping[int, str], tally: _Tally) -> None:
    """At once, and by itself: other events are not waited for."""
    if not problems:
        return
    now, tries = platform.clock(), platform.settings.mx_merchant.event_tries
    platform.database.run(lambda conn: mark_failed(conn, tenant.id, problems, run.id, now, tries), tenant.id)
    tally.failed += len(problems)
