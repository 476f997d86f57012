"""Member records with the blanks, spellings and odd values that live ones have."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.lookups import Lookups
from sync_platform.sandbox.object_ids import ObjectIds, fixed_id
from sync_platform.sandbox.people import FIRST_NAMES, LAST_NAMES, MAIL_HOSTS, REGIONS, STREETS
from sync_platform.sandbox.spec import ShopSpec

DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEXES = (0, 0, 0, 0, "MALE", "FEMALE", "OTHER", None)


@dataclass
class Visits:
    """What a member's sales add up to; points in hundredths."""

    first: int = 0
    last: int = 0
    earned: int = 0
    spent: int = 0


class Members:
    """Makes member after member; the same seed and the same visits give the same members."""

    def __init__(self, spec: ShopSpec, lookups: Lookups, ids: ObjectIds) -> None:
        self._spec, self._lookups, self._ids = spec, lookups, ids
        self._rng = Random(f"{spec.seed}/members")
        self._number = 0
        self._group = {
            "id": fixed_id("group", lookups.company_id),
            "name": "Default",
            "discount": 0.0,
            "discountType": "Percentage",
            "defaultGroup": True,
            "active": True,
            "memberCount": spec.members,
            "created": spec.start_ms - 900 * DAY_MS,
            "modified": spec.start_ms - 300 * DAY_MS,
            "deleted": False,
            "updated": False,
        }

    def build(self, member_id: str, visits: Visits) -> Record:
        """One member of the shop's history. ``modified`` follows the last visit; some were edited later."""
        rng, spec = self._rng, self._spec
        joined = spec.start_ms - rng.randrange(DAY_MS, 900 * DAY_MS)
        if visits.first and rng.random() < 0.15:
            joined = visits.first - 600_000
        edited = spec.start_ms + rng.randrange(max(1, spec.now_ms - spec.start_ms))
        modified = visits.last + rng.randrange(90_000) if visits.last else joined + rng.randrange(40 * DAY_MS)
        if rng.random() < (0.1 if visits.last else 0.6):
            modified = max(modified, edited)
        return self.record(member_id, joined, min(modified, spec.now_ms), visits)

    def new(self, joined: int) -> Record:
        """Somebody who signs up now."""
        return self.record(self._ids.next(joined), joined, joined, Visits())

    def record(self, member_id: str, joined: int, modified: int, visits: Visits) -> Record:
        """One member, with the given times."""
        rng, lookups = self._rng, self._lookups
        self._number += 1
        first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
        if rng.random() < 0.02:
            last = ""
        born = EPOCH + timedelta(days=rng.randrange(-14_000, 13_000))
        address = self._address(joined)
        return {
            "id": member_id,
            "created": joined,
            "modified": max(modified, joined),
            "deleted": rng.random() < 0.015,
            "updated": False,
            "companyId": lookups.company_id,
            # members belong to the company: some joined in its other shop
            "shopId": lookups.shop_id if rng.random() > 0.04 else fixed_id("sister", lookups.shop_id),
            "dirty": False,
            "firstName": first,
            "lastName": last,
            "middleName": rng.choice((None, None, "")),
            "nickname": None,
            "address": address,
            "addresses": [],
            "uppercaseCity": address["city"].upper() if address else None,
            **self._reachable(first, last),
            **self._born(born),
            "searchText": f"{first} {last}".strip().lower(),
            "metadata": [],
            "sex": rng.choice(SEXES),
            "anonymous": False,
            "status": rng.choices(("Active", "Pending", "Inactive"), (94, 3, 3))[0],
            "notes": [self._note(joined)] if rng.random() < 0.05 else [],
            "contracts": [],
            "preferences": [],
            "identifications": [],
            "recommendations": [],
            "lastVisitDate": visits.last or rng.choice((None, 0)),
            "startDate": joined,
            "importId": None,
            "memberGroupId": self._group["id"],
            "memberGroup": self._group,
            "recentProducts": [],
            "dlExpired": False,
            "recommendationExpired": rng.random() < 0.5,
            "agreementExpired": False,
            "consumerUserId": None,
            "marketingSource": rng.choice(("", None, "Friend")),
            "consumerType": rng.choices(("AdultUse", "MedicinalState", "Other"), (85, 10, 5))[0],
            "medical": rng.random() < 0.1,
            "enableLoyalty": True,
            "loyaltyPoints": max(0, visits.earned - visits.spent) / 100,
            "lifetimePoints": visits.earned / 100,
            "enabledCareGiver": False,
            "careGivers": [],
            "regionId": None,
            "eligibleForFTMPromos": not visits.last,
            "banPatient": rng.random() < 0.005,
            "tags": [],
            "recommendationExpiryLeft": 0,
            "referralCode": f"M-{self._number:06d}",
            "exemptFromLimits": False,
            # not in the published document, but sent
            "lastEngagedChannel": None,
        }

    def _reachable(self, first: str, last: str) -> Record:
        """E-mail and telephone: blank for some, the number only in ``cpn`` for others."""
        rng = self._rng
        written, normalised = REGIONS[self._spec.country].phone(rng)
        kind = rng.random()
        name = "".join(c for c in f"{first}.{last}".lower() if c.isascii() and (c.isalnum() or c == "."))
        mail = f"{name.strip('.')}{self._number}@{rng.choice(MAIL_HOSTS)}"
        return {
            "email": mail if rng.random() < 0.8 else rng.choice(("", None)),
            "emailVerified": False,
            "primaryPhone": written if kind < 0.7 else rng.choice(("", None)),
            "cpn": normalised if kind < 0.85 else None,
            "textOptIn": rng.random() < 0.6,
            "emailOptIn": rng.random() < 0.4,
        }

    def _born(self, born: datetime) -> Record:
        """``dob`` is negative before 1970."""
        rng = self._rng
        kind = rng.random()
        return {
            "dob": int((born - EPOCH).total_seconds() * 1000) if kind < 0.9 else rng.choice((None, 0)),
            "birthdate": f"{born:%Y-%m-%d}" if kind < 0.3 else None,
            "localDob": f"{born:%Y-%m-%d}" if kind < 0.8 else None,
            "localDobUTC": None,
        }

    def _address(self, joined: int) -> Record | None:
        rng = self._rng
        kind = rng.random()
        if kind < 0.1:
            return None
        region = REGIONS[self._spec.country]
        town, state, postcode = rng.choice(region.towns)
        blank = kind < 0.25
        return {
            "id": self._ids.next(joined),
            "created": joined,
            "modified": joined,
            "deleted": False,
            "updated": False,
            "companyId": None,
            "address": "" if blank else f"{rng.randrange(1, 999)} {rng.choice(STREETS)}",
            "addressLine2": rng.choice(("", None)),
            "city": "" if blank else town,
            "state": "" if blank else state,
            "zipCode": "" if blank else postcode,
            "country": region.country,
            "latitude": None,
            "longitude": None,
            "completeTransaction": False,
        }

    def _note(self, joined: int) -> Record:
        return {
            "id": self._ids.next(joined),
            "created": joined,
            "modified": joined,
            "deleted": False,
            "writerId": self._lookups.employees[0]["id"],
            "writerName": self._lookups.employees[0]["firstName"],
            "message": "Prefers to be greeted by name.",
        }
