"""``sync-platform up``: Dagster's web server and daemon, and the HTTP service, on this machine, until ^C."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from sync_platform.cli.demo import play
from sync_platform.cli.output import say
from sync_platform.cli.processes import (
    Child,
    dagster_processes,
    free_port,
    sandbox_process,
    service_process,
    wait_until_served,
)
from sync_platform.cli.stage import dagster_home, fresh_folder, project_file, stage
from sync_platform.core.errors import SyncError
from sync_platform.settings import PREFIX, load_settings
from sync_platform.sync.platform import open_platform

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the UI on 127.0.0.1, if it is free.")]
ServicePort = Annotated[
    int, typer.Option("--service-port", min=1, max=65535, help="Port of the HTTP service on 127.0.0.1, if it is free.")
]


def up(
    demo: Annotated[
        bool,
        typer.Option(
            "--demo/--no-demo", help="With invented shops, clinics and clubs; or with your own settings and tenants."
        ),
    ] = True,
    port: Port = 3000,
    service_port: ServicePort = 8080,
) -> None:
    """Start Dagster's web server and daemon and the HTTP service, schedules on, and stay until ^C.

    By default on the demonstration's shops, clinics and clubs, after the two runs of `demo`, in a data folder of its
    own.
    With --no-demo on the configured database; a given server needs SYNC_PLATFORM_DAGSTER_DATABASE_URL beside it.
    """
    with _asked_to_stop() as stopping:
        if demo:
            _demonstration(port, service_port, stopping)
        else:
            _own(port, service_port, stopping)


def _demonstration(port: int, service_port: int, stopping: threading.Event) -> None:
    folder, settings = fresh_folder()
    with sandbox_process(folder) as urls, stage(settings, folder, urls) as ready:
        report = play(ready, urls)
        typer.echo(report.text(0).replace("To look at it in the Dagster UI: make up", "").rstrip())
        _serve(folder, ready.environment, port, service_port, stopping)
    if not report.good:
        raise typer.Exit(1)


def _own(port: int, service_port: int, stopping: threading.Event) -> None:
    settings = load_settings()
    with open_platform(settings) as platform:
        folder = platform.settings.data_dir.expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            **platform.child_environment(),
            "DAGSTER_HOME": str(dagster_home(folder)),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
        }
        _serve(folder, environment, port, service_port, stopping)


def _serve(
    folder: Path, environment: Mapping[str, str], port: int, service_port: int, stopping: threading.Event
) -> None:
    workspace = project_file("workspace.yaml")
    chosen = free_port(port)
    url = f"http://127.0.0.1:{chosen}"
    serving = free_port(service_port)
    served = f"http://127.0.0.1:{serving}"
    running = {**environment, f"{PREFIX}SCHEDULES__RUNNING": "true"}
    with (
        dagster_processes(folder, workspace, running, chosen) as children,
        service_process(folder, environment, serving) as service,
    ):
        wait_until_served(url, children)
        wait_until_served(served, [service], "/health")
        say(
            f"The UI is at {url} (asset page: {url}/assets/blaze/transactions), the HTTP service at {served} (document:"
            f" {served}/openapi.json). Logs are in {folder}. ^C stops all."
        )
        _watch([*children, service], stopping)


def _watch(children: Sequence[Child], stopping: threading.Event) -> None:
    """Until somebody asks to stop. Raises SyncError when a child ends by itself."""
    while not stopping.wait(1):
        for child in children:
            if child.ended:
                raise SyncError(f"the {child.name} ended; the end of {child.log}:\n{child.last_lines()}")


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt  # asked twice: at once
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
