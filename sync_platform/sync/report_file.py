"""An old report as a file: its encoding, delimiter and header, and its lines one by one in bounded memory."""

import codecs
import csv
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO

from sync_platform.core.errors import InvalidRequest

DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1 << 20  # characters
#: Records read so far, bytes read so far, bytes in all.
OnProgress = Callable[[int, int, int], None]
_CHUNK = 1 << 20  # bytes
_SHOWN = 60  # characters of a name that somebody else chose


@dataclass(frozen=True)
class ReportFile:
    """A file whose header was understood. ``columns`` in the order of the file; ``size`` in bytes."""

    path: Path
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    size: int


class ReportLine(NamedTuple):
    """One record. ``number`` is the line of the file on which it starts.

    ``broken`` says why the record could not be taken apart; it has no values then.
    """

    number: int
    values: Sequence[str]
    broken: str = ""


def look_at_report(
    path: Path, allowed: Sequence[str], required: Collection[str], *, others: bool = False
) -> ReportFile:
    """Find out how to read a file whose header may name the columns ``allowed`` and has to name ``required``.

    ``others``: there may be columns that nobody asks for.

    Names are taken without regard to case and blanks around them. Raises InvalidRequest naming what is wrong.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            header = next((line for line in _lines(file, path) if line.strip()), "")
        size = path.stat().st_size
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from None
    if not header:
        raise InvalidRequest(f"{path.name} is empty; its first line has to name columns of {', '.join(allowed)}")
    split = {delimiter: _names(header, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda one: len(set(split[one]) & set(allowed)))
    _check_header(path.name, split[delimiter], allowed, required, others=others)
    return ReportFile(path, encoding, delimiter, tuple(split[delimiter]), size)


def read_report(
    file: ReportFile, told_every: int = 0, on_progress: OnProgress = lambda *_: None
) -> Iterator[ReportLine]:
    """Every record after the header, blank lines left out; one line of the file is held at a time.

    ``on_progress`` hears of every so many records and of the end. Raises InvalidRequest where the rest of the file
    makes no sense: a quote that is never closed, an endless line.
    """
    with file.path.open("rb") as raw, TextIOWrapper(raw, encoding=file.encoding, newline="") as text:
        reader = csv.reader(_lines(text, file.path), delimiter=file.delimiter, strict=True)
        count = -1  # the first one is the header
        while True:
            number = reader.line_num + 1
            try:
                line = ReportLine(number, next(reader))
            except StopIteration:
                break
            except csv.Error as error:
                line = ReportLine(number, (), _broken(error, file.path, number))
            if not line.broken and not any(value.strip() for value in line.values):
                continue
            count += 1
            if count:
                yield line
            if told_every and count and count % told_every == 0:
                on_progress(count, raw.tell(), file.size)
    on_progress(count, file.size, file.size)


def _broken(error: csv.Error, path: Path, number: int) -> str:
    """Why one record is no CSV. Raises InvalidRequest if the reader took the lines that follow for a part of it."""
    if "expected after" in str(error):
        return "a quote inside a quoted value has to be doubled"
    raise InvalidRequest(
        f"{path.name}: line {number} opens a quote that is not closed, or has a value of more than "
        f"{csv.field_size_limit()} characters; nothing was loaded"
    ) from None


def _encoding(path: Path) -> str:
    """UTF-8 if all of the file is, else Windows-1252, which is what spreadsheets write beside it.

    Looked at from beginning to end: a single name far down decides.
    """
    with path.open("rb") as file:
        start = file.read(2)
    likely = ("utf-16",) if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ("utf-8-sig", "cp1252")
    for encoding in likely:
        if _is_encoded(path, encoding):
            return encoding
    raise InvalidRequest(f"{path.name} is neither UTF-8 nor Windows-1252; save it as UTF-8")


def _is_encoded(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise InvalidRequest(f"{path.name} has a line of more than {LONGEST_LINE} characters; is it a CSV file?")
        yield line


def _names(header: str, delimiter: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter, strict=True))]
    except csv.Error:
        return []


def _check_header(
    file: str, names: Sequence[str], allowed: Sequence[str], required: Collection[str], *, others: bool
) -> None:
    choice = f"allowed are {', '.join(allowed)}"
    known = [name for name in names if name in allowed]
    if not known:  # then it is a record: its values are not to be shown
        raise InvalidRequest(f"the first line of {file} names no column; {choice}")
    if not others and (unknown := [name[:_SHOWN] for name in names if name not in allowed]):
        raise InvalidRequest(f"{file} has unknown columns {unknown}; {choice}")
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise InvalidRequest(f"{file} gives columns twice: {', '.join(twice)}")
    if missing := [name for name in required if name not in known]:
        raise InvalidRequest(f"{file} lacks {', '.join(missing)}, without which no row is known")
