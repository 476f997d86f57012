"""What matching sees of one profile: its mapping, and what its likeness to the customers would decide alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sync_platform.db.match_customers import Customer
from sync_platform.db.matches import Mapping as Linked
from sync_platform.db.matches import MappingState, Pair
from sync_platform.sync.match_directory import CustomerDirectory
from sync_platform.transforms.match_decision import NO_MATCH, Decision, MatchRules, Scored, decide
from sync_platform.transforms.match_score import PhoneNear, score
from sync_platform.transforms.name_nearness import NameNear
from sync_platform.transforms.person import Person, Traits, normalise

#: Candidates that are looked at before those that are somebody's are left out.
_WIDE = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """A profile with the phone that counts: of a booking, if one came with it (CRM-11)."""

    profile_id: str
    full_name: str | None
    phone: str | None
    email: str | None
    traits: Traits

    @property
    def record(self) -> dict[str, Any]:
        """What is shown of it beside a customer."""
        return {"full_name": self.full_name, "phone": self.phone, "email": self.email}


@dataclass(frozen=True, slots=True)
class Sighting:
    """``mapping`` is live; ``missing`` where nobody has its hash any more. Without a valid one there is a decision."""

    subject: Subject
    mapping: Linked | None
    missing: bool
    decision: Decision


def subject_of(profile_id: str, full_name: str | None, phone: str | None, email: str | None, country: str) -> Subject:
    """A profile made comparable."""
    return Subject(profile_id, full_name, phone, email, normalise(Person(full_name, phone, email), country))


def look_at(
    subject: Subject,
    mapping: Linked | None,
    directory: CustomerDirectory,
    decided: Mapping[Pair, MappingState],
    rules: MatchRules,
) -> Sighting:
    """Who it could be; a pair that a person said no to does not count (CRM-08)."""
    if mapping is not None and directory.of_hash(mapping.stable_hash_id):
        return Sighting(subject, mapping, missing=False, decision=NO_MATCH)
    scored = _without_rejected(directory.scored(subject.traits), subject.profile_id, decided)
    decision = decide(scored, replace(rules, most_reviews=_WIDE))
    return Sighting(subject, mapping, missing=mapping is not None, decision=decision)


def same_customer(mapping: Linked, now: Traits, country: str) -> bool:
    """Whether a customer with the id of a mapping's is still the one that was mapped: by phone or by name."""
    before = normalise(Person(mapping.customer_name, mapping.contact_number), country)
    like = score(before, now)
    same_name = like.first_name is NameNear.EXACT and like.last_name is NameNear.EXACT
    return like.phone >= PhoneNear.ELSEWHERE or same_name


def candidate_by_id(mapping: Linked, directory: CustomerDirectory) -> tuple[Customer, Traits] | None:
    """Whoever has the id of a mapping's customer now."""
    return directory.of_id(mapping.customer_id) if mapping.customer_id is not None else None


def _without_rejected(
    scored: Iterable[Scored], profile_id: str, decided: Mapping[Pair, MappingState]
) -> Iterable[Scored]:
    return (one for one in scored if decided.get((profile_id, one.stable_hash_id)) != "rejected")
