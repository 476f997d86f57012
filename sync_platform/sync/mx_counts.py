"""Compares closed days with the source's own count of payments (MX-03): one call per tenant, never more."""

from collections.abc import Mapping, Sequence
from datetime import date

from sync_platform.core.errors import SyncError
from sync_platform.core.window import Window, day_ranges
from sync_platform.db.credentials import SourceAccount
from sync_platform.db.queries import query
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.finding import Finding, Scope
from sync_platform.sync.mx_accounts import open_merchant
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.source_counts import READ, not_asked, side_by_side, state_of_run


def closed_day_counts(platform: Platform, scopes: Sequence[Scope], days: Mapping[str, Sequence[date]]) -> list[Finding]:
    """One finding per tenant that has a closed day among its ``days``; the last unbroken stretch of them is judged."""
    today = {scope.tenant.slug: platform.clock().astimezone(scope.tenant.zone).date() for scope in scopes}
    work = []
    for scope in scopes:
        slug = scope.tenant.slug
        if closed := [day for day in days.get(slug, ()) if day < today[slug]]:
            work.append((scope, day_ranges(closed)[-1]))
    return side_by_side(platform, work, lambda each: _compare(platform, *each))


def _compare(platform: Platform, scope: Scope, stretch: tuple[date, date]) -> Finding:
    tenant = scope.tenant
    state, different = platform.database.run(lambda conn: state_of_run(conn, scope), tenant.id)
    if state not in READ:
        return not_asked(scope, "closed_day_counts", "this run has not read all payments")
    if different:
        return scope.verdict("closed_day_counts", False, different, different, "less or more is stored than was read")
    try:
        accounts = usable_accounts(platform, tenant, SOURCE, scheduled=True)
        account = accounts[stretch[1].toordinal() % len(accounts)]  # with several, each has its day
        window = Window.of_days(*stretch, tenant.zone)
        with open_merchant(platform, account, CallCounter()) as opened:
            there = opened.client.count_payments(window)
    except SyncError as error:
        return not_asked(scope, "closed_day_counts", error)
    if there is None:
        return scope.verdict("closed_day_counts", True, 0, 0, "the source cannot be asked for single days")
    return _verdict(platform, scope, account, window, there)


def _verdict(platform: Platform, scope: Scope, account: SourceAccount, window: Window, there: int) -> Finding:
    """Whether a window holds its end is not documented; what is in quarantine is at the source, too."""
    days = window.days(scope.tenant.zone)
    values = scope.values(
        source=SOURCE,
        merchant=int(account.account),
        start=window.start,
        end=window.end,
        first_day=days[0],
        last_day=days[-1],
    )
    stored, with_end, quarantined = platform.database.run(
        lambda conn: conn.execute(query("quality", "payments_created"), values).fetchone() or (0, 0, 0),
        scope.tenant.id,
    )
    passed = stored <= there <= with_end + quarantined
    detail = f"{days[0]} to {days[-1]}: {there} at the source, {stored} stored"
    if quarantined:
        detail += f", {quarantined} of some day in quarantine"
    return scope.verdict("closed_day_counts", passed, 0 if passed else abs(there - stored), there, detail)
