"""Compare the packages of the job before this one with ours, before people see ours (CMP-18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.compared import ComparisonResult
from sync_platform.db.comparison import ComparisonRequest, compare_entity
from sync_platform.db.field_map import ROWS, package_map
from sync_platform.db.gate import Verdict
from sync_platform.db.old_packages import LonelyRows, lonely_rows, stage_old_packages
from sync_platform.db.tenants import directory
from sync_platform.sync.comparison import ROLE, thresholds, verdicts
from sync_platform.sync.old_packages import OldRead, OldSource, old_lines
from sync_platform.sync.platform import Platform
from sync_platform.transforms.match_decision import NAME_ONLY

#: What the job is known to have done wrong. Such rows count in the rate all the same: only a person can say
#: that this is the reason.
FAULTS: Final[Mapping[str, str]] = {
    "other_person": "another profile has this package: the job linked the wrong person",
    "linked_by_name": "the job linked by name alone; a person is asked about it now",
    "beyond_first_answer": "the customer is not among the first 1,000, and the job read no second page",
    "set_missing": "the job has no package of this profile: never linked, or deleted and not written again",
}
REASONS: Final[Mapping[str, str]] = {
    **FAULTS,
    "expired_or_undated": "the job left out what is expired or has no date; counts for no rate",
    "not_in_crm": "the CRM shows this customer, and no such package any more",
    "not_read": "the packages of this profile were not read yet: sync first",
    "asked_about": "a person is asked who this profile is",
    "not_linked": "nobody is linked to this customer or profile",
    "package_missing": "the job has other packages of this profile, and not this one",
}


@dataclass(frozen=True)
class PackageComparison:
    """``verdicts`` are those of the gate, for the rows and for each field; nothing is promoted by them."""

    result: ComparisonResult
    verdicts: list[Verdict]
    lonely: list[LonelyRows]
    read: OldRead

    @property
    def passed(self) -> bool:
        """Whether ours may be shown instead: every rate under its threshold, and no row of the job unread."""
        return not self.read.rejected and all(verdict.passed for verdict in self.verdicts)

    @property
    def unexplained(self) -> Decimal | None:
        """Percent of the keys that only one side has, without the job's known faults. For information."""
        counted = [one for one in self.lonely if one.reason not in (*FAULTS, "expired_or_undated")]
        return Decimal(100 * sum(one.rows for one in counted)) / self.result.keys if self.result.keys else None


def compare_packages(platform: Platform, tenant: Tenant, source: OldSource, *, actor: str) -> PackageComparison:
    """One snapshot of both sides by profile and package, kept like every comparison (CMP-08). Writes nothing else.

    Raises InvalidRequest or Refused where the job's rows cannot be read, or nobody can say whose they are.
    """
    several = len(directory(platform.database)) > 1
    entity, read = package_map(), OldRead()
    lonely: list[LonelyRows] = []

    def explained(conn: Connection[Any]) -> dict[str, dict[str, int]]:
        lonely.extend(lonely_rows(conn, tenant.id, NAME_ONLY))
        return {
            side: {one.reason: one.rows for one in lonely if one.row_class == side}
            for side in ("only_production", "only_staging")
        }

    with platform.database.transaction(tenant.id, ROLE, one_snapshot=True) as conn:
        lines = list(old_lines(conn, tenant, source, read, several=several))
        read.twice = stage_old_packages(conn, tenant.id, lines)
        rules = platform.settings.cut_over
        request = ComparisonRequest(
            tenant.id,
            entity,
            actor,
            thresholds(platform, conn, entity),
            timedelta(days=rules.soak_days),
            rules.rounding,
            checks=explained,
        )
        result = compare_entity(conn, request)
    # a column that the job never had says nothing against ours
    fields = [ROWS, *(name for name in entity.names if name not in read.missing)]
    return PackageComparison(result, verdicts(platform, tenant, entity.name, fields), lonely, read)
