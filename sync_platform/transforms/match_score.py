"""How much speaks for two records being one person (CRM-07)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import TypedDict

from rapidfuzz.distance import Levenshtein

from sync_platform.transforms.name_nearness import POINTS as NAME_POINTS
from sync_platform.transforms.name_nearness import NameNear, compare_names
from sync_platform.transforms.person import Traits
from sync_platform.transforms.person_phone import KEY_DIGITS, Phone

CAP = 100  # hundredths
EMAIL_POINTS = 50


class PhoneNear(IntEnum):
    """Of the last nine digits; a higher one is nearer."""

    UNKNOWN = 0  # at least one side has none
    DIFFERENT = 1
    TWO_OFF = 2
    ONE_OFF = 3
    ELSEWHERE = 4  # the same digits, in two countries
    EXACT = 5


PHONE_POINTS = {
    PhoneNear.UNKNOWN: 0,
    PhoneNear.DIFFERENT: 0,
    PhoneNear.TWO_OFF: 50,
    PhoneNear.ONE_OFF: 60,
    PhoneNear.ELSEWHERE: 70,
    PhoneNear.EXACT: 70,
}
_WORDS = {
    PhoneNear.ONE_OFF: "one digit off",
    PhoneNear.TWO_OFF: "two digits off",
    PhoneNear.ELSEWHERE: "exact, other country",
}
_TOTALS = tuple(Decimal(points).scaleb(-2) for points in range(CAP + 1))


class Evidence(TypedDict):
    """How near one attribute is, and what it counts for."""

    near: str
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """How near each attribute is. ``email`` is None where at least one side has none."""

    phone: PhoneNear = PhoneNear.UNKNOWN
    first_name: NameNear = NameNear.UNKNOWN
    last_name: NameNear = NameNear.UNKNOWN
    email: bool | None = None

    @property
    def points(self) -> int:
        """In hundredths, before the cap."""
        names = NAME_POINTS[self.first_name] + NAME_POINTS[self.last_name]
        return PHONE_POINTS[self.phone] + names + (EMAIL_POINTS if self.email else 0)

    @property
    def total(self) -> Decimal:
        """0.00 to 1.00."""
        return _TOTALS[min(self.points, CAP)]

    @property
    def strong(self) -> bool:
        """Whether phone or e-mail carry it: exact, or one digit off for a person with this very first and last name.

        Members of a family get numbers in a row, so one digit off and a last name in common is not strong.
        """
        return bool(self.email) or self.phone is PhoneNear.EXACT or self._slip_of_the_same_person

    @property
    def contradicts(self) -> bool:
        """The names are known and are those of two people: relatives, or the next holder of a phone number.

        A first name is what tells relatives apart. A different last name alone is none: people marry.
        """
        if self.first_name is NameNear.PARTIAL:
            return self.last_name is NameNear.DIFFERENT
        return self.first_name is NameNear.DIFFERENT

    @property
    def named(self) -> bool:
        """Whether the first names have something in common."""
        return self.first_name >= NameNear.PARTIAL

    @property
    def differs(self) -> bool:
        """Whether phone or e-mail are known and not the same."""
        return self.email is False or self.phone not in (PhoneNear.UNKNOWN, PhoneNear.EXACT)

    @property
    def method(self) -> str:
        """What carries it: ``phone``, ``email`` or ``phone_email``; empty if not strong."""
        by_phone = self.phone is PhoneNear.EXACT or self._slip_of_the_same_person
        return "_".join(name for name, carries in (("phone", by_phone), ("email", self.email)) if carries)

    @property
    def evidence(self) -> dict[str, Evidence]:
        """Per attribute, for a person to look at; nothing of it is personal data."""
        email = "unknown" if self.email is None else "exact" if self.email else "different"
        return {
            "phone": _evidence(_WORDS.get(self.phone, self.phone.name.lower()), PHONE_POINTS[self.phone]),
            "first_name": _evidence(self.first_name.name.lower(), NAME_POINTS[self.first_name]),
            "last_name": _evidence(self.last_name.name.lower(), NAME_POINTS[self.last_name]),
            "email": _evidence(email, EMAIL_POINTS if self.email else 0),
        }

    @property
    def _slip_of_the_same_person(self) -> bool:
        same_name = self.first_name is NameNear.EXACT and self.last_name is NameNear.EXACT
        return self.phone is PhoneNear.ONE_OFF and same_name


def score(one: Traits, other: Traits) -> Score:
    """The same for both orders of the arguments, but which of two exchanged names is called the first."""
    email = one.email == other.email if one.email and other.email else None
    return Score(compare_phones(one.phone, other.phone), *compare_names(one.name, other.name), email)


def compare_phones(one: Phone, other: Phone) -> PhoneNear:
    """By edit distance of the last nine digits; a number that has fewer is the same one or another one."""
    if not one.key or not other.key:
        return PhoneNear.UNKNOWN
    if one.key == other.key:
        elsewhere = one.e164 and other.e164 and one.e164 != other.e164
        return PhoneNear.ELSEWHERE if elsewhere else PhoneNear.EXACT
    if len(one.key) < KEY_DIGITS or len(other.key) < KEY_DIGITS:
        return PhoneNear.DIFFERENT
    distance = Levenshtein.distance(one.key, other.key, score_cutoff=2)
    return {1: PhoneNear.ONE_OFF, 2: PhoneNear.TWO_OFF}.get(distance, PhoneNear.DIFFERENT)


def _evidence(near: str, points: int) -> Evidence:
    return {"near": near, "points": points / 100}
