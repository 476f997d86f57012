"""What a person fills in at the launchpad to promote a field or to take it back; it holds no secret (SEC-22)."""

from enum import Enum

import dagster as dg
from pydantic import Field


class FieldOfTenant(dg.Config):
    """Which field of whom, and whether to write."""

    tenant: str = Field(description="Slug of the tenant, such as corner-shop.")
    field: str = Field(
        description="Table and field, such as customers.phone; customers.rows are whole rows that only Blaze has."
    )
    dry_run: bool = Field(
        default=True,
        description="Only say what would happen, on the page of this run and of the asset. Set it to false to do it.",
    )


class PromoteField(FieldOfTenant):
    """Replace a field of production by what Blaze says."""

    override_reason: str | None = Field(
        default=None, description="Go through a closed gate, for this reason. It is kept in the audit log."
    )
    include_edited: bool = Field(
        default=False, description="Also replace what somebody changed in production since the comparison."
    )


class ChangedSince(Enum):
    """What becomes of values that changed after the promotion."""

    restore = "restore"
    keep = "keep"


class RollBackField(FieldOfTenant):
    """Restore what a promotion replaced."""

    changed_since: ChangedSince = Field(
        default=ChangedSince.restore,
        description="Values that changed after the promotion: restore them as if there had been none, or keep them.",
    )
