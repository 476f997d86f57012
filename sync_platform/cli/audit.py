"""``sync-platform audit``: what was audited, whether it still is what was written, and its anchors (SEC-30)."""

from dataclasses import asdict
from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, say, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.audit import read_audit
from sync_platform.sync.audit_anchors import AnchorFile
from sync_platform.sync.audit_chain import AuditFinding, anchor_audit, verify_audit
from sync_platform.sync.platform import open_platform

FAILED = 1
app = typer.Typer(help="The audit log: who did what.", no_args_is_help=True)

TenantSlug = Annotated[str | None, typer.Option("--tenant", help="Slug of one tenant.")]


@app.command("list")
def list_entries(
    tenant: TenantSlug = None,
    platform_wide: Annotated[
        bool, typer.Option("--platform", help="What is about no tenant, such as sign-ins that failed.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    before: Annotated[int | None, typer.Option(min=1, help="Entries before this one.")] = None,
    actor: Annotated[str | None, typer.Option(help="Of whom, as entries name it.")] = None,
    action: Annotated[str | None, typer.Option(help="How the action begins, such as matches.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show entries, newest first."""
    if (tenant is None) != platform_wide:
        raise InvalidRequest("say either --tenant SLUG or --platform")
    with open_platform(load_settings()) as platform:
        chain = None if tenant is None else find_tenant(platform.database, tenant).id
        found = read_audit(platform, chain, before_id=before, limit=limit, actor=actor, action=action)
    columns = ("id", "at", "actor", "action", "subject", "detail", "request_id")
    rows = [tuple(getattr(one, name) for name in columns) for one in found]
    emit([asdict(one) for one in found], as_json, table_of(*columns, rows=list(rows)))


@app.command()
def verify(tenant: TenantSlug = None, as_json: AsJson = False) -> None:
    """Prove that entries are what was written: none changed, missing, moved or put in. Exit code 1 where one is."""
    with open_platform(load_settings()) as platform:
        tenants = None if tenant is None else [find_tenant(platform.database, tenant)]
        found = verify_audit(platform, tenants)
    text = f"{found.entries} entries in {found.chains} chains, compared with {found.anchors} anchors: "
    text += "all as they were written" if not found.findings else f"{len(found.findings)} findings"
    emit(asdict(found), as_json, text)
    _tell(found.findings)


@app.command()
def anchor(as_json: AsJson = False) -> None:
    """Verify, and note where each chain ends today, in the database and in a file. Exit code 1 with findings."""
    with open_platform(load_settings()) as platform:
        made, findings = anchor_audit(platform)
        path = AnchorFile(platform.settings.data_dir).path
    rows = [(name, one.day, one.last_id, one.hash) for name, one in made]
    emit(
        {
            "file": str(path),
            "anchors": [{"chain": name, **one.plain()} for name, one in made],
            "findings": [asdict(one) for one in findings],
        },
        as_json,
        table_of("chain", "day", "last entry", "hash", rows=list(rows)),
    )
    _tell(findings)


def _tell(findings: tuple[AuditFinding, ...]) -> None:
    for one in findings:
        say(f"{one.chain}: {one.message}")
    if findings:
        raise typer.Exit(FAILED)
