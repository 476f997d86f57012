"""Files of imports as they came: stored under a generated name, removed when they are not needed (CSV-14, CSV-16)."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from sync_platform.core.errors import Refused
from sync_platform.settings import Settings
from sync_platform.transforms.purchase_bytes import BLOCK, blocks
from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import MIB, FileRules

_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class StoredFile:
    """``name`` is ours and says nothing; ``sha256`` and ``bytes`` are those of the file as it came."""

    name: str
    sha256: str
    bytes: int


class ArrivingFile:
    """A file while it comes in: counted and hashed piece by piece (CSV-14). ``stored`` once it is kept."""

    def __init__(self, name: str, file: BinaryIO, max_bytes: int) -> None:
        self._name, self._file, self._max = name, file, max_bytes
        self._digest, self._size = hashlib.sha256(), 0
        self.stored: StoredFile | None = None

    def write(self, block: bytes) -> None:
        """Raises PurchaseFileRefused above the limit, before the piece is written."""
        self._size += len(block)
        if self._size > self._max:
            raise PurchaseFileRefused("upload_too_large", f"the limit is {self._max / MIB:g} MiB")
        self._digest.update(block)
        self._file.write(block)

    def keep(self) -> StoredFile:
        """It is whole, and stays: the batch that names it is going to be durable."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.stored = StoredFile(self._name, self._digest.hexdigest(), self._size)
        return self.stored


class ImportFiles:
    """The folder of stored files: closed to others, and served by nobody."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir.expanduser() / "imports"

    def store(self, source: BinaryIO, max_bytes: int) -> StoredFile:
        """Keep what ``source`` delivers. Raises PurchaseFileRefused above the limit, and nothing is left then."""
        with self.receiving(max_bytes) as arriving:
            while block := source.read(BLOCK):
                arriving.write(block)
            return arriving.keep()

    @contextmanager
    def receiving(self, max_bytes: int) -> Iterator[ArrivingFile]:
        """A file that comes piece by piece. Whatever happens before it is kept, nothing is left of it."""
        name = uuid4().hex
        path = self._folder / name
        kept = False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                arriving = ArrivingFile(name, file, max_bytes)
                yield arriving
            kept = arriving.stored is not None
        except OSError as error:
            raise Refused(f"the file could not be stored ({error.strerror}); nothing was kept of it") from None
        finally:
            if not kept:
                path.unlink(missing_ok=True)

    def refuse_binary(self, name: str, rules: FileRules) -> None:
        """Raises PurchaseFileRefused for what is no text by its first bytes, packed or not (CSV-15)."""
        with self.open(name) as file:
            next(blocks(file, rules), b"")

    def open(self, name: str) -> BinaryIO:
        """Raises FileNotFoundError."""
        return self._path(name).open("rb")

    def remove(self, name: str | None) -> None:
        """It may be gone already."""
        if name is not None:
            self._path(name).unlink(missing_ok=True)

    def remove_unknown(self, known: Collection[str], before: datetime) -> int:
        """Older files that belong to no batch: whoever stored them died before the batch was there."""
        removed = 0
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                ours = entry.name not in known and entry.is_file(follow_symlinks=False)
                if ours and entry.stat().st_mtime < before.timestamp():
                    Path(entry.path).unlink(missing_ok=True)
                    removed += 1
        return removed

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):  # what the database says does not lead out of the folder
            raise FileNotFoundError
        return self._folder / name
