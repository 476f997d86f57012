"""Who else would be linked to a customer: a single profile is not linked just because it came first (CRM-05)."""

from collections.abc import Mapping, Sequence

from sync_platform.core.tenant import Tenant
from sync_platform.db.matches import decided_pairs, possible_rivals
from sync_platform.sync.match_directory import CustomerDirectory
from sync_platform.sync.match_plan import Rival
from sync_platform.sync.match_sightings import Sighting, look_at, subject_of
from sync_platform.sync.platform import Platform
from sync_platform.transforms.match_candidates import Candidates
from sync_platform.transforms.match_decision import MatchRules
from sync_platform.transforms.person import Traits
from sync_platform.transforms.person_phone import KEY_DIGITS

_HALF = KEY_DIGITS // 2
#: Customers up to which it is quicker to have the database look for patterns than to read every profile.
FEW = 50


def find_rivals(
    platform: Platform,
    tenant: Tenant,
    sightings: Sequence[Sighting],
    owned: Mapping[str, str],
    directory: CustomerDirectory,
    rules: MatchRules,
    country: str,
) -> list[Rival]:
    """Profiles without a customer that would be linked to one that these ``sightings`` are about to be linked to."""
    claimed = {
        sighting.decision.best.stable_hash_id
        for sighting in sightings
        if sighting.decision.kind == "link" and sighting.decision.best
    } - set(owned)
    if not claimed:
        return []
    wanted = [directory.traits_of(row) for hash_id in sorted(claimed) for row in directory.of_hash(hash_id)]
    ours = [sighting.subject.profile_id for sighting in sightings]
    rows = platform.database.run(
        lambda conn: possible_rivals(conn, tenant.id, ours, _email_patterns(wanted), _digit_patterns(wanted)), tenant.id
    )
    likeness = Candidates(list(enumerate(wanted)), rules.link_from)
    subjects = [subject_of(*row, country) for row in rows]
    near = [one for one in subjects if any(like.strong for _, like in likeness.scored(one.traits))]
    if not near:
        return []
    ids = [subject.profile_id for subject in near]
    decided = platform.database.run(lambda conn: decided_pairs(conn, tenant.id, ids), tenant.id)
    found = []
    for subject in near:
        decision = look_at(subject, None, directory, decided, rules).decision
        best = decision.best
        if decision.kind == "link" and best and best.stable_hash_id in claimed:
            found.append(Rival(subject.profile_id, best.stable_hash_id, rules.nearness(best.score)))
    return found


def _email_patterns(wanted: Sequence[Traits]) -> list[str]:
    if len(wanted) > FEW:
        return ["%"]
    return [f"%{_escaped(traits.email)}%" for traits in wanted if traits.email]


def _digit_patterns(wanted: Sequence[Traits]) -> list[str]:
    """With at most one digit off, one half of the last nine is as it was."""
    if len(wanted) > FEW:
        return ["%"]
    keys = {traits.phone_key for traits in wanted if traits.phone_key}
    return [f"%{part}%" for key in sorted(keys) for part in (key[:_HALF], key[-_HALF:])]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
