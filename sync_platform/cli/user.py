"""``sync-platform user``: roles of people, at a tenant or on the platform (TEN-20, TEN-25)."""

from dataclasses import asdict
from datetime import timedelta
from getpass import getuser
from typing import Annotated, Any
from uuid import UUID

import typer

from sync_platform.cli.output import AsJson, emit, say, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.grants import GrantRow
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync import grants, invitations
from sync_platform.sync.platform import Platform, open_platform

app = typer.Typer(
    help="Who may do what. The first owner of a tenant, and super administrators, are made here.", no_args_is_help=True
)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
AnyTenant = Annotated[str | None, typer.Option("--tenant", help="Slug of the tenant; without it: the platform.")]
Role = Annotated[
    str, typer.Option(help="tenant_owner, tenant_admin, clinic_staff, nurse or viewer; docs/permissions.md.")
]
Extra = Annotated[list[str] | None, typer.Option("--extra", help="A permission beside the role. Repeatable.")]
Denied = Annotated[list[str] | None, typer.Option("--deny", help="A permission that is taken away. Repeatable.")]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="Days until the grant ends; without: no end.")]


@app.command()
def grant(
    user: Annotated[str, typer.Argument(help="The user id that the identity provider gives the person.")],
    role: Annotated[str, typer.Option(help="A role of docs/permissions.md; super_admin and investor have no tenant.")],
    tenant: AnyTenant = None,
    extra: Extra = None,
    deny: Denied = None,
    days: Days = None,
    of: Annotated[list[str] | None, typer.Option(help="Of an investor: slug of a tenant. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a person a role, in place of an earlier grant of the same one."""
    with open_platform(load_settings()) as platform:
        made = grants.grant(
            platform,
            _tenant(platform, tenant),
            _user(user),
            role,
            by=None,
            actor=f"cli/{getuser()}",
            extra=extra or (),
            denied=deny or (),
            expires_at=platform.clock() + timedelta(days=days) if days else None,
            tenants=[find_tenant(platform.database, slug).id for slug in of] if of else None,
        )
    emit(made, as_json, f"{made.user_id} is {made.role} {_where(tenant)} (grant {made.id})")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="Its number in `user list`.")],
    tenant: AnyTenant = None,
    as_json: AsJson = False,
) -> None:
    """Take a grant away. The person's next call is without it."""
    with open_platform(load_settings()) as platform:
        ended = grants.revoke(platform, _tenant(platform, tenant), number, by=None, actor=f"cli/{getuser()}")
    emit(ended, as_json, f"{ended.user_id} is no longer {ended.role} {_where(tenant)}")


@app.command("list")
def list_all(
    tenant: AnyTenant = None,
    everyone: Annotated[bool, typer.Option("--all", help="Grants that have ended too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the grants of a tenant, or those of the platform."""
    with open_platform(load_settings()) as platform:
        found = grants.list_users(platform, _tenant(platform, tenant), ended=everyone)
    columns = ("id", "user_id", "role", "extra", "denied", "granted_by", "granted_at", "expires_at", "active")
    emit(found, as_json, table_of(*columns, rows=[_row(one) for one in found]))


@app.command()
def invite(
    tenant: TenantSlug,
    role: Role,
    email: Annotated[
        str | None, typer.Option(help="Only for the person whose provider vouches for this address.")
    ] = None,
    extra: Extra = None,
    deny: Denied = None,
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make an invitation and print its token, once. It can be taken up once, within 7 days."""
    with open_platform(load_settings()) as platform:
        token, row = invitations.invite(
            platform,
            find_tenant(platform.database, tenant),
            role,
            by=None,
            actor=f"cli/{getuser()}",
            email=email,
            extra=extra or (),
            denied=deny or (),
            grant_expires_at=platform.clock() + timedelta(days=days) if days else None,
        )
    say(f"invitation {row.id} to {tenant} as {row.role}, until {row.expires_at:%Y-%m-%d}")
    # as it is: what masks secrets would mask this one
    emit({"token": token, **asdict(row)}, as_json, token)


def _tenant(platform: Platform, slug: str | None) -> Tenant | None:
    return find_tenant(platform.database, slug) if slug is not None else None


def _where(slug: str | None) -> str:
    return "on the platform" if slug is None else f"at {slug}"


def _user(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise InvalidRequest("a user id is a UUID, as the identity provider shows it") from None


def _row(one: GrantRow) -> tuple[Any, ...]:
    return (
        one.id,
        one.user_id,
        one.role,
        ", ".join(one.extra_permissions),
        ", ".join(one.denied_permissions),
        one.granted_by,
        one.granted_at,
        one.expires_at,
        "yes" if one.is_active else "no",
    )
