"""The errors of a file from reading and from the database as one list (CSV-08)."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sync_platform.db.import_batch_row import BatchError
from sync_platform.db.purchases_staging import StagedErrors
from sync_platform.transforms.purchase_file import PurchaseFile
from sync_platform.transforms.purchase_header import Columns
from sync_platform.transforms.purchase_problems import LineError

RawLines = Callable[[Collection[int]], Mapping[int, tuple[str, ...]]]
HEADER = "header"  # in a batch's report: the column names of its file


@dataclass(frozen=True)
class FoundErrors:
    """The first errors in the order of the file; how many there are of each code."""

    listed: list[BatchError] = field(default_factory=list)
    by_code: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Of all errors, listed or not."""
        return sum(self.by_code.values())


def errors_of(
    file: PurchaseFile, staged: StagedErrors, limit: int, raw_lines: RawLines, refused: LineError | None = None
) -> FoundErrors:
    """All errors of a file. ``raw_lines`` reads again what only the database complains about."""
    found = [
        BatchError(one.line, one.column, one.code, one.message, list(one.raw) or None)
        for one in [*file.errors, *([refused] if refused else [])]
    ]
    names = _names(file.columns)
    found += [BatchError(one.line, names[one.column], one.code, one.message) for one in staged.listed]
    positions = {name: at for at, name in enumerate(file.names)}
    found.sort(key=lambda one: (one.line or 0, positions.get(one.column or "", -1)))
    by_code = Counter(file.errors_by_code)
    by_code.update(staged.by_code)
    if refused:
        by_code[refused.code] += 1
    return FoundErrors(_with_raw(found[:limit], raw_lines), dict(by_code))


def _with_raw(listed: list[BatchError], raw_lines: RawLines) -> list[BatchError]:
    """Each line's cells once per line: the first of its errors has them."""
    wanted = {one.line for one in listed if one.line} - {one.line for one in listed if one.raw}
    raw: Mapping[Any, tuple[str, ...]] = raw_lines({line for line in wanted if line}) if wanted else {}
    given = set[int | None]()
    result = []
    for one in listed:
        cells = None if one.line in given else one.raw or (list(raw[one.line]) if one.line in raw else None)
        if cells:
            given.add(one.line)
        result.append(replace(one, raw=cells))
    return result


def _names(columns: Columns | None) -> Mapping[str, str]:
    """The file's own names of our columns; our own where it has none."""
    return _Names({field: columns.names[at] for field, at in columns.positions.items()} if columns else {})


class _Names(dict[str, str]):
    def __missing__(self, field: str) -> str:
        return field
