"""The frame of the command line: exit codes, JSON, and what an error shows."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from sync_platform.cli import app as shell
from sync_platform.cli.commands import COMMANDS
from sync_platform.cli.output import emit, progress, table_of
from sync_platform.core.errors import AlreadyRunning, ConfigurationError, DatabaseUnavailable, UnknownTenant

SECRET_URL = "postgresql://ann:geheim@db.example.com/shop"
ERRORS = {
    "configuration": (ConfigurationError(f"set {SECRET_URL}"), 1),
    "unavailable": (DatabaseUnavailable("down"), 1),
    "unknown": (UnknownTenant("no such tenant"), 2),
    "running": (AlreadyRunning(7, "blaze customers"), 4),
    "bug": (KeyError(SECRET_URL), 1),
    "partial": (typer.Exit(3), 3),
}


@pytest.fixture
def failing() -> Iterator[str]:
    """A command that fails as it is told."""

    @shell.app.command("fail-for-tests")
    def fail(kind: str, as_json: bool = typer.Option(False, "--json")) -> None:
        raise ERRORS[kind][0]

    yield "fail-for-tests"
    shell.app.registered_commands.pop()


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_become_exit_codes(failing: str, kind: str) -> None:
    """CLI-01."""
    assert shell.run([failing, kind]) == ERRORS[kind][1]


def test_success_and_usage_have_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01."""
    assert shell.run(["--version"]) == 0
    assert shell.run(["--help"]) == 0
    assert shell.run(["no-such-command"]) == 2
    assert shell.run(["db", "upgrade", "--no-such-option"]) == 2
    assert "No such option" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_is_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01: each is found where the table says, under its own name."""
    assert shell.run([name, "--help"]) == 0
    assert f"Usage: sync-platform {name} " in capsys.readouterr().out


def test_a_command_that_is_none_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01."""
    assert shell.run(["snyc"]) == 2
    assert "Did you mean 'sync'?" in capsys.readouterr().err


def test_a_command_imports_no_other() -> None:
    """CLI-01: the start of a command is what an incremental sync takes longest for."""
    code = "import sys; from sync_platform.cli.app import run; run(['sync', 'blaze', '--help']); print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    imported = {
        name.removeprefix("sync_platform.cli.") for name in shown.split() if name.startswith("sync_platform.cli.")
    }
    assert imported & {place.split(":")[0] for place in COMMANDS.values()} == {"sync"}


@pytest.mark.parametrize("kind", ["configuration", "bug"])
@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_no_secret_is_shown_even_with_a_trace(
    failing: str, kind: str, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """HTTP-08, CLI-01."""
    shell.run([*options, failing, kind, "--json"])
    shown = capsys.readouterr()
    assert "geheim" not in shown.out + shown.err
    assert ("Traceback" in shown.err) == bool(options)


def test_an_error_is_one_json_document_on_standard_output(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01."""
    shell.run([failing, "running", "--json"])
    shown = capsys.readouterr()
    assert json.loads(shown.out)["error"]["code"] == "AlreadyRunning"
    assert "run 7" in shown.err


def test_results_are_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01."""
    emit({"n": 1, "names": ("a", "b")}, True)
    assert json.loads(capsys.readouterr().out) == {"n": 1, "names": ["a", "b"]}
    emit({"n": 1}, False, table_of("what", rows=[("[bold]as it is[/bold]",), (None,)]))
    assert "[bold]as it is[/bold]" in capsys.readouterr().out


def test_progress_without_a_terminal_is_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """CLI-01: standard output stays clean for the result."""
    with progress("upgrade") as step:
        step("first", 1, 2)
        step("second")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "upgrade: first (1 of 2)\nupgrade: second\n")


def test_the_console_script_is_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["sync-platform", "--version"])
    with pytest.raises(SystemExit) as stop:
        shell.main()
    assert stop.value.code == 0
