"""What the demonstration prints: where every record went, and whether the tables say what the source says."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sync_platform.cli.demo_clinics import Clinics
from sync_platform.cli.demo_clubs import Clubs
from sync_platform.cli.demo_cut_over import CutOver
from sync_platform.cli.demo_purchases import Purchases
from sync_platform.cli.stage import Stage
from sync_platform.cli.stand_in import ask_stand_in
from sync_platform.core.window import start_of_day
from sync_platform.db.run_row import RunRow

# table -> the stand-in's name for it
SOURCES = {"customers": "members", "transactions": "transactions", "products": "products"}
COLUMNS = ("fetched", "inserted", "updated", "unchanged", "stale", "duplicate_in_batch", "quarantined")


@dataclass(frozen=True)
class Row:
    """A ledger row of a tenant."""

    tenant: str
    run: RunRow

    @property
    def rows_per_second(self) -> int:
        """Records fetched per second of the entity's own run; lines share the time of their receipts."""
        finished = self.run.finished_at
        seconds = (finished - self.run.started_at).total_seconds() if finished else 0
        return round(self.run.fetched / seconds) if seconds else 0

    @property
    def planned_calls(self) -> int | None:
        """Where the source plans them (MX-08)."""
        return (self.run.report or {}).get("planned_calls")


@dataclass
class DemoReport:
    """Collects what happened; ``good`` is False as soon as anything is off."""

    runs: list[list[Row]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)
    comparison: list[tuple[str, str, int, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    clinics: Clinics = field(default_factory=Clinics)
    clubs: Clubs = field(default_factory=Clubs)
    purchases: Purchases = field(default_factory=Purchases)
    cut_over: CutOver = field(default_factory=CutOver)

    @property
    def good(self) -> bool:
        """Whether everything is as it has to be."""
        return not self.problems

    def add_run(self, rows: list[Row], checks: dict[str, bool]) -> None:
        """Judge a run: it succeeded, every ledger row balances, every check passed, the second one wrote nothing."""
        number = len(self.runs) + 1
        self.runs.append(rows)
        self.checks = checks
        self.problems += [f"run {number}: {name} failed" for name, passed in checks.items() if not passed]
        for row in rows:
            what = f"run {number}: {row.tenant} {row.run.entity}"
            if row.run.state != "succeeded":
                self.problems.append(f"{what} is {row.run.state}: {row.run.error_message}")
            if not row.run.counters.balanced:
                self.problems.append(f"{what} does not balance")
            if number > 1 and row.run.entity == "payments" and _details(row):
                self.problems.append(f"{what} read {_details(row)} details again")
            if number == 1 and not row.run.counters.inserted:
                self.problems.append(f"{what} inserted nothing")
            if number > 1 and row.run.counters.written:
                self.problems.append(f"{what} wrote {row.run.counters.written} rows again")

    def compare_with_source(self, ready: Stage, url: str) -> None:
        """Count records at the source and rows in the tables, of the days that were read."""
        tenants = ready.by_slug()
        for slug, spec in ready.tenants.items():
            tenant = tenants[slug]
            start = int(start_of_day(ready.days[0], tenant.zone).timestamp() * 1000)
            with ready.platform.database.transaction(tenant.id) as conn:
                for table, entity in SOURCES.items():
                    address = f"{url}/_sandbox/truth?shop={quote(spec.name)}&entity={entity}"
                    records = ask_stand_in(address)
                    source = sum(1 for r in records if entity != "members" or r["modified"] >= start)
                    counted = conn.execute(f"select count(*) from blaze.{table}").fetchone()  # noqa: S608
                    stored = int(counted[0]) if counted else 0
                    self.comparison.append((slug, table, source, stored))
                    if source != stored:
                        self.problems.append(f"{slug}: {source} {entity} at the source, {stored} in blaze.{table}")

    def add_clinics(self, clinics: Clinics) -> None:
        """What was found at MX Merchant."""
        self.clinics = clinics
        self.problems += clinics.problems

    def add_clubs(self, clubs: Clubs) -> None:
        """What was found at the CRM, and its checks beside those of the assets."""
        self.clubs = clubs
        self.checks = self.checks | clubs.checks
        self.problems += clubs.problems

    def add_purchases(self, purchases: Purchases) -> None:
        """What became of dropped files, and their checks beside the others."""
        self.purchases = purchases
        self.checks = self.checks | {f"import_purchases.{name}": passed for name, passed in purchases.checks.items()}
        self.problems += purchases.problems

    def add_cut_over(self, cut_over: CutOver) -> None:
        """What the second half found."""
        self.cut_over = cut_over
        self.problems += cut_over.problems

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "good": self.good,
            "problems": self.problems,
            "runs": [[{"tenant": row.tenant, **_shown(row)} for row in rows] for rows in self.runs],
            "checks": self.checks,
            "clinics": self.clinics.as_data(),
            "clubs": self.clubs.as_data(),
            "purchases": self.purchases.as_data(),
            "cut_over": self.cut_over.as_data(),
            "source_and_tables": [
                {"tenant": tenant, "table": table, "source": source, "stored": stored}
                for tenant, table, source, stored in self.comparison
            ],
        }

    def text(self, seconds: float) -> str:
        """For people."""
        lines: list[str] = []
        for number, rows in enumerate(self.runs, start=1):
            lines += ["", f"Run {number}: fetched = inserted + updated + unchanged + stale + duplicates + quarantined"]
            for row in rows:
                c = row.run.counters
                fates = (c.inserted, c.updated, c.unchanged, c.stale, c.duplicate_in_batch, c.quarantined)
                identity = f"{c.fetched:>6} = " + " + ".join(f"{fate:>5}" for fate in fates)
                planned = f", {row.planned_calls} planned" if row.planned_calls is not None else ""
                calls = f"{row.run.api_calls:>4} calls {row.rows_per_second:>7} rows/s{planned}"
                lines.append(f"  {row.tenant:<16} {row.run.entity:<18} {identity}  {calls}")
        lines += ["", "The source's own count and ours:"]
        for tenant, table, source, stored in self.comparison:
            lines.append(
                f"  {tenant:<16} {table:<18} {source:>6} {stored:>6}  {'same' if source == stored else 'DIFFERENT'}"
            )
        lines += [*self.clinics.lines(), *self.clubs.lines(), *self.purchases.lines(), *self.cut_over.lines()]
        passed = sum(1 for result in self.checks.values() if result)
        lines += ["", f"{passed} of {len(self.checks)} checks and runs passed; {seconds:.0f} s in all."]
        lines += [f"OFF: {problem}" for problem in self.problems]
        lines += ["To look at it in the Dagster UI: make up"] if self.good else []
        return "\n".join(lines)


def _details(row: Row) -> int:
    """Calls for single invoices."""
    return sum((row.run.calls or {}).get("/invoice/{id}", {}).values())


def _shown(row: Row) -> dict[str, Any]:
    counters = row.run.counters.as_dict()
    numbers = {name: counters[name] for name in COLUMNS}
    return {
        "entity": row.run.entity,
        "state": row.run.state,
        **numbers,
        "api_calls": row.run.api_calls,
        "planned_calls": row.planned_calls,
        "rows_per_second": row.rows_per_second,
    }
