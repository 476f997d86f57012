"""The second half of the demonstration: old reports in production, one field refused, one promoted and taken back."""

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from psycopg import sql

from sync_platform.cli.stage import Stage
from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.field_map import SCHEMA, field_map
from sync_platform.sandbox.old_reports import write_old_reports
from sync_platform.sandbox.report_source import served_sources
from sync_platform.sync.comparison import compare
from sync_platform.sync.legacy import load_report
from sync_platform.sync.promotion import PromotionRequest, promote, roll_back

REFUSED, PROMOTED = "email", "phone"


@dataclass
class CutOver:
    """What happened to one tenant. ``rates`` are percent by field of customers; None where nothing was compared."""

    tenant: str = ""
    loaded: dict[str, int] = field(default_factory=dict)
    rates: dict[str, Decimal | None] = field(default_factory=dict)
    refused: str = ""
    promoted: int = 0
    restored: int = 0
    same_bytes: bool = False
    problems: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        rates = {name: None if rate is None else str(round(rate, 2)) for name, rate in self.rates.items()}
        return {**vars(self), "rates": rates}

    def lines(self) -> list[str]:
        """For people."""
        loaded = ", ".join(f"{count} {table}" for table, count in self.loaded.items())
        shown = [f"{name} {rate:.1f} %" for name, rate in self.rates.items() if rate]
        same = "as before" if self.same_bytes else "NOT as before"
        return [
            "",
            f"Cut-over of {self.tenant}: its old reports are production now ({loaded})",
            f"  differs from Blaze: {', '.join(shown[:8])}",
            f"  customers.{REFUSED} refused: {self.refused}",
            f"  customers.{PROMOTED} promoted: {self.promoted} rows, each old value in the ledger",
            f"  customers.{PROMOTED} taken back: {self.restored} rows, every byte of the table {same}",
        ]


def play_cut_over(ready: Stage, url: str) -> CutOver:
    """Load the reports of the first tenant, compare, be refused, promote, roll back."""
    source = served_sources(url, ready.platform.clock())[0]
    tenant = ready.by_slug()[source.slug]
    found = CutOver(tenant.slug)
    files = write_old_reports(source, ready.folder / "old_reports" / source.slug)
    for table in field_map():
        report = load_report(ready.platform, tenant, table, files[table])
        found.loaded[table] = report.inserted
        if report.rejected:
            found.problems.append(f"{report.rejected} lines of {files[table].name} were rejected")
    (result, *_) = compare(ready.platform, tenant, actor="demo")
    found.rates = {one.field: one.rate for one in result.fields}
    try:
        promote(ready.platform, _request(tenant, REFUSED))
        found.problems.append(f"the gate let customers.{REFUSED} through")
    except Refused as refusal:
        found.refused = str(refusal).partition(": ")[2]
    before = _checksum(ready, tenant)
    found.promoted = promote(ready.platform, _request(tenant, PROMOTED)).written
    if not found.promoted or _checksum(ready, tenant) == before:
        found.problems.append(f"promoting customers.{PROMOTED} changed nothing")
    found.restored = roll_back(ready.platform, _request(tenant, PROMOTED)).written
    found.same_bytes = _checksum(ready, tenant) == before
    if not found.same_bytes:
        found.problems.append("the rollback did not bring back every byte")
    return found


def _request(tenant: Tenant, name: str) -> PromotionRequest:
    return PromotionRequest(tenant, "customers", name, "demo")


def _checksum(ready: Stage, tenant: Tenant) -> str:
    statement = sql.SQL("select c::text from {} c order by member_id").format(sql.Identifier(SCHEMA, "customers"))
    with ready.platform.database.transaction(tenant.id) as conn:
        return hashlib.sha256("\n".join(row[0] for row in conn.execute(statement)).encode()).hexdigest()
