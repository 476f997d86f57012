"""Loads quarantined records of MX Merchant again: from the source by id, or from what is kept of them (SYS-08)."""

from collections.abc import Iterable, Sequence

import msgspec

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.quarantine import QuarantineItem
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.mx_accounts import OpenMerchant, open_merchant
from sync_platform.sync.mx_details import fetch_details
from sync_platform.sync.mx_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.mx_merchant import payment_loader
from sync_platform.sync.mx_work import INVOICES
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import single_record
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import Run, ledger_run


def replay_merchants(platform: Platform, tenant: Tenant, items: Sequence[QuarantineItem], actor: str) -> list[int]:
    """Replay items of any entity in one run, whose id is returned. Raises AlreadyRunning and what stops an account.

    An id is asked for at each of the tenant's merchants: the quarantine does not know whose it is.
    """
    request = SyncRequest(tenant, "payments", (), "replay", actor, source=SOURCE)
    with ledger_run(platform, request, SOURCE, LEDGER_ENTITIES, None, no_progress) as (run, _, errors):
        for account in usable_accounts(platform, tenant, SOURCE, scheduled=False):
            with open_merchant(platform, account, run.calls) as opened:
                _replay(platform, request, run, opened, items)
    if errors:
        raise errors[0]
    return [run.id]


def _replay(
    platform: Platform, request: SyncRequest, run: Run, opened: OpenMerchant, items: Sequence[QuarantineItem]
) -> None:
    payments = _ids(item for item in items if item.entity == "payments")
    invoices = _ids(item for item in items if item.entity == "invoices")
    kept = [item for item in items if item.entity == "payments" and item.source_id is None and item.raw is not None]
    workers = platform.settings.mx_merchant.detail_workers
    with payment_loader(platform, request, run, opened, details=True) as loader:
        found = fetch_details(run, opened.client.payment, payments, workers)
        for raw in found.records.values():  # one by one: the same record may be rejected again
            loader.load_details([raw], lambda _: None)
        loader.load_due([(INVOICES, str(invoice)) for invoice in invoices])
    if kept:
        now = platform.clock()
        with payment_loader(platform, request, run, opened, details=True) as loader:
            for item in kept:
                record = single_record(msgspec.Raw(msgspec.json.encode(item.raw)))
                loader.load_records(record, Window(now, now))


def _ids(items: Iterable[QuarantineItem]) -> list[int]:
    return [int(item.source_id) for item in items if item.source_id and item.source_id.isdecimal()]
