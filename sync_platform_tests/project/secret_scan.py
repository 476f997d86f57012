"""Looks for secrets in all files of the repository (SEC-22): ``python -m sync_platform_tests.project.secret_scan``."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Whoever invents a secret for a test or the demo says so in the value: one of these words is part of it.
INVENTED = re.compile(r"invented|example|canary|sandbox|demo", re.IGNORECASE)
#: Words that stand where a password would.
PLACEHOLDERS = frozenset({"geheim", "password", "word"})

_NAMES = (
    r"(?:partner[_-]?key|shop[_-]?key|api[_-]?key|x-api-key|authorization|access[_-]?token|auth[_-]?token|"
    r"client[_-]?secret|secret[_-]?key|master[_-]?keys?|password|passwd|service[_-]?role[_-]?key)"
)

PATTERNS = {
    "private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "Slack token": re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    "Slack web hook": re.compile(r"hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    "payment key": re.compile(r"\b[srp]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    "database service key": re.compile(r"\bsb_secret_[A-Za-z0-9_-]{20,}"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "Fernet key": re.compile(r"(?<![A-Za-z0-9_+/=-])(?=[A-Z0-9_-]*[a-z])[A-Za-z0-9_-]{43}=(?![A-Za-z0-9_=-])"),
    "Fernet token": re.compile(r"\bgAAAAA[A-Za-z0-9_-]{60,}"),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]{2,}://[^\s:/@\"'{}<>]+:(?P<value>[^\s@/\"'{}<>$%]{4,})@"),
    "assigned secret": re.compile(
        _NAMES + r"[\"']?\s*[:=]\s*[\"']?(?:Bearer\s+|Basic\s+)?[\"']?(?P<value>[A-Za-z0-9+/_.=-]{20,})", re.IGNORECASE
    ),
}


@dataclass(frozen=True)
class Finding:
    """Where something that looks like a secret is. It is not repeated: reports end up in logs."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def scan_text(path: str, text: str) -> Iterator[Finding]:
    """What looks like a secret in a text and is not marked as invented."""
    for what, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            if not _harmless(what, match):
                yield Finding(path, text.count("\n", 0, match.start()) + 1, what)


def _harmless(what: str, match: re.Match[str]) -> bool:
    value = match.groupdict().get("value") or match.group()
    if what == "assigned secret" and sum(character.isdigit() for character in value) < 3:
        return True  # a name or an expression of the program: keys have digits among their letters
    return value in PLACEHOLDERS or INVENTED.search(value) is not None


def tracked_files(root: Path = ROOT) -> list[Path]:
    """The files that belong to the repository."""
    command = ("git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z")
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


def scan(paths: list[Path], root: Path = ROOT) -> list[Finding]:
    """Findings in all files that are text."""
    found: list[Finding] = []
    for path in paths:
        content = path.read_bytes()
        if b"\0" not in content:
            found += scan_text(str(path.relative_to(root)), content.decode(errors="replace"))
    return found


def main() -> int:
    """Exit code 1 where something was found."""
    paths = tracked_files()
    found = scan(paths)
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{len(found)} findings in {len(paths)} files\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
