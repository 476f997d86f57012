"""Invented telephone numbers and the ways in which people write them."""

from collections.abc import Callable
from random import Random

THAI_CODE = "66"


def invented_number(rng: Random) -> str:
    """A number of ten digits as it is dialled at home: of the form of a mobile number in Thailand."""
    return f"0{rng.choice('689')}{rng.randrange(10**8):08d}"


def _abroad(number: str) -> str:
    return THAI_CODE + number[1:]


WRITTEN: tuple[Callable[[str], str], ...] = (
    lambda number: number,
    lambda number: number,
    lambda number: f"{number[:3]}-{number[3:6]}-{number[6:]}",
    lambda number: f"{number[:3]} {number[3:6]} {number[6:]}",
    lambda number: f"+{THAI_CODE} {number[1:3]} {number[3:6]} {number[6:]}",
    lambda number: "+" + _abroad(number),
    _abroad,
    lambda number: f"({number[:3]}) {number[3:]}",
    lambda number: f"{number[:3]}.{number[3:6]}.{number[6:]}",
    lambda number: f" {number[:2]}-{number[2:]} ",
    lambda number: f"{number} (LINE)",
    lambda number: f"00{_abroad(number)}",
)
# what is in the field and is no number
NO_NUMBERS = ("-", "12345", "", "n/a")


def written(number: str, rng: Random) -> str:
    """The number in one of the forms in which it is typed."""
    return rng.choice(WRITTEN)(number)
