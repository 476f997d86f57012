"""How people write themselves down in an application, and how the staff of a business does in its CRM."""

from dataclasses import dataclass
from random import Random

from sync_platform.sandbox.crm_labelled_names import other_spelling
from sync_platform.sandbox.crm_labelled_people import Individual
from sync_platform.sandbox.crm_phones import written
from sync_platform.transforms.person import Person


@dataclass(frozen=True)
class Habits:
    """Shares of 1. Of the name at most one of each line happens."""

    no_phone: float
    wrong_phone: float
    old_phone: bool
    no_email: float
    other_email: float
    wrong_email: float
    # the form of the name
    no_name: float
    first_only: float
    nickname: float
    initial: float
    own_script: float  # where the name has one
    # its order and what is added
    swapped: float
    comma: float
    title: float
    aside: float
    middle: float
    # its spelling
    slip: float
    spelling: float  # where there is more than one
    case: float
    plain: float  # accents left out


APPLICATION = Habits(
    no_phone=0.01, wrong_phone=0.005, old_phone=False, no_email=0.08, other_email=0.08, wrong_email=0.005,
    no_name=0.005, first_only=0.03, nickname=0.02, initial=0.01, own_script=0.02,
    swapped=0.03, comma=0.0, title=0.01, aside=0.01, middle=0.02,
    slip=0.03, spelling=0.04, case=0.12, plain=0.4,
)  # fmt: skip
STAFF = Habits(
    no_phone=0.02, wrong_phone=0.015, old_phone=True, no_email=0.40, other_email=0.0, wrong_email=0.01,
    no_name=0.0, first_only=0.03, nickname=0.02, initial=0.01, own_script=0.02,
    swapped=0.03, comma=0.02, title=0.08, aside=0.03, middle=0.01,
    slip=0.03, spelling=0.04, case=0.10, plain=0.6,
)  # fmt: skip


def write_down(one: Individual, habits: Habits, rng: Random) -> tuple[Person, frozenset[str]]:
    """The record, and what is odd about it (for the table of kinds)."""
    odd: set[str] = set()
    name = _name(one, habits, rng, odd)
    phone = _phone(one, habits, rng, odd)
    return Person(name, phone, _email(one, habits, rng, odd)), frozenset(odd)


def slipped(text: str, rng: Random) -> str:
    """One slip of the fingers: a character replaced, left out, typed twice, or exchanged with the next."""
    at = rng.randrange(len(text))
    near = str(rng.randrange(10)) if text[at].isdigit() else rng.choice("aeiounrstl")
    return rng.choice(
        (
            text[:at] + near + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[: at + 1] + text[at:],
            text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
        )
    )


def _phone(one: Individual, habits: Habits, rng: Random, odd: set[str]) -> str | None:
    number = one.phone_before if habits.old_phone else one.phone
    chance = rng.random()
    if chance < habits.no_phone:
        odd.add("no phone")
        return rng.choice((None, "", "-"))
    if chance < habits.no_phone + habits.wrong_phone:
        odd.add("phone mistyped")
        number = number[:2] + slipped(number[2:], rng)
    if number != one.phone:
        odd.add("old phone" if habits.old_phone and "phone mistyped" not in odd else "phone mistyped")
    return written(number, rng)


def _email(one: Individual, habits: Habits, rng: Random, odd: set[str]) -> str | None:
    chance = rng.random()
    if chance < habits.no_email:
        odd.add("no e-mail")
        return rng.choice((None, ""))
    if chance < habits.no_email + habits.other_email:
        odd.add("other e-mail")
        return one.other_email
    if chance < habits.no_email + habits.other_email + habits.wrong_email:
        odd.add("e-mail mistyped")
        return slipped(one.email, rng)
    return rng.choice((one.email, one.email, one.email.upper(), f" {one.email}"))


def _name(one: Individual, habits: Habits, rng: Random, odd: set[str]) -> str | None:
    first, last = _spelt(one, habits, rng, odd)
    form = _one_of(
        rng,
        {
            "no name": habits.no_name,
            "first name only": habits.first_only,
            "nickname": habits.nickname,
            "initial": habits.initial,
            "own script": habits.own_script if one.first.own else 0.0,
        },
    )
    odd.add(form)
    if form == "no name":
        return None
    if form == "first name only":
        return first
    if form == "own script":
        return f"{one.first.own} {one.last.own}"
    first = {"nickname": one.nickname, "initial": f"{first[0]}."}.get(form, first)
    order = _one_of(
        rng,
        {"swapped": habits.swapped, "comma": habits.comma, "title": habits.title, "aside": habits.aside,
         "middle": habits.middle},
    )  # fmt: skip
    odd.add(order)
    return {
        "swapped": f"{last} {first}",
        "comma": f"{last}, {first}",
        "title": f"{rng.choice(('Mr.', 'Mrs', 'Ms', 'Dr.', 'Khun', 'K.'))} {first} {last}",
        "aside": f"{first} {last} ({one.nickname})",
        "middle": f"{first} {one.middle} {last}",
    }.get(order, f"{first} {last}")


def _spelt(one: Individual, habits: Habits, rng: Random, odd: set[str]) -> tuple[str, str]:
    names = [one.first.latin, one.last.latin]
    which = rng.randrange(2)
    change = _one_of(rng, {"name mistyped": habits.slip, "spelling": habits.spelling})
    if change == "name mistyped":
        names[which] = slipped(names[which], rng)
    if change == "spelling":
        names = [other_spelling(one.origin, name, rng) for name in names]
        change = change if names != [one.first.latin, one.last.latin] else ""
    odd.add(change)
    if rng.random() < habits.plain:
        accents = str.maketrans("ëéèíóáöüøçñÉ", "eeeioaouocnE")
        names = [name.translate(accents) for name in names]
    if rng.random() < habits.case:
        names = [name.upper() if rng.random() < 0.5 else name.lower() for name in names]
    return names[0], names[1]


def _one_of(rng: Random, shares: dict[str, float]) -> str:
    """The name of what happens, empty for nothing of it."""
    chance = rng.random()
    for name, share in shares.items():
        if chance < share:
            return name
        chance -= share
    return ""
