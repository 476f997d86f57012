"""``sync-platform work``: workers of the queue of requests alone, without the HTTP service."""

from typing import Annotated

import typer

from sync_platform.cli.output import say
from sync_platform.cli.stopping import stops_gently
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

Threads = Annotated[
    int | None, typer.Option(min=1, max=64, help="Requests at the same time; by default that of the settings.")
]


def work(threads: Threads = None) -> None:
    """Work on what was asked for over HTTP until SIGTERM or ^C; `serve` does so as well.

    As many of these as you like may run, on other machines too. What runs at the end goes back into the queue.
    """
    from sync_platform.sync.request_worker import RequestWorker  # not needed by other commands, and slow to import

    with open_platform(load_settings()) as platform, stops_gently(platform), RequestWorker(platform, threads):
        say("Waiting for requests. ^C stops it.")
        platform.stopping.wait()
