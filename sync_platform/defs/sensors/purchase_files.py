"""Takes dropped files and launches the imports that wait (CSV-17, CSV-18, DAG-11)."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

import dagster as dg
import msgspec

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batches import list_batches, waiting_batches
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.defs.assets.purchases import WORK_TAG
from sync_platform.defs.import_jobs import import_purchases
from sync_platform.defs.partitions import TENANTS, PartitionKey, tenants_of_run
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import IN_PROGRESS
from sync_platform.sync.drop_claims import Claims
from sync_platform.sync.drop_folder import Looked, Top, look, top_of
from sync_platform.sync.drop_sightings import Sightings
from sync_platform.sync.drop_storage import DropStorage
from sync_platform.sync.platform import Platform

SECONDS = 6.0  # a tick has to end within 10 s (DAG-11)
#: How long the same work rests after a run that did not get rid of it; twice as long after each further one.
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
LISTED = 20


class Looks(msgspec.Struct):
    """What is remembered from tick to tick: files that were seen, whom to go on after, and what was told already."""

    sightings: Sightings = msgspec.field(default_factory=Sightings)
    after: str = ""
    told: str = ""

    @classmethod
    def resumed(cls, cursor: str | None) -> "Looks":
        """From a cursor; where it is lost, files are waited for once more."""
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except (msgspec.MsgspecError, UnicodeError):
            return cls()


class Work(msgspec.Struct, frozen=True):
    """A tenant for whom a run is wanted, the day it is about, and a name of just this work."""

    tenant: str
    day: date
    mark: str


class Found(msgspec.Struct):
    """What one tick has seen. ``odd`` is what somebody has to look at: unknown folders, links, storage that is away."""

    work: list[Work] = msgspec.field(default_factory=list)
    odd: list[str] = msgspec.field(default_factory=list)


def look_around(
    platform: Platform, tenants: Sequence[Tenant], looks: Looks, seconds: float, elapsed: Callable[[], float]
) -> Found:
    """Everybody's folder and batches, for at most ``seconds``; the next tick goes on after the last one."""
    started, found = elapsed(), Found()
    storage, top = _storage(platform, found)
    looks.sightings.keep(tenant.slug for tenant in tenants)
    ordered = sorted(tenants, key=lambda tenant: (tenant.slug <= looks.after, tenant.slug))
    looks.after = ""
    for number, tenant in enumerate(ordered):
        if number and elapsed() - started > seconds:
            looks.after = ordered[number - 1].slug
            break
        looked = Looked()
        if storage is not None and tenant.slug in top.folders:
            try:
                looked = look(platform, storage, tenant, looks.sightings)
            except SyncError as error:
                found.odd.append(f"{tenant.slug}: {error}")
                storage = None  # pending batches need no drop folder
        found.odd += [f"{tenant.slug}: {name[:100]!r} is not taken" for name in looked.refused]
        if (work := _work_of(platform, tenant, storage, looked)) is not None:
            found.work.append(work)
    return found


@dg.sensor(job=import_purchases, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def purchase_files(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SensorResult:
    """One run per tenant with work, none for a tenant with a run under way, and so many in all as may import at once.

    The run key is made of what waits and of how many runs were launched for just that: the same tick twice launches
    nothing twice, and what a run that died has left behind is not forgotten.
    """
    instance = context.instance
    looks = Looks.resumed(context.cursor)
    known = instance.get_dynamic_partitions(TENANTS)
    with platform.open() as opened:
        tenants = [tenant for tenant in directory(opened.database) if tenant.slug in set(known)]
        found = look_around(opened, tenants, looks, SECONDS, time.monotonic)
        now, parallel = opened.clock().timestamp(), opened.settings.imports.parallel
    _tell(context, looks, found.odd)
    under_way = instance.get_run_records(dg.RunsFilter(job_name=import_purchases.name, statuses=IN_PROGRESS))
    importing = [record for record in under_way if WORK_TAG in record.dagster_run.tags]
    busy = {slug for record in importing for slug in tenants_of_run(record.dagster_run.tags, known) or ()}
    requests: list[dg.RunRequest] = []
    for work in found.work:
        if len(importing) + len(requests) >= parallel:
            break
        if work.tenant not in busy and (request := _request(instance, work, now)) is not None:
            requests.append(request)
    cursor = msgspec.json.encode(looks).decode()
    if not requests:
        return dg.SensorResult(skip_reason=f"{len(found.work)} tenants have work, {len(busy)} runs", cursor=cursor)
    return dg.SensorResult(run_requests=requests, cursor=cursor)


def _storage(platform: Platform, found: Found) -> tuple[DropStorage | None, Top]:
    try:
        storage = DropStorage.from_settings(platform.settings)
        top = top_of(storage, directory(platform.database, states=ALL_STATES))
    except SyncError as error:
        found.odd.append(str(error))
        return None, Top(frozenset(), ())
    found.odd += [f"{name[:100]!r} is no tenant's folder" for name in top.strangers]
    return storage, top


def _work_of(platform: Platform, tenant: Tenant, storage: DropStorage | None, looked: Looked) -> Work | None:
    waiting, running = waiting_batches(platform.database, tenant.id)
    may_run = bool(waiting) and running < platform.settings.imports.tenant_parallel
    if not may_run and (running or not looked.work):
        return None
    newest = list_batches(platform.database, tenant.id, limit=LISTED)
    claims = Claims(storage, tenant.slug).all() if storage is not None and looked.work else ()
    open_days = [one.arrival_day for one in newest if one.finished_at is None]
    day = min(open_days, default=platform.clock().astimezone(tenant.zone).date())
    return Work(
        tenant.slug,
        day,
        _mark(
            [tenant.slug, *(f"{one.id} {one.state} {one.attempts}" for one in newest)]
            + [f"{claim.id} {claim.batch}" for claim in claims]
        ),
    )


def _request(instance: dg.DagsterInstance, work: Work, now: float) -> dg.RunRequest | None:
    before = instance.get_run_records(dg.RunsFilter(tags={WORK_TAG: work.mark}))
    pause = min(PAUSE * 2 ** min(len(before), 10), LONGEST_PAUSE).total_seconds()
    if before and now - max(record.create_timestamp.timestamp() for record in before) < pause:
        return None
    return dg.RunRequest(
        run_key=f"{work.mark}/{len(before)}",
        partition_key=str(PartitionKey(work.day, work.tenant)),
        tags={WORK_TAG: work.mark},
    )


def _tell(context: dg.SensorEvaluationContext, looks: Looks, odd: Sequence[str]) -> None:
    """Once, and again when it changes: a tick every five seconds would fill the log with it."""
    shown = _mark(odd) if odd else ""
    if odd and shown != looks.told:
        context.log.warning("; ".join(odd[:LISTED]))
    looks.told = shown


def _mark(parts: Iterable[str]) -> str:
    text = "\n".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(text, digest_size=12).hexdigest()
