"""Phone numbers as people write them (CRM-06)."""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
import regex

KEY_DIGITS = 9
FEWEST_DIGITS = 7  # of a number that somebody can be called at without an exchange
ALREADY_KNOWN = 50_000  # numbers whose reading is kept
# words and extensions as well: a field for one phone holds whatever people type
_BETWEEN_NUMBERS = regex.compile(r"[\p{L}\p{M}]+|[/,;#:]|(?<=\d)\s*(?=\+)")


@dataclass(frozen=True, slots=True)
class Phone:
    """``e164`` with country, if it is a number of that country's plan; ``key`` is compared."""

    e164: str = ""
    key: str = ""


NO_PHONE = Phone()


@lru_cache(maxsize=ALREADY_KNOWN)
def read_phone(text: str | None, country: str) -> Phone:
    """Digits of any script, with or without country code, 00 or +. Of several numbers the first that is one.

    A number outside of the country's plan has the digits that were typed as its key, so that a typo is still near.
    Fewer than seven digits, and what is typed to get past a form (0000000000, 0123456789), is not a phone.
    """
    phones = [_read(part.strip(), country) for part in _BETWEEN_NUMBERS.split(text or "")]
    valid = (phone for phone in phones if phone.e164)
    return next(valid, None) or next((phone for phone in phones if phone.key), NO_PHONE)


def _read(written: str, country: str) -> Phone:
    if len(_digits(written)) < FEWEST_DIGITS:
        return NO_PHONE
    number = _parsed(f"+{written[2:]}" if written.startswith("00") else written, country)
    if number is not None and phonenumbers.is_valid_number(number):
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return Phone(e164, key) if (key := _key(e164)) else NO_PHONE
    return Phone("", _key(str(number.national_number) if number is not None else _digits(written)))


def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None


def _digits(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())


def _key(number: str) -> str:
    digits = _digits(number).lstrip("0")
    key = digits[-KEY_DIGITS:]
    made_up = len(set(key)) < 2 or key in "0123456789" or key in "9876543210"
    return "" if len(key) < FEWEST_DIGITS or made_up else key
