"""What is to be written of what matching saw: one customer per profile, one profile per customer (CRM-05 to CRM-08)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sync_platform.db.match_customers import Customer
from sync_platform.db.match_reviews import Question
from sync_platform.db.matches import Link, MappingState, Move, Pair
from sync_platform.sync.match_directory import CustomerDirectory
from sync_platform.sync.match_sightings import Sighting, Subject, candidate_by_id, same_customer
from sync_platform.sync.match_tally import MatchChange
from sync_platform.transforms.match_decision import MatchRules
from sync_platform.transforms.match_score import Score, score

CLAIMED_TWICE = "claimed_twice"
RENAMED = "renamed"
REOPENED = "reopened"


@dataclass(frozen=True)
class Rival:
    """A profile, not among those that are looked at, that would be linked to a customer as well."""

    profile_id: str
    stable_hash_id: str
    nearness: Decimal


@dataclass
class MatchPlan:
    """``ids`` are what the CRM calls customers now, for mappings that stay as they are."""

    links: list[Link] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    ids: dict[Pair, int | None] = field(default_factory=dict)
    changes: list[MatchChange] = field(default_factory=list)


class Planner:
    """``owners`` says whose customers are somebody's already. ``ids_hold``: the CRM did not rebuild its ids, so an id
    says something of who it was."""

    def __init__(
        self,
        directory: CustomerDirectory,
        owners: Mapping[str, str],
        decided: Mapping[Pair, MappingState],
        rules: MatchRules,
        country: str,
        *,
        ids_hold: bool,
    ) -> None:
        self._directory = directory
        self._taken = dict(owners)
        self._decided = decided
        self._rules = rules
        self._country = country
        self._ids_hold = ids_hold
        self._plan = MatchPlan()
        self._reopened: dict[str, list[str]] = defaultdict(list)
        for (profile_id, hash_id), state in sorted(decided.items()):
            if state == "ambiguous":
                self._reopened[profile_id].append(hash_id)

    def plan(self, sightings: Sequence[Sighting], rivals: Sequence[Rival] = ()) -> MatchPlan:
        """The same for the same sightings, in whatever order they are."""
        open_ones = [one for one in sightings if not self._keep(one)]
        open_ones = [one for one in open_ones if not self._recognise(one)]
        winners = self._winners(open_ones, rivals)
        for sighting in open_ones:
            if sighting.subject.profile_id in winners:
                self._take(sighting)
        for sighting in open_ones:
            if sighting.subject.profile_id not in winners:
                self._ask(sighting)
        return self._plan

    def _keep(self, sighting: Sighting) -> bool:
        mapping = sighting.mapping
        if mapping is None or sighting.missing:
            return False
        rows = self._directory.of_hash(mapping.stable_hash_id)
        if all(row.customer_id != mapping.customer_id for row in rows):
            self._plan.ids[mapping.profile_id, mapping.stable_hash_id] = rows[0].customer_id
        self._plan.changes.append(MatchChange(mapping.profile_id, "kept", mapping.stable_hash_id))
        return True

    def _recognise(self, sighting: Sighting) -> bool:
        """A customer that was renamed has kept its id and its phone, or its id and its name."""
        if not self._ids_hold or sighting.mapping is None:
            return False
        found = candidate_by_id(sighting.mapping, self._directory)
        if found is None or not self._free(sighting.subject, found[0]):
            return False
        if not same_customer(sighting.mapping, found[1], self._country):
            return False
        self._move(sighting, found[0], None)
        return True

    def _winners(self, sightings: Sequence[Sighting], rivals: Sequence[Rival]) -> set[str]:
        """Who gets the customer that it claims: the only one, or the one that is ahead of the next by the lead."""
        claims: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
        for rival in rivals:
            claims[rival.stable_hash_id].append((rival.nearness, rival.profile_id))
        ours = set()
        for sighting in sightings:
            best = sighting.decision.best
            if sighting.decision.kind != "link" or best is None:
                continue
            if self._free(sighting.subject, self._directory.at(best)):
                ours.add(sighting.subject.profile_id)
                claims[best.stable_hash_id].append((self._rules.nearness(best.score), sighting.subject.profile_id))
        winners = set()
        for claimed_by in claims.values():
            (first, profile_id), *others = sorted(claimed_by, reverse=True)
            if not others or first - others[0][0] >= self._rules.link_lead:
                winners.add(profile_id)
        return winners & ours

    def _take(self, sighting: Sighting) -> None:
        best = sighting.decision.best
        assert best is not None
        customer, profile_id = self._directory.at(best), sighting.subject.profile_id
        if sighting.mapping is not None:
            self._move(sighting, customer, best.score)
            return
        self._taken[best.stable_hash_id] = profile_id
        self._plan.links.append(Link(profile_id, customer, best.score.method, best.score.total, best.score.evidence))
        self._plan.changes.append(MatchChange(profile_id, "linked", best.stable_hash_id, None, best.score.total))

    def _move(self, sighting: Sighting, customer: Customer, how: Score | None) -> None:
        assert sighting.mapping is not None
        profile_id, old = sighting.subject.profile_id, sighting.mapping.stable_hash_id
        self._taken[customer.stable_hash_id] = profile_id
        self._plan.moves.append(Move(profile_id, old, customer))
        total = how.total if how else None
        self._plan.changes.append(MatchChange(profile_id, "renamed", customer.stable_hash_id, old, total))

    def _ask(self, sighting: Sighting) -> None:
        subject, mapping = sighting.subject, sighting.mapping
        questions = self._questions(sighting)[: self._rules.most_reviews]
        if questions:
            self._plan.questions += questions
            first = questions[0]
            change = MatchChange(
                subject.profile_id, "reviews", first.customer.stable_hash_id, None, first.score, first.reason
            )
        elif mapping is not None:
            change = MatchChange(subject.profile_id, "lost", None, mapping.stable_hash_id)
        else:
            change = MatchChange(subject.profile_id, "unmatched", reason=sighting.decision.reason)
        self._plan.changes.append(change)

    def _questions(self, sighting: Sighting) -> list[Question]:
        """What a person asked to see again comes first, then the nearest."""
        subject = sighting.subject
        found: dict[str, Question] = {}
        for hash_id in self._reopened.get(subject.profile_id, ()):
            for customer in self._directory.of_hash(hash_id)[:1]:  # none, if it is gone
                like = score(subject.traits, self._directory.traits_of(customer))
                found[hash_id] = self._question(sighting, customer, like, REOPENED)
        best = sighting.decision.best
        near = (best,) if sighting.decision.kind == "link" and best else sighting.decision.reviews
        for one in near:
            customer = self._directory.at(one)
            owner = self._taken.get(one.stable_hash_id)
            if owner is not None and not one.score.strong:
                continue  # whose customer this is has been found out
            claimed = owner is not None or sighting.decision.kind == "link"
            reason = CLAIMED_TWICE if claimed else sighting.decision.reason
            found.setdefault(one.stable_hash_id, self._question(sighting, customer, one.score, reason))
        if self._ids_hold and sighting.mapping is not None:
            by_id = candidate_by_id(sighting.mapping, self._directory)
            if by_id is not None and self._free(subject, by_id[0]):
                like = score(subject.traits, by_id[1])
                found.setdefault(by_id[0].stable_hash_id, self._question(sighting, by_id[0], like, RENAMED))
        return list(found.values())

    def _question(self, sighting: Sighting, customer: Customer, like: Score, reason: str) -> Question:
        subject = sighting.subject
        asked = RENAMED if sighting.mapping is not None else reason
        return Question(subject.profile_id, customer, like.total, like.evidence, asked, subject.record)

    def _free(self, subject: Subject, customer: Customer) -> bool:
        """Nobody's, and no person has decided or wants to decide about this pair."""
        pair = (subject.profile_id, customer.stable_hash_id)
        return customer.stable_hash_id not in self._taken and pair not in self._decided
