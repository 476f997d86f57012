"""Which profiles a sync takes, and what becomes of each: copy, match, packages, statistics (CRM-13 to CRM-20)."""

import time
from collections.abc import Mapping, Sequence

from sync_platform.core.errors import InvalidRequest, ItemsMissing, TooManyDeletes, TooManyRejects
from sync_platform.db.crm_packages import Candidate, candidates
from sync_platform.sync.crm_accounts import OpenCrm
from sync_platform.sync.crm_customers import copy_is_due, refresh_customers
from sync_platform.sync.package_sets import Mapped
from sync_platform.sync.package_tally import PackageTally
from sync_platform.sync.packages import Also, sync_packages
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest
from sync_platform.sync.running import Run

_SHOWN = 5


class ProfileSync:
    """One sync of a tenant's profiles within a run. ``phones`` come before those of the profiles (CRM-11); ``also`` is
    done in the transaction of the data. ``left_out`` are named profiles that were not read, and why."""

    def __init__(
        self,
        platform: Platform,
        request: SyncRequest,
        run: Run,
        opened: OpenCrm,
        on_progress: OnProgress,
        *,
        phones: Mapping[str, str] | None = None,
        also: Also | None = None,
    ) -> None:
        self._platform, self._request, self._run, self._opened = platform, request, run, opened
        self._on_progress, self._phones, self._also = on_progress, phones or {}, also
        self._named = list(dict.fromkeys(request.profiles)) if request.profiles else None
        self._too_many: TooManyDeletes | None = None
        self.tally = PackageTally()
        self.left_out: dict[str, str] = {}

    def bring_up_to_date(self) -> None:
        """Raises what concerns all profiles; the statistics are told all the same. ``judge`` says how it went."""
        started = time.monotonic()
        try:
            found = self._candidates()
            if self._named is None:
                self._copy_and_match(None)
                found = self._candidates()
            elif unknown := self._unmatched(found):
                self._copy_and_match(unknown)
                found = self._candidates()
            self._sync(found)
        finally:
            calls, _ = self._run.calls.counts()
            made = sum(sum(statuses.values()) for statuses in calls.values())
            elapsed = round((time.monotonic() - started) * 1000)
            self._run.report["packages"] = self.tally.as_report(elapsed, made)

    def judge(self) -> None:
        """Raises where not all is well: the source's own error where it let nobody through, TooManyRejects (SYS-08),
        TooManyDeletes (SYS-15), and ItemsMissing where single profiles failed (CRM-15)."""
        tally = self.tally
        if tally.error is not None and tally.failed and not tally.succeeded:
            raise tally.error
        records, share = tally.counters.fetched + tally.set_aside, self._platform.settings.sync.max_reject_share
        if tally.rejects > share * records:
            raise TooManyRejects(
                f"{tally.rejects} of {records} packages were rejected, more than {share:.0%};"
                " see `sync-platform quarantine list`"
            )
        if self._too_many is not None:
            raise self._too_many
        if tally.failed:
            named = ", ".join(sorted(tally.failed)[:_SHOWN])
            raise ItemsMissing(
                f"{len(tally.failed)} of {tally.total} profiles failed and are tried again later: {named}"
                f"{', ...' if len(tally.failed) > _SHOWN else ''} ({next(iter(tally.failed.values()))})"
            )

    def _candidates(self) -> list[Candidate]:
        request, now = self._request, self._platform.clock()
        account, backoff = self._opened.account.account, self._platform.settings.crm.retry_backoff_minutes
        return self._platform.database.run(
            lambda conn: candidates(
                conn,
                request.tenant.id,
                account,
                now=now,
                backoff_minutes=backoff,
                profiles=self._named,
                only_new=request.only_new,
            ),
            request.tenant.id,
        )

    def _unmatched(self, found: Sequence[Candidate]) -> list[str]:
        """Named profiles that have to be looked for first. Raises InvalidRequest where none of those named is there."""
        if not found and not self._request.only_new:
            raise InvalidRequest(
                "there is no active profile of that name; see `sync-platform profiles list`, or import it"
            )
        return [one.profile_id for one in found if one.stable_hash_id is None or one.lost]

    def _copy_and_match(self, only: Sequence[str] | None, *, anew: bool = False) -> None:
        """The copy where it is too old, then the match. A copy that misses too many customers is no reason to keep
        anybody waiting; it is told at the end."""
        request, opened = self._request, self._opened
        if anew or copy_is_due(self._platform, request, opened.account.account):
            try:
                refresh_customers(self._platform, request, self._run, opened)
            except TooManyDeletes as error:
                self._too_many = error
        from sync_platform.sync.matching import match_profiles  # here: it loads what few runs need

        matched = match_profiles(
            self._platform,
            request.tenant,
            run_id=self._run.id,
            actor=request.actor,
            country=opened.country or request.tenant.country,
            only=only,
            phones=self._phones,
            dry_run=request.dry_run,
        )
        self._run.report["matching"] = matched.as_report()

    def _sync(self, found: Sequence[Candidate]) -> None:
        """Due retries first, as they come; who is not due, or waits for a person, only by name (CRM-15)."""
        reasons = {one.profile_id: self._why_not(one) for one in found}
        ready = {
            one.profile_id: one.stable_hash_id for one in found if one.stable_hash_id and not reasons[one.profile_id]
        }
        skipped = {profile: reason for profile, reason in reasons.items() if reason}
        if (most := self._request.max_profiles) is not None:
            ready = dict(list(ready.items())[:most])
            skipped = dict(list(skipped.items())[: most - len(ready)])
        skipped |= dict.fromkeys(set(self._named or ()) - reasons.keys(), "unknown")
        self.left_out = skipped
        self.tally.total = len(ready) + len(skipped)
        self.tally.skipped.update(skipped.values())
        self._packages(ready)
        if self._named is not None and self.tally.vanished:
            self._packages(self._renamed(ready))

    def _packages(self, profiles: Mapped) -> None:
        sync_packages(
            self._platform,
            self._request,
            self._run,
            self._opened,
            profiles,
            bulk=self._named is None,
            also=self._also,
            tally=self.tally,
            on_progress=self._on_progress,
        )

    def _renamed(self, before: Mapped) -> dict[str, str]:
        """Of the named profiles whose customer vanished, those whose customer has another hash now: they do not have to
        wait until all profiles are matched again."""
        gone = sorted(self.tally.vanished)
        self._copy_and_match(gone, anew=True)
        moved = {
            one.profile_id: one.stable_hash_id
            for one in self._candidates()
            if one.profile_id in gone and one.stable_hash_id and one.stable_hash_id != before[one.profile_id]
        }
        for profile in moved:
            self.tally.failed.pop(profile, None)
        return moved

    def _why_not(self, one: Candidate) -> str:
        """Why a profile is skipped; blank where it is not. A customer who vanished is no empty set."""
        if one.stable_hash_id is None:
            return "unmatched"
        if one.lost:
            return "customer_gone"
        if self._named is not None or one.state is None:
            return ""
        return "review" if one.state == "review" else "" if one.due else "waiting"
