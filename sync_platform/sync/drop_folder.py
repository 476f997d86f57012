"""Files that a tenant's people drop into a folder: found, taken once, imported, put away with a report (CSV-18)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Literal, cast

import msgspec

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.drop_lock import drop_lock
from sync_platform.sync.drop_claims import TAKEN, Claim, Claims, FileChanged, WholeFile
from sync_platform.sync.drop_report import refusal_of, report_of, stem
from sync_platform.sync.drop_sightings import DONE, Sightings, refused
from sync_platform.sync.drop_storage import DropStorage, Entry
from sync_platform.sync.import_corrections import errors_csv
from sync_platform.sync.import_options import ImportOptions, ImportResult, OnImportProgress, say_nothing
from sync_platform.sync.import_queue import run_waiting
from sync_platform.sync.imports import import_result, submit_file
from sync_platform.sync.platform import Platform
from sync_platform.transforms.purchase_problems import PurchaseFileRefused

Place = Literal["archive", "rejected"]
UPLOADER = "drop folder"
ARCHIVE: Place = "archive"
REJECTED: Place = "rejected"
_OWN = (TAKEN, ARCHIVE, REJECTED)
_AT_ONCE = 100  # files of a tenant that are taken by one look


@dataclass(frozen=True)
class Looked:
    """What one look at a tenant's folder found. ``work``: files are taken and not put away.

    ``refused`` are names of what is not taken; that of the folder itself where it is not a plain one.
    """

    taken: int = 0
    work: bool = False
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class PutAway:
    """A file that is done with; ``batch`` is none where it never became an import."""

    file_name: str
    place: Place
    name: str
    batch: int | None


@dataclass(frozen=True)
class Top:
    """What lies at the top: ``folders`` of tenants, and ``strangers``, which nobody touches."""

    folders: frozenset[str]
    strangers: tuple[str, ...]


def top_of(storage: DropStorage, tenants: Sequence[Tenant]) -> Top:
    """``tenants`` are all that there are, active or not."""
    known = {tenant.slug for tenant in tenants}
    entries = storage.entries()
    strangers = tuple(one.name for one in entries if one.name not in known or one.kind != "folder")
    return Top(frozenset(one.name for one in entries if one.name in known), strangers)


def look(platform: Platform, storage: DropStorage, tenant: Tenant, sightings: Sightings) -> Looked:
    """Take a tenant's complete files out of the folder, by a rename each; they are imported later."""
    if (entries := _inside(storage, tenant)) is None:
        return Looked(refused=(tenant.slug,))
    stable = platform.settings.imports.stable_seconds
    ready = sightings.see(tenant.slug, entries, platform.clock().timestamp(), stable)
    claims, taken = Claims(storage, tenant.slug), 0
    if ready:
        with drop_lock(platform.database, tenant.id) as alone:
            for entry in ready[:_AT_ONCE] if alone else ():
                if claims.take(entry, platform.clock().astimezone(UTC)) is not None:
                    storage.remove(tenant.slug, entry.name + DONE)
                    taken += 1
    work = bool(taken) or (any(entry.name == TAKEN for entry in entries) and claims.waiting())
    return Looked(taken, work, tuple(refused(entries, _OWN)))


def work_through(
    platform: Platform, storage: DropStorage, tenant: Tenant, on_progress: OnImportProgress = say_nothing
) -> tuple[list[ImportResult], list[PutAway]]:
    """Import a tenant's taken files and whatever else of it waits, and put away the files that are done with."""
    results: list[ImportResult] = []
    away: list[PutAway] = []
    while True:
        away += handle_claims(platform, storage, tenant)
        ran = run_waiting(platform, tenant, on_progress)
        results += ran
        if not ran:  # more files than may wait at once are submitted as the others end
            return results, away


def handle_claims(platform: Platform, storage: DropStorage, tenant: Tenant) -> list[PutAway]:
    """Submit taken files, and put away those whose import has ended. Nothing where another worker is at it."""
    away: list[PutAway] = []
    if not _inside(storage, tenant):
        return away
    with drop_lock(platform.database, tenant.id) as alone:
        claims = Claims(storage, tenant.slug)
        for claim in claims.all() if alone else ():
            if platform.stopping.is_set():
                break
            done = _handle(platform, storage, tenant, claims, claim)
            if done is not None:
                away.append(done)
    return away


