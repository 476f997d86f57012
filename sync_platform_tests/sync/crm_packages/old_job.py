"""The rows that the job before this one would have stored of a club, faults at will."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from sync_platform.db.old_packages import old_columns
from sync_platform_tests.sync.crm_packages.club import Club, first

Row = dict[str, str]
_CURRENT = {
    "package_name": ("package_name_from_def", "package_name"),
    "package_display_name": ("package_display_name_from_def", "package_display_name"),
    "package_type": ("package_type_from_def", "package_type_name"),
    "total_hours": ("package_total_hours_from_def", "total_hours"),
    "pax": ("package_pax_from_def", "pax"),
    "validity_period": ("package_validity_period_from_def",),
    "first_use_date": ("first_use_date",),
    "expiration_date": ("expiration_date",),
    "remaining_hours": ("calculated_remaining_hours", "remaining_hours"),
    "used_hours": ("calculated_used_hours", "used_hours"),
    "purchased_at": ("created_at_for_purchase_date",),
}


def old_rows(club: Club, mapped: Mapping[str, str], today: str) -> list[Row]:
    """What the job had if it had linked everybody as we do: nothing that is expired or has no date."""
    rows = []
    for profile, stable_hash_id in mapped.items():
        for record in club.project.packages_of(stable_hash_id):
            if (record["expiration_date"] or "") < today:
                continue
            values = {name: first(record, *names) for name, names in _CURRENT.items()}
            row = {name: "" if value is None else str(value) for name, value in values.items()}
            person = {"profile_id": profile, "stable_hash_id": stable_hash_id}
            rows.append(
                {**person, "crm_package_id": str(record["id"]), "customer_name": record["customer_name"], **row}
            )
    return rows


def write_rows(path: Path, rows: Iterable[Mapping[str, str]], columns: Iterable[str] = ()) -> Path:
    """As a CSV file."""
    names = list(columns) or list(old_columns())
    with path.open("w", newline="", encoding="utf-8") as file:
        written = csv.DictWriter(file, names, extrasaction="ignore")
        written.writeheader()
        written.writerows(rows)
    return path
