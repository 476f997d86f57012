"""Finds out which customer of the CRM each profile is, for one profile or for all (CRM-05 to CRM-08)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.match_reviews import Question, ask, close_reviews, open_of
from sync_platform.db.matches import (
    Link,
    Move,
    add_links,
    decided_pairs,
    ids_were_rebuilt,
    live_mappings,
    lock_matching,
    move_mappings,
    note_ids,
    owners,
)
from sync_platform.db.profiles import Profile, all_profiles, stored_profiles
from sync_platform.settings import Settings
from sync_platform.sync.match_directory import CustomerDirectory, customer_directory
from sync_platform.sync.match_plan import CLAIMED_TWICE, MatchPlan, Planner
from sync_platform.sync.match_rivals import find_rivals
from sync_platform.sync.match_sightings import Sighting, Subject, look_at, subject_of
from sync_platform.sync.match_tally import MatchChange, MatchTally, tally_of
from sync_platform.sync.platform import Platform
from sync_platform.transforms.match_decision import MatchRules

_NOTHING = MatchChange("", "kept")


def match_profiles(
    platform: Platform,
    tenant: Tenant,
    *,
    run_id: int | None,
    actor: str,
    country: str,
    only: Sequence[str] | None = None,
    phones: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> MatchTally:
    """Link what is sure, ask a person about what is not, follow customers that were renamed. Safe to do at once.

    Works on what is stored and makes no call. All active profiles, or ``only`` these; ``phones``, by profile, take
    precedence over the profile's own (CRM-11). ``dry_run`` writes nothing and returns the same tally.
    """
    rules = match_rules(platform.settings)
    profiles = _profiles(platform, tenant, only)
    ids = [profile.profile_id for profile in profiles]
    mappings, decided = platform.database.run(
        lambda conn: (
            live_mappings(conn, tenant.id, None if only is None else ids),
            decided_pairs(conn, tenant.id, None if only is None else ids),
        ),
        tenant.id,
    )
    if only is not None and all(one in mappings and not mappings[one].lost for one in ids):
        # as at most logins: nothing to find out, so no customer has to be read
        return tally_of([MatchChange(one, "kept", mappings[one].stable_hash_id) for one in ids], dry_run=dry_run)
    directory = customer_directory(platform.database, tenant.id, country, rules)
    sightings = [
        look_at(_subject(profile, phones or {}, country), mappings.get(profile.profile_id), directory, decided, rules)
        for profile in profiles
    ]
    hashes = None if only is None else _hashes_of(sightings, directory)
    missing = any(sighting.missing for sighting in sightings)
    owned, ids_hold = platform.database.run(
        lambda conn: (owners(conn, tenant.id, hashes), not (missing and ids_were_rebuilt(conn, tenant.id))), tenant.id
    )
    rivals = [] if only is None else find_rivals(platform, tenant, sightings, owned, directory, rules, country)
    planner = Planner(directory, owned, decided, rules, country, ids_hold=ids_hold)
    plan = planner.plan(sightings, rivals)
    subjects = {sighting.subject.profile_id: sighting.subject for sighting in sightings}

    def write(conn: Connection[Any]) -> MatchTally:
        with conn.transaction(force_rollback=dry_run):
            tally = _write(conn, tenant, plan, subjects, actor, run_id)
        return replace(tally, dry_run=dry_run)

    return platform.database.run(write, tenant.id)


def match_rules(settings: Settings) -> MatchRules:
    """The thresholds of CRM-07 as they are set."""
    crm = settings.crm
    return MatchRules(
        Decimal(str(crm.review_from)),
        Decimal(str(crm.link_from)),
        Decimal(str(crm.link_lead)),
        lead_before_cap=crm.lead_before_cap,
    )


def _profiles(platform: Platform, tenant: Tenant, only: Sequence[str] | None) -> list[Profile]:
    if only is None:
        return platform.database.run(lambda conn: all_profiles(conn, tenant.id, active_only=True), tenant.id)
    found = platform.database.run(lambda conn: stored_profiles(conn, tenant.id, only), tenant.id)
    return [found[profile_id] for profile_id in sorted(found) if found[profile_id].active]


def _subject(profile: Profile, phones: Mapping[str, str], country: str) -> Subject:
    phone = phones.get(profile.profile_id, "").strip() or profile.phone
    return subject_of(profile.profile_id, profile.full_name, phone, profile.email, country)


def _hashes_of(sightings: Sequence[Sighting], directory: CustomerDirectory) -> list[str]:
    """Customers that these profiles could get, or be asked about."""
    found = set()
    for sighting in sightings:
        best = [sighting.decision.best] if sighting.decision.best else []
        found |= {one.stable_hash_id for one in (*best, *sighting.decision.reviews)}
        if sighting.missing and sighting.mapping and (by_id := directory.of_id(sighting.mapping.customer_id)):
            found.add(by_id[0].stable_hash_id)
    return sorted(found)


def _write(
    conn: Connection[Any],
    tenant: Tenant,
    plan: MatchPlan,
    subjects: Mapping[str, Subject],
    actor: str,
    run_id: int | None,
) -> MatchTally:
    lock_matching(conn, tenant.id)
    moved = move_mappings(conn, tenant.id, plan.moves, actor, run_id)
    linked = add_links(conn, tenant.id, plan.links, actor)
    late = _overtaken(conn, tenant, plan, moved | linked)
    changes = [late.get(change.profile_id, change) for change in plan.changes]
    # customers that became somebody else's while this was decided
    claimed = [link for link in plan.links if late.get(link.profile_id, _NOTHING).outcome == "reviews"]
    questions = [*plan.questions, *(_claimed(link, subjects[link.profile_id]) for link in claimed)]
    ask(conn, tenant.id, questions)
    asked = [question.pair for question in questions]
    closed = close_reviews(conn, tenant.id, list(subjects), asked, actor)
    renumbered = note_ids(conn, tenant.id, plan.ids)
    if linked or moved:
        numbers = {"linked": len(linked), "renamed": len(moved), "run": run_id}
        audit(conn, tenant.id, actor, "matches.auto", "customer_mapping", numbers)
    open_questions = open_of(conn, tenant.id, list(subjects))
    return tally_of(changes, questions=open_questions, closed=closed, renumbered=renumbered)


def _overtaken(conn: Connection[Any], tenant: Tenant, plan: MatchPlan, written: set[str]) -> dict[str, MatchChange]:
    """What became of those whom somebody else was quicker with: linked by another process, or decided by a person."""
    claims: list[Link | Move] = [*plan.links, *plan.moves]
    wanted = {one.profile_id: one.customer.stable_hash_id for one in claims}
    missed = [profile_id for profile_id in wanted if profile_id not in written]
    if not missed:
        return {}
    live = live_mappings(conn, tenant.id, missed)
    decided = decided_pairs(conn, tenant.id, missed)
    links = {link.profile_id: link for link in plan.links}
    late = {}
    for profile_id in missed:
        if profile_id in live and not live[profile_id].lost:
            late[profile_id] = MatchChange(profile_id, "kept", live[profile_id].stable_hash_id)
        elif profile_id in live or profile_id not in links or links[profile_id].pair in decided:
            late[profile_id] = MatchChange(profile_id, "lost" if profile_id in live else "unmatched")
        else:
            late[profile_id] = MatchChange(profile_id, "reviews", wanted[profile_id], reason=CLAIMED_TWICE)
    return late


def _claimed(link: Link, subject: Subject) -> Question:
    return Question(link.profile_id, link.customer, link.score, link.evidence, CLAIMED_TWICE, subject.record)
