"""When a cron text was last due, in its zone and over its changes of time (DAG-10)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# What Dagster's own schedules tick by: a time that a spring night leaves out is due at the end of the gap, one that an
# autumn night has twice is due the second time only. It is internal: dagster is pinned to one minor release.
from dagster._utils.schedules import reverse_cron_string_iterator


def last_due(cron: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The newest time at or before ``now``, in UTC."""
    # at whole seconds times are found, and the fraction of one is not to hide the time that is just due
    return next(reverse_cron_string_iterator(now.timestamp(), cron, zone.key)).astimezone(UTC)
