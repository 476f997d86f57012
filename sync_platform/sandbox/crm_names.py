"""Invented names of a CRM's customers and the ways in which they are written, and the hash made of them."""

import hashlib
import re
from collections.abc import Callable
from random import Random

from sync_platform.sandbox.people import FIRST_NAMES, LAST_NAMES

_THAI_FIRST = """
Anong Apinya Boonmee Chai Chanida Darika Fah Kamol Kanya Kittisak Lamai Malee Mongkut Narong Niran Nok Nopporn Orapin
Pakorn Pensri Ploy Prasert Preecha Ratana Rung Sakda Sarawut Siriporn Somchai Somsri Suda Sunee Tawan Thanawat Ubon
Wanida Wichai Yupin
"""
_STARTS = "Ananda Boon Chaiya Dara Intha Kaew Kiat Lert Maha Nakorn Panya Phet Pra Rattana Sri Suwan Thong Vora Wong"
_MIDDLES = "aroon boon chan det ka klin lap mon na nop pan phon ra rung sai suwan ta thep wi"
_ENDS = "chai chart dee kul ngam phan porn rak rat sakul siri sombat suk thep wan wat wong yot"
FIRST = FIRST_NAMES + _THAI_FIRST.split()
STARTS, MIDDLES, ENDS = _STARTS.split(), _MIDDLES.split(), _ENDS.split()
NOT_DIGITS = re.compile(r"[^0-9]")

_FORMS: tuple[Callable[[str, str], str], ...] = (
    *((lambda first, last: f"{first} {last}"),) * 12,
    lambda first, last: f"{first} {last}".upper(),
    lambda first, last: f"{first} {last}".lower(),
    lambda first, last: f" {first}  {last} ",
    lambda first, last: f"Khun {first} {last}",
    lambda first, last: f"{first} ({last[:3]})",
    lambda first, last: f"{last}, {first}",
    lambda first, _last: first,
)


def stable_hash(customer_name: str | None, contact_number: str | None) -> str | None:
    """The CRM's join key: md5 of ``lower(trim(name)) || '::' || digits``. As in SQL, a null makes all of it null."""
    if customer_name is None or contact_number is None:
        return None
    text = f"{customer_name.strip(' ').lower()}::{NOT_DIGITS.sub('', contact_number)}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def invented_name(rng: Random) -> tuple[str, str]:
    """First and last name. Most last names are made of syllables: thousands, as among families in Thailand."""
    if rng.random() < 0.15:
        return rng.choice(FIRST), rng.choice(LAST_NAMES)
    return rng.choice(FIRST), rng.choice(STARTS) + rng.choice(MIDDLES) + rng.choice(ENDS)


def written_name(first: str, last: str, rng: Random) -> str:
    """The name as somebody typed it."""
    return rng.choice(_FORMS)(first, last)


def misspelt(text: str, rng: Random) -> str:
    """One letter left out, doubled or swapped with the next."""
    if len(text) < 4:
        return text
    at = rng.randrange(1, len(text) - 2)
    change = rng.randrange(3)
    if change == 0:
        return text[:at] + text[at + 1 :]
    if change == 1:
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
