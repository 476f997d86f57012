"""The demonstration's booking businesses with a CRM: who is which customer, and their packages (CRM-05 to CRM-20)."""

import csv
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sync_platform.cli.matches import SIDES
from sync_platform.cli.stage import Stage
from sync_platform.cli.stand_in import ask_stand_in
from sync_platform.core.redact import masked
from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import list_runs
from sync_platform.db.match_reviews import Review
from sync_platform.db.matches import live_mappings
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sync.profiles import COLUMNS, profiles_of_file, save_profiles
from sync_platform.sync.reviews import open_reviews

PROFILES = 60
SEED = 2026
STATISTICS = ("total", "succeeded", "failed", "skipped", "packages", "added", "changed", "removed", "duration_ms")
FIRST_ANSWER = 1000  # customers: what the job before us saw


@dataclass(frozen=True)
class Club:
    """One business after both runs. ``right``: linked to the customer that the profile truly is.

    ``packages`` by the source and in the tables, of those who are linked; ``beyond`` are customers that no
    single answer of the CRM shows.
    """

    tenant: str
    customers: tuple[int, int]
    linked: int
    right: int
    beyond: int
    waiting: int
    packages: tuple[int, int]
    same_packages: bool

    @property
    def checks(self) -> dict[str, bool]:
        """Against the truth of the stand-in."""
        return {
            f"{self.tenant}.customers": self.customers[0] == self.customers[1] > 0,
            f"{self.tenant}.nobody_is_somebody_else": self.linked == self.right > 0,
            f"{self.tenant}.packages": self.same_packages and self.packages[0] > 0,
        }


@dataclass
class Clubs:
    """What happened to the clubs. ``statistics``: CRM-20, of each run. Personal values of ``asked`` are masked."""

    clubs: list[Club] = field(default_factory=list)
    statistics: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For ``--json``."""
        statistics = [{"tenant": tenant, **told} for tenant, told in self.statistics]
        return {**vars(self), "clubs": [asdict(one) for one in self.clubs], "statistics": statistics}

    def lines(self) -> list[str]:
        """For people."""
        found = ["", "Profiles of the clubs and their packages: total = succeeded + failed + skipped"]
        for tenant, told in self.statistics:
            numbers = "  ".join(f"{name} {told[name]}" for name in STATISTICS)
            found.append(f"  {tenant:<18} {numbers}  calls {told['api_calls']}")
        found += ["Who is which customer, by the CRM's own truth:"]
        for one in self.clubs:
            links = f"{one.right} of {one.linked} links are right, {one.beyond} beyond the CRM's first {FIRST_ANSWER:,}"
            same = "same" if all(one.checks.values()) else "DIFFERENT"
            packages = "{} packages at the source, {} in the tables".format(*one.packages)
            found.append(f"  {one.tenant:<18} {links}, {one.waiting} wait for a person; {packages}  {same}")
        return [*found, *self._asked_lines()]

    def _asked_lines(self) -> list[str]:
        if not self.asked:
            return []
        asked = self.asked
        head = f"Question {asked['id']} of {asked['tenant']}, score {asked['score']}: {asked['reason']}"
        sides = [f"  {name:<6} {profile or '-':<16} {customer or '-'}" for name, profile, customer in asked["sides"]]
        near = [f"{name} {one['near']} {one['points']:g}" for name, one in asked["evidence"].items()]
        sides.append(f"  points: {', '.join(near)}")
        answer = f"  answered by: sync-platform matches confirm {asked['id']} --tenant {asked['tenant']} (or reject)"
        return [head, f"  {'':<6} {'profile':<16} customer", *sides, answer]


def import_profiles(ready: Stage, url: str) -> None:
    """The people of each club as its own application knows them, out of a file."""
    tenants = ready.by_slug()
    for slug, spec in ready.clubs.items():
        file = ready.folder / f"profiles-{slug}.csv"
        _write(file, _profiles(spec, url))
        save_profiles(ready.platform, tenants[slug], profiles_of_file(file))


def today_of(ready: Stage) -> date:
    """The clubs' own today; all are in one zone."""
    tenant = ready.by_slug()[next(iter(ready.clubs))]
    return ready.platform.clock().astimezone(tenant.zone).date()


