"""Judges packages of the CRM and the mapping that says whose they are (CRM-05, CRM-08, DAG-20)."""

from datetime import timedelta
from typing import Any

from psycopg import Connection

from sync_platform.core.cron_text import longest_pause
from sync_platform.db.matches import mapping_counts
from sync_platform.db.queries import query
from sync_platform.sync.crm_times import own_cron
from sync_platform.sync.finding import Finding, Scope, counted
from sync_platform.sync.platform import Platform

# Packages are read once a night, or at times of the tenant's own; waiting in the queue and reading take a while.
USUAL_PAUSE = timedelta(days=1)
LATE = timedelta(hours=2)


def fresh_within(conn: Connection[Any], scope: Scope) -> timedelta:
    """How old the last success may be: no older than the longest pause between two times of the tenant."""
    cron = own_cron(conn, scope.tenant.id)
    return (longest_pause(cron) if cron else USUAL_PAUSE) + LATE


def ownership(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """CRM-05: nobody is shown the packages of a customer that is not the profile's own, not of one profile."""
    bad, judged = counted(conn, scope, "not_owned", scope.queries)
    detail = f"{bad} of {judged} packages are of another customer than their profile is linked to"
    return scope.verdict("ownership", bad == 0, bad, judged, detail)


def mapping_rate(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Active profiles with a customer, of all active profiles."""
    found = mapping_counts(conn, scope.tenant.id)
    needed = platform.settings.crm.min_mapping_rate
    passed = found.linked >= needed * found.profiles
    detail = f"{found.linked} of {found.profiles} active profiles are linked; {needed:.0%} should be"
    return scope.verdict("mapping_rate", passed, found.profiles - found.linked, found.profiles, detail)


def review_backlog(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """CRM-08: questions that wait for a person, how many and for how long."""
    crm, found = platform.settings.crm, mapping_counts(conn, scope.tenant.id)
    if found.oldest_review is None:
        return scope.verdict("review_backlog", True, 0, 0, "nothing waits for a person")
    # by the database's clock, which wrote when they arose
    values = scope.values(seconds=crm.max_review_days * 86_400)
    old, days = conn.execute(query(scope.queries, "review_ages"), values).fetchone() or (0, 0)
    passed = found.open_reviews <= crm.max_open_reviews and not old
    detail = f"{found.open_reviews} open, the oldest for {days} days; `sync-platform matches list` shows them"
    return scope.verdict("review_backlog", passed, old or found.open_reviews, found.open_reviews, detail)
