"""Runs one command and notes what it took; a process of its own, because Linux counts the starter's memory too.

``python -m benchmarks.launcher REPORT COMMAND...`` writes seconds, CPU seconds and peak KiB to REPORT as JSON. On
``exec`` a child inherits the high-water mark of the process it was forked from; this one is smaller than any that is
measured.
"""

import json
import os
import sys
import time
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
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
    figures = {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_kib": usage.ru_maxrss}
    Path(report).write_text(json.dumps(figures))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
