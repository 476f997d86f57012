"""``sync-platform profiles``: people as the tenant's own application knows them. Shown masked."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.core.redact import masked
from sync_platform.db.matches import Mapping, live_mappings
from sync_platform.db.profiles import Profile
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform
from sync_platform.sync.profiles import profiles_of_file, read_profiles, save_profiles

app = typer.Typer(help="People as the tenant's own application knows them.", no_args_is_help=True)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
COLUMNS = ("profile_id", "full_name", "phone", "email", "active", "customer", "packages_count", "packages_synced_at")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV with the columns profile_id, full_name, phone and email.")],
    tenant: TenantSlug,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add the profiles of a file, or change them: all or none. What is blank does not overwrite what is stored."""
    facts = profiles_of_file(file)
    with open_platform(load_settings()) as platform:
        saved = save_profiles(platform, find_tenant(platform.database, tenant), facts, dry_run=dry_run)
    same = len(facts) - saved.added - saved.changed
    would = "would be " if dry_run else ""
    text = f"{saved.added} profiles of {tenant} {would}added, {saved.changed} {would}changed, {same} are as they were"
    emit({"tenant": tenant, "dry_run": dry_run, **asdict(saved), "same": same}, as_json, text)


@app.command("list")
def list_all(
    tenant: TenantSlug,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """Show profiles in the order of their ids, and whether each has a customer in the CRM."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        profiles = read_profiles(platform, owner, limit=limit)
        ids = [profile.profile_id for profile in profiles]
        linked = platform.database.run(lambda conn: live_mappings(conn, owner.id, ids), owner.id)
    data = [_shown(profile, linked.get(profile.profile_id)) for profile in profiles]
    emit(data, as_json, table_of(*COLUMNS, rows=[tuple(one.values()) for one in data]))


def _shown(profile: Profile, mapping: Mapping | None) -> dict[str, Any]:
    customer = None if mapping is None else "lost" if mapping.lost else mapping.state
    personal = {name: masked(getattr(profile, name)) for name in ("full_name", "phone", "email")}
    return {
        "profile_id": profile.profile_id,
        **personal,
        "active": profile.active,
        "customer": customer,
        "packages_count": profile.packages_count,
        "packages_synced_at": profile.packages_synced_at,
    }
