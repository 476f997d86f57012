"""Comparisons as they are answered: whole, or their rates only (CMP-03 to CMP-08)."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import Field, JsonValue

from sync_platform.api.models import Answer
from sync_platform.db.compared import Against, ComparisonResult, FieldResult
from sync_platform.db.gate import Verdict

#: Tables of production that are compared row by row; ``packages`` are compared with the job before this one.
Table = Literal["customers", "transactions", "transaction_items", "products"]
Entity = Literal["customers", "transactions", "transaction_items", "products", "packages"]
FieldName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$", description="a field of the table, such as phone")]
#: Rows that differ in a field, or that one side lacks.
RowsShown = Literal["different", "staging_null", "only_production", "only_staging"]
_DIGITS = Decimal("0.000001")


class FieldRate(Answer):
    """How much of a field differs, in percent of the compared rows; ``threshold`` is what it has to stay under."""

    field: str
    compared: int
    percent: float | None
    threshold: float
    below_threshold: bool


class ComparisonRates(Answer):
    """The rates of a comparison, for who may see no more of it."""

    entity: str
    snapshot_at: datetime
    compared_keys: int
    percent: float | None = Field(description="keys that only one side has")
    fields: list[FieldRate]


class DifferingPair(Answer):
    """Two values that differ, and in how many rows; personal ones masked."""

    existing: JsonValue
    blaze: JsonValue
    rows: int


class Gate(Answer):
    """Whether a field may be promoted now, and if not, why."""

    field: str
    open: bool
    reasons: list[str]


class FieldShown(FieldRate):
    """A field with every count."""

    against: Against
    equal: int
    different: int
    accepted: int
    production_null: int
    staging_null: int
    both_null: int
    overwriting: int
    difference_sum: Decimal | None
    difference_mean: Decimal | None
    difference_max: Decimal | None
    pairs: list[DifferingPair]


class ComparisonShown(Answer):
    """A comparison with every count, and what the gate says now."""

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
    compared_keys: int
    percent: float | None = Field(description="keys that only one side has")
    consistency: dict[str, dict[str, int]]
    fields: list[FieldShown]
    gate: list[Gate]


class RateThen(Answer):
    """The rate of a field in one comparison."""

    comparison_id: int
    snapshot_at: datetime
    against: Against
    compared: int
    different: int
    accepted: int
    percent: float | None
    threshold: float


class DifferingRow(Answer):
    """One row behind a figure, with both values where a field was named."""

    key: str
    row_class: Literal["both", "only_production", "only_staging"]
    existing: JsonValue = None
    blaze: JsonValue = None


class FieldOfRow(Answer):
    """Both values of one field."""

    field: str
    existing: JsonValue
    blaze: JsonValue
    difference: str = Field(description="equal, different, production_null, staging_null, both_null, or the one side")


class RowSideBySide(Answer):
    """One row as it is now, on both sides."""

    key: str
    row_class: Literal["both", "only_production", "only_staging"]
    origin: str | None
    existing_changed_at: datetime | None
    blaze_changed_at: datetime | None
    blaze_run: int | None
    fields: list[FieldOfRow]


def rates(found: ComparisonResult) -> ComparisonRates:
    """For who sees rates only."""
    return ComparisonRates(
        entity=found.entity,
        snapshot_at=found.snapshot_at,
        compared_keys=found.keys,
        percent=percent(found.rate),
        fields=[FieldRate(**_rate(one)) for one in found.fields],
    )


def whole(found: ComparisonResult, verdicts: list[Verdict]) -> ComparisonShown:
    """Everything but the rows."""
    plain = {name: value for name, value in vars(found).items() if name not in ("fields", "seconds")}
    return ComparisonShown(
        **plain,
        compared_keys=found.keys,
        percent=percent(found.rate),
        fields=[FieldShown(**(vars(one) | _rate(one))) for one in found.fields],
        gate=[Gate(field=one.field, open=one.passed, reasons=list(one.reasons)) for one in verdicts],
    )


def rate_then(row: Mapping[str, Any]) -> RateThen:
    """One point of the history."""
    shown = {name: row[name] for name in ("snapshot_at", "against", "compared", "accepted", "threshold")}
    different = row["different"] + row["overwriting"]
    return RateThen(comparison_id=row["id"], percent=percent(row["percent"]), different=different, **shown)


def side_by_side(row: Mapping[str, Any]) -> RowSideBySide:
    """One row with the fields of both sides."""
    fields = [
        FieldOfRow(
            field=one["field"], existing=shown(one["existing"]), blaze=shown(one["blaze"]), difference=one["class"]
        )
        for one in row["fields"]
    ]
    return RowSideBySide(**{**row, "fields": fields})


def differing(row: Mapping[str, Any]) -> DifferingRow:
    """One row of the list."""
    values = {name: shown(row.get(name)) for name in ("existing", "blaze")}
    return DifferingRow(key=row["key"], row_class=row["row_class"], **values)


def percent(exact: Decimal | None) -> float | None:
    """Six digits after the point."""
    return None if exact is None else float(exact.quantize(_DIGITS))


def shown(value: Any) -> JsonValue:
    """A value of a column as JSON: money and times as text, so that nothing is rounded."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [shown(one) for one in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _rate(one: FieldResult) -> dict[str, Any]:
    below = one.rate is not None and one.rate < one.threshold
    return {
        "field": one.field,
        "compared": one.compared,
        "percent": percent(one.rate),
        "threshold": float(one.threshold),
        "below_threshold": below,
    }
