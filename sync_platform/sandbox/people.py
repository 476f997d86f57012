"""Invented people: names, streets, telephone numbers from ranges reserved for fiction."""

from dataclasses import dataclass
from random import Random

from sync_platform.sandbox.spec import Country

_FIRST = """
Ada Amir Anouk Bela Bruno Carla Chen Dana Dilan Edda Elio Emre Esra Fenja Finn Gita Hana Hugo Ida Ines Ivo
Jana Jonas Juno Kaya Kofi Lena Liam Lior Luz Mara Mika Milo Nadia Nico Noor Olga Oren Pia Quinn Rafa Rosa
Runa Sami Sara Tamsin Theo Uma Vera Wim Yara Yusuf Zoë Jürgen Ole Åsa
"""
_LAST = """
Abel Adler Bakker Baptiste Brandt Castillo Cho Dorn Duarte Eriksen Falk Farah Fischer Gallo Grant Haddad
Hansen Ibarra Iwu Jansen Kato Keller Kim Lang Larsson Lopes Maddox Marsh Meyer Moreno Nakata Novak O'Hara
Okoye Ortiz Park Pereira Quist Rahman Reyes Rossi Sato Schäfer Silva Stone Tamm Ueda Vance Vogel Weiss
Winter Xu Young Zeller
"""
FIRST_NAMES, LAST_NAMES = _FIRST.split(), _LAST.split()
STREETS = ("Sample St", "Example Ave", "Placeholder Rd", "Invented Ln", "Fiction Way", "Specimen Blvd")
MAIL_HOSTS = ("example.org", "example.com", "example.net")


@dataclass(frozen=True)
class Region:
    """Where members live. ``prefix`` and ``width`` describe a telephone range kept for fiction."""

    country: str
    towns: tuple[tuple[str, str, str], ...]
    calling_code: str
    areas: tuple[str, ...]
    prefix: str
    width: int

    def phone(self, rng: Random) -> tuple[str, str]:
        """One number as staff type it and as the vendor normalises it."""
        area = rng.choice(self.areas)
        local = f"{self.prefix}{rng.randrange(10**self.width):0{self.width}d}"
        written = f"({area}) {local[:3]}-{local[3:]}" if self.country == "US" else f"0{area} {local}"
        return written, f"{self.calling_code}{area}{local}"


REGIONS: dict[Country, Region] = {
    "US": Region(
        country="US",
        towns=(("Fresno", "CA", "93701"), ("San Diego", "CA", "92101"), ("Oakland", "CA", "94601")),
        calling_code="+1",
        areas=("559", "619", "510", "213"),
        prefix="55501",
        width=2,
    ),
    "DE": Region(
        country="DE",
        towns=(("Berlin", "BE", "10115"), ("Potsdam", "BB", "14467")),
        calling_code="+49",
        areas=("30",),
        prefix="23125",
        width=3,
    ),
    "AU": Region(
        country="AU",
        towns=(("Sydney", "NSW", "2000"), ("Newcastle", "NSW", "2300")),
        calling_code="+61",
        areas=("2",),
        prefix="5550",
        width=4,
    ),
}
