"""Who is whom by the rule of the job that was replaced, faults included: for comparison only."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from sync_platform.transforms.person import Person

ACCEPTED_FROM = 60  # hundredths
LIFTED_FROM = 50  # what a phone alone may have to be accepted all the same
KEY_DIGITS = 9
NEAR = 3  # digits off that still count
_PHONE_POINTS = {0: 70, 1: 60, 2: 50, NEAR: 30}
SUBSTRING_POINTS = 20


class OldMatch:
    """Points for the phone (also if it is missing: the distance of an empty text was taken as 0), names and e-mail.

    A name alone is enough, and so is the first of several that are equally near. The job read the first 1,000
    customers only; here it is given all.
    """

    def __init__(self, customers: Iterable[tuple[str, Person]]) -> None:
        self._customers = [(key, _Old(person)) for key, person in customers]
        self._by_phone: dict[str, list[int]] = defaultdict(list)
        self._by_text: dict[str, list[int]] = defaultdict(list)
        self._odd: list[int] = []  # a phone that is short is part of others
        for number, (_, old) in enumerate(self._customers):
            self._by_phone[old.phone].append(number)
            for text in filter(None, (old.first, old.last, old.email)):
                self._by_text[text].append(number)
            if len(old.phone) < KEY_DIGITS:
                self._odd.append(number)
        self._phones = list(self._by_phone)

    def linked(self, person: Person) -> str | None:
        """The key of the customer that the job would have linked."""
        asked = _Old(person)
        best, points = None, ACCEPTED_FROM - 1
        for number in self._possible(asked):
            key, customer = self._customers[number]
            found = asked.points(customer)
            if found > points:
                best, points = key, found
        return best

    def _possible(self, asked: "_Old") -> Sequence[int]:
        if len(asked.phone) < KEY_DIGITS:
            return range(len(self._customers))
        near = process.extract(asked.phone, self._phones, scorer=Levenshtein.distance, score_cutoff=NEAR, limit=None)
        possible = {number for phone, _, _ in near for number in self._by_phone[phone]}
        for text in filter(None, (asked.first, asked.last, asked.email)):
            possible.update(self._by_text.get(text, ()))
        return sorted(possible.union(self._odd))


class _Old:
    """What the job made of a record."""

    def __init__(self, person: Person) -> None:
        digits = "".join(character for character in person.phone or "" if character.isdigit())
        digits = digits[2:] if digits.startswith("66") else digits.removeprefix("0")
        self.phone = digits[-KEY_DIGITS:]
        first, *rest = (person.name or "").strip().lower().split() or [""]
        self.first, self.last = first, " ".join(rest)
        self.email = (person.email or "").strip().lower()

    def points(self, customer: "_Old") -> int:
        phone = self._phone_points(customer)
        points = phone + _name_points(self.first, customer.first) + _name_points(self.last, customer.last)
        points += 50 if self.email and self.email == customer.email else 0
        return min(max(points, ACCEPTED_FROM if phone >= LIFTED_FROM else 0), 100)

    def _phone_points(self, customer: "_Old") -> int:
        if not self.phone or not customer.phone:
            return _PHONE_POINTS[0]
        distance = Levenshtein.distance(self.phone, customer.phone, score_cutoff=NEAR)
        if distance in _PHONE_POINTS:
            return _PHONE_POINTS[distance]
        return SUBSTRING_POINTS if self.phone in customer.phone or customer.phone in self.phone else 0


def _name_points(one: str, other: str) -> int:
    if not one or not other:
        return 0
    return 50 if one == other else 20 if one in other or other in one else 0
