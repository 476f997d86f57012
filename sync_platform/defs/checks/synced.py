"""Asset checks of synced tables: one result per check and table for all tenants of a run, naming who fails (DAG-20)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.sync.crm_counts import package_counts
from sync_platform.sync.finding import CheckName, Finding, Scope
from sync_platform.sync.mx_counts import closed_day_counts
from sync_platform.sync.platform import Platform
from sync_platform.sync.quality import CHECKS_OF, judge

DESCRIPTIONS: dict[CheckName, str] = {
    "accounting": "fetched = inserted + updated + unchanged + stale + duplicates + quarantined, in every ledger row.",
    "rejects": "At most 5 % of the records of the last run are in quarantine.",
    "freshness": "The last successful sync is not older than its objective.",
    "volume": "A closed day has between 30 % and 300 % of the rows of the 14 days before it.",
    "uniqueness": "Nothing is stored under two keys.",
    "references": "Receipts have all their lines; customers, vendors and details of invoices are known.",
    "drift": "The source sends what it documents; a required field is never missing in over 1 % of a page.",
    "orphans": "Linked payments and lines fit an invoice that is there; an invoice has all its lines.",
    "linkage": "At least 80 % of the payments that name an invoice number belong to an invoice.",
    "unresolved_numbers": "Few of the invoice numbers of the last month are found nowhere, run after run.",
    "closed_day_counts": "Of closed days as many payments are stored as the source counts. One call per tenant.",
    "ownership": "Every package is of the customer that its profile is linked to.",
    "mapping_rate": "Enough of the active profiles are linked to a customer; see CRM__MIN_MAPPING_RATE.",
    "review_backlog": "Not too many matches wait for a person, and none for too long.",
    "package_counts": "As many packages are stored of some customers as the CRM counts. One call per tenant.",
}

# What must not be built upon; the others are worth a look.
ERRORS: frozenset[CheckName] = frozenset({"accounting", "rejects", "ownership"})
BLOCKING: frozenset[CheckName] = frozenset({"accounting"})
# Those that ask the source: after all others, and not within a transaction.
CALLING: dict[CheckName, Callable[[Platform, Sequence[Scope], Mapping[str, Sequence[date]]], list[Finding]]] = {
    "closed_day_counts": closed_day_counts,
    "package_counts": package_counts,
}
LISTED = 20


def table_of(asset: dg.AssetKey) -> str:
    """``blaze.customers``: a table as it is named where sources share names."""
    return ".".join(asset.path)


def check_specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Specs of all checks of a table."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=DESCRIPTIONS[name], blocking=name in BLOCKING)
        for name in CHECKS_OF[table_of(asset)]
    ]


def check_results(
    platform: Platform,
    asset: dg.AssetKey,
    tenants: Sequence[Tenant],
    days: Mapping[str, Sequence[date]],
    dagster_run: str,
    chosen: Collection[dg.AssetCheckKey],
) -> Iterator[dg.AssetCheckResult]:
    """Judge the days of the tenants of a run. Tenants whose sync failed are judged as well: by what is stored."""
    table = table_of(asset)
    names = tuple(name for name in CHECKS_OF[table] if dg.AssetCheckKey(asset, name) in chosen)
    if not names:
        return
    scopes = [
        Scope(tenant, table, own[0], own[-1], dagster_run) for tenant in tenants if (own := days.get(tenant.slug))
    ]
    stored = [name for name in names if name not in CALLING]
    findings = [finding for scope in scopes for finding in judge(platform, scope, stored)]
    for name in names:
        if name in CALLING:
            findings += CALLING[name](platform, scopes, days)
    # the framework stops the step at a blocking check that fails: the others have to be told by then
    for name in sorted(names, key=lambda name: name in BLOCKING):
        yield check_result(asset, name, [finding for finding in findings if finding.check == name])


def check_result(
    asset: dg.AssetKey, name: CheckName, findings: Sequence[Finding], errors: Collection[CheckName] = ERRORS
) -> dg.AssetCheckResult:
    """One result for the findings of a check; a failure is an error for checks that are among ``errors``."""
    bad = [finding for finding in findings if not finding.passed]
    shown = (bad or list(findings))[:LISTED]
    rows = [
        dg.TableRecord({"tenant": f.tenant, "bad": f.bad, "judged": f.judged, "finding": f.detail[:300]}) for f in shown
    ]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if name in errors else dg.AssetCheckSeverity.WARN,
        description=f"{len(bad)} of {len(findings)} tenants fail" if bad else f"{len(findings)} tenants pass",
        metadata={"tenants": len(findings), "failing": len(bad), "findings": dg.MetadataValue.table(rows)}
        if rows
        else {"tenants": 0, "failing": 0},
    )
