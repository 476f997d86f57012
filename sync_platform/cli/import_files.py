"""``sync-platform import template|generate|mapping|users|skus``: files for imports, and what they refer to (CSV-40)."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from getpass import getuser
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.output import AsJson, emit, say, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.purchase_fields import FIELDS, REQUIRED
from sync_platform.core.tenant import Tenant
from sync_platform.db.purchase_references import active_skus, active_users, find_mapping, save_mapping
from sync_platform.db.tenants import find_tenant
from sync_platform.sandbox.purchase_files import EXPORT, PLAIN, sample, template, write_purchases
from sync_platform.settings import load_settings
from sync_platform.sync.import_options import limits_of
from sync_platform.sync.import_references import ReferenceKind, load_reference_file
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.transforms.purchase_file import read_purchases
from sync_platform.transforms.purchase_header import field_of, header_hash, saved_mapping

app = typer.Typer()

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
Output = Annotated[Path | None, typer.Option(dir_okay=False, help="A new file; else standard output.")]
ListFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE")]
_DIALECTS = {"plain": PLAIN, "export": EXPORT}
_MAX_JSON = 1 << 20


@app.command("template")
def write_template(
    output: Output = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="With some lines that name its users and SKUs.")
    ] = None,
) -> None:
    """Write a file with the header that imports expect."""
    content = template()
    if tenant:
        with open_platform(load_settings()) as platform:
            content = sample(*_references(platform, find_tenant(platform.database, tenant), 100))
    write_text([content.decode()], output)


@app.command("generate")
def generate(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; packed where its name ends in .gz.")],
    tenant: TenantSlug,
    lines: Annotated[int, typer.Option(min=1, max=10_000_000)] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed writes the same file.")] = 1,
    dialect: Annotated[
        str, typer.Option(help="plain, or export: as a spreadsheet in half of Europe writes it.")
    ] = "plain",
    first_number: Annotated[int, typer.Option(min=1, help="Of the first purchase.")] = 1,
) -> None:
    """Write a file of invented purchases of any size, with users and SKUs of the tenant."""
    chosen = _DIALECTS[one_of(dialect, tuple(_DIALECTS), "dialect")]
    with open_platform(load_settings()) as platform:
        users, skus = _references(platform, find_tenant(platform.database, tenant), 100_000)
    with _new_file(path) as out:
        packed = replace(chosen, packed=path.suffix.lower() == ".gz")
        written = write_purchases(out, lines, users, skus, seed=seed, dialect=packed, first_number=first_number)
    say(f"{path}: {written.lines} lines, {written.purchases} purchases")


@app.command("mapping")
def mapping(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file with the header in question.")],
    tenant: TenantSlug,
    column: Annotated[
        list[str] | None, typer.Option(help=f"NAME=FIELD, one of {', '.join(FIELDS)}. Repeatable. Remembered.")
    ] = None,
    mapping_file: Annotated[Path | None, typer.Option("--mapping", dir_okay=False, help="The same as JSON.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which of a file's columns is which of ours; with names, remember them for files with this header."""
    given = (read_mapping(mapping_file) if mapping_file else {}) | _pairs(column or [])
    saved_mapping(given, ())
    with open_file(path) as source, open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        known = read_purchases(
            source, limits_of(owner, platform.settings.imports), lambda h: find_mapping(platform.database, owner.id, h)
        )
        names = list(known.names)
        if given:
            save_mapping(platform.database, owner.id, header_hash(names), given, f"cli/{getuser()}")
        stored = find_mapping(platform.database, owner.id, header_hash(names)) or {}
    plain = saved_mapping(stored, ())
    shown = [(name, field_of(name, plain)) for name in names]
    missing = [field for field in REQUIRED if field not in {found for _, found in shown}]
    emit(
        {"columns": dict(shown), "mapping": stored, "missing": missing}, as_json,
        table_of("column", "is", rows=[(name, field or "") for name, field in shown]),
    )  # fmt: skip
    if missing:
        say(f"missing: {', '.join(missing)}; name them with --column NAME=FIELD")


@app.command("users")
def users(path: ListFile, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Add or correct users: a CSV file with user_id, and if wanted name and active."""
    _load("users", path, tenant, as_json)


@app.command("skus")
def skus(path: ListFile, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Add or correct SKUs: a CSV file with sku_id, and if wanted name and active."""
    _load("skus", path, tenant, as_json)


def open_file(path: Path) -> AbstractContextManager[BinaryIO]:
    """The bytes of a file that a person named; ``-`` is standard input. Raises InvalidRequest."""
    if str(path) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from None


def read_mapping(path: Path) -> dict[str, str]:
    """From a file's column names to ours. Raises InvalidRequest."""
    with open_file(path) as file:
        content = file.read(_MAX_JSON)
    try:
        return msgspec.json.decode(content, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidRequest(f'{path} is not JSON such as {{"Kunde": "user_id", "Menge": "quantity"}}') from None


def write_text(parts: Iterable[str], output: Path | None) -> None:
    """To a new file, with the mark by which spreadsheets know UTF-8, or to standard output."""
    if output is None:
        for part in parts:
            typer.echo(part, nl=False)
        return
    with _new_file(output) as out:
        out.write(b"\xef\xbb\xbf")
        for part in parts:
            out.write(part.encode())
    say(f"{output} written")


def _new_file(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}") from None


def _references(platform: Platform, tenant: Tenant, limit: int) -> tuple[list[str], list[str]]:
    found = active_users(platform.database, tenant.id, limit), active_skus(platform.database, tenant.id, limit)
    if not all(found):
        raise InvalidRequest(
            f"{tenant.slug} has no users or no SKUs; load them with `sync-platform import users` and `import skus`"
        )
    return found


def _pairs(columns: list[str]) -> dict[str, str]:
    if wrong := [one for one in columns if "=" not in one]:
        raise InvalidRequest(f"{wrong[0][:60]!r} is not NAME=FIELD, such as Kunde=user_id")
    return {name: field for name, _, field in (one.rpartition("=") for one in columns)}


def _load(kind: ReferenceKind, path: Path, tenant: str, as_json: bool) -> None:
    with open_platform(load_settings()) as platform:
        listed, changed = load_reference_file(platform, find_tenant(platform.database, tenant), kind, path)
    data = {"tenant": tenant, "listed": listed, "changed": changed}
    emit(data, as_json, f"{listed} {kind} of {tenant}: {changed} new or different")
