"""What a stand-in CRM project is made of: the description from which all its records follow."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

PackageIds = Literal["integer", "text"]


@dataclass(frozen=True, kw_only=True)
class CrmSpec:
    """One CRM project. The same description always gives the same records (SBX-01).

    ``api_key`` reads customers, packages and the function, and writes nothing; ``public_key`` is the anonymous role.
    ``packages_each`` is the mean per customer. ``package_ids`` is the type of the packages' ``id``: the vendor's page
    leaves it open. ``first_id`` is the lowest customer id. Shares are of the customers: with the phone of somebody of
    the same family, with a second row of the same hash, and without e-mail, phone or either.
    """

    name: str
    seed: int
    customers: int = 100
    packages_each: float = 1.5
    today: date = date(2026, 11, 21)
    api_key: str = "demo-crm-key"
    public_key: str = "demo-public-key"
    package_ids: PackageIds = "integer"
    first_id: int = 1
    family_share: float = 0.05
    twin_share: float = 0.02
    no_email_share: float = 0.35
    no_phone_share: float = 0.03

    def __post_init__(self) -> None:
        if self.customers < 0 or self.packages_each < 0:
            raise ValueError("a CRM cannot have fewer than no customers or packages")
        shares = (self.family_share, self.twin_share, self.no_email_share, self.no_phone_share)
        if any(not 0 <= share <= 1 for share in shares):
            raise ValueError("a share is between 0 and 1")
        if self.api_key == self.public_key:
            raise ValueError("the two keys of a CRM have to differ")
