"""Syncs the packages of one tenant's profiles from the CRM: one profile, some, or all, for everybody alike (CRM-10)."""

from sync_platform.core.errors import ConfigurationError, InvalidRequest, SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.credentials import SourceAccount
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.crm_accounts import open_crm
from sync_platform.sync.crm_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.crm_profiles import ProfileSync
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult, no_progress
from sync_platform.sync.running import ledger_run


def sync_crm(platform: Platform, request: SyncRequest, on_progress: OnProgress = no_progress) -> SyncResult:
    """Bring packages up to date, as the CRM has them now. Never raises for a source: the result and the ledger tell.

    Without named profiles: all customers are copied and matched first, and then all matched profiles are read in
    batches. A named profile that is matched costs one call of the CRM. The statistics of CRM-20 are in the report.
    """
    reports: list[EntityReport] = []
    errors: list[SyncError] = []
    windows: tuple[Window, ...] = ()
    try:
        _check(platform, request)
        bounds = request.bounds(platform.clock())
        windows = (bounds,) if bounds else ()
        with ledger_run(platform, request, SOURCE, LEDGER_ENTITIES, bounds, on_progress) as (run, done, failed):
            reports, errors = done, failed
            account = crm_account(platform, request.tenant, scheduled=request.kind == "scheduled")
            with open_crm(platform, account, run.calls) as opened:
                sync = ProfileSync(platform, request, run, opened, on_progress)
                sync.bring_up_to_date()
                run.tell_skew(opened.http)
                sync.judge()
    except SyncError as error:  # refused before a run was started
        errors = [error]
    return SyncResult(request, tuple(reports), windows, errors[0] if errors else None)


def crm_account(platform: Platform, tenant: Tenant, *, scheduled: bool) -> SourceAccount:
    """The tenant's CRM. Raises ConfigurationError where there is none, or more than one: the numbers of two say nothing
    about one another. CredentialsRejected where its key was refused."""
    found = usable_accounts(platform, tenant, SOURCE, scheduled=scheduled)
    if len(found) > 1:
        raise ConfigurationError(
            f"{tenant.slug} has {len(found)} active accounts at {SOURCE}; deactivate all but one with"
            " `sync-platform credential`"
        )
    return found[0]


def _check(platform: Platform, request: SyncRequest) -> None:
    """Raises InvalidRequest."""
    if request.entity != "packages":
        raise InvalidRequest("the CRM has packages; its customers come with them")
    today = platform.clock().astimezone(request.tenant.zone).date()
    if any(day != today for days in request.days for day in days):
        raise InvalidRequest(
            f"the CRM shows packages as they are now: only today ({today}) can be read, no other day. What other days"
            " looked like cannot be found out any more"
        )
    if request.max_profiles is not None and request.max_profiles < 1:
        raise InvalidRequest("max_profiles is 1 or more; leave it out for all")
