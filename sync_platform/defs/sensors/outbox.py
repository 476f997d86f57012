"""Delivers messages that wait, whoever wrote them and whatever failed before (CSV-19, DAG-11)."""

import dagster as dg

from sync_platform.core.errors import ConfigurationError
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.outbox import deliver_all

SECONDS = 3.0  # after which no call is begun; one lasts up to 5 s, and a tick has to end within 10 s (DAG-11)


@dg.sensor(minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def outbox_messages(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SkipReason:
    """In the tick itself: a run would begin too late."""
    with platform.open() as opened:
        try:
            sent = deliver_all(opened, seconds=SECONDS)
        except ConfigurationError as error:
            return dg.SkipReason(f"messages wait: {error}")
    return dg.SkipReason(f"{sent.delivered} messages delivered, {sent.failed} failed, {sent.left} not tried")
