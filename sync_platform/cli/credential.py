"""``sync-platform credential``: keys of the tenants' accounts at their sources (SEC-21, CLI-04)."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.cli.secret_input import FromEnv, FromFile, pairs, read_secrets
from sync_platform.core.errors import InvalidRequest, SyncError
from sync_platform.core.redact import redact_text
from sync_platform.db.account_rules import REQUIRED_SECRETS
from sync_platform.db.credentials import SourceAccount, accounts, rotate_credential, set_credential
from sync_platform.db.credentials import reencrypt as reencrypt_all
from sync_platform.db.keys import new_master_key as make_master_key
from sync_platform.db.tenants import directory, find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.checking import try_account
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="Keys of the tenants' accounts. They are asked for, never given as arguments.")

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
Source = Annotated[str, typer.Option(help=f"One of: {', '.join(REQUIRED_SECRETS)}.")]
Environment = Annotated[str, typer.Option(help="production; stage at blaze, sandbox at mx_merchant and crm.")]
Account = Annotated[str, typer.Option(help="Your name for the account, one per shop; at mx_merchant the merchant id.")]


@app.command("set")
def set_keys(
    tenant: TenantSlug,
    source: Source = "blaze",
    environment: Environment = "production",
    account: Account = "main",
    from_file: FromFile = None,
    from_env: FromEnv = None,
    setting: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="What is not secret, such as base_url. Repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add an account, or replace its keys."""
    settings = pairs("--setting", setting)
    with open_platform(load_settings()) as platform:
        tenant_id = find_tenant(platform.database, tenant).id
        secrets = read_secrets(source, from_file, from_env)
        stored = set_credential(
            platform.database,
            platform.keyring,
            tenant_id,
            source=source,
            environment=environment,
            account=account,
            secrets=secrets,
            settings=settings,
        )
    emit(shown(tenant, stored), as_json, f"stored {stored.label} of {tenant}; try it with `credential test`")


@app.command()
def rotate(
    tenant: TenantSlug,
    source: Source = "blaze",
    environment: Environment = "production",
    account: Account = "main",
    from_file: FromFile = None,
    from_env: FromEnv = None,
    as_json: AsJson = False,
) -> None:
    """Replace the keys of an account; the old ones are kept nowhere. Opens a source that refused them."""
    with open_platform(load_settings()) as platform:
        tenant_id = find_tenant(platform.database, tenant).id
        secrets = read_secrets(source, from_file, from_env)
        stored = rotate_credential(
            platform.database,
            platform.keyring,
            tenant_id,
            source=source,
            environment=environment,
            account=account,
            secrets=secrets,
        )
    emit(shown(tenant, stored), as_json, f"rotated {stored.label} of {tenant}")


@app.command("test")
def try_keys(
    tenant: TenantSlug,
    source: Source = "blaze",
    account: Annotated[str | None, typer.Option(help="One account; all without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make one real call per account and say which shop answers. Exit code 1 if one does not."""
    results: list[dict[str, Any]] = []
    with open_platform(load_settings()) as platform, progress("credential test") as step:
        of = find_tenant(platform.database, tenant)
        chosen = [a for a in accounts(platform.database, of.id, source) if account in (None, a.account)]
        if not chosen:
            raise InvalidRequest(f"{tenant} has no such account; `sync-platform credential list` shows all")
        for place, one in enumerate(chosen):
            step(one.label, place, len(chosen))
            result = {"account": one.label, "ok": True, "shop": None, "zone": None, "error": None}
            try:
                result |= try_account(platform, of, one)
            except SyncError as error:
                result |= {"ok": False, "error": {"code": error.code, "message": redact_text(str(error))}}
            results.append(result)
    rows = [(r["account"], "ok" if r["ok"] else "failed", r["shop"], r["zone"], _message(r)) for r in results]
    emit(results, as_json, table_of("account", "", "shop", "zone", "", rows=list(rows)))
    if not all(result["ok"] for result in results):
        raise typer.Exit(1)


@app.command("list")
def list_all(
    tenant: Annotated[str | None, typer.Option(help="Slug of one tenant; all active ones without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show accounts without their keys, and which ones their source refuses."""
    with open_platform(load_settings()) as platform:
        tenants = [find_tenant(platform.database, tenant)] if tenant else directory(platform.database)
        found = [
            shown(one.slug, account)
            for one in tenants
            for source in REQUIRED_SECRETS
            for account in accounts(platform.database, one.id, source)
        ]
    columns = ("tenant", "source", "environment", "account", "rotated_at", "rejected_at", "rejected_reason")
    emit(found, as_json, table_of(*columns, rows=[tuple(one[name] for name in columns) for one in found]))


@app.command()
def reencrypt(as_json: AsJson = False) -> None:
    """Wrap all tenants' data keys with the newest master key. After that the older ones can go."""
    with open_platform(load_settings()) as platform:
        changed = reencrypt_all(platform.database, platform.keyring)
    emit({"reencrypted": changed}, as_json, f"{changed} data keys wrapped anew")


@app.command("new-master-key")
def new_master_key() -> None:
    """Print a fresh master key, once. Put it first in SYNC_PLATFORM_MASTER_KEYS and keep a copy somewhere safe."""
    typer.echo(make_master_key())


def shown(slug: str, account: SourceAccount) -> dict[str, Any]:
    """An account as it may be shown; it holds no secret to begin with."""
    return {"tenant": slug, **asdict(account)}


def _message(result: dict[str, Any]) -> str:
    if result["error"]:
        return str(result["error"]["message"])
    return f"{result['warning']}: {result['remedy']}" if result.get("warning") else ""
