"""``python -m benchmarks``: measures, prints, keeps the figures. ``--only PREFIX`` for some of them."""

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from benchmarks.figure import GOALS, Figure, figures_table, write_latest
from benchmarks.report import FILE, facts_table, machine, seconds_table, write_details
from benchmarks.stage import Stage, open_stage, say

OUT = Path(__file__).parent / "out"
# in this order: what is sensitive to a busy disk comes first
PARTS = (
    "definitions", "load", "cut_over", "mx_merchant", "crm", "purchase_imports", "api", "asset_page", "bookkeeping",
    "tick",
)  # fmt: skip


class Part(Protocol):
    """A module of this package. ``NAMES`` are the figures it can yield; it leaves out those the stage does not want."""

    NAMES: tuple[str, ...]

    def run(self, stage: Stage) -> Iterable[Figure]:
        """Measure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every figure reached its goal, 1 if one missed it, 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="PREFIX", help="figures whose name begins so")
    parser.add_argument("--list", action="store_true", help="name the figures and their goals, measure nothing")
    parser.add_argument(
        "--share", type=int, default=1, help="rehearse the loads on one in so many of their records; nothing is kept"
    )
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(f"{name}  {goal} {goal.unit}" for name, goal in GOALS.items()))
        return 0
    prefixes = tuple(options.only)
    if strange := [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in GOALS)]:
        parser.error(f"no figure begins with {', '.join(strange)}; --list names them")
    # an end from outside still stops the servers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return measure(prefixes, options.share)


def measure(prefixes: tuple[str, ...], share: int) -> int:
    """Run all parts that have a wanted figure; print and keep what they found."""

    def wants(name: str) -> bool:
        return not prefixes or name.startswith(prefixes)

    figures: list[Figure] = []
    OUT.mkdir(exist_ok=True)
    circumstances = machine()
    with open_stage(OUT, wants, share) as stage:
        try:
            for part in parts():
                if any(map(wants, part.NAMES)):
                    for figure in part.run(stage):
                        figures.append(figure)
                        say(figures_table([figure]).splitlines()[-1])
        finally:  # minutes of work are kept also where a later part ends with an error
            whole = not prefixes and {figure.name for figure in figures} == GOALS.keys()
            if share == 1:
                write_latest(OUT / "latest.json", figures, whole=whole)
                write_details(OUT / FILE, stage, circumstances, whole=whole)
        print(facts_table({**circumstances, **stage.facts}), seconds_table(stage.seconds), sep="\n\n", end="\n\n")
    print(figures_table(figures))
    return 0 if all(figure.passed for figure in figures) else 1


def parts() -> list[Part]:
    """The modules that measure."""
    return [import_module(f"benchmarks.{name}") for name in PARTS]


if __name__ == "__main__":
    sys.exit(main())
