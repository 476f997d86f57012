"""Day x tenant: the partitions of every synced table (design: partitions, runs, scale)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from sync_platform.core.tenant import Tenant
from sync_platform.settings import load_settings

TENANTS = "tenants"
TENANT_PARTITIONS = dg.DynamicPartitionsDefinition(name=TENANTS)

# The zone that reaches a date first: with end_offset=1 no tenant's today is ever missing.
FIRST_ZONE = "Pacific/Kiritimati"

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"

# A day's last sales arrive after midnight: for so long its partition is still filled by the schedules.
OPEN_AFTER_MIDNIGHT = timedelta(hours=2)
LONGEST_QUEUE = timedelta(hours=6)


def day_tenant(first_day: date) -> dg.MultiPartitionsDefinition:
    """The partitions from ``first_day`` on. Keys read ``2026-11-21|sunset-supply``."""
    days = dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), timezone=FIRST_ZONE, end_offset=1)
    return dg.MultiPartitionsDefinition({"day": days, "tenant": TENANT_PARTITIONS})


DAY_TENANT = day_tenant(load_settings().first_day)


@dataclass(frozen=True)
class PartitionKey:
    """One business day of one tenant."""

    day: date
    tenant: str

    @classmethod
    def parse(cls, text: str) -> "PartitionKey":
        """From Dagster's text: dimensions in the order of their names."""
        day, _, tenant = text.partition("|")
        return cls(date.fromisoformat(day), tenant)

    def __str__(self) -> str:
        return f"{self.day.isoformat()}|{self.tenant}"

    @property
    def multi(self) -> dg.MultiPartitionKey:
        """As Dagster wants it in events."""
        return dg.MultiPartitionKey({"day": self.day.isoformat(), "tenant": self.tenant})


def tenants_of_run(tags: Mapping[str, str], present: Sequence[str]) -> list[str] | None:
    """Tenants of a run by its tags, whether its partitions are days of tenants or tenants; None where it has none.

    A range reaches over the tenants between its ends in ``present``, the partition set; of one with an unknown end
    at least the ends are known.
    """
    if PARTITION in tags:
        return [_tenant(tags[PARTITION])]
    if RANGE_START not in tags or RANGE_END not in tags:
        return None
    first, last = _tenant(tags[RANGE_START]), _tenant(tags[RANGE_END])
    if first in present and last in present:
        return list(present[present.index(first) : present.index(last) + 1])
    return [first, last]


def _tenant(key: str) -> str:
    return key.rpartition("|")[2]


def by_tenant(keys: Iterable[PartitionKey]) -> dict[str, list[date]]:
    """Days per tenant, in order."""
    days: dict[str, list[date]] = {}
    for key in keys:
        days.setdefault(key.tenant, []).append(key.day)
    return {tenant: sorted(set(found)) for tenant, found in days.items()}


def open_days(tenant: Tenant, now: datetime) -> list[date]:
    """The days that schedules keep filling: the tenant's today, and yesterday for the first hours after midnight."""
    local = now.astimezone(tenant.zone)
    before = (now - OPEN_AFTER_MIDNIGHT).astimezone(tenant.zone).date()
    return sorted({before, local.date()})


def snapshot_range(tenants: Iterable[Tenant], now: datetime) -> tuple[date, date]:
    """First and last day that may be a tenant's today when a run of ``now`` begins: it may wait in the queue."""
    last = now.astimezone(ZoneInfo(FIRST_ZONE)).date()  # no tenant is further
    days = {min(moment.astimezone(one.zone).date(), last) for one in tenants for moment in (now, now + LONGEST_QUEUE)}
    return min(days), max(days)


def range_tags(first: date, last: date, tenants: list[str]) -> dict[str, str]:
    """Tags of one run over a chunk of tenants, which have to be neighbours in the order of addition."""
    return {
        RANGE_START: str(PartitionKey(first, tenants[0])),
        RANGE_END: str(PartitionKey(last, tenants[-1])),
    }
