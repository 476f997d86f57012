"""A CRM project that can be served and changed at the same time."""

from collections.abc import Iterable
from random import Random
from threading import RLock
from typing import Any, Literal, get_args

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_names import stable_hash
from sync_platform.sandbox.crm_packages import PackageShop
from sync_platform.sandbox.crm_people import CrmProfile, People, crm_profiles
from sync_platform.sandbox.crm_rows import Rows
from sync_platform.sandbox.crm_spec import CrmSpec

CrmEntity = Literal["customers", "packages"]
CRM_ENTITIES: tuple[CrmEntity, ...] = get_args(CrmEntity)
Poison = Literal["record", "error"]
CREATED = "2024-01-01T09:00:00+00:00"
Anonymous = Literal["denied", "hidden", "visible"]


class CrmProject:
    """What happens in a CRM. Every change takes the lock and is seen by the next request.

    ``anonymous`` says what the public key sees of the tables: an error, no rows, or all of them. ``failing`` are the
    hashes about which no call can be answered.
    """

    def __init__(self, spec: CrmSpec) -> None:
        self.spec, self.name = spec, spec.name
        self.lock = RLock()
        self.denied: set[str] = set()
        self.anonymous: Anonymous = "denied"
        self.failing: set[str] = set()
        self.customers, self.packages = Rows("stable_hash_id"), Rows("stable_hash_id")
        self._people, self._sales = People(spec), PackageShop(spec)
        self._rng = Random(f"{spec.seed}/crm/changes")
        self._next_id = spec.first_id
        for _ in range(spec.customers):
            self.add_customer()

    # --- what is there --------------------------------------------------------------------------------

    def collection(self, entity: str) -> Rows:
        """A table by its name. ``KeyError`` for any other."""
        return {"customers": self.customers, "packages": self.packages}[entity]

    def truth(self, entity: str) -> list[Record]:
        """Every row as it is now, by id."""
        with self.lock:
            return [dict(record) for record in self.collection(entity).by_id()]

    def customers_of(self, stable_hash_id: str) -> list[Record]:
        """All rows of one hash: usually one, for some two."""
        with self.lock:
            return [dict(record) for record in self.customers.of(stable_hash_id)]

    def packages_of(self, stable_hash_id: str) -> list[Record]:
        """The packages of a customer."""
        with self.lock:
            return [dict(record) for record in self.packages.of(stable_hash_id)]

    def profiles(self, count: int, seed: int = 0) -> list[CrmProfile]:
        """Profiles of so many customers, with the hash that each truly has."""
        with self.lock:
            return crm_profiles(self.customers.by_id(), self._people.who, count, seed)

    # --- customers ------------------------------------------------------------------------------------

    def add_customer(self, **fields: Any) -> Record:
        """Somebody new, with packages; sometimes somebody who is there already, once more. ``fields`` replace."""
        with self.lock:
            number, self._next_id = self._next_id, self._next_id + 1
            record = self._people.customer(number, CREATED)
            older = self._rng.choice(self.customers.keys()) if len(self.customers) else None
            if older is not None and not fields and self._rng.random() < self.spec.twin_share:
                record = self._people.twin(number, self.customers.get(older), CREATED)
            record |= fields
            if "stable_hash_id" not in fields:
                record["stable_hash_id"] = stable_hash(record["customer_name"], record["contact_number"])
            self.customers.put(record)
            if record["stable_hash_id"] is not None and "stable_hash_id" not in fields:
                self.packages.extend(self._sales.sold(record) for _ in range(self._sales.how_many()))
            return dict(record)

    def rename(self, customer_id: int, *, name: str | None = None, phone: str | None = None) -> Record:
        """Correct name or phone: the hash is another one, and the packages go with it.

        They stay where another row has the old hash as well. ``KeyError`` if there is no such customer.
        """
        with self.lock:
            record = dict(self.customers.get(customer_id))
            before = record["stable_hash_id"]
            record["customer_name"] = record["customer_name"] if name is None else name
            record["contact_number"] = record["contact_number"] if phone is None else phone
            record["stable_hash_id"] = stable_hash(record["customer_name"], record["contact_number"])
            self.customers.put(record)
            if before is not None and not self.customers.of(before):
                copied = {key: record[key] for key in ("customer_name", "stable_hash_id")}
                self.packages.extend([package | copied for package in self.packages.of(before)])
            return record

    def remove_customer(self, customer_id: int, *, packages: bool = True) -> None:
        """A customer is gone, with the packages unless another row has the same hash."""
        with self.lock:
            key = self.customers.get(customer_id)["stable_hash_id"]
            self.customers.discard(customer_id)
            if packages and key is not None and not self.customers.of(key):
                for package in self.packages.of(key):
                    self.packages.discard(package["id"])

    def rebuild_ids(self, *, overlap: bool = True) -> dict[int, int]:
        """The table is filled anew: every customer gets another id; old id -> new id.

        With ``overlap`` the new ids are the old ones dealt out again, so that an id names somebody else afterwards.
        """
        with self.lock:
            records, old = self.customers.by_id(), self.customers.keys()
            new = old[1:] + old[:1] if overlap and len(old) > 1 else [self._next_id + at for at in range(len(old))]
            self._next_id = max([self._next_id, *(key + 1 for key in new)])
            moved = dict(zip(old, new, strict=True))
            self._people.who = {moved[key]: who for key, who in self._people.who.items() if key in moved}
            self.customers.replace([record | {"id": moved[record["id"]]} for record in records])
            return moved

    # --- packages -------------------------------------------------------------------------------------

    def add_package(self, stable_hash_id: str, **fields: Any) -> Record:
        """A customer buys a package."""
        with self.lock:
            owner = next(iter(self.customers.of(stable_hash_id)), {"customer_name": None})
            record = self._sales.sold({**owner, "stable_hash_id": stable_hash_id}) | fields
            self.packages.put(record)
            return dict(record)

    def remove_package(self, package_id: int | str) -> None:
        """A package is gone. ``KeyError`` if there is none."""
        with self.lock:
            self.packages.get(package_id)
            self.packages.discard(package_id)

    def change_hours(self, package_id: int | str, remaining: float | None, used: float | None = None) -> Record:
        """Hours are used or given back."""
        return self.modify("packages", package_id, calculated_remaining_hours=remaining, calculated_used_hours=used)

    def modify(self, entity: CrmEntity, record_id: int | str, **fields: Any) -> Record:
        """Write fields as they are given; hashes do not follow. ``KeyError`` if there is no such row."""
        with self.lock:
            record = self.collection(entity).get(record_id) | fields
            self.collection(entity).put(record)
            return dict(record)

    def poison(self, stable_hash_id: str, kind: Poison = "record") -> None:
        """Make a customer's packages unusable: one record with values of no type, or 500 for calls that name it."""
        with self.lock:
            if kind == "error":
                self.failing.add(stable_hash_id)
                return
            self.add_package(stable_hash_id, expiration_date="2026-13-45", package_total_hours_from_def="many")

    def cure(self, stable_hash_id: str) -> None:
        """Take the poison out again."""
        with self.lock:
            self.failing.discard(stable_hash_id)
            for package in self.packages.of(stable_hash_id):
                if package["expiration_date"] == "2026-13-45":
                    self.packages.discard(package["id"])

    def hashes(self) -> Iterable[str]:
        """Every hash that a customer has, once."""
        with self.lock:
            return sorted({one["stable_hash_id"] for one in self.customers.by_id() if one["stable_hash_id"]})


def build_crm(spec: CrmSpec) -> CrmProject:
    """The project that a description describes."""
    return CrmProject(spec)
