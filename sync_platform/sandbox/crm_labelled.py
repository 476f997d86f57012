"""Profiles and customers of whom it is known who is who, to measure matching by (CRM-09).

What is in it was set once, from what such businesses see, and not by what the rule can do: three in four profiles have
a customer in the CRM, and three in four customers a profile; the shares of families, shared and new numbers are in
``crm_labelled_people``, those of what is typed wrongly, shortly or in another script in ``crm_labelled_writing``.
"""

from dataclasses import dataclass, field
from random import Random

from sync_platform.sandbox.crm_labelled_people import Individual, people
from sync_platform.sandbox.crm_labelled_writing import APPLICATION, STAFF, write_down
from sync_platform.sandbox.crm_names import stable_hash
from sync_platform.transforms.person import Person

COUNTRY = "TH"
IN_BOTH, PROFILE_ONLY = 0.60, 0.20  # of all people; the others are customers only
ROW_TWICE = 0.03  # of the customers: the same hash in two rows
ENTERED_TWICE = 0.01  # of the customers: written down anew, with another hash


@dataclass(frozen=True)
class LabelledCustomer:
    """A row of the CRM."""

    customer_id: int
    stable_hash_id: str
    person: Person


@dataclass(frozen=True)
class LabelledProfile:
    """A profile, every hash of its customer (none: the CRM does not have it), and what is odd about either record."""

    profile_id: str
    person: Person
    hashes: frozenset[str] = frozenset()
    odd: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class LabelledSet:
    """Phones are of ``country``."""

    country: str
    customers: tuple[LabelledCustomer, ...]
    profiles: tuple[LabelledProfile, ...]


def labelled_set(seed: int, size: int) -> LabelledSet:
    """``size`` profiles, and about as many customers; the same for the same seed."""
    rng = Random(seed)
    everybody = people(rng, round(size / (IN_BOTH + PROFILE_ONLY) * 1.1) + 20)
    customers: list[LabelledCustomer] = []
    profiles: list[LabelledProfile] = []
    for one in everybody:
        if len(profiles) == size:
            break
        chance = rng.random()
        has_profile, only = chance < IN_BOTH + PROFILE_ONLY, chance >= IN_BOTH
        rows, odd = ([], frozenset()) if has_profile and only else _rows(one, rng)
        customers += [LabelledCustomer(len(customers) + place, *row) for place, row in enumerate(rows, 1)]
        if has_profile:
            person, own_odd = write_down(one, APPLICATION, rng)
            hashes = frozenset(known for known, _ in rows)
            profiles.append(LabelledProfile(f"profile-{len(profiles) + 1}", person, hashes, _kinds(one, odd | own_odd)))
    rng.shuffle(customers)
    return LabelledSet(COUNTRY, tuple(customers), tuple(profiles))


def _rows(one: Individual, rng: Random) -> tuple[list[tuple[str, Person]], frozenset[str]]:
    person, odd = write_down(one, STAFF, rng)
    rows = [(_hash(person), person)]
    if rng.random() < ROW_TWICE:
        rows *= 2
    if rng.random() < ENTERED_TWICE:
        again, _ = write_down(one, STAFF, rng)
        rows.append((_hash(again), again))
        odd |= {"entered twice"}
    return rows, odd


def _hash(person: Person) -> str:
    """Of a customer without a number as well, whom the CRM gives none."""
    return stable_hash(person.name or "", person.phone or "") or ""


def _kinds(one: Individual, odd: frozenset[str]) -> frozenset[str]:
    told = {"family phone": one.shares_phone, "number of somebody else before": one.took_over}
    return (odd | {kind for kind, true in told.items() if true}) - {""}
