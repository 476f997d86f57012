"""What somebody may do with a tenant, asked anew with every request: what was revoked is gone (TEN-24, TEN-29)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from sync_platform.core.principal import How, Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.access import person_access, tenants_of_person, token_allows
from sync_platform.sync.platform import Platform

#: All names of permissions in the order of TEN-22. The table ``platform.permissions`` holds the same.
PERMISSIONS: tuple[str, ...] = (
    "transactions.read",
    "invoices.read",
    "products.read",
    "customers.read",
    "customers.read_pii",
    "invoices.manage",
    "invoices.update_status",
    "invoices.update_data_sent",
    "sync.run",
    "sync.dry_run",
    "sync.cancel",
    "sync.emergency",
    "sync.undo",
    "webhook.manage",
    "config.read",
    "config.update",
    "credentials.rotate",
    "users.invite",
    "users.manage",
    "imports.create",
    "imports.cancel",
    "imports.read",
    "categories.manage",
    "compare.read",
    "promote.run",
    "promote.rollback",
    "promote.override",
    "quarantine.read",
    "quarantine.replay",
    "crm.match.review",
    "crm.sync.own",
    "packages.read.own",
    "crm.sync.any",
    "packages.read",
    "data.export",
    "analytics.read",
    "reports.read",
    "audit.read",
    "privacy.erase",
    "tenants.manage",
)
#: What only a person can do, so that no token has it: it is about the own person, or makes other people mighty.
PEOPLE_ONLY = frozenset({"users.invite", "users.manage", "crm.sync.own", "packages.read.own", "tenants.manage"})
#: What a service token may be given. ``events.write`` is for the tenant's own application (CRM-11) and for nobody else.
SCOPES: tuple[str, ...] = ("events.write", *(name for name in PERMISSIONS if name not in PEOPLE_ONLY))


def access(platform: Platform, identity: Identity, tenant: Tenant | None, permission: str) -> How | None:
    """How much of a permission somebody has at this moment, None for nothing (TEN-24, TEN-29).

    Without a tenant it is about the platform: only platform grants count, and no service token has any.
    """
    if identity.kind == "user":
        return person_access(platform.database, identity.subject, tenant.id if tenant else None, permission)
    if tenant is None or identity.tenant_id != tenant.id:
        return None
    return "all" if token_allows(platform.database, identity, permission) else None


def tenants_of(platform: Platform, identity: Identity) -> list[Tenant]:
    """The tenants that somebody has anything to do with, in order of addition; a service token has one."""
    return [tenant for tenant, _ in roles_of(platform, identity)]


def roles_of(platform: Platform, identity: Identity) -> list[tuple[Tenant, str | None]]:
    """Those tenants, each with the person's highest role there; a service token has none."""
    if identity.kind == "user":
        return list(tenants_of_person(platform.database, identity.subject))
    return [(identity.tenant, None)] if identity.tenant else []


@contextmanager
def web_transaction(platform: Platform, identity: Identity, tenant: Tenant) -> Iterator[Connection[Any]]:
    """A transaction as sp_web in which policies know who asks: it shows what the person or the token may read."""
    with platform.database.transaction(tenant.id, "sp_web", who=identity) as conn:
        yield conn
