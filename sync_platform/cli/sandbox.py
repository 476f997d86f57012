"""``sync-platform sandbox``: a stand-in vendor with invented shops and fault switches, on loopback (CLI-07)."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from sync_platform.core.errors import InvalidRequest
from sync_platform.sandbox.demo_world import demo_shops
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.serve import serve

MAX_FAULTS_BYTES = 1 << 20

app = typer.Typer(help="Stand-in vendors for trying things out.", no_args_is_help=True)


@app.command()
def start(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shops.")] = 2026,
    limit: Annotated[bool, typer.Option(help="Enforce the vendor's 10,000 calls per 5 minutes.")] = False,
    faults: Annotated[
        Path | None, typer.Option(help="JSON file with a list of fault switches, on from the start.", dir_okay=False)
    ] = None,
) -> None:
    """Serve three invented Blaze shops until ^C. Prints one JSON line with the address when ready.

    Faults, journal and truth are at /_sandbox/ of that address.
    """
    now = datetime.now(UTC)
    shops = demo_shops(now.date(), now=now, clock=time.time, seed=seed)
    serve(shops, port, seed=seed, limit=CallLimit() if limit else None, faults=_faults(faults))


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
