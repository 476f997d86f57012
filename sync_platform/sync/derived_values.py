"""Works the derived values of some customers out a second time, beside the view that people read (DAG-20)."""

from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.comparison import ROLE
from sync_platform.sync.platform import Platform

SAMPLE = 200


@dataclass(frozen=True)
class Agreement:
    """``customers`` were worked out again; ``differing`` names those for whom the view says something else, with the
    names of the values that differ. Member ids are nobody's personal data; values are not told."""

    tenant: str
    customers: int
    differing: dict[str, list[str]]


def derived_agreement(platform: Platform, tenant: Tenant, sample: int = SAMPLE) -> Agreement:
    """Compare ``analytics.customer_metrics`` with a second implementation, for other customers in each hour.

    All rows are read in one snapshot: what is promoted meanwhile makes no difference.
    """
    # here: pandas, which nobody else needs who reads tables
    from sync_platform.transforms.derived_values import Values, production_totals, values_of

    bound: dict[str, Any] = {"tenant": tenant.id, "size": sample}
    with platform.database.transaction(tenant.id, ROLE, one_snapshot=True) as conn:
        rows = conn.cursor(row_factory=dict_row)
        viewed = rows.execute(query("production", "derived_sample"), bound).fetchall()
        bound["members"] = [row["member_id"] for row in viewed]
        receipts = rows.execute(query("production", "derived_receipts"), bound).fetchall()
        shops = rows.execute(query("production", "derived_shops"), bound).fetchall()
        own = rows.execute(query("production", "derived_tenant"), bound).fetchone()
    if own is None or not viewed:
        return Agreement(tenant.slug, 0, {})
    totals = production_totals(receipts, shops, {own["id"]: ZoneInfo(own["zone"])})
    second = values_of(own, viewed, totals, viewed[0]["at"])
    names = [value.name for value in fields(Values)]
    differing = {
        row["member_id"]: wrong
        for row in viewed
        if (wrong := [name for name in names if row[name] != getattr(second[row["member_id"]], name)])
    }
    return Agreement(tenant.slug, len(viewed), differing)
