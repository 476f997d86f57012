"""The demonstration's dropped files: one is imported, one comes back with what to correct (CSV-12, CSV-18)."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sync_platform.cli.stage import Stage
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchRow
from sync_platform.db.import_batches import list_batches
from sync_platform.db.purchase_references import save_mapping
from sync_platform.sandbox.purchase_files import EXPORT, PLAIN, Dialect, Written, write_purchases
from sync_platform.sync.drop_folder import ARCHIVE, REJECTED
from sync_platform.sync.drop_sightings import DONE
from sync_platform.sync.import_references import ReferenceKind, load_reference_file
from sync_platform.sync.imports import import_result
from sync_platform.transforms.purchase_header import header_hash

MERCHANT = "kiez-kontor"
LINES, FIRST_OF_BAD = 3000, 900_001
GOOD, BAD = "till-1.csv", "till-2.csv"
# line of the bad file -> what is wrong there
MADE = {5: "not_a_number", 12: "user_unknown", 20: "not_a_date", 33: "sku_unknown", 47: "thousands_separator"}
_REFERENCES: Mapping[ReferenceKind, tuple[str, list[str]]] = {
    "users": ("user_id", [f"kunde-{n:03}" for n in range(1, 201)]),
    "skus": ("sku_id", [f"artikel-{n:03}" for n in range(1, 81)]),
}
_COLUMNS = ("id", "file_name", "state", "rows", "purchases", "items", "errors")

RunWaiting = Callable[[], Mapping[str, bool]]


@dataclass
class Purchases:
    """What became of two files. ``errors``: line, column, code and what to do; ``put_away``: files by folder."""

    tenant: str = ""
    batches: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    put_away: dict[str, list[str]] = field(default_factory=dict)
    ledger: tuple[int, int] = (0, 0)
    messages: int = 0
    message: str = ""
    checks: dict[str, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        found = ["", f"Purchase files dropped by {self.tenant}, taken by the sensor, imported by its run:"]
        found.append("  " + "  ".join(f"{name:<12}" for name in _COLUMNS).rstrip())
        found += ["  " + "  ".join(f"{one[name]!s:<12}" for name in _COLUMNS).rstrip() for one in self.batches]
        found.append(f"  {GOOD}: semicolons, decimal commas, Windows-1252, columns named in German and mapped once")
        found.append(f"What to correct in {BAD}, of which nothing was written:")
        found += [f"  line {one['line']:<3} {one['column']:<17} {one['message']}" for one in self.errors]
        for place, names in self.put_away.items():
            found += [f"  {place}/{name}" for name in names]
        purchases, items = self.ledger
        told = f"{self.messages} messages in outbox/, such as {self.message}"
        return [*found, f"In the ledger: {purchases} purchases with {items} lines; {told}"]


def play_purchases(ready: Stage, run_waiting: RunWaiting) -> Purchases:
    """Drop two files, have what waits imported by ``run_waiting``, and see what came of them."""
    tenant = ready.by_slug()[MERCHANT]
    found = Purchases(tenant.slug)
    _know_references(ready, tenant)
    folder = ready.folder / "drop" / tenant.slug
    good, _ = _drop(folder / GOOD, EXPORT, 1), _drop(folder / BAD, PLAIN, FIRST_OF_BAD, MADE)
    found.checks |= run_waiting()
    batches = list_batches(ready.platform.database, tenant.id)
    by_name = {batch.file_name: batch for batch in batches}
    found.batches = [{name: getattr(batch, name) for name in _COLUMNS} for batch in reversed(batches)]
    if bad := by_name.get(BAD):
        listed = import_result(ready.platform, tenant, bad.id).errors
        found.errors = [
            {name: getattr(e, name) or "" for name in ("line", "column", "code", "message")} for e in listed
        ]
    found.put_away = {place: sorted(path.name for path in (folder / place).glob("*")) for place in (ARCHIVE, REJECTED)}
    found.ledger = _in_ledger(ready, tenant)
    told = _messages(ready.folder / "outbox")
    found.messages, found.message = len(told), json.dumps(told[0]) if told else ""
    checks = _checks(found, by_name, good, [path.name for path in folder.glob("*") if path.is_file()])
    found.checks |= {f"{MERCHANT}.{name}": passed for name, passed in checks.items()}
    found.problems += [f"purchase files: {name} is not so" for name, passed in found.checks.items() if not passed]
    return found


def _checks(found: Purchases, by_name: Mapping[str, BatchRow], good: Written, left: list[str]) -> dict[str, bool]:
    """Against what was written into the files."""
    states = {name: batch.state for name, batch in by_name.items()}
    listed = {(one["line"], one["code"]) for one in found.errors}
    return {
        "one_file_imported_one_rejected": states == {GOOD: "completed", BAD: "failed"},
        "ledger_is_the_good_file": found.ledger == (good.purchases, good.lines),
        "each_error_on_its_line": set(MADE.items()) <= listed,
        "files_put_away_with_reports": not left and [len(names) for names in found.put_away.values()] == [2, 3],
        "a_message_per_purchase": found.messages == good.purchases,
    }


def _know_references(ready: Stage, tenant: Tenant) -> None:
    """What purchases may name, and how the good file's columns are called."""
    for kind, (column, ids) in _REFERENCES.items():
        file = ready.folder / f"{kind}-{tenant.slug}.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([[column], *([one] for one in ids)])
        load_reference_file(ready.platform, tenant, kind, file)
    save_mapping(ready.platform.database, tenant.id, header_hash(EXPORT.header()), EXPORT.mapping(), "demo")


def _drop(path: Path, dialect: Dialect, first: int, errors: Mapping[int, str] | None = None) -> Written:
    """A file, then its companion: it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (_, users), (_, skus) = _REFERENCES.values()
    with path.open("wb") as out:
        written = write_purchases(
            out, 60 if errors else LINES, users, skus, dialect=dialect, errors=errors, first_number=first
        )
    path.with_name(path.name + DONE).touch()
    return written


def _in_ledger(ready: Stage, tenant: Tenant) -> tuple[int, int]:
    with ready.platform.database.transaction(tenant.id) as conn:
        row = conn.execute(
            b"select (select count(*) from purchases.purchase_ledger),"
            b" (select count(*) from purchases.purchase_items_ledger)"
        ).fetchone() or (0, 0)
    return int(row[0]), int(row[1])


def _messages(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
