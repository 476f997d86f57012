"""Finds tenants that stopped syncing, whatever runs or does not run (DAG-11, OPS-02)."""

import time
from collections.abc import Callable, Sequence

import dagster as dg
from pydantic import BaseModel, Field

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.blaze import ASSETS, asset_key
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform
from sync_platform.sync.quality import freshness

SECONDS = 6.0  # a tick has to end within 10 s (DAG-11)
LISTED = 50
TABLES = tuple(table for asset in ASSETS for table in asset.tables)


def _lists() -> dict[str, list[tuple[str, str]]]:
    return {table: [] for table in TABLES}


class Survey(BaseModel):
    """A pass over all tenants, the sensor's cursor. ``after`` is the last tenant judged: new ones may come between.

    ``stale`` has per table the first tenants found, as (slug, finding); ``failing`` counts all of them.
    """

    after: str = ""
    judged: int = 0
    failing: dict[str, int] = Field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    stale: dict[str, list[tuple[str, str]]] = Field(default_factory=_lists)

    @classmethod
    def resumed(cls, cursor: str | None) -> "Survey":
        """From a cursor; a new pass where there is none, or one of another release."""
        try:
            found = cls.model_validate_json(cursor or "{}")
        except ValueError:
            return cls()
        return found if set(found.failing) == set(TABLES) == set(found.stale) else cls()

    def add(self, platform: Platform, tenant: Tenant) -> None:
        """Judge one tenant."""
        for table, finding in zip(TABLES, freshness(platform, tenant, TABLES), strict=True):
            if not finding.passed:
                self.failing[table] += 1
                if len(self.stale[table]) < LISTED:
                    self.stale[table].append((tenant.slug, finding.detail))
        self.after = tenant.slug
        self.judged += 1

    def evaluation(self, table: str) -> dg.AssetCheckEvaluation:
        """The check of one table over all tenants."""
        rows = [dg.TableRecord({"tenant": slug, "finding": detail}) for slug, detail in self.stale[table]]
        return dg.AssetCheckEvaluation(
            asset_key=asset_key(table),
            check_name="freshness",
            passed=not self.failing[table],
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"tenants": self.judged, "failing": self.failing[table]}
            | ({"findings": dg.MetadataValue.table(rows)} if rows else {}),
        )


def survey(
    platform: Platform, tenants: Sequence[Tenant], begun: Survey, seconds: float, elapsed: Callable[[], float]
) -> bool:
    """Go on with a pass for at most ``seconds``, by slug. Returns whether it is complete."""
    started = elapsed()
    for tenant in sorted(tenants, key=lambda tenant: tenant.slug):
        if tenant.slug <= begun.after:
            continue
        if elapsed() - started > seconds:
            return False
        begun.add(platform, tenant)
    return True


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def blaze_freshness(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SensorResult:
    """Reports the ``freshness`` check of each table over all active tenants, failing with the names of stale ones.

    What does not fit into one tick is done in the next ones; the verdict is told at the end of the pass.
    """
    now = Survey.resumed(context.cursor)
    with platform.open() as opened:
        tenants = directory(opened.database)
        complete = survey(opened, tenants, now, SECONDS, time.monotonic)
    if not complete:
        return dg.SensorResult(
            skip_reason=f"{now.judged} of {len(tenants)} tenants judged", cursor=now.model_dump_json()
        )
    if not now.judged:
        return dg.SensorResult(skip_reason="there is no active tenant", cursor="")
    return dg.SensorResult(asset_events=[now.evaluation(table) for table in TABLES], cursor="")
