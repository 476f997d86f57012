"""Files that were taken out of a drop folder: claimed by a rename, and what a restart has to know of them (F-57)."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated
from uuid import uuid4

import msgspec

from sync_platform.core.errors import SyncError
from sync_platform.sync.drop_storage import DropStorage, Entry, plain_part

TAKEN = "taken"
_NOTE = re.compile(r"([0-9a-f]{32})\.json")
_MAX_NOTE = 64 * 1024


class FileChanged(SyncError):
    """The file was written to, or removed, while it was read. Nothing of it was kept."""


class Claim(msgspec.Struct, frozen=True):
    """A taken file: ``id`` is its name now, ``name`` the one under which it was dropped, as escaped text.

    ``batch`` is there once it was submitted; ``new`` is false where the same file
    had been imported before.
    """

    id: str
    name: str
    size: int
    taken_at: Annotated[datetime, msgspec.Meta(tz=True)]
    batch: int | None = None
    new: bool = True

    @property
    def file_name(self) -> str:
        """The name under which it was dropped; may hold anything that a file system allows."""
        return self.name.encode("ascii").decode("unicode_escape")


def escaped(name: str) -> str:
    """A file name as text that any JSON can hold."""
    return name.encode("unicode_escape").decode("ascii")


class Claims:
    """The claims of one tenant's folder. Whoever changes them holds the folder's lock."""

    def __init__(self, storage: DropStorage, folder: str) -> None:
        self._storage, self._folder = storage, folder

    def waiting(self) -> bool:
        """Whether there are any."""
        return any(_NOTE.fullmatch(entry.name) for entry in self._storage.entries(self._folder, TAKEN))

    def all(self) -> Iterator[Claim]:
        """Oldest first. A note that cannot be read is not ours."""
        found = []
        for entry in self._storage.entries(self._folder, TAKEN):
            if entry.kind == "file" and _NOTE.fullmatch(entry.name) and entry.size <= _MAX_NOTE:
                try:
                    with self._storage.open(self._folder, TAKEN, entry.name) as note:
                        claim = msgspec.json.decode(note.read(_MAX_NOTE), type=Claim)
                    named = claim.file_name
                except (msgspec.MsgspecError, UnicodeError, FileNotFoundError):
                    continue
                if f"{claim.id}.json" == entry.name and plain_part(named):
                    found.append(claim)
        yield from sorted(found, key=lambda claim: (claim.taken_at, claim.id))

    def take(self, seen: Entry, taken_at: datetime) -> Claim | None:
        """Take a file that is still as it was seen; None where it is gone or changed."""
        claim = Claim(uuid4().hex, escaped(seen.name), seen.size, taken_at)
        self.note(claim)  # first, so that a file without a name cannot be
        try:
            now = self._storage.entry(self._folder, seen.name)
            if now == seen:
                self._storage.move((self._folder, seen.name), (self._folder, TAKEN, claim.id))
                return claim
        except FileNotFoundError:
            pass  # somebody else was quicker
        self.forget(claim)
        return None

    def give_back(self, claim: Claim) -> bool:
        """Under its old name, unless there is another file of that name by now."""
        if self._storage.entry(self._folder, claim.file_name) is not None:
            return False
        with suppress(FileNotFoundError):  # there may be nothing to give back
            self._storage.move((self._folder, TAKEN, claim.id), (self._folder, claim.file_name))
        self.forget(claim)
        return True

    def file(self, claim: Claim) -> Entry | None:
        """The taken file; None where it is not there, or no plain file."""
        found = self._storage.entry(self._folder, TAKEN, claim.id)
        return found if found is not None and found.kind == "file" else None

    def note(self, claim: Claim) -> None:
        """Remember what is known of it."""
        self._storage.write(msgspec.json.encode(claim), self._folder, TAKEN, f"{claim.id}.json")

    def forget(self, claim: Claim) -> None:
        """It is somewhere else now."""
        self._storage.remove(self._folder, TAKEN, f"{claim.id}.json")


class WholeFile:
    """Bytes of a taken file, as long as it is the one that was taken: at its end it must not have changed."""

    def __init__(self, storage: DropStorage, folder: str, claim: Claim, taken: Entry) -> None:
        self._where = (folder, TAKEN, claim.id)
        self._storage, self._taken = storage, taken
        self._expected, self._read = claim.size, 0
        try:
            self._stream = storage.open(*self._where)
        except FileNotFoundError:
            raise FileChanged(_CHANGED) from None

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises FileChanged."""
        try:
            block = self._stream.read(size)
        except OSError:  # deleted, in a storage that does not keep what is open
            raise FileChanged(_CHANGED) from None
        self._read += len(block)
        at_end = not block and size != 0
        if self._read > self._expected or (at_end and self._read < self._expected):
            raise FileChanged(_CHANGED)
        if at_end and self._storage.entry(*self._where) != self._taken:
            raise FileChanged(_CHANGED)
        return block

    def close(self) -> None:
        """No more is read."""
        self._stream.close()


_CHANGED = "the file changed while it was read; drop it again when it is complete"
