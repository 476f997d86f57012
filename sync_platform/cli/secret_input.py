"""How secrets reach a command: hidden prompt, file or environment variable, never as an argument (SEC-22)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from sync_platform.core.errors import InvalidRequest
from sync_platform.db.account_rules import MAX_SECRET, REQUIRED_SECRETS

FromFile = Annotated[
    list[str] | None, typer.Option("--from-file", metavar="SECRET=PATH", help="Read a secret from a file. Repeatable.")
]
FromEnv = Annotated[
    list[str] | None,
    typer.Option("--from-env", metavar="SECRET=VARIABLE", help="Read a secret from a variable. Repeatable."),
]


def read_secrets(source: str, from_file: Sequence[str] | None, from_env: Sequence[str] | None) -> dict[str, str]:
    """All secrets that a source needs; what no option names is asked for without echo."""
    files, variables = pairs("--from-file", from_file), pairs("--from-env", from_env)
    needed = REQUIRED_SECRETS.get(source)
    if needed is None:
        raise InvalidRequest(f"unknown source {source[:40]!r}; there is {', '.join(REQUIRED_SECRETS)}")
    unknown = (files.keys() | variables.keys()) - set(needed)
    if unknown or files.keys() & variables.keys():
        raise InvalidRequest(f"{source} has the secrets {', '.join(needed)}; name each at most once")
    return {name: _read(name, files, variables) for name in needed}


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` arguments. What is wrong is not quoted: somebody may have typed a secret there."""
    split = [value.partition("=") for value in values or ()]
    if any(not name or not value for name, _, value in split):
        raise InvalidRequest(f"{option} takes NAME=VALUE")
    return {name: value for name, _, value in split}


def _read(name: str, files: Mapping[str, str], variables: Mapping[str, str]) -> str:
    if name in files:
        return _content(name, Path(files[name]))
    if name in variables:
        value = os.environ.get(variables[name])
        if value is None:
            raise InvalidRequest(f"the environment variable for {name} is not set")
        return value
    return str(typer.prompt(name, hide_input=True, err=True))


def _content(name: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_SECRET + 100)  # enough to find it too long
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the file for {name} cannot be read ({type(error).__name__})") from None
