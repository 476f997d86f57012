"""Which dropped files are complete: unchanged between two looks, or named by a companion (CSV-18)."""

from collections.abc import Iterable, Sequence

import msgspec

from sync_platform.sync.drop_storage import Entry, plain_part

DONE = ".done"
#: Names of files that programs write before they rename them.
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")


class Sighting(msgspec.Struct, frozen=True):
    """A file as it was first seen like this; ``since`` in seconds of the epoch."""

    size: int
    mark: str
    since: float


class Sightings(msgspec.Struct):
    """Remembered from look to look, also as text. Where it is lost, files are waited for once more."""

    files: dict[str, dict[str, Sighting]] = msgspec.field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str | None) -> "Sightings":
        """What ``text`` remembers; nothing where it is another release's."""
        try:
            return msgspec.json.decode(text or "{}", type=cls)
        except (msgspec.MsgspecError, UnicodeError):
            return cls()

    def text(self) -> str:
        """To be given to ``from_text``."""
        return msgspec.json.encode(self).decode()

    def keep(self, folders: Iterable[str]) -> None:
        """Forget all other folders."""
        kept = set(folders)
        self.files = {folder: seen for folder, seen in self.files.items() if folder in kept}

    def see(self, folder: str, entries: Sequence[Entry], now: float, stable_seconds: float) -> list[Entry]:
        """The complete ones of a folder's files, by name."""
        companions = {entry.name for entry in entries if entry.name.endswith(DONE)}
        before, seen, ready = self.files.get(folder, {}), dict[str, Sighting](), list[Entry]()
        for entry in takable(entries):
            old = before.get(_key(entry.name))
            same = old is not None and (old.size, old.mark) == (entry.size, entry.mark)
            now_seen = old if same and old is not None else Sighting(entry.size, entry.mark, now)
            seen[_key(entry.name)] = now_seen
            if entry.name + DONE in companions or now - now_seen.since >= stable_seconds:
                ready.append(entry)
        self.files[folder] = seen
        if not seen:
            del self.files[folder]
        return ready


def takable(entries: Iterable[Entry]) -> list[Entry]:
    """Files that somebody dropped; not the companions, nor what is hidden or still being written under another name."""
    return [
        entry
        for entry in entries
        if entry.kind == "file"
        and plain_part(entry.name)
        and not entry.name.startswith(".")
        and not entry.name.lower().endswith((DONE, *_UNFINISHED))
    ]


def refused(entries: Iterable[Entry], own_folders: Iterable[str]) -> list[str]:
    """Names of what is not taken and does not belong there: links, folders, names with parts of a path."""
    own = set(own_folders)
    return [
        entry.name
        for entry in entries
        if not plain_part(entry.name)
        or (
            entry.kind != "file"
            and not entry.name.startswith(".")
            and not (entry.kind == "folder" and entry.name in own)
        )
    ]


def _key(name: str) -> str:
    """JSON text cannot hold half a character, and file names can."""
    return name.encode("utf-8", "backslashreplace").decode()
