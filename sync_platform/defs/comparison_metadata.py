"""What the pages show of a comparison and of production: numbers and names of fields, no value of a row (DAG-06)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import dagster as dg

from sync_platform.db.compared import ComparisonResult
from sync_platform.sync.following import Followed

WORST = 10


def percent(rate: Decimal | None) -> float | None:
    """For people, to a ten-thousandth; the gate decides by the exact one."""
    return None if rate is None else round(float(rate), 4)


def comparison_metadata(result: ComparisonResult) -> dict[str, Any]:
    """One comparison of one tenant, with the fields that differ most."""
    shown: dict[str, Any] = {
        "dagster/partition_row_count": result.matched + result.only_production + result.only_staging,
        "matched": result.matched,
        "only_production": result.only_production,
        "only_staging": result.only_staging,
        "historical": result.historical,
        "seconds": result.seconds,
        "snapshot_at": dg.MetadataValue.timestamp(result.snapshot_at),
        "comparison": result.id,
    }
    if result.rate is not None:
        shown["rate_percent"] = percent(result.rate)
    judged = [field for field in result.fields if field.rate is not None]
    worst = sorted(judged, key=lambda field: field.rate or 0, reverse=True)[:WORST]
    if worst:
        shown["worst_fields"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "field": field.field,
                        "percent": percent(field.rate),
                        "compared": field.compared,
                        "different": field.different + field.overwriting,
                        "below": float(field.threshold),
                        "against": field.against,
                    }
                )
                for field in worst
            ]
        )
    return shown


def following_metadata(followed: Sequence[Followed], rows: int) -> dict[str, Any]:
    """What arrived in the promoted fields of a table; where none is promoted, nothing does."""
    return {
        "dagster/partition_row_count": rows,
        "written": sum(one.written for one in followed),
        "left_alone": sum(one.left_alone for one in followed),
        "promoted_fields": ", ".join(one.field for one in followed) or "none",
    }
