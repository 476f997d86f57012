"""Syncs of packages and packages themselves, as the service shows them (API-10, CRM-21)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, ConfigDict, Field

from sync_platform.api.models import Answer, Body
from sync_platform.db.run_row import RunRow


class PackageSyncAsked(Body):
    """Both ways of writing the names are taken, not both at once."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True)

    batch_size: Annotated[
        int,
        Field(ge=1, le=200, validation_alias=AliasChoices("batch_size", "batchSize"), description="also: batchSize"),
    ] = 20
    max_profiles: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            validation_alias=AliasChoices("max_profiles", "maxProfiles"),
            description="null for all; also: maxProfiles",
        ),
    ] = None
    only_new: Annotated[
        bool,
        Field(
            validation_alias=AliasChoices("only_new", "onlyNewProfiles"),
            description="only profiles that never had their packages read; also: onlyNewProfiles",
        ),
    ] = False
    dry_run: Annotated[bool, Field(validation_alias=AliasChoices("dry_run", "dryRun"), description="also: dryRun")] = (
        False
    )


class ProfileProblem(Answer):
    """A profile whose packages could not be read. ``profile_id`` null: the sync as a whole."""

    profile_id: str | None
    code: str
    retryable: bool = Field(description="nothing has to be changed for it")


class PackageSyncResult(Answer):
    """The last sync of all profiles; total = successful + failed + skipped."""

    status: Literal["succeeded", "partial", "failed"]
    total_profiles: int
    successful_profiles: int
    failed_profiles: int
    skipped_profiles: int
    total_packages: int
    errors: list[ProfileProblem] = Field(max_length=100)
    duration_ms: int
    timestamp: datetime


class PackageShown(Answer):
    """One package of a person. Hours and days as the CRM has them; an empty value is not known."""

    package_id: str
    name: str | None
    display_name: str | None
    type: str | None
    state: Literal["active", "expired", "undated"]
    total_hours: Decimal | None
    used_hours: Decimal | None
    remaining_hours: Decimal | None
    first_use_date: date | None
    expiration_date: date | None
    purchased_at: datetime | None
    changed_at: datetime | None


WAITING = frozenset({"VendorUnavailable", "VendorTimeout", "CircuitOpen", "DatabaseUnavailable", "LeaseExpired"})


def package_result(run: RunRow) -> PackageSyncResult:
    """A ledger row, which is the truth."""
    told = run.report.get("packages", {})
    errors = [ProfileProblem.model_validate(one) for one in told.get("errors", [])]
    if run.error_class and not errors:
        errors = [ProfileProblem(profile_id=None, code=run.error_class, retryable=run.error_class in WAITING)]
    ended = run.finished_at or run.started_at
    return PackageSyncResult.model_validate(
        {
            "status": run.state,
            "total_profiles": told.get("total", 0),
            "successful_profiles": told.get("succeeded", 0),
            "failed_profiles": told.get("failed", 0),
            "skipped_profiles": told.get("skipped", 0),
            "total_packages": told.get("packages", 0),
            "errors": errors,
            "duration_ms": told.get("duration_ms", round((ended - run.started_at).total_seconds() * 1000)),
            "timestamp": ended,
        }
    )
