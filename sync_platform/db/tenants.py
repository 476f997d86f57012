"""The registry of tenants (TEN-01)."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from sync_platform.core.errors import InvalidRequest, UnknownTenant
from sync_platform.core.tenant import Tenant, TenantState, valid_slug
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

ALL_STATES: tuple[TenantState, ...] = ("active", "suspended", "closing")


def add_tenant(database: Database, *, slug: str, name: str, zone: str, country: str) -> Tenant:
    """Register a tenant under a fresh id. Raises InvalidRequest for a bad value or a slug that is taken."""
    if not valid_slug(slug):
        raise InvalidRequest(f"slug {slug[:60]!r} is not 2 to 40 of a-z, 0-9 and hyphen")
    name = check_name(name)
    if not _known_zone(zone):
        raise InvalidRequest(f"{zone[:60]!r} is not an IANA time zone such as America/Los_Angeles")
    if country not in _countries():
        raise InvalidRequest(f"{country[:60]!r} is not an ISO 3166 country code of two capitals such as US")
    tenant = Tenant(uuid4(), slug, name, zone, country)
    values = {"id": tenant.id, "slug": slug, "name": name, "zone": zone, "country": country}
    try:
        with database.transaction(tenant.id) as conn:
            conn.execute(query("tenants", "add"), values)
    except UniqueViolation:
        raise InvalidRequest(f"slug {slug!r} is taken; choose another") from None
    return tenant


def check_name(name: str) -> str:
    """The name without surrounding blanks. Raises InvalidRequest where it cannot be shown in a line."""
    clean = name.strip()
    if not 1 <= len(clean) <= 200 or not clean.isprintable():
        raise InvalidRequest("a tenant's name has 1 to 200 printable characters")
    return clean


def directory(database: Database, *, states: Sequence[TenantState] = ("active",)) -> list[Tenant]:
    """Tenants in these states in order of addition, which is the order of their partition keys."""

    def read(conn: Connection) -> list[Tenant]:
        rows = conn.cursor(row_factory=class_row(Tenant))
        return rows.execute(query("tenants", "directory"), {"states": list(states)}).fetchall()

    return database.run(read)


def find_tenant(database: Database, slug: str) -> Tenant:
    """The tenant of this slug in whatever state. Raises UnknownTenant."""
    tenant = None
    if valid_slug(slug):
        with database.transaction() as conn:
            rows = conn.cursor(row_factory=class_row(Tenant))
            tenant = rows.execute(query("tenants", "find"), {"slug": slug}).fetchone()
    if tenant is None:
        raise UnknownTenant(f"there is no tenant {slug[:60]!r}; `sync-platform tenant list` shows all")
    return tenant


def set_tenant_state(database: Database, tenant_id: UUID, state: TenantState) -> None:
    """A suspended tenant keeps its data and is not synchronised. Raises UnknownTenant."""
    with database.transaction(tenant_id) as conn:
        changed = conn.execute(query("tenants", "set_state"), {"tenant_id": tenant_id, "state": state})
        if changed.rowcount == 0:
            raise UnknownTenant("there is no such tenant; `sync-platform tenant list` shows all")


def set_call_weight(database: Database, tenant_id: UUID, weight: float) -> None:
    """A tenant's part of a call budget that others wait for too; 1 where it is not set (HTTP-13)."""
    if not 0 < weight <= 100:
        raise InvalidRequest("a weight is above 0 and at most 100")
    with database.transaction(tenant_id) as conn:
        conn.execute(query("tenants", "set_call_weight"), {"tenant_id": tenant_id, "weight": weight})


def _known_zone(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):  # a path, a folder of zones, an unknown name
        return False
    return True


@cache
def _countries() -> frozenset[str]:
    """ISO 3166 as the time zone database carries it."""
    table = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    return frozenset(line.split("\t")[0] for line in table.splitlines() if not line.startswith("#"))
