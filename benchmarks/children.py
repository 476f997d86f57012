"""Child processes of the bench: commands that are measured, servers that are not."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
READY_SECONDS = 300


class CommandFailed(Exception):
    """A command of the bench ended with another code than 0."""


@dataclass(frozen=True)
class Measured:
    """One command: wall clock, user and system CPU of its process, peak resident memory, standard output."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: str


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path, words: str = "") -> Measured:
    """Run a command in ``folder`` to its end, interpreter start included; ``words`` is its standard input.

    Raises CommandFailed with its last words.
    """
    with TemporaryDirectory(prefix="bench-") as scratch:
        report = Path(scratch) / "report.json"
        launcher = [sys.executable, "-m", "benchmarks.launcher", str(report), *command]
        done = subprocess.run(
            launcher,
            env=module_path(environment),
            cwd=folder,
            input=words,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        taken = json.loads(report.read_text())
    return Measured(taken["seconds"], taken["cpu"], taken["peak_kib"] / 1024, done.stdout)


@contextmanager
def server(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[dict[str, object]]:
    """A server in a process group of its own; yields the JSON line that it prints when it is ready."""
    with log.open("wb") as errors:
        child = subprocess.Popen(
            command, env=module_path(environment), stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL,
            start_new_session=True, text=True,
        )  # fmt: skip
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line:
            raise CommandFailed(f"{' '.join(command)} did not start:\n{log.read_text()[-2000:]}")
        yield json.loads(line)
    finally:
        _end(child)


def module_path(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which ``python -m benchmarks...`` works from any folder."""
    return {**environment, "PYTHONPATH": str(ROOT)}


def _end(child: subprocess.Popen[str]) -> None:
    os.killpg(child.pid, signal.SIGTERM)
    until = time.monotonic() + 15
    while child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()
