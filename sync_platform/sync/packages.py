"""Brings packages of profiles up to date: the one function behind single, event and bulk syncs (CRM-10)."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import psycopg
from psycopg import Connection

from sync_platform.core.errors import TooManyDeletes, VendorRejected
from sync_platform.db.crm_packages import live_packages
from sync_platform.db.merge import MergeScope
from sync_platform.db.retry import RetryPlace
from sync_platform.sync.crm_accounts import OpenCrm
from sync_platform.sync.crm_entities import SOURCE, package_records
from sync_platform.sync.package_proof import proven_empty
from sync_platform.sync.package_reading import SetReader, SetsRead
from sync_platform.sync.package_sets import Mapped, PackageSet
from sync_platform.sync.package_tally import PackageTally
from sync_platform.sync.package_writing import Hold, SetsWritten, WritePlace, why_rejected, write_sets
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, Progress, SyncRequest, no_progress
from sync_platform.sync.running import Run

#: Done in the transaction of the sets of these profiles.
Also = Callable[[Connection[Any], Sequence[str]], None]


def sync_packages(
    platform: Platform,
    request: SyncRequest,
    run: Run,
    opened: OpenCrm,
    profiles: Mapped,
    *,
    bulk: bool = False,
    also: Also | None = None,
    tally: PackageTally | None = None,
    on_progress: OnProgress = no_progress,
) -> PackageTally:
    """Replace the packages of each profile by what the CRM shows of its customer, as a set (CRM-12).

    What goes wrong with one profile goes to the retry list and stops nobody else (CRM-15). ``bulk`` makes the pauses
    between batches, and lets no packages go before all are read (CRM-13, SYS-15). ``tally`` is counted on, also where
    this raises: CredentialsRejected, CircuitOpen, Cancelled, TooManyDeletes, DatabaseUnavailable.
    """
    crm = platform.settings.crm
    loader = PackageLoader(platform, request, run, opened, also, tally or PackageTally(total=len(profiles)))
    left = iter(profiles.items())
    started, done = False, 0
    while batch := dict(islice(left, crm.batch_profiles)):
        if started and bulk and crm.batch_pause_seconds:
            platform.sleep(crm.batch_pause_seconds)
        started = True
        run.check()
        loader.load(batch, "losing" if bulk else "emptied")
        done += len(batch)
        on_progress(Progress(request.tenant.slug, "packages", "profiles", done, len(profiles)))
    loader.settle(guarded=bulk)
    return loader.tally


class PackageLoader:
    """Reads and writes batches of profiles. ``held`` are sets that would take packages away: ``settle`` decides."""

    def __init__(
        self,
        platform: Platform,
        request: SyncRequest,
        run: Run,
        opened: OpenCrm,
        also: Also | None,
        tally: PackageTally,
    ) -> None:
        self._platform, self._request, self._run, self._opened, self._also = platform, request, run, opened, also
        self._reader = SetReader(platform.settings, run, opened, package_records(request.tenant.zone))
        self._shown = 0
        self.tally = tally
        self.held: list[tuple[PackageSet, int]] = []

    def load(self, profiles: Mapped, hold: Hold) -> None:
        """A batch: one call where the CRM allows it, one transaction."""
        read = self._reader.read(profiles)
        self._shown += sum(one.records for one in read.sets)
        if isinstance(read.error, VendorRejected) and not read.sets and len(profiles) > 1 and not self.tally.succeeded:
            raise read.error  # nobody's fault alone: there is no such table, function or column
        self.tally.error = read.error or self.tally.error
        self._write(read, hold)

    def settle(self, *, guarded: bool) -> None:
        """Write the sets that take packages away, if so many may go. ``guarded`` is for a pass over many profiles.

        Raises TooManyDeletes, with nothing taken away (SYS-15).
        """
        held, self.held = self.held, []
        if not held:
            return
        empty = [one for one, _ in held if not one.rows]
        proven: set[str] = set()
        if empty:
            table = self._platform.settings.crm.packages_source == "table"
            asked = [one.stable_hash_id for one in empty]
            proven = proven_empty(self._opened, asked, table=table, shown=self._shown)
        unproven = {one.profile_id for one in empty if one.stable_hash_id not in proven}
        why = "the CRM shows neither packages nor the customer to this key any more; the last packages stay"
        self.tally.vanished |= unproven
        self._write(SetsRead(failed=dict.fromkeys(unproven, why)), "nothing")
        going = [(one, lost) for one, lost in held if one.profile_id not in unproven]
        if guarded:
            self._guard(going)
        size = self._platform.settings.crm.batch_profiles
        for start in range(0, len(going), size):
            self._run.check()
            self._write(SetsRead([one for one, _ in going[start : start + size]]), "nothing")

    def _guard(self, going: Sequence[tuple[PackageSet, int]]) -> None:
        lost = sum(number for _, number in going)
        tenant_id, share = self._request.tenant.id, self._platform.settings.sync.max_delete_share
        live = self._platform.database.run(lambda conn: live_packages(conn, tenant_id), tenant_id) if lost else 0
        if lost <= share * live:
            return
        self.tally.skipped["too_many_would_go"] += len(going)
        self.tally.set_aside += sum(one.records for one, _ in going)
        raise TooManyDeletes(
            f"{lost} of {live} packages are missing at the CRM; nothing was removed, and {len(going)} profiles keep"
            " what they had. If that is right, raise SYNC_PLATFORM_SYNC__MAX_DELETE_SHARE for one run; if not, look at"
            " what the key may see"
        )

    def _write(self, read: SetsRead, hold: Hold) -> None:
        """In one transaction; where the database refuses a set, in ever smaller ones until it is alone."""
        if not (read.sets or read.failed):
            return
        run, platform, tenant = self._run, self._platform, self._request.tenant
        place = WritePlace(
            MergeScope(tenant.id, tenant.zone_name, run.id, self._request.dry_run),
            RetryPlace(tenant.id, SOURCE, self._opened.account.account, run.id, platform.clock()),
            platform.settings.crm.retry_tries,
        )

        def write(conn: Connection[Any]) -> SetsWritten:
            written = write_sets(conn, place, read.sets, read.failed, read.drift, hold)
            if self._also is not None and not self._request.dry_run:
                self._also(conn, [one.profile_id for one in written.done])
            run.count(conn, "loading", [written.counters])
            return written

        try:
            written = run.write(write)
        except psycopg.Error as error:
            self._split(read, hold, error)
            return
        self._count(read, written)

    def _split(self, read: SetsRead, hold: Hold, error: psycopg.Error) -> None:
        if not read.sets:
            raise error
        if len(read.sets) == 1:
            [one] = read.sets
            why = f"the database refused its packages ({type(error).__name__})"
            self.tally.set_aside += one.records
            self._write(SetsRead(failed={**read.failed, one.profile_id: why}), hold)
            return
        middle = len(read.sets) // 2
        self._write(SetsRead(read.sets[:middle], read.failed, read.drift), hold)
        self._write(SetsRead(read.sets[middle:]), hold)

    def _count(self, read: SetsRead, written: SetsWritten) -> None:
        tally = self.tally
        rejected = {one.profile_id: one for one in read.sets if one.rejects}
        tally.failed |= read.failed | {profile: why_rejected(one) for profile, one in rejected.items()}
        tally.succeeded += len(written.done)
        tally.packages += sum(len(one.rows) for one in written.done)
        tally.counters += written.counters
        tally.rejects += written.rejects
        moved = set(written.moved)
        tally.skipped["mapping_changed"] += len(moved)
        tally.set_aside += sum(one.records - len(one.rejects) for one in rejected.values())
        tally.set_aside += sum(one.records for one in read.sets if one.profile_id in moved)
        self.held += written.held
        self._run.tell([written.merged])
        self._run.records += written.counters
