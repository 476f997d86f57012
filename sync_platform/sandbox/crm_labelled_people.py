"""People of whom it is known who they are: alone or in families, with telephone, address, and a past."""

from dataclasses import dataclass, replace
from random import Random
from unicodedata import normalize

from sync_platform.sandbox.crm_labelled_names import NamePart, Origin, origin_of, short_form
from sync_platform.sandbox.crm_phones import invented_number

IN_FAMILIES = 0.25  # of all people; families of two to four
FAMILY_PHONE = 0.16  # of the families: one telephone for all, so that 4 % of all people share one
FAMILY_EMAIL = 0.08  # of the families: one address for all
NUMBERS_IN_A_ROW = 0.10  # of the other families: contracts signed together
OTHER_FAMILY_NAME = 0.15  # of the members
NEW_NUMBER = 0.025  # since the CRM wrote it down
GIVEN_ON = 0.4  # of the numbers given up: somebody else of these people has it now
MAIL_HOSTS = ("example.org", "example.com", "example.net")


@dataclass(frozen=True)
class Individual:
    """One human being. ``phone`` is today's, ``phone_before`` what the CRM may still have."""

    number: int
    origin: Origin
    first: NamePart
    last: NamePart
    nickname: str
    middle: str
    phone: str
    phone_before: str
    email: str
    other_email: str
    shares_phone: bool = False
    took_over: bool = False  # the number was somebody else's


def people(rng: Random, count: int) -> list[Individual]:
    """``count`` people in a random order."""
    everybody: list[Individual] = []
    while len(everybody) < count:
        # three is what a family has on average
        if rng.random() < IN_FAMILIES / 3 / (1 - IN_FAMILIES + IN_FAMILIES / 3):
            everybody += _family(rng, len(everybody), rng.choice((2, 3, 4)))
        else:
            origin = origin_of(rng)
            everybody.append(_individual(rng, len(everybody), origin, origin.lasts.one(rng)))
    everybody = _renumbered(rng, everybody[:count])
    rng.shuffle(everybody)
    return everybody


def _individual(rng: Random, number: int, origin: Origin, last: NamePart) -> Individual:
    first = origin.firsts.one(rng)
    phone = invented_number(rng)
    name = f"{first.latin}{rng.choice(('', '.', '_'))}{last.latin}".lower().replace(" ", "").replace("'", "")
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode()
    return Individual(
        number=number,
        origin=origin,
        first=first,
        last=last,
        nickname=short_form(origin, first, rng),
        middle=origin.firsts.one(rng).latin,
        phone=phone,
        phone_before=phone,
        email=f"{plain}{rng.randrange(100)}@{rng.choice(MAIL_HOSTS)}",
        other_email=f"{plain[:3]}{rng.randrange(10**5)}@{rng.choice(MAIL_HOSTS)}",
    )


def _family(rng: Random, number: int, size: int) -> list[Individual]:
    origin = origin_of(rng)
    last = origin.lasts.one(rng)
    members: list[Individual] = []
    while len(members) < size:
        own_last = origin.lasts.one(rng) if members and rng.random() < OTHER_FAMILY_NAME else last
        one = _individual(rng, number + len(members), origin, own_last)
        if all(one.first != other.first for other in members):
            members.append(one)
    head = members[0]
    if rng.random() < FAMILY_PHONE:
        members = [replace(one, phone=head.phone, phone_before=head.phone, shares_phone=True) for one in members]
    elif rng.random() < NUMBERS_IN_A_ROW:
        in_a_row = [head.phone[:-1] + str((int(head.phone[-1]) + place) % 10) for place in range(size)]
        members = [replace(one, phone=row, phone_before=row) for one, row in zip(members, in_a_row, strict=True)]
    if rng.random() < FAMILY_EMAIL:
        members = [replace(one, email=head.email) for one in members]
    return members


def _renumbered(rng: Random, everybody: list[Individual]) -> list[Individual]:
    """Some have another number by now, and some of the old numbers have another holder."""
    moved = [place for place, one in enumerate(everybody) if not one.shares_phone and rng.random() < NEW_NUMBER]
    for place in moved:
        everybody[place] = replace(everybody[place], phone=invented_number(rng))
    kept = set(range(len(everybody))) - set(moved)
    takers = rng.sample(sorted(kept), min(len(kept), len(moved)))
    for place, taker in zip(moved, takers, strict=False):
        if rng.random() < GIVEN_ON and not everybody[taker].shares_phone:
            number = everybody[place].phone_before
            everybody[taker] = replace(everybody[taker], phone=number, phone_before=number, took_over=True)
    return everybody