def play_clubs(ready: Stage, url: str) -> Clubs:
    """Compare with the source, and show a question that waits for a person."""
    found, tenants = Clubs(), ready.by_slug()
    for slug, spec in ready.clubs.items():
        tenant = tenants[slug]
        runs = list_runs(ready.platform.database, tenant.id, limit=50)
        told = [run.report["packages"] for run in reversed(runs) if run.report and "packages" in run.report]
        found.statistics += [(slug, numbers) for numbers in told]
        waiting = open_reviews(ready.platform, tenant, "open", 1000)
        one = _compared(ready, tenant, spec, url, len({review.profile_id for review in waiting}))
        found.clubs.append(one)
        found.checks |= {f"sync_crm.{name}": passed for name, passed in one.checks.items()}
        if waiting and not found.asked:
            found.asked = _shown(tenant, max(waiting, key=_points))
    found.problems += [f"{name}: the source and the tables differ" for name, same in found.checks.items() if not same]
    if not found.asked:
        found.problems.append("no match waits for a person, though names and numbers of the clubs are alike")
    return found


def _compared(ready: Stage, tenant: Tenant, spec: CrmSpec, url: str, waiting: int) -> Club:
    mapped = ready.platform.database.run(lambda conn: live_mappings(conn, tenant.id), tenant.id)
    truth = {one["profile_id"]: one["stable_hash_id"] for one in _profiles(spec, url)}
    customers = ask_stand_in(f"{url}/_sandbox/truth?shop={quote(spec.name)}&entity=customers")
    later = {one["stable_hash_id"] for one in customers[FIRST_ANSWER:]}
    owners = {one.stable_hash_id: profile_id for profile_id, one in mapped.items()}
    source = {
        (owners[one["stable_hash_id"]], str(one["id"]))
        for one in ask_stand_in(f"{url}/_sandbox/truth?shop={quote(spec.name)}&entity=packages")
        if one["stable_hash_id"] in owners
    }
    with ready.platform.database.transaction(tenant.id) as conn:
        counted = conn.execute(b"select count(*) from crm.customers where deleted_at is null").fetchone() or (0,)
        statement = b"select profile_id, crm_package_id from crm.packages where deleted_at is null"
        stored = {(profile, package) for profile, package in conn.execute(statement)}
    return Club(
        tenant.slug,
        (len(customers), int(counted[0])),
        len(mapped),
        sum(1 for profile_id, one in mapped.items() if truth.get(profile_id) == one.stable_hash_id),
        sum(1 for one in mapped.values() if one.stable_hash_id in later),
        waiting,
        (len(source), len(stored)),
        source == stored,
    )


def _points(review: Review) -> float:
    """Before the cut at 1.00: of a family all have that."""
    return float(sum(one["points"] for one in review.evidence.values()))


def _shown(tenant: Tenant, review: Review) -> dict[str, Any]:
    sides = [
        (name, masked(review.profile.get(ours)), masked(review.customer.get(their))) for name, ours, their in SIDES
    ]
    about = {name: getattr(review, name) for name in ("id", "score", "reason")}
    return {"tenant": tenant.slug, **about, "evidence": review.evidence, "sides": sides}


def _profiles(spec: CrmSpec, url: str) -> list[dict[str, Any]]:
    address = f"{url}/_sandbox/profiles?shop={quote(spec.name)}&count={PROFILES}&seed={SEED}"
    found: list[dict[str, Any]] = ask_stand_in(address)
    return found


def _write(file: Path, profiles: list[dict[str, Any]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        written = csv.writer(out)
        written.writerow(COLUMNS)
        written.writerows([[one[name] or "" for name in COLUMNS] for one in profiles])
