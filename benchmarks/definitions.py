"""Loading the code location, interpreter start included: each run, each code server and each reload pays it."""

import statistics
import sys
from collections.abc import Iterable

from benchmarks.children import measure
from benchmarks.figure import Figure
from benchmarks.stage import Stage, say

NAME = "definitions.load_s"
NAMES: tuple[str, ...] = (NAME,)
REPEATS = 3
LOAD = "from sync_platform.definitions import defs; print(len(defs.get_repository_def().get_all_jobs()))"


def run(stage: Stage) -> Iterable[Figure]:
    """The median of three loads after one that fills the disk's cache."""
    command = [sys.executable, "-c", LOAD]
    environment = stage.environment(stage.server_url)
    first, *loads = [measure(command, environment, stage.folder) for _ in range(REPEATS + 1)]
    say(
        f"definitions: {first.output.strip()} jobs, {first.seconds:.2f} s first,"
        f" then {', '.join(f'{load.seconds:.2f} s' for load in loads)}, {loads[-1].peak_mib:.0f} MiB"
    )
    yield Figure(NAME, statistics.median(load.seconds for load in loads), all(int(load.output) > 0 for load in loads))
