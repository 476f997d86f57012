"""``sync-platform config``: the effective settings, secrets masked (SEC-24)."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.settings import PREFIX, load_settings

app = typer.Typer(help="The settings of this process.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """The settings of this process."""


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show every setting under the name of its environment variable. Secrets are masked."""
    settings = load_settings().shown()
    emit(settings, as_json, table_of("setting", "value", rows=list(_flat(settings, PREFIX))))


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}", value
