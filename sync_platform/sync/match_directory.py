"""The CRM's customers as matching looks them up: by likeness, hash and id. Kept while the copy is the same."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sync_platform.db.match_customers import Customer, customers_version, stored_customers
from sync_platform.db.pool import Database
from sync_platform.transforms.match_candidates import Candidates
from sync_platform.transforms.match_decision import MatchRules, Scored
from sync_platform.transforms.person import Person, Traits, normalise

#: Tenants whose customers are kept by one process, each some 20 MB for 10,000 of them.
TENANTS_KEPT = 4


class CustomerDirectory:
    """The customers of one tenant at one moment."""

    def __init__(self, customers: Iterable[Customer], country: str, rules: MatchRules) -> None:
        self._customers = list(customers)
        self._traits = [normalise(_person(customer), country) for customer in self._customers]
        self._likeness = Candidates(list(enumerate(self._traits)), rules.review_from)
        self._by_hash: dict[str, list[int]] = {}
        self._by_id: dict[int | None, int] = {}
        for place, customer in enumerate(self._customers):
            self._by_hash.setdefault(customer.stable_hash_id, []).append(place)
            self._by_id[customer.customer_id] = place

    def scored(self, person: Traits) -> list[Scored]:
        """Who could be this person, with ``customer_id`` as the place in this directory."""
        found = self._likeness.scored(person)
        return [Scored(place, self._customers[place].stable_hash_id, score) for place, score in found]

    def at(self, scored: Scored) -> Customer:
        """The customer behind what ``scored`` returned."""
        return self._customers[int(scored.customer_id)]

    def of_hash(self, stable_hash_id: str) -> list[Customer]:
        """Rows with this hash; more than one where the CRM has a person twice."""
        return [self._customers[place] for place in self._by_hash.get(stable_hash_id, ())]

    def of_id(self, customer_id: int | None) -> tuple[Customer, Traits] | None:
        """Whoever has this id now."""
        place = self._by_id.get(customer_id)
        return None if place is None else (self._customers[place], self._traits[place])

    def traits_of(self, customer: Customer) -> Traits:
        """Of a customer of this directory."""
        return self._traits[self._by_id[customer.customer_id]]


@dataclass(frozen=True)
class _Kept:
    version: tuple[Any, ...]
    directory: CustomerDirectory


_kept: OrderedDict[UUID, _Kept] = OrderedDict()
_keeping = threading.Lock()


def customer_directory(database: Database, tenant_id: UUID, country: str, rules: MatchRules) -> CustomerDirectory:
    """The tenant's customers as they are stored now. One login after another finds the same directory."""
    # one at a time: making two takes as long as making one after the other, and the second one finds it made
    with _keeping:
        stored = database.run(lambda conn: customers_version(conn, tenant_id), tenant_id)
        version = (*stored, country, rules.review_from)
        known = _kept.get(tenant_id)
        if known is None or known.version != version:
            # if the copy changes in between, the next one who asks finds that the version is another
            customers = database.run(lambda conn: stored_customers(conn, tenant_id), tenant_id)
            known = _kept[tenant_id] = _Kept(version, CustomerDirectory(customers, country, rules))
        _kept.move_to_end(tenant_id)
        while len(_kept) > TENANTS_KEPT:
            _kept.popitem(last=False)
        return known.directory


def _person(customer: Customer) -> Person:
    return Person(customer.customer_name, customer.contact_number, customer.email)
