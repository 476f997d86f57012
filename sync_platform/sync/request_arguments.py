"""What each kind of request is asked with. Stored as JSON, so that any worker of any process reads the same."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.field_map import ROWS, mapped_entity
from sync_platform.sync.request import ENTITIES, Entity, Mode, Source

MAX_DAYS = 366
MAX_ITEMS = 200
ProfileId = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=500)]

#: What may be asked of each source.
ENTITIES_OF: dict[Source, tuple[Entity, ...]] = {
    "blaze": ENTITIES,
    "mx_merchant": ("payments",),
    "crm": ("packages",),
}


class Arguments(BaseModel):
    """Nothing that is not known, and nothing without bounds (API-06)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ManualSync(Arguments):
    """Entities of one source, in this order (API-11). Without days: what changed since the last run.

    ``newest`` of MX Merchant's payments: 1 to 100, in an emergency 1,000.
    """

    source: Source
    entities: tuple[Entity, ...] = Field(min_length=1, max_length=3)
    first_day: date | None = None
    last_day: date | None = None
    newest: int | None = Field(default=None, ge=1, le=1000)
    mode: Mode = "normal"
    reason: Reason | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _served(self) -> Self:
        if unknown := [name for name in self.entities if name not in ENTITIES_OF[self.source]]:
            raise ValueError(f"{self.source} has {', '.join(ENTITIES_OF[self.source])}, not {unknown[0]}")
        if len(set(self.entities)) < len(self.entities):
            raise ValueError("an entity is named twice")
        if self.mode == "emergency" and self.reason is None:
            raise ValueError("the mode `emergency` needs a reason of at least 3 characters")
        if self.newest is not None and self.source != "mx_merchant":
            raise ValueError(f"{self.source} is read by days; only mx_merchant takes a number of transactions")
        if self.mode == "normal" and (self.newest or 0) > 100:
            raise ValueError("the mode `normal` reads 100 transactions at most")
        return self._days()

    def _days(self) -> Self:
        first, last = self.first_day, self.last_day
        if last is not None and first is None:
            raise ValueError("the last day needs a first day")
        if first is not None and last is not None and last < first:
            raise ValueError("the last day is before the first")
        if first is not None and last is not None and (last - first).days >= MAX_DAYS:
            raise ValueError(f"at most {MAX_DAYS} days at once")
        if first is not None and self.source == "crm":
            raise ValueError("packages are read as they are now; leave out the days")
        return self


class PackageSync(Arguments):
    """Packages of many profiles (API-10, CRM-13, CRM-14)."""

    batch_size: int = Field(default=20, ge=1, le=200)
    max_profiles: int | None = Field(default=None, ge=1, le=1_000_000)
    only_new: bool = False
    dry_run: bool = False


class OwnPackages(Arguments):
    """A person's own (CRM-21): the turn of this minute was taken already, at ``taken_at``."""

    profile_id: ProfileId
    taken_at: str = Field(max_length=40)


class _FieldOf(Arguments):
    entity: str = Field(min_length=1, max_length=63)
    field: str = Field(min_length=1, max_length=63)

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            entity = mapped_entity(self.entity)
            if self.field != ROWS:
                entity.field(self.field)
        except InvalidRequest as error:
            raise ValueError(str(error)) from None
        return self


class Promotion(_FieldOf):
    """A field into production (CMP-11). ``override_reason``: through a closed gate; the caller has made sure that the
    person may."""

    override_reason: Reason | None = None
    include_edited: bool = False


class Rollback(_FieldOf):
    """A promotion taken back (CMP-15)."""

    changed_since: Literal["restore", "keep"] = "restore"


class Replay(Arguments):
    """Records of the quarantine, loaded again (SYS-08)."""

    items: tuple[int, ...] = Field(min_length=1, max_length=MAX_ITEMS)


ARGUMENTS: dict[str, type[Arguments]] = {
    "sync.manual": ManualSync,
    "crm.packages": PackageSync,
    "crm.refresh_own": OwnPackages,
    "promotion": Promotion,
    "promotion.preview": Promotion,
    "rollback": Rollback,
    "rollback.preview": Rollback,
    "quarantine.replay": Replay,
}
