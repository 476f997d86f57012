"""Category rules out of a CSV or JSON file that a person wrote (MX-11)."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sync_platform.core.errors import InvalidRequest
from sync_platform.transforms.categories import Rule

MAX_BYTES = 1 << 20
NEEDED = ("kind", "pattern", "category")
OPTIONAL = "position"


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a file: columns or names ``kind``, ``pattern``, ``category`` and, if wanted, ``position``.

    Without positions the order of the file counts. Raises InvalidRequest that names the place of a mistake.
    """
    text = _text(path)
    records = _of_json(path, text) if path.suffix.lower() == ".json" else _of_csv(path, text)
    return tuple(_rule(path, number, record) for number, record in enumerate(records, 1))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InvalidRequest(f"{path} has more than {MAX_BYTES} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path} is not UTF-8") from None


def _of_json(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"{path} is not a list of rules: {error}") from None


def _of_csv(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        return list(csv.DictReader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise InvalidRequest(f"{path} is not CSV: {error}") from None


def _rule(path: Path, number: int, record: Mapping[str, Any]) -> Rule:
    where = f"rule {number} of {path}"
    names = set(record) - {OPTIONAL}
    if names != set(NEEDED):
        raise InvalidRequest(f"{where} needs {', '.join(NEEDED)}, may have {OPTIONAL}, and nothing else")
    values = [record[name] for name in NEEDED]
    if not all(isinstance(value, str) for value in values):
        raise InvalidRequest(f"{where}: {', '.join(NEEDED)} are texts")
    kind, pattern, category = values
    given = record.get(OPTIONAL)
    try:
        position = number if given in (None, "") else int(given)
    except (TypeError, ValueError):
        raise InvalidRequest(f"{where}: its position is not a number") from None
    return Rule(position, kind.strip().lower(), pattern, category.strip())
