"""``sync-platform sync``: read a source now, in this process, with the same code as the assets (CLI-02)."""

from collections.abc import Callable
from getpass import getuser
from typing import Annotated, Any, get_args

import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.output import AsJson, emit, progress
from sync_platform.cli.stopping import stops_gently
from sync_platform.cli.sync_days import AskedDays, Days, First, Last
from sync_platform.cli.sync_report import as_data, as_table, exit_code_of, statistics_table
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory, find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.active_sources import with_account
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request import ENTITIES, LINES, Entity, Mode, Progress, Source, SyncRequest

app = typer.Typer(help="Read a source into the tables.", no_args_is_help=True)

OneTenant = Annotated[
    str | None, typer.Option("--tenant", help="Slug of one tenant; without it all active ones with an account there.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would change, write nothing.")]
Verify = Annotated[bool, typer.Option(help="Compare every field, not only content hashes.")]

# what is asked of one tenant, one request after the other
Requests = Callable[[Tenant, Platform], list[SyncRequest]]


@app.command()
def blaze(
    tenant: OneTenant = None,
    entity: Annotated[str | None, typer.Option(help="customers, transactions (with their items) or products.")] = None,
    days: Days = None,
    first: First = None,
    last: Last = None,
    dry_run: DryRun = False,
    full: Annotated[bool, typer.Option(help="Read the whole catalogue of products; absent ones are deleted.")] = False,
    verify: Verify = False,
    as_json: AsJson = False,
) -> None:
    """Read Blaze. Without days: what changed since the last run. Exit codes: 0, 1 failed, 3 partial, 4 refused."""
    entities, asked = _entities(entity), AskedDays(days, first, last)

    def requests(one: Tenant, platform: Platform) -> list[SyncRequest]:
        return [
            SyncRequest(
                tenant=one,
                entity=name,
                days=(asked.of(one, platform.clock()),),
                verify=verify,
                full=full and name == "products",
                **_by_hand(dry_run),
            )
            for name in entities
        ]

    _sync("blaze", tenant, requests, as_json)


@app.command("mx_merchant")
def mx_merchant(
    tenant: OneTenant = None,
    days: Days = None,
    first: First = None,
    last: Last = None,
    mode: Annotated[str, typer.Option(help="normal, or emergency: more payments at once, with a reason.")] = "normal",
    newest: Annotated[
        int | None, typer.Option(min=1, help="Only so many of the newest payments: 100, in an emergency 1000 at most.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is an emergency; kept with the run.")] = None,
    dry_run: DryRun = False,
    verify: Verify = False,
    as_json: AsJson = False,
) -> None:
    """Read MX Merchant: payments with their invoices and items. Without days: what came since the last run.

    Exit codes: 0, 1 failed, 3 partial, 4 refused.
    """
    chosen, asked = one_of(mode, get_args(Mode), "mode"), AskedDays(days, first, last)
    some = newest is not None or chosen == "emergency"

    def requests(one: Tenant, platform: Platform) -> list[SyncRequest]:
        wanted = () if some and not asked.given else (asked.of(one, platform.clock()),)
        return [
            SyncRequest(
                tenant=one,
                entity="payments",
                days=wanted,
                source="mx_merchant",
                mode=chosen,
                newest=newest,
                reason=reason,
                verify=verify,
                **_by_hand(dry_run),
            )
        ]

    _sync("mx_merchant", tenant, requests, as_json)


@app.command()
def crm(
    tenant: OneTenant = None,
    profile: Annotated[
        list[str] | None, typer.Option("--profile", help="Only this profile, now; may be given several times.")
    ] = None,
    max_profiles: Annotated[
        int | None, typer.Option(min=1, help="At most so many: those that wait the longest come first.")
    ] = None,
    only_new: Annotated[bool, typer.Option(help="Only profiles that never had their packages read.")] = False,
    full: Annotated[bool, typer.Option(help="Copy the customers again, however old the copy is.")] = False,
    dry_run: DryRun = False,
    verify: Verify = False,
    as_json: AsJson = False,
) -> None:
    """Read the CRM: match profiles with its customers and replace their packages, as they are now.

    Exit codes: 0, 1 failed, 3 partial, 4 refused.
    """
    profiles = tuple(profile or ())
    if profiles and (max_profiles is not None or only_new):
        raise InvalidRequest("--profile names who is meant: leave out --max-profiles and --only-new")

    def requests(one: Tenant, platform: Platform) -> list[SyncRequest]:
        return [
            SyncRequest(
                tenant=one,
                entity="packages",
                days=(AskedDays(None, None, None).of(one, platform.clock()),),
                source="crm",
                profiles=profiles,
                max_profiles=max_profiles,
                only_new=only_new,
                full=full,
                verify=verify,
                **_by_hand(dry_run),
            )
        ]

    _sync("crm", tenant, requests, as_json)


def _sync(source: Source, slug: str | None, requests: Requests, as_json: bool) -> None:
    """Work through the tenants, show what became of it, and leave with the exit code."""
    with open_platform(load_settings()) as platform, stops_gently(platform):
        tenants = [find_tenant(platform.database, slug)] if slug else _tenants_of(platform, source)
        work = [requests(one, platform) for one in tenants]
        with progress(f"sync {source}") as step:

            def show(now: Progress) -> None:
                things = "profiles" if now.stage == "profiles" else "records"
                step(f"{now.tenant} {now.entity}: {now.done} {things}", now.done, now.planned)

            results = list(sync_many(platform, work, show))
    emit([as_data(result) for result in results], as_json, as_table(results))
    if not as_json and (told := statistics_table(results)) is not None:
        emit(None, False, told)
    if code := exit_code_of(results):
        raise typer.Exit(code)


def _tenants_of(platform: Platform, source: Source) -> list[Tenant]:
    """Active tenants with an account at the source. Raises InvalidRequest where there is none."""
    tenants = directory(platform.database)
    if not tenants:
        raise InvalidRequest("there is no active tenant; add one with `sync-platform tenant add`")
    found = with_account(platform, tenants, source)
    if not found:
        raise InvalidRequest(
            f"no active tenant has an account at {source}; add one with `sync-platform credential set`"
        )
    return found


def _by_hand(dry_run: bool) -> dict[str, Any]:
    return {"kind": "dry_run" if dry_run else "manual", "actor": f"cli/{getuser()}"}


def _entities(entity: str | None) -> tuple[Entity, ...]:
    if entity is None:
        return ENTITIES
    for name in ENTITIES:
        if entity in (name, LINES) and (name == entity or name == "transactions"):
            return (name,)
    raise InvalidRequest(f"there is no entity {entity!r}; use one of {', '.join((*ENTITIES, LINES))}")
