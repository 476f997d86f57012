"""The examples of ``docs/http.md``: read from the page, run as they stand there, by curl where there is one."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PAGE = Path(__file__).resolve().parents[2] / "docs" / "http.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r'"(\w+)": ')


@dataclass(frozen=True)
class Example:
    """One command with what the page shows below it. ``status`` is None where it makes no request."""

    command: str
    status: int | None
    shown: str

    @property
    def names(self) -> set[str]:
        """Those that stand in the shown answer."""
        return set(_NAME.findall(self.shown))


@dataclass(frozen=True)
class Seen:
    """An answer."""

    status: int
    body: str

    def find(self, name: str) -> Any:
        """The value of a name in the outermost object, or None."""
        try:
            return json.loads(self.body).get(name)
        except (ValueError, AttributeError):
            return None


def examples() -> list[Example]:
    """In the order of the page."""
    found = []
    for block in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for part in block.strip().split("\n\n"):
            lines = part.split("\n")
            command = "\n".join(line for line in lines if not line.startswith("#"))
            shown = "\n".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
            status = re.match(r"\d{3}", shown)
            found.append(Example(command, int(status[0]) if status else None, shown))
    return found


def by_curl(example: Example, variables: dict[str, str], folder: Path) -> Seen:
    """In a shell, word by word; curl's own settings file makes it tell the status."""
    (folder / ".curlrc").write_text('write-out = "\\n%{stderr}%{http_code}"\n')
    known = {"PATH": os.environ["PATH"], "CURL_HOME": str(folder), "no_proxy": "*", **variables}
    done = subprocess.run(
        ["/bin/sh", "-ec", example.command], env=known, cwd=folder, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, f"{example.command}\n{done.stderr}"
    return Seen(int(done.stderr.strip() or 0), done.stdout.strip())


def by_httpx(example: Example, variables: dict[str, str], folder: Path) -> Seen:
    """The same request where no curl is installed; options that the page does not use are not known."""
    words = shlex.split(re.sub(r"\$([A-Z]+)", lambda found: variables[found[1]], example.command.replace("\\\n", "")))
    if words[0] == "printf":
        (folder / words[3]).write_text(words[1].replace("\\n", "\n"))
        return Seen(0, "")
    method, url, headers, body, form, kept = "", "", {}, None, {}, None
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-sS" | "-sSN":
                pass
            case "-X":
                method = next(rest)
            case "-H":
                name, value = next(rest).split(": ", 1)
                headers[name] = value
            case "-d":
                body = next(rest)
            case "-F":
                name, value = next(rest).split("=", 1)
                whole = (value[1:], (folder / value[1:]).read_bytes()) if value.startswith("@") else (None, value)
                form[name] = whole
            case "-o":
                kept = folder / next(rest)
            case _:
                assert word.startswith("http"), f"unknown option of curl: {word}"
                url = word
    method = method or ("POST" if body is not None or form else "GET")
    answer = httpx.request(method, url, headers=headers, content=body, files=form or None, timeout=100)
    if kept:
        kept.write_bytes(answer.content)
    return Seen(answer.status_code, "" if kept else answer.text)


#: How the page can be run on this machine.
RUNNERS = {"httpx": by_httpx, **({"curl": by_curl} if shutil.which("curl") else {})}
