"""``sync-platform sandbox``: stand-in vendors with invented data and fault switches, on loopback (CLI-07)."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.crm_world import crm_demo_projects
from sync_platform.sandbox.demo_world import demo_shops
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_world import mx_demo_merchants
from sync_platform.sandbox.old_reports import write_old_reports
from sync_platform.sandbox.report_source import served_sources
from sync_platform.sandbox.serve import serve
from sync_platform.sandbox.vendor_server import VendorServer

MAX_FAULTS_BYTES = 1 << 20

app = typer.Typer(help="Stand-in vendors for trying things out.", no_args_is_help=True)


@app.command()
def start(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    mx_port: Annotated[int, typer.Option(min=0, max=65535, help="The same for MX Merchant.")] = 0,
    crm_port: Annotated[int, typer.Option(min=0, max=65535, help="The same for the CRM.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shops, clinics and customers.")] = 2026,
    limit: Annotated[bool, typer.Option(help="Enforce Blaze's 10,000 calls per 5 minutes.")] = False,
    faults: Annotated[
        Path | None,
        typer.Option(help="JSON file with a list of fault switches of Blaze, on from the start.", dir_okay=False),
    ] = None,
) -> None:
    """Serve three invented Blaze shops, two clinics at MX Merchant and two CRM projects until ^C.

    Prints one JSON line when ready: the address of Blaze, and under mx_merchant and crm those of the others. Faults,
    journal and truth are at /_sandbox/ of each address.
    """
    now = datetime.now(UTC)
    shops = demo_shops(now.date(), now=now, clock=time.time, seed=seed)
    clinics = MxSandbox(
        mx_demo_merchants(now.date(), now=now, clock=time.time, seed=seed), port=mx_port, seed=seed, clock=time.time
    )
    projects = CrmSandbox(crm_demo_projects(now.date(), seed=seed), port=crm_port, seed=seed, clock=time.time)
    allowed = CallLimit() if limit else None
    others: dict[str, VendorServer[Any]] = {"mx_merchant": clinics, "crm": projects}
    serve(shops, port, seed=seed, limit=allowed, faults=_faults(faults), beside=others)


@app.command("old-reports")
def old_reports(
    folder: Annotated[Path, typer.Argument(help="Gets a folder per shop, named like its tenant.", file_okay=False)],
    url: Annotated[str, typer.Option(help="Address that the running stand-in printed.")],
    seed: Annotated[int, typer.Option(help="The same seed spoils the same records.")] = 2026,
    as_json: AsJson = False,
) -> None:
    """Write the old reports of the shops that a stand-in serves, for `legacy load`: partly stale, partly missing."""
    sources = served_sources(url, datetime.now(UTC))
    written = []
    with progress("old reports") as step:
        for number, source in enumerate(sources, 1):
            step(source.name, number, len(sources))
            paths = write_old_reports(source, folder / source.slug, seed=seed)
            written += [{"shop": source.name, "table": table, "file": str(path)} for table, path in paths.items()]
    emit(written, as_json, table_of("shop", "table", "file", rows=[tuple(one.values()) for one in written]))


def _faults(path: Path | None) -> list[Fault]:
    if path is None:
        return []
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MAX_FAULTS_BYTES), type=list[Fault])
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{path} is not a list of fault switches: {error}") from None