def purge_put_away(platform: Platform, storage: DropStorage, tenant: Tenant) -> int:
    """Remove what was put away longer ago than files are kept (CSV-20); how many."""
    before = platform.clock() - timedelta(days=platform.settings.imports.keep_days)
    removed = 0
    for place in (ARCHIVE, REJECTED) if _inside(storage, tenant) else ():
        for entry in storage.entries(tenant.slug, place):
            taken_at = _time_of(entry.name)
            if entry.kind == "file" and taken_at is not None and taken_at < before:
                storage.remove(tenant.slug, place, entry.name)
                removed += 1
    return removed


def _inside(storage: DropStorage, tenant: Tenant) -> list[Entry] | None:
    """What lies in a tenant's folder; none where it, or one that is ours in it, is a link or no folder at all."""
    top = storage.entry(tenant.slug)
    if top is None:
        return []
    entries = storage.entries(tenant.slug) if top.kind == "folder" else []
    if top.kind != "folder" or any(entry.name in _OWN and entry.kind != "folder" for entry in entries):
        return None
    return entries


def _handle(platform: Platform, storage: DropStorage, tenant: Tenant, claims: Claims, claim: Claim) -> PutAway | None:
    """The next step of one file; none where it has to wait."""
    if claim.batch is None:
        try:
            submitted = _submit(platform, storage, tenant, claims, claim)
        except FileChanged as error:
            return None if claims.give_back(claim) else _refused(storage, tenant, claims, claim, error)
        except (PurchaseFileRefused, InvalidRequest) as error:
            return _refused(storage, tenant, claims, claim, error)
        except Refused:
            return None  # enough imports of this tenant are open, or the disk is full
        if submitted is None:
            return None
        claim = submitted
    assert claim.batch is not None
    try:
        result = import_result(platform, tenant, claim.batch)
    except InvalidRequest as error:  # a note that is not ours
        return _refused(storage, tenant, claims, claim, error)
    if not result.ended:
        return None
    lines: Iterable[str] = ()
    if result.errors and result.batch.purged_at is None:
        lines = errors_csv(platform, tenant, claim.batch).lines
    place: Place = ARCHIVE if result.batch.state == "completed" else REJECTED
    return _put_away(storage, tenant, claims, claim, place, report_of(claim, result), "".join(lines))


def _submit(platform: Platform, storage: DropStorage, tenant: Tenant, claims: Claims, claim: Claim) -> Claim | None:
    """The claim with its batch; none where there is no file: it was never taken, or somebody removed it."""
    file = claims.file(claim)
    source = storage.entry(tenant.slug, claim.file_name)
    if file is None or (file.size != claim.size and source is not None):  # died before, or while, it was taken
        if file is None or source is not None:
            storage.remove(tenant.slug, TAKEN, claim.id)
        claims.forget(claim)
        return None
    if source is None:  # died right after it was taken
        storage.remove(tenant.slug, claim.file_name + DONE)
    whole = WholeFile(storage, tenant.slug, claim, file)
    try:
        options = ImportOptions(uploader=UPLOADER, file_name=claim.file_name)
        result = submit_file(platform, tenant, cast(BinaryIO, whole), options)
    finally:
        whole.close()
    submitted = msgspec.structs.replace(claim, batch=result.batch.id, new=result.new)
    claims.note(submitted)
    return submitted


def _refused(storage: DropStorage, tenant: Tenant, claims: Claims, claim: Claim, error: Exception) -> PutAway:
    return _put_away(storage, tenant, claims, claim, REJECTED, refusal_of(claim, error), "")


def _put_away(
    storage: DropStorage, tenant: Tenant, claims: Claims, claim: Claim, place: Place, report: bytes, lines: str
) -> PutAway:
    """The report first and the note last: whoever dies in between is followed by somebody who does the rest."""
    name = stem(claim)
    storage.write(report, tenant.slug, place, f"{name}.report.json")
    if lines:
        storage.write(lines.encode(), tenant.slug, place, f"{name}.errors.csv")
    if claims.file(claim) is not None:
        storage.move((tenant.slug, TAKEN, claim.id), (tenant.slug, place, name))
    claims.forget(claim)
    return PutAway(claim.file_name, place, name, claim.batch)


def _time_of(name: str) -> datetime | None:
    """When a file that was put away had been taken, by its name."""
    try:
        return datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
