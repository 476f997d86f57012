"""Whether a profile is a customer: linked, asked about, or not (CRM-07, CRM-08)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sync_platform.transforms.match_score import Score

#: Why somebody is asked who has nothing but a name in common with the customer.
NAME_ONLY = "neither phone nor e-mail is the same"
MOST_REVIEWS = 5  # of one profile: whom a person looks at, best first


@dataclass(frozen=True)
class MatchRules:
    """From which score somebody is asked, from which it is linked, and how far ahead of the next it has to be."""

    review_from: Decimal = Decimal("0.30")
    link_from: Decimal = Decimal("0.60")
    link_lead: Decimal = Decimal("0.15")
    most_reviews: int = MOST_REVIEWS
    lead_before_cap: bool = True  # else two who both reach 1.00 are equally near, however much more one of them has

    def nearness(self, score: Score) -> Decimal:
        """What the lead is measured by."""
        return Decimal(score.points) / 100 if self.lead_before_cap else score.total


@dataclass(frozen=True, slots=True)
class Scored:
    """A customer and how near it is. Rows with one ``stable_hash_id`` are one customer."""

    customer_id: int | str
    stable_hash_id: str
    score: Score


@dataclass(frozen=True)
class Decision:
    """``best`` is linked or the first to ask about; ``reviews`` are all to ask about, best first.

    ``reason`` tells a person why it was not linked; empty for a link.
    """

    kind: Literal["link", "review", "none"]
    best: Scored | None = None
    reviews: tuple[Scored, ...] = ()
    reason: str = ""


NO_MATCH = Decision("none", reason="nobody is near enough")


def decide(scored: Iterable[Scored], rules: MatchRules) -> Decision:
    """The same whatever the order of ``scored``.

    The lead counts before the cap of 1.0, unless the rules say otherwise: of relatives who share a phone, the one whose
    first name and e-mail fit as well is ahead, though both show 1.00 (CRM-09 is not reached without).

    What CRM-07 lets through is asked about nevertheless if the names are of two people, or if the first names cannot be
    compared and phone or e-mail differ: both are shared, and numbers are given to somebody else.
    """
    best_of: dict[str, Scored] = {}
    for one in scored:
        known = best_of.get(one.stable_hash_id)
        if one.score.total >= rules.review_from and (known is None or _rank(one) < _rank(known)):
            best_of[one.stable_hash_id] = one
    ranked = sorted(best_of.values(), key=_rank)
    if not ranked:
        return NO_MATCH
    best, *rest = ranked
    reason = _doubt(best.score, rest[0].score if rest else None, rules)
    if not reason:
        return Decision("link", best)
    return Decision("review", best, tuple(ranked[: rules.most_reviews]), reason)


def _doubt(best: Score, second: Score | None, rules: MatchRules) -> str:
    if best.total < rules.link_from:
        return "score too low"
    if not best.strong:
        return NAME_ONLY
    if best.contradicts:
        return "the names are of two people"
    if not best.named and best.differs:
        return "no name to tell who it is"
    if second is not None and rules.nearness(best) - rules.nearness(second) < rules.link_lead:
        return "another customer is as near"
    return ""


def _rank(one: Scored) -> tuple[Decimal, bool, int, str, str]:
    """Best first: the higher total, then what is strong and fits, then what counts more before the cap."""
    score = one.score
    fits = score.strong and not score.contradicts
    return (-score.total, not fits, -score.points, one.stable_hash_id, str(one.customer_id))
