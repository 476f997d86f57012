"""The customers of a CRM project, and the profiles that the same people have in the tenant's own application."""

from dataclasses import dataclass
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_names import invented_name, misspelt, stable_hash, written_name
from sync_platform.sandbox.crm_phones import NO_NUMBERS, invented_number, written
from sync_platform.sandbox.crm_spec import CrmSpec
from sync_platform.sandbox.people import MAIL_HOSTS


@dataclass(frozen=True)
class Individual:
    """Somebody, whatever the CRM wrote down: ``number`` has ten digits."""

    first: str
    last: str
    number: str
    email: str


@dataclass(frozen=True)
class CrmProfile:
    """Somebody as the tenant's own application knows them. ``stable_hash_id``: the customer it truly is."""

    profile_id: str
    full_name: str | None
    phone: str | None
    email: str | None
    stable_hash_id: str | None


def customer_record(customer_id: int, name: str | None, phone: str | None, email: str | None, created: str) -> Record:
    """A row of ``customers``, with the hash that belongs to it."""
    return {
        "id": customer_id,
        "customer_name": name,
        "contact_number": phone,
        "email": email,
        "stable_hash_id": stable_hash(name, phone),
        "created_at": created,
    }


class People:
    """Makes customers one after another. ``who`` remembers the person behind each customer id."""

    def __init__(self, spec: CrmSpec) -> None:
        self._spec, self._rng = spec, Random(f"{spec.seed}/crm/people")
        self.who: dict[int, Individual] = {}

    def individual(self, family: Individual | None = None) -> Individual:
        """Somebody new; with the last name and the telephone of ``family`` where there is one."""
        first, last = invented_name(self._rng)
        number = invented_number(self._rng)
        if family is not None:
            last, number = family.last, family.number
        email = f"{first}.{last}{self._rng.randrange(1000)}@{self._rng.choice(MAIL_HOSTS)}".lower()
        return Individual(first, last, number, email.replace("'", "").encode("ascii", "ignore").decode())

    def customer(self, customer_id: int, created: str) -> Record:
        """The next customer."""
        rng, spec = self._rng, self._spec
        before = self.who.get(rng.choice(range(spec.first_id, customer_id))) if self.who else None
        person = self.individual(before if rng.random() < spec.family_share else None)
        self.who[customer_id] = person
        phone: str | None = written(person.number, rng)
        if rng.random() < spec.no_phone_share:
            phone = rng.choice((None, *NO_NUMBERS))
        email: str | None = person.email if rng.random() < 0.9 else person.email.upper()
        if rng.random() < spec.no_email_share:
            email = None if rng.random() < 0.9 else ""
        return customer_record(customer_id, written_name(person.first, person.last, rng), phone, email, created)

    def twin(self, customer_id: int, record: Record, created: str) -> Record:
        """The same customer once more: another row, written differently, with the same hash."""
        self.who[customer_id] = self.who[record["id"]]
        name, phone = record["customer_name"], record["contact_number"]
        return customer_record(customer_id, f" {name.upper()}", phone and f"{phone} ", None, created)


def crm_profiles(customers: list[Record], who: dict[int, Individual], count: int, seed: int) -> list[CrmProfile]:
    """``count`` profiles of different customers with a hash of their own, each with its true hash.

    Most are written as somebody else would write the same: another form of the number, here and there a letter, no
    e-mail. All keep the telephone, which is what the replaced job went by. Raises ``ValueError`` for too few customers.
    """
    rng = Random(f"{seed}/crm/profiles")
    seen: dict[str, int] = {}
    for record in customers:
        if record["stable_hash_id"]:
            seen[record["stable_hash_id"]] = seen.get(record["stable_hash_id"], 0) + 1
    fit = [one for one in customers if seen.get(one["stable_hash_id"]) == 1 and _has_number(one)]
    if len(fit) < count:
        raise ValueError(f"only {len(fit)} customers have a hash and a number of their own")
    profiles = []
    for number, record in enumerate(rng.sample(fit, count), 1):
        person = who[record["id"]]
        first = person.first if rng.random() < 0.9 else misspelt(person.first, rng)
        email = person.email if rng.random() < 0.7 else None
        name = f"{first} {person.last}"
        profile = CrmProfile(f"p-{number:06d}", name, written(person.number, rng), email, record["stable_hash_id"])
        profiles.append(profile)
    return profiles


def _has_number(record: Record) -> bool:
    return record["contact_number"] not in (None, *NO_NUMBERS)
