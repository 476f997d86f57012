"""What a tenant sets for itself: its name, who is at risk and a VIP, the gate, when packages are read (TEN-01)."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.core.cron_text import check_cron
from sync_platform.core.errors import InvalidRequest, Refused, UnknownTenant
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.credentials import SourceAccount, note_settings
from sync_platform.db.field_map import ROWS, mapped_entity, split_field
from sync_platform.db.queries import query
from sync_platform.db.tenants import check_name
from sync_platform.db.thresholds import Thresholds, check_thresholds
from sync_platform.sync.crm_times import CRON
from sync_platform.sync.platform import Platform

CRM = "crm"
MAX_GATE_THRESHOLDS = 200


class ChangedMeanwhile(Refused):
    """Somebody else changed it after it was read. Read it again, then decide again."""


@dataclass(frozen=True)
class TenantSettings:
    """``gate_thresholds``: percent by field such as ``customers.phone``, in place of the platform's (CMP-05).

    ``crm_cron`` is blank for the platform's time. Zone and country are not here: what is stored was worked out with
    them.
    """

    name: str
    thresholds: Thresholds = field(default_factory=Thresholds)
    gate_thresholds: Mapping[str, Decimal] = field(default_factory=dict)
    crm_cron: str = ""

    def plain(self) -> dict[str, Any]:
        """For hashes and the audit: numbers as texts, one way to write each."""
        own = {name: f"{value:f}" for name, value in asdict(self.thresholds).items() if isinstance(value, Decimal)}
        gate = {name: f"{Decimal(value).normalize():f}" for name, value in sorted(self.gate_thresholds.items())}
        return {
            "name": self.name,
            "thresholds": {**asdict(self.thresholds), **own},
            "gate_thresholds": gate,
            "crm_cron": self.crm_cron,
        }

    @property
    def version(self) -> str:
        """Changes with every change."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()[:32]


def settings_in(conn: Connection[Any], tenant_id: UUID, *, lock: bool = False) -> TenantSettings:
    """The settings as they are; locked until the end of the transaction for who changes them. Raises UnknownTenant."""
    row = conn.execute(query("tenants", "settings_locked" if lock else "settings"), {"tenant_id": tenant_id}).fetchone()
    if row is None:
        raise UnknownTenant("there is no such tenant; `sync-platform tenant list` shows all")
    name, stored = row
    known = {one: stored[one] for one in asdict(Thresholds()) if stored.get(one) is not None}
    if "vip_value" in known:
        known["vip_value"] = Decimal(str(known["vip_value"]))
    gate = {label: Decimal(str(value)) for label, value in stored.get("thresholds", {}).items()}
    cron = next((str(one.settings[CRON]) for one in _crm_accounts(conn, tenant_id) if one.settings.get(CRON)), "")
    return TenantSettings(name, Thresholds(**known), gate, cron)


def change_settings(
    platform: Platform,
    tenant: Tenant,
    wanted: TenantSettings,
    expected: str,
    actor: str,
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> TenantSettings:
    """Replace the settings, if they are still of the version that was ``expected``.

    Raises ChangedMeanwhile where they are not, InvalidRequest for what cannot be set.
    """
    wanted = replace(wanted, name=check_name(wanted.name), crm_cron=wanted.crm_cron.strip())
    check_thresholds(wanted.thresholds)
    _check_gate(wanted.gate_thresholds)
    if wanted.crm_cron:
        check_cron(wanted.crm_cron)

    def work(conn: Connection[Any]) -> TenantSettings:
        before = settings_in(conn, tenant.id, lock=True)
        if before.version != expected:
            raise ChangedMeanwhile("somebody changed the settings after they were read; read them again")
        if wanted.crm_cron != before.crm_cron:
            _set_cron(conn, tenant.id, wanted.crm_cron)
        values = {"tenant_id": tenant.id, "name": wanted.name, **asdict(wanted.thresholds)}
        gate = {label: float(value) for label, value in wanted.gate_thresholds.items()}
        conn.execute(query("tenants", "change_settings"), {**values, "gate": json.dumps(gate)})
        after = settings_in(conn, tenant.id)
        changed = sorted(name for name, value in after.plain().items() if value != before.plain()[name])
        audit(
            conn,
            tenant.id,
            actor,
            "tenant.settings",
            tenant.slug,
            {"changed": changed},
            request_id=request_id,
            address=address,
            before=before.plain(),
            after=after.plain(),
        )
        return after

    return platform.database.run(work, tenant.id)


def _check_gate(thresholds: Mapping[str, Decimal]) -> None:
    if len(thresholds) > MAX_GATE_THRESHOLDS:
        raise InvalidRequest(f"at most {MAX_GATE_THRESHOLDS} fields have a threshold of their own")
    for label, percent in thresholds.items():
        entity, name = split_field(label)
        if name != ROWS:
            mapped_entity(entity).field(name)
        if not (percent.is_finite() and 0 < percent <= 100):
            raise InvalidRequest(f"the threshold of {label} is above 0 and at most 100 percent")


def _set_cron(conn: Connection[Any], tenant_id: UUID, cron: str) -> None:
    found = _crm_accounts(conn, tenant_id)
    if not found:
        raise InvalidRequest("there is no account at the CRM to read at a time of its own; set its credentials first")
    for account in found:
        note_settings(conn, account, {CRON: cron})


def _crm_accounts(conn: Connection[Any], tenant_id: UUID) -> list[SourceAccount]:
    rows: Callable[..., Any] = conn.cursor(row_factory=class_row(SourceAccount)).execute
    found: list[SourceAccount] = rows(
        query("credentials", "accounts"), {"tenant_id": tenant_id, "source": CRM}
    ).fetchall()
    return found
