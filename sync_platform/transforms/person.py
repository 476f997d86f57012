"""A person as an application or a CRM writes one down, and what of it can be compared (CRM-06)."""

from dataclasses import dataclass

from sync_platform.transforms.person_name import NO_NAME, Name, read_name
from sync_platform.transforms.person_phone import NO_PHONE, Phone, read_phone


@dataclass(frozen=True)
class Person:
    """As written by whoever wrote it: nothing is cleaned, everything may be missing."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What can be compared of a person. An empty text is not known, and is equal to nothing."""

    name: Name = NO_NAME
    phone: Phone = NO_PHONE
    email: str = ""

    @property
    def phone_e164(self) -> str:
        """With country, such as ``+66812345678``; empty where the number is not valid there."""
        return self.phone.e164

    @property
    def phone_key(self) -> str:
        """The last nine digits, by which phones are compared; fewer for a short number."""
        return self.phone.key


def normalise(person: Person, country: str) -> Traits:
    """``country`` is the tenant's (ISO 3166 alpha-2, such as TH); empty: only numbers with + have a country."""
    return Traits(read_name(person.name), read_phone(person.phone, country), read_email(person.email))


def read_email(text: str | None) -> str:
    """Trimmed and in small letters; empty if it is no address. What is behind a + stays: families use it."""
    address = (text or "").strip().lower()
    user, at, host = address.partition("@")
    return address if user and at and "." in host and " " not in address and "@" not in host else ""
