"""Drop folders for tests: local ones and ones in memory, and somebody who drops files into them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import fsspec

from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batches import list_batches
from sync_platform.sync.drop_folder import Looked, PutAway, look, work_through
from sync_platform.sync.drop_sightings import Sightings
from sync_platform.sync.drop_storage import DropStorage
from sync_platform.sync.import_options import ImportResult
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.importing import in_ledger, load_references, purchase_file

GOOD_FILE = purchase_file(50)


@dataclass
class Dropping:
    """A tenant's folder, the worker that looks into it, and time that passes between two looks."""

    platform: Platform
    storage: DropStorage
    fs: Any
    root: str
    tenant: Tenant
    pass_time: Callable[[float], None]
    sightings: Sightings = field(default_factory=Sightings)

    def drop(self, name: str, content: bytes) -> None:
        self.fs.pipe_file(f"{self.folder}/{name}", content)

    @property
    def folder(self) -> str:
        return f"{self.root}/{self.tenant.slug}"

    def look(self, later: float = 0) -> Looked:
        """After so many seconds."""
        self.pass_time(later)
        return look(self.platform, self.storage, self.tenant, self.sightings)

    def work(self) -> tuple[list[ImportResult], list[PutAway]]:
        return work_through(self.platform, self.storage, self.tenant)

    def look_and_work(self) -> None:
        """At once."""
        self.look()
        self.work()

    def names(self, *folder: str) -> list[str]:
        return [entry.name for entry in self.storage.entries(self.tenant.slug, *folder) if entry.kind == "file"]

    def report(self, away: PutAway) -> dict[str, Any]:
        with self.storage.open(self.tenant.slug, away.place, f"{away.name}.report.json") as file:
            return dict(json.load(file))


def local_folder(path: Any) -> tuple[DropStorage, Any, str]:
    fs = fsspec.filesystem("file", auto_mkdir=True)
    return DropStorage(fs, str(path)), fs, str(path)


def memory_folder() -> tuple[DropStorage, Any, str]:
    fs, root = fsspec.core.url_to_fs(f"memory://drop-{uuid4().hex}")
    return DropStorage(fs, root), fs, root


def dropping_into(place: Any, platform: Platform, tenant: Tenant, clock: TestClock) -> Dropping:
    load_references(platform.database, tenant)
    storage, fs, root = place
    return Dropping(platform, storage, fs, root, tenant, lambda seconds: clock.forward(seconds / 60))


def drop_whole(dropping: Dropping, name: str = "march.csv", content: bytes = GOOD_FILE) -> None:
    """With its companion."""
    dropping.drop(f"{name}.done", b"")
    dropping.drop(name, content)


def imported(dropping: Dropping) -> tuple[int, int]:
    """Batches, and lines in the ledger."""
    batches = list_batches(dropping.platform.database, dropping.tenant.id)
    return len(batches), in_ledger(dropping.platform.database, dropping.tenant)[1]
