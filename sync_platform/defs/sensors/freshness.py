"""Finds tenants that stopped syncing, whatever runs or does not run (DAG-11, OPS-02)."""

import time
from collections.abc import Callable, Sequence

import dagster as dg
from pydantic import BaseModel, Field

from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.assets import blaze, crm, mx_merchant
from sync_platform.defs.checks.synced import table_of
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform
from sync_platform.sync.quality import freshness

SECONDS = 6.0  # a tick has to end within 10 s (DAG-11)
LISTED = 50
FETCHES = (*blaze.FETCHES, *mx_merchant.FETCHES, *crm.FETCHES)
KEYS = {table_of(key): key for fetch in FETCHES for key in fetch.assets.values()}
TABLES = tuple(KEYS)


class Stale(BaseModel):
    """What is known of a table: tenants judged, how many of them are stale, and the first ones as (slug, finding)."""

    judged: int = 0
    failing: int = 0
    named: list[tuple[str, str]] = Field(default_factory=list)


def _all_tables() -> dict[str, Stale]:
    return {table: Stale() for table in TABLES}


class Survey(BaseModel):
    """A pass over all tenants, the sensor's cursor. ``after`` is the last tenant judged: new ones may come between.

    A table is judged for the tenants who have an account at its source.
    """

    after: str = ""
    judged: int = 0
    tables: dict[str, Stale] = Field(default_factory=_all_tables)

    @classmethod
    def resumed(cls, cursor: str | None) -> "Survey":
        """From a cursor; a new pass where there is none, or one of another release."""
        try:
            found = cls.model_validate_json(cursor or "{}")
        except ValueError:
            return cls()
        return found if set(found.tables) == set(TABLES) else cls()

    def add(self, platform: Platform, tenant: Tenant) -> None:
        """Judge one tenant."""
        for table, finding in freshness(platform, tenant, TABLES).items():
            stale = self.tables[table]
            stale.judged += 1
            if not finding.passed:
                stale.failing += 1
                if len(stale.named) < LISTED:
                    stale.named.append((tenant.slug, finding.detail))
        self.after = tenant.slug
        self.judged += 1

    def evaluations(self) -> list[dg.AssetCheckEvaluation]:
        """The check of each table that somebody has, over all its tenants."""
        return [_evaluation(table, stale) for table, stale in self.tables.items() if stale.judged]


def _evaluation(table: str, stale: Stale) -> dg.AssetCheckEvaluation:
    rows = [dg.TableRecord({"tenant": slug, "finding": detail}) for slug, detail in stale.named]
    return dg.AssetCheckEvaluation(
        asset_key=KEYS[table],
        check_name="freshness",
        passed=not stale.failing,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"tenants": stale.judged, "failing": stale.failing}
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
def table_freshness(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SensorResult:
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
    if not (found := now.evaluations()):
        return dg.SensorResult(skip_reason="there is no active tenant with an account", cursor="")
    return dg.SensorResult(asset_events=found, cursor="")
