"""Who uses the call budgets, and how far they will reach (HTTP-12)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.budget import ALARM, SHOWN, caller_name, credential_name, source_of
from sync_platform.db.credentials import accounts, reveal
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory
from sync_platform.sync.platform import Platform

_DAY = 86_400
# used by nobody who has the key now: a tenant that changed it, or a master key that was changed
FORMER = "(former)"
#: The secret of an account by which a source counts its calls.
COUNTED_BY = {"blaze": "partner_key", "mx_merchant": "consumer_key", "crm": "api_key"}


@dataclass(frozen=True)
class TenantUse:
    """A tenant's part: calls in the sliding period, their share of all tenants' calls in it, and calls today (UTC)."""

    tenant: str
    used: int
    share: float
    today: int


@dataclass(frozen=True)
class BudgetUse:
    """A credential's budget, named by the first characters of a keyed hash.

    ``limit`` calls may start in any ``period_seconds`` (the usage ceiling is applied); ``left`` may start now.
    ``forecast`` is today's calls with the last hour's pace to the end of the day (UTC), ``allowed_today`` what the
    limit allows in a day. An alarm is 80 % of either.
    """

    credential: str
    source: str
    period_seconds: float
    limit: int
    used: int
    left: int
    today: int
    forecast: int
    allowed_today: int
    tenants: tuple[TenantUse, ...]

    @property
    def state(self) -> Literal["ok", "alarm"]:
        """HTTP-12."""
        full = self.used >= ALARM * self.limit or self.forecast >= ALARM * self.allowed_today
        return "alarm" if full else "ok"


@dataclass(frozen=True)
class _Calls:
    used: int = 0
    last_hour: int = 0
    today: int = 0


def budget_uses(platform: Platform) -> list[BudgetUse]:
    """All budgets that an account of a tenant or a call of today belongs to. Reads the accounts' keys to name them."""
    counted = _counted(platform)
    sharers = _sharers(platform, directory(platform.database, states=ALL_STATES))
    return [_use(platform, name, sharers.get(name, {}), counted[name]) for name in sorted({*counted, *sharers})]


def budget_uses_of(platform: Platform, tenant: Tenant) -> list[BudgetUse]:
    """The budgets of one tenant's accounts, with the calls of all that share them; the others are not named."""
    counted = _counted(platform)
    return [
        _use(platform, name, sharers, counted[name]) for name, sharers in sorted(_sharers(platform, [tenant]).items())
    ]


def _counted(platform: Platform) -> defaultdict[str, dict[str, _Calls]]:
    """Credential -> caller -> calls."""
    counted: defaultdict[str, dict[str, _Calls]] = defaultdict(dict)

    def count(conn: Connection[Any]) -> list[Any]:
        found = []
        for source, book in platform.budgets.items():
            values = {"period": timedelta(seconds=book.period_seconds)}
            rows = conn.execute(query("limits", "budget_use"), values).fetchall()
            found += [row for row in rows if source_of(row[0]) == source]
        return found

    for credential, caller, *calls in platform.database.run(count):
        counted[credential][caller] = _Calls(*calls)
    return counted


def _sharers(platform: Platform, tenants: Iterable[Tenant]) -> dict[str, dict[str, str]]:
    """Credential -> caller -> slug, of all accounts that are in use."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for tenant in tenants:
        for source in platform.budgets:
            for key in _keys(platform, tenant, source):
                name = credential_name(key, platform.keyring, source)
                found[name][caller_name(tenant.id, platform.keyring)] = tenant.slug
    return found


def _keys(platform: Platform, tenant: Tenant, source: str) -> set[str]:
    known = accounts(platform.database, tenant.id, source)
    return {reveal(platform.database, platform.keyring, account)[COUNTED_BY[source]] for account in known}


def _use(platform: Platform, name: str, sharers: dict[str, str], counted: dict[str, _Calls]) -> BudgetUse:
    now = platform.clock()
    hours_left = 24 - now.hour - now.minute / 60
    source = source_of(name)
    limit, period = platform.budgets[source].limit, platform.budgets[source].period_seconds
    used = sum(calls.used for calls in counted.values())
    today = sum(calls.today for calls in counted.values())
    last_hour = sum(calls.last_hour for calls in counted.values())
    tenants = [
        TenantUse(sharers.get(caller, FORMER), calls.used, round(calls.used / used, 4) if used else 0.0, calls.today)
        for caller, calls in ({caller: _Calls() for caller in sharers} | counted).items()
    ]
    return BudgetUse(
        credential=name.removeprefix(f"{source}:")[:SHOWN],
        source=source,
        period_seconds=period,
        limit=limit,
        used=used,
        left=max(0, limit - used),
        today=today,
        forecast=round(today + last_hour * hours_left),
        allowed_today=round(limit * _DAY / period),
        tenants=tuple(sorted(tenants, key=lambda use: (-use.used, -use.today, use.tenant))),
    )
