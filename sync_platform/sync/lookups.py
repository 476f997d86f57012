"""Names for ids: vendors, employees, brands, categories, terminals and the shop itself (HTTP-09, BLZ-24)."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from psycopg import Connection

from sync_platform.core.content_hash import content_hash
from sync_platform.core.counters import Counters
from sync_platform.core.errors import AlreadyRunning, SyncError
from sync_platform.core.reject import Reject
from sync_platform.db.blaze_names import rename_vendors
from sync_platform.db.blaze_tables import LOOKUPS
from sync_platform.db.copy_text import copy_line
from sync_platform.db.cursors import complete_window, read_cursor
from sync_platform.db.merge import MergeScope, lock_tables, merge
from sync_platform.db.quarantine import store_rejects
from sync_platform.sync.accounts import OpenAccount, open_account, remember_shop
from sync_platform.sync.blaze_entities import SOURCE
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest
from sync_platform.sync.running import Run, ledger_run
from sync_platform.transforms import blaze_rows
from sync_platform.transforms.blaze_records import Lookup
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.loaded import Loaded

ENTITY = "lookups"
KINDS = ("vendors", "employees", "brands", "categories", "terminals")
SHOPS = "shops"


def refresh_lookups(platform: Platform, request: SyncRequest, on_progress: OnProgress) -> list[SyncError]:
    """Refresh the lookups that are older than a day (setting). A failure is in the ledger and returned; it is for the
    caller to say whether it can go on without names. Nothing is done while another run refreshes them."""
    accounts = usable_accounts(platform, request.tenant, SOURCE, scheduled=request.kind == "scheduled")
    due = [account for account in accounts if request.full or _due(platform, request, account.account)]
    if not due:
        return []
    errors: list[SyncError] = []
    with (
        suppress(AlreadyRunning),
        ledger_run(platform, request, SOURCE, (ENTITY,), None, on_progress) as (run, _, found),
    ):
        errors = found
        for account in due:
            with open_account(platform, request.tenant, account, run.calls) as opened:
                for kind in (*KINDS, SHOPS):
                    run.check()
                    records = _records(opened, kind)
                    _refresh(platform, request, run, kind, records)
                    if kind == SHOPS and records:
                        remember_shop(platform, opened, records[0])
                _done(platform, request, run, account.account)
    return errors


def _due(platform: Platform, request: SyncRequest, account: str) -> bool:
    place = (request.tenant.id, SOURCE, ENTITY, account)
    cursor = platform.database.run(lambda conn: read_cursor(conn, *place), request.tenant.id)
    max_age = timedelta(hours=platform.settings.sync.lookup_hours)
    return cursor.watermark is None or platform.clock() - cursor.watermark >= max_age


def _records(opened: OpenAccount, kind: str) -> list[dict[str, Any]]:
    if kind != SHOPS:
        return opened.client.lookup(kind)
    shop = opened.client.store().get("shop")
    return [shop] if isinstance(shop, dict) else []


def _refresh(platform: Platform, request: SyncRequest, run: Run, kind: str, records: list[dict[str, Any]]) -> None:
    """Unchanged lookups are equal by content hash and not written (HTTP-09)."""
    raws = [msgspec.Raw(msgspec.json.encode(record)) for record in records]
    hashes = [content_hash(raw) for raw in raws]
    loaded, rejects = _decoder(kind).rows(raws, hashes)
    latest: dict[str, Loaded] = {row.key: row for row in loaded}
    read = Counters(fetched=len(records), quarantined=len(rejects), duplicate_in_batch=len(loaded) - len(latest))
    scope = MergeScope(request.tenant.id, request.tenant.zone_name, run.id)
    lines = [copy_line(row.row) for row in latest.values()]

    def write(conn: Connection[Any]) -> Counters:
        lock_tables(conn, request.tenant.id, LOOKUPS)
        counted = read + merge(conn, LOOKUPS, lines, scope).counters
        if kind == "vendors":
            rename_vendors(conn, scope)
        if rejects:
            store_rejects(conn, request.tenant.id, SOURCE, ENTITY, run.id, _named(kind, rejects))
        run.count(conn, kind, [counted])
        return counted

    run.counted(kind, run.write(write))


def _named(kind: str, rejects: list[Reject]) -> list[Reject]:
    """Ids of different kinds may be equal: the quarantine knows a lookup by both."""
    return [replace(reject, source_id=f"{kind}/{reject.record_key}") for reject in rejects]


def _decoder(kind: str) -> RecordDecoder[Lookup]:
    return RecordDecoder(Lookup, lambda record, content_hash: blaze_rows.lookup(record, content_hash, kind))


def _done(platform: Platform, request: SyncRequest, run: Run, account: str) -> None:
    now = platform.clock()
    place = (request.tenant.id, SOURCE, ENTITY, account)
    platform.database.run(lambda conn: complete_window(conn, *place, watermark=now, run_id=run.id), request.tenant.id)
