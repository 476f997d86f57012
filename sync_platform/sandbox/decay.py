"""How far the old reports of a shop have drifted from what the shop itself says, and which records it hits."""

from collections import Counter
from dataclasses import asdict, dataclass
from random import Random


@dataclass(frozen=True, kw_only=True)
class Decay:
    """Shares from 0 to 1, each of the records that it can happen to; of products, members, receipts or their lines.

    With the defaults some fields differ in far less than 5 % of the rows (phone, name), some in clearly more (e-mail,
    last visit, cost), and some in spelling only.
    """

    # members
    stale_phones: float = 0.02
    spelled_phones: float = 0.3  # same digits
    changed_names: float = 0.01
    case_of_names: float = 0.1  # same letters
    blanks_in_names: float = 0.05
    stale_emails: float = 0.09
    missing_emails: float = 0.03
    stale_addresses: float = 0.06
    stale_visits: float = 0.08
    stale_points: float = 0.04
    stale_sums: float = 0.03  # without the last purchase
    former_members: float = 0.01  # of all members: known to the reports only

    # receipts and their lines
    missing_receipts: float = 0.01
    kept_lines: float = 0.2  # of the missing receipts: their lines are there
    receipts_without_lines: float = 0.005
    shifted_times: float = 0.03  # UTC written as if it were the shop's clock
    case_of_payments: float = 0.2
    missing_staff: float = 0.02
    older_receipts: float = 0.05  # as many on top, from before the source's first day
    renamed_lines: float = 0.02

    # products
    stale_prices: float = 0.06
    rounded_costs: float = 0.3  # to whole dollars
    case_of_products: float = 0.1
    missing_vendors: float = 0.1

    def __post_init__(self) -> None:
        for name, share in asdict(self).items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {share}")


NO_DECAY = Decay(**dict.fromkeys(asdict(Decay()), 0.0))


class Chance:
    """Says record by record what has decayed, always the same for a seed.

    Each kind counts its own candidates and takes them at even distances: the share is right for small shops as well,
    and another kind's share changes nothing here.
    """

    def __init__(self, seed: str, decay: Decay) -> None:
        self._seed = seed
        self._shares: dict[str, float] = asdict(decay)
        self._seen: Counter[str] = Counter()
        self._offsets = {kind: Random(f"{seed}/{kind}/offset").random() for kind in self._shares}
        self._random = {kind: Random(f"{seed}/{kind}") for kind in self._shares}

    def hits(self, kind: str) -> bool:
        """Whether the next candidate of this kind is one. ``KeyError`` for a kind that is not in ``Decay``."""
        share, offset, seen = self._shares[kind], self._offsets[kind], self._seen[kind]
        self._seen[kind] += 1
        return int(offset + (seen + 1) * share) > int(offset + seen * share)

    def number_of(self, kind: str, candidates: int) -> int:
        """How many of so many candidates, rounded."""
        return round(self._shares[kind] * candidates)

    def random(self, kind: str) -> Random:
        """For the values that replace the right ones."""
        return self._random[kind]
