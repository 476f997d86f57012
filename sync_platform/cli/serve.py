"""``sync-platform serve``: the HTTP service, until SIGTERM or ^C."""

import json
import os
import sys
from contextlib import closing
from typing import Annotated

import typer

from sync_platform.cli.output import say
from sync_platform.core.logs import log_json
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; by default that of the settings.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes one that is free.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print where it listens as one line of JSON.")]


def serve(host: Host = None, port: Port = None, as_json: AsJson = False) -> None:
    """Serve HTTP, and work on what requests ask for, until SIGTERM or ^C.

    Several may run on the same database, each on a port of its own. Put a proxy that speaks TLS in front of it.
    """
    from sync_platform.api.server import listen  # not needed by other commands, and slow to import
    from sync_platform.api.server import serve as run

    settings = load_settings()
    log_json()
    with (
        open_platform(settings) as platform,
        closing(listen(host or settings.api.host, settings.api.port if port is None else port)) as listening,
    ):
        address, number = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        url = f"http://{shown}:{number}"

        def ready() -> None:
            if as_json:
                typer.echo(json.dumps({"url": url, "host": address, "port": number, "pid": os.getpid()}))
                sys.stdout.flush()
            else:
                say(f"The service is at {url} (document: {url}/openapi.json). ^C stops it.")

        run(platform, [listening], on_ready=ready)
