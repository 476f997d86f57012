"""A tenant: one customer company of the platform (TEN-01)."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

TenantState = Literal["active", "suspended", "closing"]

SLUG = re.compile(r"[a-z0-9-]{2,40}")


@dataclass(frozen=True)
class Tenant:
    """``slug`` is the partition key and the name on the command line; ``id`` is what row security compares."""

    id: UUID
    slug: str
    name: str
    zone_name: str
    country: str
    state: TenantState = "active"

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose calendar days are this tenant's business days."""
        return ZoneInfo(self.zone_name)


def valid_slug(slug: str) -> bool:
    """TEN-01: 2 to 40 of ``a-z 0-9 -``. Never part of SQL text or of a path (TEN-10)."""
    return SLUG.fullmatch(slug) is not None
