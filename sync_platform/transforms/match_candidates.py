"""Who of all customers a person could be, found without comparing everybody with everybody (CRM-07)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Generic, TypeVar

from sync_platform.transforms.match_score import Score, score
from sync_platform.transforms.name_index import NameIndex
from sync_platform.transforms.person import Traits
from sync_platform.transforms.phone_index import PhoneIndex

Id = TypeVar("Id", bound=int | str)


class Candidates(Generic[Id]):
    """Customers by phone, e-mail and name.

    Complete: who scores ``review_from`` or more is found. That takes at least a phone that is two digits off, the same
    e-mail, one name exactly or two in part, so these are what is indexed.
    """

    def __init__(self, customers: Iterable[tuple[Id, Traits]], review_from: Decimal = Decimal("0.30")) -> None:
        self._customers: list[tuple[Id, Traits]] = list(customers)
        self._review_from = review_from
        self._phones = PhoneIndex()
        self._names = NameIndex(both=review_from > Decimal("0.20"))
        self._emails: dict[str, list[int]] = defaultdict(list)
        for number, (_, traits) in enumerate(self._customers):
            self._phones.add(number, traits.phone)
            self._names.add(number, traits.name)
            if traits.email:
                self._emails[traits.email].append(number)

    def __len__(self) -> int:
        return len(self._customers)

    def scored(self, person: Traits) -> list[tuple[Id, Score]]:
        """Everybody who scores ``review_from`` or more, in the order in which they were given."""
        found = []
        for number in sorted(self._possible(person)):
            customer_id, traits = self._customers[number]
            result = score(person, traits)
            if result.total >= self._review_from:
                found.append((customer_id, result))
        return found

    def _possible(self, person: Traits) -> set[int]:
        possible = self._names.near(person.name) | self._phones.near(person.phone)
        return possible.union(self._emails.get(person.email, ()))
