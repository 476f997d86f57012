"""Which days of a tenant's calendar a sync is asked for, from the options of the command."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant

MAX_DAYS = 365

Days = Annotated[int | None, typer.Option(min=1, max=MAX_DAYS, help="The last N days, today included.")]
First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; today.")]


@dataclass(frozen=True)
class AskedDays:
    """``--days``, ``--from`` and ``--to`` as they were typed. Raises InvalidRequest where they exclude each other."""

    days: int | None
    first: datetime | None
    last: datetime | None

    def __post_init__(self) -> None:
        if self.days is not None and (self.first or self.last):
            raise InvalidRequest("give --days or --from and --to, not both")
        if self.last is not None and self.first is None:
            raise InvalidRequest("--to needs --from")

    @property
    def given(self) -> bool:
        """Whether there is any such option."""
        return self.days is not None or self.first is not None

    def of(self, tenant: Tenant, now: datetime) -> tuple[date, date]:
        """Inclusive, in the tenant's calendar. Without any option: today, which goes on from the cursor."""
        today = now.astimezone(tenant.zone).date()
        if self.days is not None:
            return today - timedelta(days=self.days - 1), today
        if self.first is None:
            return today, today
        end = self.last.date() if self.last else today
        if end < self.first.date():
            raise InvalidRequest(f"--from {self.first.date()} is after --to {end}")
        return self.first.date(), end
