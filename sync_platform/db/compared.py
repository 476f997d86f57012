"""What a comparison finds, as plain values (CMP-03 to CMP-05)."""

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Against = Literal["production", "before"]

# CMP-20: what has to be 0 in staging before anything may be promoted; the other counts are told and do not stop
BLOCKING_CHECKS = ("lines_without_receipt", "receipts_without_lines", "without_key")


@dataclass(frozen=True)
class FieldResult:
    """One field. ``different`` is without those that are accepted; ``threshold`` in percent.

    ``overwriting`` counts values that a missing one of staging would clear. ``against`` is ``before`` while a promotion
    soaks: then the values that it replaced are compared (CMP-14).
    """

    field: str
    compared: int
    equal: int
    different: int
    accepted: int
    production_null: int
    staging_null: int
    both_null: int
    overwriting: int
    threshold: Decimal
    against: Against = "production"
    difference_sum: Decimal | None = None
    difference_mean: Decimal | None = None
    difference_max: Decimal | None = None
    pairs: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def rate(self) -> Decimal | None:
        """Percent of the compared rows, exact (CMP-05); None where nothing could be compared."""
        return Decimal(100 * (self.different + self.overwriting)) / self.compared if self.compared else None


@dataclass(frozen=True)
class ComparisonResult:
    """One entity. ``historical`` rows are also counted as those of their one side, and count for no rate (CMP-05)."""

    id: int
    entity: str
    snapshot_at: datetime
    first_day: date | None
    last_day: date | None
    production_rows: int
    staging_rows: int
    matched: int
    only_production: int
    only_staging: int
    historical: int
    consistency: dict[str, dict[str, int]]
    seconds: float
    fields: tuple[FieldResult, ...] = ()

    @property
    def keys(self) -> int:
        """Keys that the rate of the entity is taken of."""
        return self.matched + self.only_production + self.only_staging - self.historical

    @property
    def rate(self) -> Decimal | None:
        """Percent of the keys that only one side has, exact (CMP-05)."""
        lonely = self.only_production + self.only_staging - self.historical
        return Decimal(100 * lonely) / self.keys if self.keys else None
