"""How well profiles are matched to customers, on people of whom it is known who is who (CRM-09)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import astuple, dataclass, field

from sync_platform.transforms.match_candidates import Candidates
from sync_platform.transforms.match_decision import Decision, MatchRules, Scored, decide
from sync_platform.transforms.person import Person, normalise

LEAST_PRECISION, LEAST_RECALL = 0.995, 0.90


@dataclass(frozen=True)
class Labelled:
    """A profile and every hash of its customer; none: the CRM does not have it. ``odd`` says what is hard about it."""

    person: Person
    hashes: Collection[str]
    odd: Collection[str] = ()


@dataclass(frozen=True)
class Confusion:
    """Profiles by what became of them; the sum is all of them.

    ``offered`` and ``not_offered`` wait for a person, and the right customer is, or is not, among those to look at.
    ``asked_in_vain`` waits although the CRM has no such customer; ``left_alone`` rightly has none.
    """

    right: int = 0
    wrong: int = 0
    offered: int = 0
    not_offered: int = 0
    missed: int = 0
    asked_in_vain: int = 0
    left_alone: int = 0
    wrong_with_customer: int = 0  # of ``wrong``: the CRM has the right customer

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    @property
    def precision(self) -> float:
        """Of what was linked, the share that is right; 1 if nothing was."""
        linked = self.right + self.wrong
        return self.right / linked if linked else 1.0

    @property
    def recall(self) -> float:
        """Of the profiles with a customer in the CRM, the share that was linked to it; 1 if there are none."""
        with_customer = self.right + self.wrong_with_customer + self.offered + self.not_offered + self.missed
        return self.right / with_customer if with_customer else 1.0


@dataclass(frozen=True)
class MatchQuality:
    """The rule, and the one of the replaced job on the same people.

    ``reasons``: why people are asked, of profiles; ``reviews`` are the pairs to look at. Per oddity: how many profiles
    with a customer are ``having`` it, and how many of them were not linked to it.
    """

    rule: Confusion = Confusion()
    old_rule: Confusion = Confusion()
    reasons: Counter[str] = field(default_factory=Counter)
    having: Counter[str] = field(default_factory=Counter)
    unlinked: Counter[str] = field(default_factory=Counter)
    reviews: int = 0

    def __add__(self, other: "MatchQuality") -> "MatchQuality":
        """Of both sets together."""
        return MatchQuality(
            self.rule + other.rule,
            self.old_rule + other.old_rule,
            self.reasons + other.reasons,
            self.having + other.having,
            self.unlinked + other.unlinked,
            self.reviews + other.reviews,
        )

    @property
    def good_enough(self) -> bool:
        """CRM-09."""
        return self.rule.precision >= LEAST_PRECISION and self.rule.recall >= LEAST_RECALL


def evaluate(
    customers: Iterable[tuple[str, Person]],
    profiles: Iterable[Labelled],
    country: str,
    rules: MatchRules,
    old_rule: Callable[[Person], str | None],
) -> MatchQuality:
    """``customers`` by stable_hash_id; ``old_rule`` gives the hash it links. Nothing is remembered between profiles."""
    known = [(stable_hash, normalise(person, country)) for stable_hash, person in customers]
    candidates = Candidates(known, rules.review_from)
    ours, theirs = Counter[str](), Counter[str]()
    reasons, having, unlinked = Counter[str](), Counter[str](), Counter[str]()
    reviews = 0
    for profile in profiles:
        scored = candidates.scored(normalise(profile.person, country))
        decision = decide((Scored(key, key, score) for key, score in scored), rules)
        outcome = _outcome(decision, profile.hashes)
        ours[outcome] += 1
        ours["wrong_with_customer"] += bool(outcome == "wrong" and profile.hashes)
        linked = old_rule(profile.person)
        old = _outcome_of_link(linked, profile.hashes) if linked else "missed" if profile.hashes else "left_alone"
        theirs[old] += 1
        theirs["wrong_with_customer"] += bool(old == "wrong" and profile.hashes)
        reviews += len(decision.reviews)
        if decision.kind == "review":
            reasons[decision.reason] += 1
        if profile.hashes:
            having.update(profile.odd or ["nothing odd"])
            unlinked.update((profile.odd or ["nothing odd"]) if outcome != "right" else [])
    return MatchQuality(Confusion(**ours), Confusion(**theirs), reasons, having, unlinked, reviews)


def _outcome(decision: Decision, hashes: Collection[str]) -> str:
    if decision.kind == "link" and decision.best:
        return _outcome_of_link(decision.best.stable_hash_id, hashes)
    if decision.kind == "none":
        return "missed" if hashes else "left_alone"
    if not hashes:
        return "asked_in_vain"
    return "offered" if any(one.stable_hash_id in hashes for one in decision.reviews) else "not_offered"


def _outcome_of_link(linked: str, hashes: Collection[str]) -> str:
    return "right" if linked in hashes else "wrong"
