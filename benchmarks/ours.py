"""The sync itself, as people run it: ``sync-platform sync blaze`` over the whole history, in a process of its own."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.children import Measured
from benchmarks.server_state import reading
from benchmarks.stage import Stage
from sync_platform.sandbox.spec import ShopSpec


@dataclass(frozen=True)
class SyncRun:
    """``rows`` and ``wal_mb`` are PostgreSQL's own count; ``counters`` the ledger's, per entity."""

    measured: Measured
    rows: int
    wal_mb: float
    counters: dict[str, dict[str, int]]

    @property
    def seconds(self) -> float:
        """Wall clock of the process, interpreter start included."""
        return self.measured.seconds


def add_tenant(stage: Stage, url: str, spec: ShopSpec, base_url: str) -> None:
    """The tenant of a shop, under the shop's name."""
    stage.tenant(
        url, spec.name, zone=spec.zone, base_url=base_url, partner_key=spec.partner_key, shop_key=spec.shop_key
    )


def sync_all(stage: Stage, url: str, spec: ShopSpec, now: datetime) -> SyncRun:
    """Read the whole history and the whole catalogue."""
    today = now.astimezone(spec.tz).date() + timedelta(days=1)
    days = ["--from", spec.first_day.isoformat(), "--to", today.isoformat(), "--full"]
    return sync(stage, url, spec, days)


def sync(stage: Stage, url: str, spec: ShopSpec, days: list[str]) -> SyncRun:
    """One command. Without ``days``: what changed since the last one."""
    before = reading(url)
    measured = stage.command(["sync", "blaze", "--tenant", spec.name, *days, "--json"], stage.environment(url))
    after = reading(url)
    counters = {run["entity"]: run["counters"] for result in json.loads(measured.output) for run in result["runs"]}
    return SyncRun(measured, after.rows - before.rows, (after.wal - before.wal) / 1e6, counters)
