"""The people who pay a merchant."""

from dataclasses import dataclass
from random import Random

from sync_platform.sandbox.people import FIRST_NAMES, LAST_NAMES, REGIONS, STREETS


@dataclass(frozen=True)
class MxCustomer:
    """``number`` is the merchant's own and may be blank; ``code`` is the vendor's."""

    customer_id: int
    name: str
    number: str
    code: str

    def address(self) -> dict[str, str]:
        """Where invoices are sent."""
        rng = Random(self.customer_id)
        town, state, code = rng.choice(REGIONS["US"].towns)
        street = f"{rng.randrange(1, 99)} {rng.choice(STREETS)}"
        return {"name": self.name, "address1": street, "city": town, "state": state, "zip": code, "country": "US"}


def customers(merchant_id: int, how_many: int, rng: Random) -> list[MxCustomer]:
    """Invented people; two may have the same name."""
    first = 43_868_001 + merchant_id % 1_000_000 * 1000
    found = []
    for number in range(how_many):
        name = f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"
        own = rng.choice(("", "", f"P-{number + 100}"))
        found.append(MxCustomer(first + number, name, own, f"05{merchant_id % 1000:03d}C{number:06d}"))
    return found
