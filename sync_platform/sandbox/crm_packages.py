"""The packages that a CRM's customers bought."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_spec import CrmSpec

DAYS_BACK = 500


@dataclass(frozen=True)
class Definition:
    """A package that is sold. ``hours`` none: unlimited."""

    name: str
    display: str
    kind: str
    hours: float | None
    pax: int | None
    validity: str
    days: int


DEFINITIONS = (
    Definition("Starter (5H)", "Starter", "Monthly", 5, 1, "1 month", 30),
    Definition("Silver (15H)", "Silver", "Monthly", 15, 5, "3 months", 90),
    Definition("Gold (30H)", "Gold", "Monthly", 30, 5, "6 months", 180),
    Definition("Diamond (unlimited)", "Diamond", "Unlimited", None, 5, "6 months", 180),
    Definition("Early Bird", "Early Bird", "Unlimited", None, 1, "1 month", 30),
    Definition("First Swing", "First Swing", "Coaching", 1, 1, "7 days", 7),
    Definition("Half Hours (7.5H)", "Half Hours", "Coaching", 7.5, 2, "2 months", 60),
)
EMPTY: Record = dict.fromkeys(
    (
        "package_name_from_def", "package_display_name_from_def", "package_type_from_def",
        "package_total_hours_from_def", "package_pax_from_def", "package_validity_period_from_def",
        "package_name", "package_display_name", "package_type_name", "total_hours", "pax",
        "first_use_date", "expiration_date", "calculated_remaining_hours", "calculated_used_hours",
        "remaining_hours", "used_hours", "created_at_for_purchase_date",
    )
)  # fmt: skip


class PackageShop:
    """Sells packages: new rows with the definition's columns, older ones with the columns from before."""

    def __init__(self, spec: CrmSpec) -> None:
        self._spec, self._rng, self._next = spec, Random(f"{spec.seed}/crm/packages"), 1

    def how_many(self) -> int:
        """Packages of the next customer: none to many, ``packages_each`` on the average."""
        mean = self._spec.packages_each
        return int(self._rng.expovariate(1.0 / mean) + 0.5) if mean else 0

    def next_id(self) -> int | str:
        """Of the type that the project's packages have."""
        number, self._next = self._next, self._next + 1
        return number if self._spec.package_ids == "integer" else f"pkg-{number:06d}"

    def sold(self, customer: Record) -> Record:
        """One package of a customer: running, expired, unused or undated."""
        rng = self._rng
        thing = rng.choice(DEFINITIONS)
        bought = self._spec.today - timedelta(days=rng.randrange(DAYS_BACK))
        head = {"id": self.next_id(), "customer_name": customer["customer_name"]}
        record = head | {"stable_hash_id": customer["stable_hash_id"]} | EMPTY
        record["created_at_for_purchase_date"] = _moment(bought, rng)
        if rng.random() < 0.9:
            first_use = bought + timedelta(days=rng.randrange(20))
            record["first_use_date"] = first_use.isoformat()
            record["expiration_date"] = (first_use + timedelta(days=thing.days)).isoformat()
        used, left = _hours(thing, record["first_use_date"] is not None, rng)
        older = rng.random() < 0.15
        record |= _older(thing) if older else _defined(thing)
        names = ("used_hours", "remaining_hours") if older else ("calculated_used_hours", "calculated_remaining_hours")
        return record | dict(zip(names, (used, left), strict=True))


def whole(number: float | None) -> float | int | None:
    """A number as the database writes it: without a point where there is nothing behind it."""
    return int(number) if number is not None and number == int(number) else number


def _hours(thing: Definition, begun: bool, rng: Random) -> tuple[float | int | None, float | int | None]:
    """Used and left. Unlimited packages have no number left; some are used up to 0."""
    if thing.hours is None:
        return rng.choice((None, 0, 3.5)), None
    used = 0.0 if not begun else thing.hours if rng.random() < 0.2 else rng.randrange(int(thing.hours * 2)) / 2
    return whole(used), whole(thing.hours - used)


def _defined(thing: Definition) -> Record:
    return {
        "package_name_from_def": thing.name,
        "package_display_name_from_def": thing.display,
        "package_type_from_def": thing.kind,
        "package_total_hours_from_def": whole(thing.hours),
        "package_pax_from_def": thing.pax,
        "package_validity_period_from_def": thing.validity,
    }


def _older(thing: Definition) -> Record:
    return {
        "package_name": thing.name,
        "package_display_name": thing.display,
        "package_type_name": thing.kind,
        "total_hours": whole(thing.hours),
        "pax": thing.pax,
    }


def _moment(day: date, rng: Random) -> str:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=rng.randrange(24 * 60))
    return at.isoformat()
