"""``sync-platform`` as a child process: started, signalled, killed, waited for."""

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sync_platform.cli.commands import COMMANDS

# A server that has imported all commands, and nothing else has happened in, forks a fresh process for every command:
# the import costs about a second of processor time, and a case may need hundreds of commands.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["sync_platform.cli.app", *(f"sync_platform.cli.{place.split(':')[0]}" for place in COMMANDS.values())]
)

WAIT_SECONDS = 110


def _main(arguments: Sequence[str], environment: Mapping[str, str], output: str, errors: str) -> None:
    """The console script's own entry point, in a process of its own with its own environment."""
    for number, path in ((1, output), (2, errors)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    from sync_platform.cli.app import main

    sys.argv = ["sync-platform", *arguments]
    main()


class Command:
    """One running ``sync-platform``. Its output is in files, so that a killed one leaves what it had said."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, number: int) -> None:
        self.arguments = tuple(arguments)
        self._output, self._errors = folder / f"command-{number}.out", folder / f"command-{number}.err"
        self._process = _PROCESSES.Process(
            target=_main, args=(self.arguments, dict(environment), str(self._output), str(self._errors)), daemon=True
        )
        self._process.start()
        # a watcher of a proxy kills in its own thread while the test waits, and a process can be waited for only once
        self._waiting = threading.Lock()

    @property
    def pid(self) -> int:
        """Of the process itself."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended(0)

    def kill(self) -> None:
        """``kill -9``; returns when the process is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._ended(WAIT_SECONDS)

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self, seconds: float = WAIT_SECONDS) -> int:
        """Its exit code; -9 where it was killed. A command that does not end is killed, and that is an error."""
        if not self._ended(seconds):
            self.kill()
            raise AssertionError(f"{self.arguments} did not end within {seconds} s:\n{self.said()[-4000:]}")
        assert self._process.exitcode is not None
        return self._process.exitcode

    def _ended(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while True:
            with self._waiting:
                self._process.join(min(seconds, 0.02))
                if not self._process.is_alive():
                    return True
            if time.monotonic() >= until:
                return False

    def results(self) -> list[dict[str, Any]]:
        """What ``sync ... --json`` printed; waits for the end."""
        code = self.wait()
        text = self._output.read_text()
        assert text, f"{self.arguments} ended with {code} and said nothing but:\n{self.said()[-4000:]}"
        found = json.loads(text)
        return list(found) if isinstance(found, list) else [found]

    def said(self) -> str:
        """Both outputs."""
        return "".join(path.read_text(errors="replace") for path in (self._output, self._errors) if path.exists())


def first_success(start: Callable[[], Command], tries: int) -> int:
    """Start commands until one succeeds, and say which one did; an error where the last one does not."""
    for number in range(1, tries + 1):
        command = start()
        if command.wait() == 0:
            return number
    raise AssertionError(f"no run of {tries} succeeded; the last one said:\n{command.said()[-4000:]}")
