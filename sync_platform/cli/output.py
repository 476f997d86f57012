"""How commands show results: tables for people, JSON for machines, progress on a terminal, plain lines elsewhere."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from sync_platform.core.redact import redact_text

WIDEST = 1000  # characters of a line

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


class OnStep(Protocol):
    """Reports where a piece of work is; ``total`` None where it is not known."""

    def __call__(self, text: str, done: int = 0, total: int | None = None) -> None:
        """``text`` names the step."""


def emit(data: Any, as_json: bool, table: Table | str | None = None) -> None:
    """Print a result on standard output: ``data`` as JSON, or ``table`` for people (by default names and values)."""
    if as_json:
        typer.echo(json.dumps(data, default=_plain, indent=2, ensure_ascii=False))
    elif isinstance(table, str):
        typer.echo(table)
    else:
        shown = table if table is not None else _pairs(data)
        # as wide as it needs to be: a terminal breaks long lines, and numbers cut in half tell nothing
        needed = Console(width=WIDEST).measure(shown).maximum
        Console(soft_wrap=True, width=max(needed, Console().width)).print(shown)


def table_of(*columns: str, rows: Iterator[tuple[Any, ...]] | list[tuple[Any, ...]]) -> Table:
    """A table of texts, as they are: nothing in them is markup."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    return table


def say(text: str) -> None:
    """A message for people, on standard error."""
    Console(stderr=True, soft_wrap=True).print(redact_text(text), markup=False, highlight=False)


@contextmanager
def progress(title: str) -> Iterator[OnStep]:
    """Shows steps while work goes on: a bar on a terminal, one line per step elsewhere. On standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:

        def line(text: str, done: int = 0, total: int | None = None) -> None:
            say(f"{title}: {text}" + (f" ({done} of {total})" if total else ""))

        yield line
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def step(text: str, done: int = 0, total: int | None = None) -> None:
            bar.update(task, description=f"{title}: {redact_text(text)}", completed=done, total=total)

        yield step


def _pairs(data: Any) -> Table:
    values: Mapping[str, Any] = asdict(data) if is_dataclass(data) and not isinstance(data, type) else data
    return table_of("", "", rows=list(values.items()))


def _cell(value: Any) -> str:
    # square brackets would be read as markup
    return redact_text("" if value is None else str(value)).replace("[", r"\[")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
