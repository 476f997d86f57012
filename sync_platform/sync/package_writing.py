"""Replaces sets of packages in one transaction, each whole or not at all (CRM-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.core.drift import Drift
from sync_platform.db.crm_packages import mark_synced, still_mapped, stored_keys
from sync_platform.db.crm_tables import PACKAGES
from sync_platform.db.drift import record_drift
from sync_platform.db.merge import Merged, MergeScope, delete_gone_lines, lock_tables, merge
from sync_platform.db.quarantine import close_replayed, store_rejects
from sync_platform.db.retry import Item, RetryPlace, note_done, note_failed
from sync_platform.sync.package_sets import PackageSet

ENTITY = "packages"

#: Which sets wait for a second look before anything of them is written: those that would lose a package, those that
#: would lose all of them, or none.
Hold = Literal["losing", "emptied", "nothing"]


@dataclass(frozen=True)
class WritePlace:
    """Whose rows and whose retry list. After ``review_after`` failures a profile waits for a person (CRM-15)."""

    scope: MergeScope
    retry: RetryPlace
    review_after: int


@dataclass
class SetsWritten:
    """``held`` are sets that were not looked at any further, with how many packages each would lose. ``moved`` are
    profiles whose mapping is another one by now."""

    done: list[PackageSet] = field(default_factory=list)
    held: list[tuple[PackageSet, int]] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    merged: Merged = field(default_factory=Merged)
    counters: Counters = field(default_factory=Counters)
    rejects: int = 0


def write_sets(
    conn: Connection[Any],
    place: WritePlace,
    sets: Sequence[PackageSet],
    failed: Mapping[str, str],
    drift: Sequence[Drift],
    hold: Hold,
) -> SetsWritten:
    """Inside the caller's transaction. ``failed`` are profiles without a set, and why; they go to the retry list, as do
    those whose set has a reject. The caller adds the ledger and commits."""
    tenant_id, written = place.scope.tenant_id, SetsWritten()
    lock_tables(conn, tenant_id, PACKAGES)
    whole, losing = _sort_out(conn, place, [one for one in sets if not one.rejects], hold, written)
    rows = [row for one in whole for row in one.rows.values()]
    written.merged = merge(conn, PACKAGES, rows, place.scope)
    keys = {key for one in losing for key in one.keys}
    gone = delete_gone_lines(conn, PACKAGES, [one.profile_id for one in losing], keys, place.scope)
    written.done = whole
    rejects = [reject for one in sets for reject in one.rejects]
    written.rejects = len(rejects)
    fetched = sum(one.records for one in whole)
    written.counters = written.merged.counters + Counters(
        fetched=fetched + len(rejects),
        duplicate_in_batch=fetched - len(rows),
        quarantined=len(rejects),
        deleted=gone,
    )
    if not place.scope.dry_run:
        _remember(conn, place, written, sets, failed, drift)
    return written


def _sort_out(
    conn: Connection[Any], place: WritePlace, sets: Sequence[PackageSet], hold: Hold, written: SetsWritten
) -> tuple[list[PackageSet], list[PackageSet]]:
    """The sets to be written now, and those of them that take packages away. Their mappings stay as they are until the
    transaction ends."""
    tenant_id, profiles = place.scope.tenant_id, [one.profile_id for one in sets]
    mapped = still_mapped(conn, tenant_id, profiles)
    stored = stored_keys(conn, tenant_id, profiles)
    now: list[PackageSet] = []
    losing: list[PackageSet] = []
    for one in sets:
        before = stored.get(one.profile_id, set())
        lost = len(before - one.rows.keys())
        if mapped.get(one.profile_id) != one.stable_hash_id:
            written.moved.append(one.profile_id)
        elif lost and (hold == "losing" or (hold == "emptied" and not one.rows)):
            written.held.append((one, lost))
        else:
            now.append(one)
            losing += [one] if lost else []
    return now, losing


def _remember(
    conn: Connection[Any],
    place: WritePlace,
    written: SetsWritten,
    sets: Sequence[PackageSet],
    failed: Mapping[str, str],
    drift: Sequence[Drift],
) -> None:
    """Rejects, records that load again after one, drift, the retry list, and when the profiles were synced."""
    tenant_id, run_id = place.scope.tenant_id, place.scope.run_id
    rejects = [reject for one in sets for reject in one.rejects]
    if rejects:
        store_rejects(conn, tenant_id, "crm", ENTITY, run_id, rejects)
    if drift:
        record_drift(conn, tenant_id, "crm", ENTITY, drift)
    close_replayed(conn, tenant_id, "crm", ENTITY, [key for one in written.done for key in one.rows])
    mark_synced(conn, tenant_id, {one.profile_id: len(one.rows) for one in written.done}, place.retry.now)
    note_done(conn, place.retry, [retry_item(one.profile_id) for one in written.done])
    reasons = {one.profile_id: why_rejected(one) for one in sets if one.rejects} | dict(failed)
    noted = {retry_item(profile): why for profile, why in reasons.items()}
    note_failed(conn, place.retry, noted, review_after=place.review_after)


def why_rejected(one: PackageSet) -> str:
    """For the retry list; holds no personal data."""
    first = one.rejects[0]
    return f"{len(one.rejects)} of {one.records} packages could not be loaded: {first.reason} {first.detail}"


def retry_item(profile_id: str) -> Item:
    """How the retry list knows a profile."""
    return (ENTITY, profile_id)
