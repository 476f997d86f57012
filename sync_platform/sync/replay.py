"""Loads quarantined records again after a fix: from the source by id, or from what is kept of them (SYS-08)."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from sync_platform.core.errors import ContractBroken, CredentialsRejected, InvalidRequest, VendorRejected
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.quarantine import QuarantineItem
from sync_platform.db.quarantine import item as find_item
from sync_platform.sync.accounts import OpenAccount, open_account
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES, SOURCE
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.crm_entities import SOURCE as CRM
from sync_platform.sync.crm_replay import replay_crm
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.loading import Loader
from sync_platform.sync.lookups import ENTITY as LOOKUPS
from sync_platform.sync.lookups import refresh_lookups
from sync_platform.sync.mx_entities import SOURCE as MX_MERCHANT
from sync_platform.sync.mx_replay import replay_merchants
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import single_record
from sync_platform.sync.request import Entity, SyncRequest, no_progress
from sync_platform.sync.running import ledger_run


@dataclass(frozen=True)
class Replayed:
    """Item ids by outcome. Items that are still rejected stay open, with one more try."""

    loaded: tuple[int, ...]
    still_open: tuple[int, ...]
    runs: tuple[int, ...]


def replay(platform: Platform, tenant: Tenant, items: Sequence[QuarantineItem], actor: str) -> Replayed:
    """Replay open items of one tenant. A record with an id is read again from its source: that is its truth now.

    Raises AlreadyRunning where the entity is being written. What the source does to a single record does not stop the
    others.
    """
    known = (SOURCE, MX_MERCHANT, CRM)
    if foreign := [item.id for item in items if item.source not in known or item.state != "open"]:
        raise InvalidRequest(f"items {foreign} cannot be replayed: only open ones of {', '.join(known)} can")
    runs: list[int] = []
    if merchants := [item for item in items if item.source == MX_MERCHANT]:
        runs += replay_merchants(platform, tenant, merchants, actor)
    if of_crm := [item for item in items if item.source == CRM]:
        runs += replay_crm(platform, tenant, of_crm, actor)
    for name in sorted({item.entity for item in items if item.source == SOURCE}):
        mine = [item for item in items if item.entity == name and item.source == SOURCE]
        request = SyncRequest(tenant, cast(Entity, name), (), "replay", actor, full=True)
        if name == LOOKUPS:
            if failed := refresh_lookups(platform, request, no_progress):
                raise failed[0]
        else:
            runs.append(_replay_entity(platform, request, BLAZE_ENTITIES[request.entity], mine))
    now = [find_item(platform.database, tenant.id, item.id) for item in items]
    return Replayed(
        tuple(item.id for item in now if item.state == "replayed"),
        tuple(item.id for item in now if item.state == "open"),
        tuple(runs),
    )


def _replay_entity(
    platform: Platform, request: SyncRequest, entity: SourceEntity, items: Iterable[QuarantineItem]
) -> int:
    with (
        ledger_run(platform, request, SOURCE, entity.ledger_entities, None, no_progress) as (run, _, errors),
        ExitStack() as stack,
    ):
        opened = [
            stack.enter_context(open_account(platform, request.tenant, account, run.calls))
            for account in usable_accounts(platform, request.tenant, SOURCE, scheduled=False)
        ]
        loader = Loader(platform, request, entity, run, "")
        now = platform.clock()
        for item in items:
            run.check()
            if (raw := _record(opened, entity, item)) is not None:
                loader.load_records(single_record(raw), Window(now, now))
    if errors:
        raise errors[0]
    return run.id


def _record(opened: Sequence[OpenAccount], entity: SourceEntity, item: QuarantineItem) -> msgspec.Raw | None:
    """The record as its source has it now; as it was kept where it has no id; None where nobody has it."""
    if item.source_id is None:
        return None if item.raw is None else msgspec.Raw(msgspec.json.encode(item.raw))
    for account in opened:
        by_id: dict[str, Any] = {
            "customers": account.client.member,
            "transactions": account.client.transaction,
            "products": account.client.product,
        }
        try:
            return cast(msgspec.Raw, by_id[entity.name](item.source_id))
        except CredentialsRejected:
            raise
        except (VendorRejected, ContractBroken):  # this record only: it stays open, with what is known of it
            continue
    return None
