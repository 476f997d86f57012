"""How near two names are: the same, in part the same, different, or not comparable (CRM-07)."""

from enum import IntEnum
from functools import lru_cache

import regex
from rapidfuzz.distance import OSA

from sync_platform.transforms.nicknames import formal_names
from sync_platform.transforms.person_name import Name

FEWEST_OF_PREFIX = 3  # letters: "som" of "somchai"
LEAST_SIMILARITY = 0.75  # of sounds: one slip in four letters, two in eight
ALREADY_COMPARED = 200_000  # pairs whose nearness is kept


class NameNear(IntEnum):
    """Of one part of a name; a higher one is nearer."""

    UNKNOWN = 0  # at least one side has none, or they are in different scripts
    DIFFERENT = 1
    PARTIAL = 2
    EXACT = 3


POINTS = {NameNear.UNKNOWN: 0, NameNear.DIFFERENT: 0, NameNear.PARTIAL: 20, NameNear.EXACT: 50}  # hundredths
# what one language's sound is written as in Latin letters differs by office and by country
_SPELLINGS = (("ee", "i"), ("oo", "u"), ("y", "i"), ("j", "ch"), ("ck", "k"), ("v", "w"), ("q", "k"), ("x", "ks"))
_SILENT_H = regex.compile(r"(?<=\w)h")
_DOUBLED = regex.compile(r"(\w)\1+")
_UNKNOWN = (NameNear.UNKNOWN, NameNear.UNKNOWN)


def compare_names(one: Name, other: Name) -> tuple[NameNear, NameNear]:
    """First name and last name.

    The order may be exchanged, but then both have to agree: one alone does not tell which of the two is the family's.
    A name that is one part is compared with either. Who writes two parts as one word has the same name.
    """
    if not one.first or not other.first or one.script != other.script:
        return _UNKNOWN
    if one.joined == other.joined:
        return NameNear.EXACT, NameNear.EXACT if one.last or other.last else NameNear.UNKNOWN
    straight = _near(one.first, other.first, one, other), _near(one.last, other.last, one, other)
    if one.last and other.last:
        turned = _near(one.first, other.last, one, other), _near(one.last, other.first, one, other)
        return turned if min(turned) >= NameNear.PARTIAL and _sum(turned) > _sum(straight) else straight
    single = _near(one.first, other.last, one, other) if other.last else _near(one.last, other.first, one, other)
    return (NameNear.UNKNOWN, single) if POINTS[single] > _sum(straight) else straight


@lru_cache(maxsize=ALREADY_COMPARED)
def compare_parts(one: str, other: str) -> NameNear:
    """Partial: an initial, a beginning of at least three letters, a common short form, or few slips.

    Slips are counted in letters put in, left out, replaced or exchanged with the next one, of what the names sound
    like: a quarter of the longer one at most, and not in the first letter, in which similar names of a family differ.
    """
    if not one or not other:
        return NameNear.UNKNOWN
    if one == other:
        return NameNear.EXACT
    return NameNear.PARTIAL if _resemble(one, other) else NameNear.DIFFERENT


def _resemble(one: str, other: str) -> bool:
    if formal_names(one) & formal_names(other):
        return True
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and (len(short) == 1 or len(short) >= FEWEST_OF_PREFIX):
        return True
    return sounds_alike(sound_of(one), sound_of(other))


@lru_cache(maxsize=ALREADY_COMPARED)
def sound_of(part: str) -> str:
    """What ``part`` is compared by for slips: Phongsakorn and Pongsakorn are the same."""
    sound = part
    for written, simpler in _SPELLINGS:
        sound = sound.replace(written, simpler)
    return _DOUBLED.sub(r"\1", _SILENT_H.sub("", sound))


def sounds_alike(one: str, other: str) -> bool:
    """Of two results of ``sound_of``."""
    if one[0] != other[0]:
        return False
    return OSA.normalized_similarity(one, other, score_cutoff=LEAST_SIMILARITY) >= LEAST_SIMILARITY


def _near(part: str, counterpart: str, one: Name, other: Name) -> NameNear:
    """A part that is among the other's middle names or in its brackets is there in part."""
    near = compare_parts(part, counterpart)
    if near is NameNear.DIFFERENT and (part in other.others or counterpart in one.others):
        return NameNear.PARTIAL
    return near


def _sum(nears: tuple[NameNear, NameNear]) -> int:
    return POINTS[nears[0]] + POINTS[nears[1]]
