"""Profiles of the tenant's own application: saved as it says them, read, and taken from a CSV file."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.json_text import storable
from sync_platform.db.pool import Role
from sync_platform.db.profiles import Profile, ProfileFacts, Saved, all_profiles, differing, save_facts, stored_profiles
from sync_platform.sync.platform import Platform
from sync_platform.sync.report_file import ReportLine, look_at_report, read_report
from sync_platform.transforms.values import text

COLUMNS = ("profile_id", "full_name", "phone", "email")
#: Characters, as the table allows.
LONGEST = {"profile_id": 100, "full_name": 300, "phone": 60, "email": 320}
#: Of a file, told at once: more are no help.
PROBLEMS_SHOWN = 20
_SAVED_AT_ONCE = 5_000


def save_profiles(
    platform: Platform,
    tenant: Tenant,
    profiles: Iterable[ProfileFacts],
    *,
    role: Role = "sp_loader",
    dry_run: bool = False,
) -> Saved:
    """Add or change, all or nothing; ``dry_run`` only counts. Of one id the later counts, blanks aside (SYS-07).

    Raises InvalidRequest, naming the field and not its value, for what cannot be stored.
    """
    by_id: dict[str, ProfileFacts] = {}
    for given in profiles:
        facts = checked(given)
        before = by_id.get(facts.profile_id)
        by_id[facts.profile_id] = _over(before, facts) if before else facts
    ordered = [by_id[profile_id] for profile_id in sorted(by_id)]
    chunks = [ordered[start : start + _SAVED_AT_ONCE] for start in range(0, len(ordered), _SAVED_AT_ONCE)]
    work = differing if dry_run else save_facts

    def all_of_them(conn: Connection[Any]) -> Saved:
        parts = [work(conn, tenant.id, chunk) for chunk in chunks]
        return Saved(sum(part.added for part in parts), sum(part.changed for part in parts))

    return platform.database.run(all_of_them, tenant.id, role)


def checked(facts: ProfileFacts) -> ProfileFacts:
    """The same as it is stored: trimmed, blank is nothing (SYS-07, SYS-21). Raises InvalidRequest."""
    found = ProfileFacts(
        _cleaned(facts.profile_id) or "",
        _cleaned(facts.full_name),
        _cleaned(facts.phone),
        _cleaned(facts.email),
        facts.active,
    )
    if not found.profile_id:
        raise InvalidRequest("profile_id is blank; it is how the application knows the person")
    for name, longest in LONGEST.items():
        if len(getattr(found, name) or "") > longest:
            raise InvalidRequest(f"{name} has more than {longest} characters")
    return found


def read_profiles(
    platform: Platform, tenant: Tenant, ids: Sequence[str] | None = None, *, limit: int | None = None
) -> list[Profile]:
    """All, or those of these ids that there are, in the order of their ids."""
    if ids is None:
        return platform.database.run(lambda conn: all_profiles(conn, tenant.id, limit=limit), tenant.id)
    found = platform.database.run(lambda conn: stored_profiles(conn, tenant.id, ids), tenant.id)
    return [found[profile_id] for profile_id in sorted(found)][:limit]


def profiles_of_file(path: Path) -> list[ProfileFacts]:
    """The profiles of a CSV file with the columns ``profile_id``, ``full_name``, ``phone`` and ``email``.

    Raises InvalidRequest that names the lines with mistakes, and no values: they are personal.
    """
    file = look_at_report(path, COLUMNS, ("profile_id",))
    found: dict[str, tuple[int, ProfileFacts]] = {}
    problems: list[str] = []
    for line in read_report(file):
        try:
            facts = _facts_of(line, file.columns)
        except InvalidRequest as error:
            problems.append(f"line {line.number}: {error}")
            continue
        first, _ = found.setdefault(facts.profile_id, (line.number, facts))
        if first != line.number:
            problems.append(f"line {line.number}: is about the same profile as line {first}")
    if problems:
        shown = "; ".join(problems[:PROBLEMS_SHOWN])
        more = f"; and {len(problems) - PROBLEMS_SHOWN} more" if len(problems) > PROBLEMS_SHOWN else ""
        raise InvalidRequest(f"{path.name} was not imported: {shown}{more}")
    return [facts for _, facts in found.values()]


def _facts_of(line: ReportLine, columns: Sequence[str]) -> ProfileFacts:
    if line.broken:
        raise InvalidRequest(line.broken)
    if len(line.values) != len(columns):
        raise InvalidRequest(f"has {len(line.values)} values, the header has {len(columns)}")
    values = dict(zip(columns, line.values, strict=True))
    return checked(
        ProfileFacts(values["profile_id"], values.get("full_name"), values.get("phone"), values.get("email"))
    )


def _cleaned(value: str | None) -> str | None:
    cleaned = text(value)
    return storable(cleaned).strip() or None if cleaned else None


def _over(before: ProfileFacts, after: ProfileFacts) -> ProfileFacts:
    return replace(
        after,
        full_name=after.full_name or before.full_name,
        phone=after.phone or before.phone,
        email=after.email or before.email,
    )
