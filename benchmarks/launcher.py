"""Runs one command and notes what it took; a process of its own, because Linux counts the starter's memory too.

``python -m benchmarks.launcher REPORT COMMAND...`` writes seconds, CPU seconds and peak KiB to REPORT as JSON. On
``exec`` a child inherits the high-water mark of the process it was forked from; this one is smaller than any that is
measured. Processes that the command starts count as well: their CPU, and the sum of their own peaks.
"""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path


def main(report: str, command: list[str]) -> int:
    """Returns the exit code of the command, or 128 + the signal that ended it."""
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    started: dict[str, int] = {}
    threading.Thread(target=_watch, args=(child, started), daemon=True).start()
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    peak = usage.ru_maxrss + sum(list(started.values()))
    figures = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_kib": peak}
    Path(report).write_text(json.dumps(figures))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _watch(parent: int, peaks: dict[str, int]) -> None:
    """Keep the peak of every process that the command has started, in KiB, as the kernel knows it."""
    while True:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                for child in (task / "children").read_text().split():
                    for line in Path(f"/proc/{child}/status").read_text().splitlines():
                        if line.startswith("VmHWM:"):
                            peaks[child] = int(line.split()[1])
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
