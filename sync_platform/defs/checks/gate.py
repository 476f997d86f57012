"""The gate of every field as an asset check, one result for all tenants of a run (DAG-20, CMP-11).

docs/decisions/0013-gate-checks.md says when a closed gate is an error and when a warning.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.db.field_map import ROWS, field_map
from sync_platform.db.gate import Verdict
from sync_platform.defs.assets.cut_over import production_key
from sync_platform.defs.assets.work import SCHEDULE_TAG
from sync_platform.defs.checks.tenants import tenants_of_check
from sync_platform.defs.comparison_metadata import percent
from sync_platform.defs.rate_chart import POINTS, rate_chart
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.comparison import history, newest, verdicts
from sync_platform.sync.platform import Platform

PREFIX = "gate_"
LISTED = 10  # kept with every evaluation


@dataclass(frozen=True)
class Judged:
    """Verdict of one field for one tenant."""

    tenant: Tenant
    verdict: Verdict


def gate_checks() -> Sequence[dg.AssetChecksDefinition]:
    """For each table of production: ``gate_rows``, and one check per field of the field map."""
    return [_checks_of(table) for table in field_map()]


def gate_specs(table: str) -> list[dg.AssetCheckSpec]:
    """Blocking: in a run that builds upon production, nothing is built where a gate is closed."""
    entity = field_map()[table]
    texts = {ROWS: f"Few rows of {table} are on one side only."}
    for field in entity.fields:
        texts[field.name] = f"Production and Blaze agree on {field.name}, and it may be promoted now."
    return [
        dg.AssetCheckSpec(PREFIX + name, asset=production_key(table), description=text, blocking=True)
        for name, text in texts.items()
    ]


def _checks_of(table: str) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=f"{PREFIX}{table}", specs=gate_specs(table), can_subset=True)
    def gate(
        context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[PlatformSource]
    ) -> Iterator[dg.AssetCheckResult]:
        chosen = {key.name.removeprefix(PREFIX) for key in context.selected_asset_check_keys}
        names = [name for name in (ROWS, *field_map()[table].names) if name in chosen]
        with platform.open() as opened:
            judged, never = _ask(opened, tenants_of_check(context, opened), table, names)
            closed = dg.AssetCheckSeverity.WARN if SCHEDULE_TAG in context.run.tags else dg.AssetCheckSeverity.ERROR
            for name in names:
                yield _result(opened, table, name, judged[name], never, closed)

    return gate


def _ask(
    platform: Platform, tenants: Sequence[Tenant], table: str, names: Sequence[str]
) -> tuple[Mapping[str, list[Judged]], list[str]]:
    """Verdicts by field; and who was never compared or has nothing that could be replaced: nobody judges them."""
    judged: dict[str, list[Judged]] = {name: [] for name in names}
    never: list[str] = []
    for tenant in tenants:
        found = verdicts(platform, tenant, table, names)
        if not found[0].production_rows:
            never.append(tenant.slug)
            continue
        for verdict in found:
            judged[verdict.field].append(Judged(tenant, verdict))
    return judged, never


def _result(
    platform: Platform,
    table: str,
    name: str,
    judged: Sequence[Judged],
    never: Sequence[str],
    closed: dg.AssetCheckSeverity,
) -> dg.AssetCheckResult:
    failing = [one for one in judged if not one.verdict.passed]
    metadata: dict[str, Any] = {"tenants": len(judged), "failing": len(failing)}
    if never:
        metadata["nothing_to_judge"] = ", ".join(never[:LISTED]) + (
            f" and {len(never) - LISTED} more" * (len(never) > LISTED)
        )
    if failing:
        metadata["failing_tenants"] = dg.MetadataValue.table([_record(one) for one in failing[:LISTED]])
    rated = [one for one in failing or judged if one.verdict.rate is not None]
    if rated:
        worst = max(rated, key=lambda one: one.verdict.rate or 0)
        threshold = float(worst.verdict.threshold or 0)
        metadata |= {
            "worst_tenant": worst.tenant.slug,
            "worst_percent": percent(worst.verdict.rate),
            "compared_rows": worst.verdict.compared,
            "below_percent": threshold,
            "rate_over_time": rate_chart(_rates(platform, worst.tenant, table, name), threshold, worst.tenant.slug),
        }
    if not judged:
        text = "no tenant of the run has production that was compared"
    elif failing:
        text = f"closed for {len(failing)} of {len(judged)} tenants"
    else:
        text = f"open for {len(judged)} tenants"
    return dg.AssetCheckResult(
        asset_key=production_key(table),
        check_name=PREFIX + name,
        passed=bool(judged) and not failing,
        severity=closed if failing else dg.AssetCheckSeverity.WARN,  # nobody judged: nothing is known to be wrong
        description=text,
        metadata=metadata,
    )


def _record(one: Judged) -> dg.TableRecord:
    verdict = one.verdict
    return dg.TableRecord(
        {
            "tenant": one.tenant.slug,
            "percent": percent(verdict.rate),
            "below": None if verdict.threshold is None else float(verdict.threshold),
            "compared": verdict.compared,
            "why": "; ".join(verdict.reasons)[:300],
        }
    )


def _rates(platform: Platform, tenant: Tenant, table: str, name: str) -> list[float]:
    """Oldest first. Comparisons of some days only are not among them: they open no gate."""
    if name == ROWS:
        found = [result.rate for result in reversed(newest(platform, tenant, table, POINTS))]
    else:
        found = [row["percent"] for row in history(platform, tenant, table, name, POINTS)]
    return [float(rate) for rate in found if rate is not None]
