"""Which commands there are. A command is imported when it is called or shown: together they take a second to import."""

import gc
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

#: Where each is, in the order of the help: a module of this package, and a group or function of it.
COMMANDS: Mapping[str, str] = {
    "sync": "sync:app",
    "tenant": "tenant:app",
    "credential": "credential:app",
    "user": "user:app",
    "token": "token:app",
    "runs": "runs:app",
    "quarantine": "quarantine:app",
    "webhooks": "webhooks:app",
    "categories": "categories:app",
    "profiles": "profiles:app",
    "matches": "matches:app",
    "import": "imports:app",
    "outbox": "outbox:app",
    "legacy": "legacy:app",
    "compare": "compare:app",
    "promote": "promote:app",
    "rollback": "promote:rollback",
    "finalize": "promote:finalize",
    "audit": "audit:app",
    "db": "database:app",
    "dagster": "dagster:app",
    "config": "config:app",
    "sandbox": "sandbox:app",
    "budget": "budget:budget",
    "doctor": "doctor:doctor",
    "demo": "demo:demo",
    "work": "work:work",
    "up": "up:up",
    "serve": "serve:serve",
}


class Commands(TyperGroup):
    """The group of all of them."""

    def __init__(self, *, commands: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(commands=_Loaded(commands or {}), **options)  # type: ignore[arg-type]


class _Loaded(Mapping[str, Any]):
    """Commands by name, each made when it is looked up; ``also`` were made before."""

    def __init__(self, also: Mapping[str, Any]) -> None:
        self._made = dict(also)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _load(name, COMMANDS[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**COMMANDS, **self._made})

    def __len__(self) -> int:
        return len({**COMMANDS, **self._made})


def _load(name: str, place: str) -> Any:
    module, attribute = place.split(":")
    path = f"sync_platform.cli.{module}"
    if path not in sys.modules:
        import_module(path)
        gc.freeze()  # what was imported stays; looking through it again and again costs a load a tenth of its time
    found = getattr(sys.modules[path], attribute)
    around = typer.Typer(add_completion=False)
    around.callback()(_nothing)  # a group even with one command
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    group = get_command(around)
    assert isinstance(group, TyperGroup)
    return group.commands[name]


def _nothing() -> None:
    """What a group does by itself."""
