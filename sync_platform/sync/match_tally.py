"""What matching did, or would do: numbers for the ledger, and a sample without personal data (SYS-20, CRM-20)."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

SAMPLE = 20

Outcome = Literal["linked", "kept", "renamed", "lost", "reviews", "unmatched"]
_SHOWN: tuple[Outcome, ...] = ("renamed", "lost", "linked", "reviews", "unmatched")


@dataclass(frozen=True)
class MatchChange:
    """What became of one profile. ``before`` is the hash of a customer that was renamed or is gone."""

    profile_id: str
    outcome: Outcome
    stable_hash_id: str | None = None
    before: str | None = None
    score: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class MatchTally:
    """``profiles = linked + kept + renamed + lost + reviews + unmatched``, each profile counted once.

    ``lost`` keep a mapping whose customer is gone from the CRM. ``reviews`` are profiles about which a person is asked,
    with ``questions`` open in all. ``closed`` questions are none any more; ``renumbered`` mappings have got another id.
    """

    profiles: int = 0
    linked: int = 0
    kept: int = 0
    renamed: int = 0
    lost: int = 0
    reviews: int = 0
    unmatched: int = 0
    questions: int = 0
    closed: int = 0
    renumbered: int = 0
    dry_run: bool = False
    sample: tuple[MatchChange, ...] = ()

    def as_report(self) -> dict[str, Any]:
        """For a run's report: plain values, without the hashes, which whoever knows a person can make."""
        report = {name: value for name, value in asdict(self).items() if name != "sample"}
        sample = [
            {"profile_id": one.profile_id, "outcome": one.outcome, **({"reason": one.reason} if one.reason else {})}
            for one in self.sample
        ]
        return {**report, "sample": sample}


def tally_of(
    changes: list[MatchChange], *, questions: int = 0, closed: int = 0, renumbered: int = 0, dry_run: bool = False
) -> MatchTally:
    """Counts outcomes; of each but ``kept`` the first few are shown, renamed and lost ones before the others."""
    of: dict[Outcome, list[MatchChange]] = {outcome: [] for outcome in get_args(Outcome)}
    for change in changes:
        of[change.outcome].append(change)
    return MatchTally(
        profiles=len(changes),
        linked=len(of["linked"]),
        kept=len(of["kept"]),
        renamed=len(of["renamed"]),
        lost=len(of["lost"]),
        reviews=len(of["reviews"]),
        unmatched=len(of["unmatched"]),
        questions=questions,
        closed=closed,
        renumbered=renumbered,
        dry_run=dry_run,
        sample=tuple(change for outcome in _SHOWN for change in of[outcome][:SAMPLE]),
    )
