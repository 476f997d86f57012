"""The storage of dropped files, local or anywhere that fsspec reaches (CSV-18, F-53)."""

import errno
import os
import posixpath
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Literal, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from sync_platform.core.errors import ConfigurationError, InvalidRequest, VendorUnavailable
from sync_platform.settings import PREFIX, Settings

Kind = Literal["file", "folder", "other"]
MAX_NAME = 255
_KINDS: Mapping[str, Kind] = {"file": "file", "directory": "folder"}
_NOT_IN_NAMES = ("/", "\\", "\0")


@dataclass(frozen=True)
class Entry:
    """What lies in a folder. ``mark`` changes when the content does; a link is ``other``, whatever it leads to."""

    name: str
    kind: Kind
    size: int
    mark: str


class DropStorage:
    """Folders and files below one URL. Each part of a path is a name of its own: none can lead elsewhere.

    Raises VendorUnavailable where the storage does not answer; FileNotFoundError where something is gone.
    """

    def __init__(self, fs: Any, root: str) -> None:
        self._fs, self._root = fs, root.rstrip("/")
        self._local = isinstance(fs, LocalFileSystem)

    @classmethod
    def from_settings(cls, settings: Settings) -> "DropStorage":
        """Raises ConfigurationError for a URL that nothing here can open."""
        url = settings.imports.drop_url
        if not url:
            folder = (settings.data_dir.expanduser() / "drop").resolve()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            url = folder.as_uri()
        try:
            fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"{PREFIX}IMPORTS__DROP_URL cannot be opened ({type(error).__name__}); is the driver of its storage"
                " installed?"
            ) from None
        return cls(fs, root)

    def entries(self, *folder: str) -> list[Entry]:
        """What lies in a folder, by name; nothing where there is no such folder. Names may be hostile."""
        path = self._path(folder)
        with _told():
            self._fs.invalidate_cache(path)
            try:
                found = self._fs.ls(path, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        prefix = f"{path.rstrip('/')}/"
        shown = [(_name(info, prefix), info) for info in found]
        return sorted((_entry(name, info) for name, info in shown if name), key=lambda entry: entry.name)

    def entry(self, *path: str) -> Entry | None:
        """A single one; None where there is nothing."""
        with _told():
            self._fs.invalidate_cache(self._path(path[:-1]))
            try:
                return _entry(path[-1], self._fs.info(self._path(path)))
            except FileNotFoundError:
                return None

    def move(self, source: tuple[str, ...], target: tuple[str, ...]) -> None:
        """Atomic on local storage; elsewhere a copy, then a removal. Raises FileNotFoundError."""
        self.folder(*target[:-1])
        with _told():
            if self._local:
                os.rename(self._path(source), self._path(target))
            else:
                self._fs.mv(self._path(source), self._path(target))

    def open(self, *path: str) -> BinaryIO:
        """To be read. Raises FileNotFoundError, also for what is no regular file."""
        with _told():
            if not self._local:
                return cast(BinaryIO, self._fs.open(self._path(path), "rb"))
            # never waits for somebody at the other end of a pipe, never follows a link
            try:
                handle = os.open(self._path(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise FileNotFoundError from None
                raise
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise FileNotFoundError
            return os.fdopen(handle, "rb")

    def write(self, content: bytes, *path: str) -> None:
        """The whole content or nothing; what was there is replaced."""
        self.folder(*path[:-1])
        whole = self._path(path)
        with _told():
            if not self._local:
                self._fs.pipe_file(whole, content)
                return
            part = f"{whole}.part"
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.rename(part, whole)

    def remove(self, *path: str) -> None:
        """It may be gone already."""
        with _told():
            try:
                if self._local:
                    os.unlink(self._path(path))
                else:
                    self._fs.rm_file(self._path(path))
            except FileNotFoundError:
                return

    def folder(self, *path: str) -> None:
        """Make a folder. Raises InvalidRequest where something else, such as a link, is in its place."""
        with _told():
            self._fs.makedirs(self._path(path), exist_ok=True)
        found = self.entry(*path) if self._local else None
        if found is not None and found.kind != "folder":
            raise InvalidRequest(f"{path[-1]!r} in the drop folder is not a plain folder; remove it")

    def _path(self, parts: tuple[str, ...]) -> str:
        for part in parts:
            if not plain_part(part):
                raise InvalidRequest("a name with parts of a path is not taken")
        return posixpath.join(self._root or "/", *parts)


def plain_part(name: str) -> bool:
    """Whether a name is one part of a path and nothing more."""
    return 0 < len(name) <= MAX_NAME and name not in (".", "..") and not any(one in name for one in _NOT_IN_NAMES)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, InvalidRequest):
        raise
    except OSError as error:
        text = error.strerror or type(error).__name__
        raise VendorUnavailable(f"the storage of the drop folder does not do it: {text}") from None


def _name(info: dict[str, Any], prefix: str) -> str:
    return str(info["name"]).removeprefix(prefix).rstrip("/")


def _entry(name: str, info: dict[str, Any]) -> Entry:
    kind: Kind = "other" if info.get("islink") else _KINDS.get(str(info["type"]), "other")
    return Entry(name, kind, int(info.get("size") or 0), _mark(info))


def _mark(info: dict[str, Any]) -> str:
    """The storage's own name of the content where it has one, else when it was written."""
    if content := info.get("ETag") or info.get("etag"):
        return str(content)
    times = [info.get(key) for key in ("mtime", "LastModified", "last_modified", "created")]
    written = next((time for time in times if time), "")
    shown = written.timestamp() if isinstance(written, datetime) else written
    return f"{info.get('ino', '')}/{shown}"
