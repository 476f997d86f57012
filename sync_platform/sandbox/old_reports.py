"""The exports that a shop kept of its old reports: the same shop, as far as such reports still tell the truth."""

import csv
from collections.abc import Sequence
from pathlib import Path

from sync_platform.db.field_map import field_map
from sync_platform.db.legacy import report_columns
from sync_platform.sandbox.decay import Chance, Decay
from sync_platform.sandbox.old_customers import former_members, old_customers
from sync_platform.sandbox.old_products import old_products
from sync_platform.sandbox.old_receipts import Row, old_receipts
from sync_platform.sandbox.report_source import ReportSource


def old_report_rows(source: ReportSource, *, decay: Decay | None = None, seed: int = 2026) -> dict[str, list[Row]]:
    """Rows by table of production, as texts by column; the same for the same shop, moment, decay and seed."""
    chance = Chance(f"{seed}/old reports/{source.name}", decay or Decay())
    former = former_members(source, chance)
    bought = old_receipts(source, chance, former)
    return {
        "customers": old_customers(source, chance, former, bought.spent),
        "transactions": bought.receipts,
        "transaction_items": bought.lines,
        "products": old_products(source, chance),
    }


def write_old_reports(
    source: ReportSource, folder: Path, *, decay: Decay | None = None, seed: int = 2026
) -> dict[str, Path]:
    """Write ``customers.csv`` and so on into ``folder``, which is made where it is missing; paths by table.

    Each file has every column that a report-based shop has. Times are on the shop's clock and name no zone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for table, rows in old_report_rows(source, decay=decay, seed=seed).items():
        paths[table] = folder / f"{table}.csv"
        _write(paths[table], list(report_columns(field_map()[table])), rows)
    return paths


def _write(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
