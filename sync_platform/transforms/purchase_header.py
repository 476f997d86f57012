"""The header of a purchase file: which of its columns is which of ours (CSV-05, CSV-06)."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.purchase_fields import FIELDS, REQUIRED
from sync_platform.transforms.purchase_problems import Problems

# what a list of rejected lines has beside the file's own columns; such a file can be corrected and imported as it is
ERROR_COLUMNS = ("import_error_codes", "import_errors")

# a file's own name of a column -> ours; or how to find that by the hash of a header
ColumnMapping = Mapping[str, str]
FindMapping = Callable[[str], ColumnMapping | None]

_SHOWN = 80  # characters of a name in a message
_IGNORED = re.compile(r"[\s_\-\u200b\ufeff]+")


@dataclass(frozen=True)
class Columns:
    """``positions`` by field; ``names`` as the file has them. ``own_errors``: the file is a list of rejected lines."""

    names: tuple[str, ...]
    positions: Mapping[str, int]
    unknown: tuple[str, ...]
    own_errors: bool

    @property
    def warnings(self) -> tuple[str, ...]:
        """Columns that are not imported, by name."""
        return tuple(f"column {name!r} is not known and is left out" for name in self.unknown)


def plain_name(name: str) -> str:
    """A column's name without what people write differently: case, spaces, underscores, hyphens."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold()


def header_hash(names: Sequence[str]) -> str:
    """Identifies a set of columns whatever their order: mappings are saved by it."""
    plain = sorted({plain_name(name) for name in names} - _ERRORS)  # of rejected lines as of their file
    return hashlib.sha256("\n".join(plain).encode("utf-8", "replace")).hexdigest()


def saved_mapping(found: ColumnMapping | FindMapping | None, names: Sequence[str]) -> dict[str, str]:
    """The mapping for this header by plain names. Raises InvalidRequest where it leads to a field that is not ours."""
    mapping = found(header_hash(names)) if callable(found) else found
    fields = {plain_name(field): field for field in FIELDS}
    wrong = sorted({target for target in (mapping or {}).values() if plain_name(target) not in fields})
    if wrong:
        raise InvalidRequest(f"a column cannot be mapped to {', '.join(wrong)}; it can be to {', '.join(FIELDS)}")
    return {plain_name(name): fields[plain_name(target)] for name, target in (mapping or {}).items()}


def recognised(names: Sequence[str], mapping: Mapping[str, str]) -> int:
    """How many of the names mean something; by this the separator is chosen."""
    return sum(_field(plain_name(name), mapping) is not None for name in names)


def read_header(names: Sequence[str], mapping: Mapping[str, str], line: int, problems: Problems) -> Columns | None:
    """The columns; None where required ones are missing or some are there twice, which is told to ``problems``."""
    found: dict[str, list[int]] = defaultdict(list)
    unknown: dict[str, list[int]] = defaultdict(list)
    own_errors = False
    for position, name in enumerate(names):
        plain = plain_name(name)
        field = _field(plain, mapping)
        if field:
            found[field].append(position)
        elif plain in _ERRORS:
            own_errors = True
        else:
            unknown[plain].append(position)
    repeated = [places for places in found.values() if len(places) > 1]
    repeated += [places for plain, places in unknown.items() if plain and len(places) > 1]
    for places in repeated:
        shown = ", ".join(f"{_shown(names[at])} (column {at + 1})" for at in places[:5])
        problems.add(line, _shown(names[places[0]]), "duplicate_columns", shown, names)
    missing = [field for field in REQUIRED if field not in found]
    if missing:
        there = ", ".join(_shown(name) for name in names[:10]) + (", ..." if len(names) > 10 else "")
        detail = f"{', '.join(missing)}; found are {there[:200]}"
        problems.add(line, None, "missing_columns", detail, names)
    if missing or repeated:
        return None
    left_out = tuple(_shown(names[at]) or f"number {at + 1}" for places in unknown.values() for at in places)
    return Columns(tuple(names), {field: places[0] for field, places in found.items()}, left_out, own_errors)


def field_of(name: str, mapping: Mapping[str, str]) -> str | None:
    """Which of ours a file's name means; ``mapping`` as ``saved_mapping`` returns it."""
    return _field(plain_name(name), mapping)


def _field(plain: str, mapping: Mapping[str, str]) -> str | None:
    return mapping.get(plain) or _PLAIN_FIELDS.get(plain)


def _shown(name: str) -> str:
    return name.strip()[:_SHOWN]


_PLAIN_FIELDS = {plain_name(field): field for field in FIELDS}
_ERRORS = {plain_name(column) for column in ERROR_COLUMNS}
