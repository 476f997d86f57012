"""What has to be corrected as a file that can be imported itself: rejected lines with their purchases (CSV-12)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchError, BatchRow
from sync_platform.db.import_batches import find_batch
from sync_platform.db.import_errors import list_errors
from sync_platform.db.purchase_references import find_mapping
from sync_platform.sync.import_errors import HEADER
from sync_platform.sync.import_files import ImportFiles
from sync_platform.sync.import_options import rules_of
from sync_platform.sync.platform import Platform
from sync_platform.transforms.purchase_header import ERROR_COLUMNS, plain_name
from sync_platform.transforms.purchase_problems import WHOLE_FILE
from sync_platform.transforms.purchase_rejected import RawPurchases, numbers_of, readable
from sync_platform.transforms.spreadsheet_safe import original, safe_lines

_OWN = {plain_name(column) for column in ERROR_COLUMNS}
_Line = tuple[list[BatchError], list[str]]


@dataclass(frozen=True)
class Corrections:
    """``lines`` of CSV, made while they are taken. ``warning``: why something to correct may be missing."""

    lines: Iterator[str]
    warning: str | None = None


def errors_csv(platform: Platform, tenant: Tenant, batch_id: int, *, whole: bool = False) -> Corrections:
    """All lines of each purchase with an error, or the whole file, in constant memory and safe for spreadsheets.

    Two columns come before the file's own: codes and what to do, blank for lines that are right. Where the stored file
    is gone there are only the wrong lines. Raises InvalidRequest where there is no such batch, its errors were purged,
    or the whole file is asked for and gone or not readable.
    """
    batch = find_batch(platform.database, tenant.id, batch_id)
    if batch.purged_at is not None:
        raise InvalidRequest(f"the errors of import {batch_id} were purged on {batch.purged_at:%Y-%m-%d}")
    errors = list_errors(platform.database, tenant.id, batch_id, limit=platform.settings.imports.listed_errors)
    if not WHOLE_FILE.isdisjoint(batch.error_summary):
        if whole:
            raise InvalidRequest(f"import {batch_id} could not be read to its end; correct your own file")
        return Corrections(_csv(batch.report.get(HEADER, []), _only_wrong(errors)))
    by_line = {line: list(group) for line, group in groupby(errors, key=lambda one: one.line or 0)}
    stored = _Stored(platform, tenant, batch)
    try:
        header, numbers = stored.header(), None
        if not whole:
            numbers = stored.numbers(by_line) if errors else set()
    except FileNotFoundError:
        hours = platform.settings.imports.keep_failed_hours
        gone = f"the stored file of import {batch_id} is gone, as after success and {hours} hours after a failure"
        if whole:
            raise InvalidRequest(f"{gone}; correct your own file") from None
        warning = f"{gone}: only the wrong lines are given, and their purchases may have others; correct your own file"
        return Corrections(_csv(batch.report.get(HEADER, []), _only_wrong(errors)), warning if errors else None)
    return Corrections(_csv(header, stored.lines(by_line, numbers)), _unlisted(batch, errors))


class _Stored:
    """The stored file of a batch, read as the import read it. Everything raises FileNotFoundError where it is gone."""

    def __init__(self, platform: Platform, tenant: Tenant, batch: BatchRow) -> None:
        self._files, self._name = ImportFiles(platform.settings), batch.stored_as or ""
        self._rules = rules_of(batch, tenant, platform.settings.imports)
        given: dict[str, str] | None = batch.options.get("mapping")
        self._mapping = given or partial(find_mapping, platform.database, tenant.id)

    def header(self) -> list[str]:
        """The names of its columns."""
        with self._opened() as file:
            return file.names

    def numbers(self, wanted: Collection[int]) -> set[str]:
        """Transaction numbers of these lines."""
        with self._opened() as file:
            return numbers_of(file, wanted)

    def lines(self, by_line: Mapping[int, list[BatchError]], numbers: Collection[str] | None) -> Iterator[_Line]:
        """All lines, or those with one of the numbers, in the order of the file; with the errors of each."""
        left = iter(sorted(by_line))
        next_error = next(left, None)
        with self._opened() as file:
            for line, cells in chain.from_iterable(file.blocks()):
                while next_error is not None and next_error < line:  # about no line, or one that could not be read
                    yield by_line[next_error], []
                    next_error = next(left, None)
                if line == next_error:
                    yield by_line[line], readable(cells or [])
                    next_error = next(left, None)
                elif cells is not None and (numbers is None or file.number(cells) in numbers):
                    yield [], readable(cells)
        while next_error is not None:
            yield by_line[next_error], []
            next_error = next(left, None)

    @contextmanager
    def _opened(self) -> Iterator[RawPurchases]:
        with self._files.open(self._name) as stream:
            yield RawPurchases(stream, self._rules, self._mapping)


def _only_wrong(errors: Sequence[BatchError]) -> Iterator[_Line]:
    for _, group in groupby(errors, key=lambda one: one.line):
        of_line = list(group)
        yield of_line, next((one.raw for one in of_line if one.raw), [])


def _csv(header: Sequence[str], lines: Iterable[_Line]) -> Iterator[str]:
    own = [at for at, name in enumerate(header) if plain_name(name) in _OWN]  # it was such a list itself

    def kept(cells: Sequence[str]) -> Sequence[str]:
        return [original(cell) for at, cell in enumerate(cells) if at not in own] if own else cells

    rows = ([*_told(errors), *kept(cells)] for errors, cells in lines)
    return safe_lines(chain([[*ERROR_COLUMNS, *kept(header)]], rows))


def _told(errors: Sequence[BatchError]) -> tuple[str, str]:
    """Codes and what to do, of one line; blank where it is right."""
    if not errors:
        return "", ""
    codes = dict.fromkeys(one.code for one in errors)
    texts = dict.fromkeys(f"{one.column}: {one.message}" if one.column else one.message for one in errors)
    where = f"line {errors[0].line}: " if errors[0].line else ""
    return " ".join(codes), where + " | ".join(texts)


def _unlisted(batch: BatchRow, errors: Sequence[BatchError]) -> str | None:
    more = batch.errors - len(errors)
    return (
        f"{more} more errors are counted and not listed: they show when the corrected file is imported"
        if more
        else None
    )
