"""Clubs with a CRM behind Dagster: their projects in one stand-in, their tenants, an instance."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from psycopg.types.json import Jsonb

from sync_platform_tests.defs.world import SourceWorld
from sync_platform_tests.sync.crm_packages.club import Club

NIGHTLY = {"dagster/schedule_name": "crm_packages_daily"}


@dataclass
class CrmWorld(SourceWorld):
    """``clubs`` have a CRM, ``tenants`` are all."""

    clubs: dict[str, Club] = field(default_factory=dict)
    group = "crm"

    def later(self, minutes: float) -> None:
        """By the clock of the platform."""
        self.platform.clock.forward(minutes)  # type: ignore[attr-defined]

    def set(self, name: str, **settings: Any) -> None:
        """Settings of the club's account, past what the command would let through."""
        self.change(name, "update platform.tenant_sources set settings = settings || %s", Jsonb(settings))


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    """What the page shows of a run that failed: its reason and its metadata."""
    [failure] = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    return str(failure.user_failure_data)


def finding(evaluation: Any) -> dict[str, Any]:
    """The first line of a check's table."""
    return dict(evaluation.metadata["findings"].records[0].data)
