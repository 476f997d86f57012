"""``sync-platform``: the list of commands, and how errors become messages and exit codes (CLI-01)."""

import json
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated

import typer

from sync_platform.cli.commands import Commands
from sync_platform.cli.output import say
from sync_platform.core.errors import InvalidRequest, Refused, SyncError, UnknownTenant
from sync_platform.core.logs import log_plain
from sync_platform.core.redact import redact_text

FAILED, USAGE, PARTIAL, REFUSED = 1, 2, 3, 4


@dataclass
class Shell:
    """What the options before the command say."""

    debug: bool = False


app = typer.Typer(
    name="sync-platform",
    cls=Commands,
    help="Keeps a tenant's PostgreSQL in step with its point of sale, payments, CRM and CSV files.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show local variables, and those hold secrets
    add_completion=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("sync_platform"))
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Keeps a tenant's PostgreSQL in step with its point of sale, payments, CRM and CSV files."""
    context.ensure_object(Shell).debug = debug


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 ok, 1 failed, 2 usage, 3 partial, 4 refused."""
    shell = Shell()
    # results go to standard output, everything else beside it
    log_plain()
    try:
        app(args=list(arguments), prog_name="sync-platform", obj=shell)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED
    except SyncError as error:
        return _report(error, error.code, str(error), shell, as_json="--json" in arguments)
    except Exception as error:  # a bug: said in one line, with the trace only on request
        text = (
            f"internal error ({type(error).__name__}): {error}; run again with --debug before the command to see where"
        )
        return _report(error, "InternalError", text, shell, as_json="--json" in arguments)
    return 0


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))


def _report(error: Exception, code: str, text: str, shell: Shell, *, as_json: bool) -> int:
    if shell.debug:
        say("".join(traceback.format_exception(error)))
    if as_json:
        typer.echo(json.dumps({"error": {"code": code, "message": redact_text(text)}}, ensure_ascii=False))
    say(f"error: {text}")
    return exit_code(error)


def exit_code(error: Exception) -> int:
    """CLI-01."""
    if isinstance(error, Refused):
        return REFUSED
    return USAGE if isinstance(error, InvalidRequest | UnknownTenant) else FAILED
