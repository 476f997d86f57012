"""Writes ``.env.example`` and ``docs/settings.md`` from the settings model (CFG-01, DOC-02).

``python -m sync_platform_tests.project.settings_page --write``; without ``--write`` it says which file is stale.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sync_platform.settings import PREFIX, Settings
from sync_platform_tests.project.setting_meanings import MEANINGS

ROOT = Path(__file__).resolve().parents[2]
TITLES = {
    "": "Platform",
    "http": "Calls to sources",
    "sync": "Loading",
    "mx_merchant": "MX Merchant",
    "crm": "CRM",
    "api": "HTTP service",
}


@dataclass(frozen=True)
class Setting:
    """One line of the page. ``path`` is ``http.tries``, ``name`` the variable's."""

    path: str
    default: str
    bounds: str
    meaning: str

    @property
    def name(self) -> str:
        return PREFIX + self.path.replace(".", "__").upper()

    @property
    def group(self) -> str:
        head, _, rest = self.path.partition(".")
        return head if rest else ""


def settings(model: type[BaseModel] = Settings, above: str = "") -> Iterator[Setting]:
    """All settings, nested ones with their group before them."""
    for field_name, field in model.model_fields.items():
        path = above + field_name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{path}.")
        else:
            yield Setting(path, _default(field.default), _bounds(field), _meaning(path, field))


def grouped() -> Iterator[tuple[str, list[Setting]]]:
    """Title and settings of each group, the platform's own first."""
    found: dict[str, list[Setting]] = {"": []}
    for setting in settings():
        found.setdefault(setting.group, []).append(setting)
    for group, members in found.items():
        yield TITLES.get(group, group.capitalize()), members


def _default(value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return json.dumps(value)
    return f"{value:_}".replace("_", "") if isinstance(value, int) else str(value)


def _bounds(field: FieldInfo) -> str:
    texts = []
    for limit in field.metadata:
        if isinstance(limit, Ge):
            texts.append(f"from {limit.ge}")
        elif isinstance(limit, Gt):
            texts.append(f"above {limit.gt}")
        elif isinstance(limit, Le):
            texts.append(f"to {limit.le}")
        elif isinstance(limit, Lt):
            texts.append(f"below {limit.lt}")
    return " ".join(texts)


def _meaning(path: str, field: FieldInfo) -> str:
    text = MEANINGS.get(path) or field.description
    if not text:
        raise ValueError(f"{path} has no description: give it one, or a line in setting_meanings.py")
    return text[0].upper() + text[1:].rstrip(".") + "."


def env_example() -> str:
    """Every variable, without a value. All lines are comments: an unchanged copy changes nothing."""
    lines = [
        "# All settings, without values. Copy to .env, remove the # before a name and give it a value.",
        "# Defaults and bounds: docs/settings.md. Both files are written by `make settings`.",
    ]
    for title, members in grouped():
        lines += ["", f"# --- {title}"]
        for setting in members:
            lines += ["", *(f"# {line}" for line in wrap(setting.meaning, 100)), f"#{setting.name}="]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The settings as tables."""
    lines = [
        "# Settings",
        "",
        "Written by `make settings` from `sync_platform/settings.py`; a test fails when it is stale.",
        "",
        "A setting is read from, in this order: the environment, `.env` in the current folder, a file in the folder",
        f"that `{PREFIX}SECRETS_DIR` names. A name that is not below is refused. Lists are JSON:",
        f'`{PREFIX}HTTP__EXTRA_HOSTS=["proxy.example"]`. `sync-platform config show` prints what is in force, with',
        "secrets masked.",
    ]
    for title, members in grouped():
        lines += ["", f"## {title}", "", "| variable | default | bounds | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{s.name}` | {f'`{s.default}`' if s.default else 'not set'} | {s.bounds} | {s.meaning} |"
            for s in members
        ]
    return "\n".join(lines) + "\n"


def files() -> dict[Path, str]:
    """Where the pages are and what they should hold."""
    return {ROOT / ".env.example": env_example(), ROOT / "docs" / "settings.md": page()}


def stale() -> list[str]:
    """Names of the files that do not hold what they should."""
    return [
        str(path.relative_to(ROOT))
        for path, text in files().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Exit code 1 where a file is stale and was not to be written."""
    outdated = stale()
    if "--write" in arguments:
        for path, text in files().items():
            path.write_text(text, encoding="utf-8")
    for name in outdated:
        sys.stdout.write(f"{name} {'written' if '--write' in arguments else 'is stale: make settings'}\n")
    return 1 if outdated and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
