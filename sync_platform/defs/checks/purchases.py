"""Asset checks of imported purchases: what was read is accounted for, totals and references hold (DAG-20)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.defs.checks.synced import check_result
from sync_platform.sync.finding import CheckName, Scope
from sync_platform.sync.import_quality import IMPORT_CHECKS, judge_imports
from sync_platform.sync.platform import Platform

DESCRIPTIONS: Mapping[CheckName, str] = {
    "accounting": "Lines read = lines inserted + skipped + rejected, of every import, and the ledger has just those.",
    "totals": "Amounts are the sum of their lines less discount plus tax; lines are quantity times price.",
    "references": "Users and SKUs of all purchases are known, and no purchase is without lines.",
}
# an import is refused for each of these: where one is found, something else has written to the ledger
ERRORS: frozenset[CheckName] = frozenset(DESCRIPTIONS)
BLOCKING: frozenset[CheckName] = frozenset({"accounting"})


def purchase_check_specs(asset: dg.AssetKey, table: str) -> list[dg.AssetCheckSpec]:
    """Specs of the checks of a table."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=DESCRIPTIONS[name], blocking=name in BLOCKING)
        for name in IMPORT_CHECKS[table]
    ]


def purchase_check_results(
    platform: Platform,
    assets: Mapping[str, dg.AssetKey],
    days: Mapping[Tenant, Sequence[date]],
    chosen: Collection[dg.AssetCheckKey],
) -> Iterator[dg.AssetCheckResult]:
    """Judge the days of a run's tenants."""
    names = [
        (table, name)
        for table, key in assets.items()
        for name in IMPORT_CHECKS[table]
        if dg.AssetCheckKey(key, name) in chosen
    ]
    # the framework stops the step at a blocking check that fails: the others have to be told by then
    for table, name in sorted(names, key=lambda one: one[1] in BLOCKING):
        findings = [
            finding
            for tenant, own in days.items()
            for finding in judge_imports(platform, Scope(tenant, table, min(own), max(own), None), [name])
        ]
        yield check_result(assets[table], name, findings, ERRORS)
